package control

import (
	"bytes"
	"cmp"
	"encoding/pem"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// keyTable holds the commands about the router's key pairs.
var keyTable = []ios.Command[*Command]{
	row("crypto key generate rsa [{general-keys | usage-keys | exportable | label label:WORD | modulus bits:<360-4096>}...]", func(c *Command, m *ios.Match) {
		g := generation{kind: pki.RSA, label: m.Str("label"), bits: m.Int("bits"), usage: m.Has("usage-keys"), exportable: m.Has("exportable")}
		c.asks(func(e *exec) int { return e.generate(g) })
	}),
	row("crypto key generate ec keysize bits:{256 | 384 | 521} [{exportable | label label:WORD}...]", func(c *Command, m *ios.Match) {
		g := generation{kind: pki.EC, label: m.Str("label"), bits: m.Int("bits"), exportable: m.Has("exportable")}
		c.asks(func(e *exec) int { return e.generate(g) })
	}),
	row("crypto key import rsa name:WORD pem [exportable] terminal", func(c *Command, m *ios.Match) {
		name, exportable := m.Str("name"), m.Has("exportable")
		c.asks(func(e *exec) int { return e.importKey(name, exportable) })
	}),
	row("crypto key zeroize kind:{rsa | ec} [label:WORD]", func(c *Command, m *ios.Match) {
		kind, label := pki.KeyKind(m.Str("kind")), m.Str("label")
		c.asks(func(e *exec) int { return e.zeroize(kind, label) })
	}),
}

// generation is a crypto key generate.
type generation struct {
	kind       pki.KeyKind
	label      string // "": the router's name
	bits       int    // 0: asked for
	usage      bool   // usage-keys
	exportable bool
}

func kindWord(kind pki.KeyKind) string { return strings.ToUpper(string(kind)) }

// generate makes a key pair, or two of them for usage. Primes are looked for
// before anybody is kept waiting at the store.
func (e *exec) generate(g generation) int {
	if g.label == "" && e.router != nil {
		g.label = e.router.Config().FQDN()
	}
	if g.label == "" {
		return e.failf("Please define a hostname and a domain-name first, or give label NAME.")
	}
	replaces, err := e.replaces(g.kind, g.label)
	if err != nil {
		return e.failf("%v", err)
	}
	if !replaces {
		fmt.Fprintf(e.out, "The name for the keys will be: %s\n", g.label)
	}
	if g.bits == 0 {
		if g.bits, err = e.modulus(); err != nil {
			return e.failf("%v", err)
		}
	}
	pairs, err := e.make(g)
	if err == nil {
		err = e.onStore(func(st *store.Store) error { return st.PutKeys(pairs...) })
	}
	if err != nil {
		return e.failf("%v", err)
	}
	return ExitDone
}

// replaces says whether there are keys of that name, which are replaced, as on
// IOS. Where certificates go with them it asks.
func (e *exec) replaces(kind pki.KeyKind, label string) (bool, error) {
	keys, users, err := e.keys(kind, label)
	if err != nil || len(keys) == 0 {
		return false, err
	}
	fmt.Fprintf(e.out, "%% You already have %s keys defined named %s.\n%% They will be replaced.\n\n", kindWord(kind), label)
	if len(users) == 0 {
		return true, nil
	}
	yes, err := e.confirm("%% All router certs issued using these keys will also be removed: %s\nDo you really want to replace these keys? [yes/no]: ", strings.Join(users, " "))
	if err == nil && !yes {
		err = fmt.Errorf("the keys stay as they are")
	}
	return true, err
}

// keys are those of a label, of all labels when it is "", and the trustpoints
// whose certificate is of one of them.
func (e *exec) keys(kind pki.KeyKind, label string) (keys []*pki.KeyPair, users []string, err error) {
	snapshot, err := e.snapshot()
	if err != nil {
		return nil, nil, err
	}
	for _, k := range snapshot.Keys() {
		if k.Kind() == kind && (label == "" || k.Label == label) {
			keys = append(keys, k)
		}
	}
	for _, tp := range snapshot.All() {
		if tp.Key != nil && tp.Key.Kind() == kind && (label == "" || tp.Key.Label == label) {
			users = append(users, tp.Name)
		}
	}
	return keys, users, nil
}

func (e *exec) modulus() (int, error) {
	fmt.Fprintf(e.out, "Choose the size of the key modulus in the range of %d to %d for your\n  General Purpose Keys. Choosing a key modulus greater than 2048 may take\n  a few seconds.\n\n", store.MinRSABits, store.MaxRSABits)
	reply, err := e.ask(Question{Value, fmt.Sprintf("How many bits in the modulus [%d]: ", store.DefaultRSABits)})
	if err != nil {
		return 0, err
	}
	bits, err := strconv.Atoi(cmp.Or(strings.TrimSpace(reply), strconv.Itoa(store.DefaultRSABits)))
	if err != nil {
		return 0, fmt.Errorf("%q is no number of bits", reply)
	}
	return bits, nil
}

func (e *exec) make(g generation) (pairs []*pki.KeyPair, err error) {
	if g.kind == pki.EC {
		pair, err := store.GenerateEC(g.label, g.bits, g.exportable)
		return []*pki.KeyPair{pair}, err
	}
	usages := []pki.KeyPurpose{pki.GeneralKey}
	if g.usage {
		usages = []pki.KeyPurpose{pki.SignatureKey, pki.EncryptionKey}
	}
	fmt.Fprintf(e.out, "\n%% The key modulus size is %d bits\n", g.bits)
	for _, usage := range usages {
		fmt.Fprintf(e.out, "%% Generating %d bit RSA keys, keys will be %s...\n", g.bits, exportable(g.exportable))
		began := time.Now()
		pair, err := store.GenerateRSA(g.label, g.bits, usage, g.exportable)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(e.out, "[OK] (elapsed time was %d seconds)\n", int(time.Since(began).Seconds()))
		pairs = append(pairs, pair)
	}
	fmt.Fprintln(e.out)
	return pairs, nil
}

// importKey takes a private key that is pasted; its passphrase is asked for when it
// is encrypted.
func (e *exec) importKey(label string, mayLeave bool) int {
	if _, err := e.replaces(pki.RSA, label); err != nil {
		return e.failf("%v", err)
	}
	text, err := e.ask(Question{Paste, "% Enter PEM-formatted encrypted private General Purpose key.\n% End with \"quit\" on a line by itself.\n"})
	if err != nil {
		return e.failf("%v", err)
	}
	pairs, err := e.pasted(text)
	if err == nil && (len(pairs) != 1 || pairs[0].Kind() != pki.RSA) {
		err = fmt.Errorf("one RSA key is expected")
	}
	if err == nil {
		pairs[0].Label, pairs[0].Exportable = label, mayLeave
		err = e.onStore(func(st *store.Store) error { return st.PutKeys(pairs...) })
	}
	if err != nil {
		return e.failf("%v", err)
	}
	fmt.Fprint(e.out, "% Key pair import succeeded.\n\n")
	return ExitDone
}

// pasted reads private keys as they come from an export: below the public half, and
// under a passphrase.
func (e *exec) pasted(text string) ([]*pki.KeyPair, error) {
	var private []byte
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "PUBLIC KEY" {
			private = append(private, pem.EncodeToMemory(block)...)
		}
	}
	plain, err := e.decrypt(private)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return pki.ParseKeyPairs(plain)
}

// decrypt asks for the passphrase of keys that have one.
func (e *exec) decrypt(private []byte) ([]byte, error) {
	var passphrase string
	if bytes.Contains(private, []byte("ENCRYPTED")) {
		var err error
		if passphrase, err = e.ask(Question{Secret, "Passphrase: "}); err != nil {
			return nil, err
		}
	}
	return pki.DecryptPEM(private, []byte(passphrase))
}

func exportable(yes bool) string {
	if yes {
		return "exportable"
	}
	return "non-exportable"
}

// zeroize asks, and removes keys and the certificates that were issued for them.
func (e *exec) zeroize(kind pki.KeyKind, label string) int {
	keys, users, err := e.keys(kind, label)
	switch {
	case err != nil:
		return e.failf("%v", err)
	case len(keys) == 0 && label != "":
		return e.failf("No %s keys are named %s.", kindWord(kind), label)
	case len(keys) == 0:
		return e.failf("There are no %s keys.", kindWord(kind))
	case label != "":
		fmt.Fprintf(e.out, "%% Keys to be removed are named '%s'.\n", label)
	default:
		fmt.Fprintf(e.out, "%% All %s keys will be removed.\n", kindWord(kind))
	}
	fmt.Fprintln(e.out, "% All router certs issued using these keys will also be removed.")
	for _, name := range users {
		fmt.Fprintf(e.out, "%%   the certificate of trustpoint %s\n", name)
	}
	yes, err := e.confirm("Do you really want to remove these keys? [yes/no]: ")
	if err == nil && yes {
		err = e.onStore(func(st *store.Store) error {
			_, _, err := st.Zeroize(kind, label)
			return err
		})
	}
	switch {
	case err != nil:
		return e.failf("%v", err)
	case !yes:
		return ExitFailed
	}
	return ExitDone
}

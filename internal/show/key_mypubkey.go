package show

import (
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"slices"

	"github.com/obol-ike/obol/pki"
)

// keyKind is a kind of key pair as show crypto key mypubkey has it.
type keyKind struct {
	title, usage string
	is           func(crypto.PublicKey) bool
}

var (
	rsaKeys = keyKind{"RSA KEYS", "General Purpose Key", func(k crypto.PublicKey) bool { _, ok := k.(*rsa.PublicKey); return ok }}
	ecKeys  = keyKind{"EC KEYS", "Signature Key", func(k crypto.PublicKey) bool { _, ok := k.(*ecdsa.PublicKey); return ok }}
)

// KeyMyPubkeyRSA is show crypto key mypubkey rsa.
func KeyMyPubkeyRSA(w io.Writer, s *pki.Snapshot) error { return keys(w, s, rsaKeys) }

// KeyMyPubkeyEC is show crypto key mypubkey ec.
func KeyMyPubkeyEC(w io.Writer, s *pki.Snapshot) error { return keys(w, s, ecKeys) }

// KeyMyPubkeyAll is show crypto key mypubkey all.
func KeyMyPubkeyAll(w io.Writer, s *pki.Snapshot) error { return keys(w, s, rsaKeys, ecKeys) }

// keys prints the public halves of the router's key pairs, each once. A pair
// that no rsakeypair names is called as its trustpoint, as an import on IOS calls
// it. When it was generated the store does not know: it was imported.
func keys(w io.Writer, s *pki.Snapshot, kinds ...keyKind) error {
	var p printer
	var seen []string
	for _, t := range s.All() {
		if t.Signer == nil {
			continue
		}
		public := t.Signer.Public()
		kind := slices.IndexFunc(kinds, func(k keyKind) bool { return k.is(public) })
		if kind < 0 {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return err
		}
		if slices.Contains(seen, string(der)) {
			continue
		}
		seen = append(seen, string(der))
		p.f("%% Key pair was generated at: unknown, it was imported\n")
		p.f("Key name: %s\n", cmp.Or(t.RSAKeypair, t.Name))
		p.f("Key type: %s\n", kinds[kind].title)
		p.f(" Storage Device: store:%s\n", t.Name)
		p.f(" Usage: %s\n", kinds[kind].usage)
		p.f(" Key is not exportable.\n")
		p.f(" Key Data:\n")
		hexWords(&p, der)
	}
	return p.flush(w)
}

// hexWords prints octets in rows of eight groups of four.
func hexWords(p *printer, b []byte) {
	const group, row = 4, 32
	for line := range slices.Chunk(b, row) {
		text := " "
		for word := range slices.Chunk(line, group) {
			text += fmt.Sprintf(" %X", word)
		}
		if len(line) == row {
			text += " "
		}
		p.f("%s\n", text)
	}
}

package control

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/netip"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// enrolTable holds the commands that fill a trustpoint as its configuration says.
var enrolTable = []ios.Command[*Command]{
	row("crypto pki enroll name:WORD [wait seconds:<0-3600>] [verbose]", func(c *Command, m *ios.Match) {
		name, seconds := m.Str("name"), m.Int("seconds")
		c.asks(func(e *exec) int { return e.enroll(name, seconds) })
		c.Waits = true
	}),
	row("crypto pki import name:WORD certificate", func(c *Command, m *ios.Match) {
		name := m.Str("name")
		c.asks(func(e *exec) int { return e.importCertificate(name) })
	}),
}

// enroll makes a request, or a self-signed certificate. What the CA has not decided is
// waited for so many seconds.
func (e *exec) enroll(name string, seconds int) int {
	tp, host, err := e.trustpoint(name)
	replaces := err == nil
	if replaces && tp.Identity != nil {
		replaces, err = e.reenroll(tp)
	}
	switch {
	case !replaces:
	case tp.SelfSigned:
		err = e.enrollSelfSigned(tp, host)
	case tp.Terminal:
		err = e.enrollTerminal(tp, host)
	default:
		err = e.enrollSCEP(tp, host, seconds)
	}
	if err != nil {
		return e.failf("%v", err)
	}
	return ExitDone
}

// reenroll asks whether the certificate that is there shall be replaced.
func (e *exec) reenroll(tp *pki.Trustpoint) (bool, error) {
	if tp.SelfSigned {
		fmt.Fprintf(e.out, "The router has already generated a Self Signed Certificate for\ntrustpoint %s.\nIf you continue the existing trustpoint and Self Signed Certificate\nwill be deleted.\n\n", tp.Name)
		return e.confirm("Do you want to continue generating a new Self Signed Certificate? [yes/no]: ")
	}
	fmt.Fprintf(e.out, "Trustpoint %s has already enrolled and has a router cert issued to it.\nIf you successfully re-enroll this trustpoint,the existing certificate will be replaced.\n\n", tp.Name)
	return e.confirm("Do you want to continue with re-enrollment? [yes/no]: ")
}

const endPaste = "End with a blank line or the word \"quit\" on a line by itself\n\n"

// enrollTerminal prints a request for the CA's people. It may be made again.
func (e *exec) enrollTerminal(tp *pki.Trustpoint, host pki.Host) error {
	if tp.CA == nil {
		return fmt.Errorf("trustpoint %s has no CA certificate: crypto pki authenticate %s comes first", tp.Name, tp.Name)
	}
	fmt.Fprint(e.out, "% Start certificate enrollment ..\n\n")
	request, key, err := e.newRequest(tp.Settings, host)
	if err != nil {
		return err
	}
	der, err := request.Sign(key.Signer, tp.RequestHash())
	if err != nil {
		return err
	}
	text := wrapped(der)
	if tp.TerminalPEM {
		text = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	}
	show, err := e.confirm("Display Certificate Request to terminal? [yes/no]: ")
	for err == nil && show {
		fmt.Fprintf(e.out, "Certificate Request follows:\n\n%s\n---End - This line not part of the certificate request---\n\n", text)
		var again string
		again, err = e.ask(Question{Value, "Redisplay enrollment request? [yes/no]: "})
		show = isYes(again)
	}
	return err
}

func isYes(s string) bool {
	word := strings.ToLower(strings.TrimSpace(s))
	return word != "" && strings.HasPrefix("yes", word)
}

// wrapped is base64 in lines of 64 characters, as IOS prints requests.
func wrapped(der []byte) string {
	var b strings.Builder
	for text := base64.StdEncoding.EncodeToString(der); text != ""; {
		n := min(64, len(text))
		b.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	return b.String()
}

func (e *exec) enrollSelfSigned(tp *pki.Trustpoint, host pki.Host) error {
	request, key, err := e.newRequest(tp.Settings, host)
	if err != nil {
		return err
	}
	yes, err := e.confirm("Generate Self Signed Router Certificate? [yes/no]: ")
	if err != nil || !yes {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return err
	}
	certificate, err := request.SelfSigned(key.Signer, tp.RequestHash(), serial.Add(serial, big.NewInt(1)), time.Now())
	if err != nil {
		return err
	}
	err = e.onStore(func(st *store.Store) error {
		_, err := st.PutSelfSigned(tp.Name, certificate, key)
		return err
	})
	if err == nil {
		fmt.Fprint(e.out, "\nRouter Self Signed Certificate successfully created\n\n")
	}
	return err
}

// newRequest asks what the configuration leaves open about the subject, and finds the
// key or makes one.
func (e *exec) newRequest(s pki.Settings, host pki.Host) (pki.Request, *pki.KeyPair, error) {
	s, err := e.subject(s, host)
	if err != nil {
		return pki.Request{}, nil, err
	}
	r, err := pki.NewRequest(s, host, "")
	if err != nil {
		return pki.Request{}, nil, err
	}
	key, err := e.keyOf(s, host)
	return r, key, err
}

// subject says what the subject will hold, and asks about the rest, in IOS's order.
func (e *exec) subject(s pki.Settings, host pki.Host) (pki.Settings, error) {
	const will = "%% The subject name in the certificate will include: %s\n"
	if s.SubjectName != "" {
		fmt.Fprintf(e.out, will, s.SubjectName)
	}
	if fqdn := cmp.Or(s.FQDN, host.FQDN()); fqdn != "" && !s.FQDNNone {
		fmt.Fprintf(e.out, will, fqdn)
	} else {
		fmt.Fprintln(e.out, "% The fully-qualified domain name will not be included in the certificate")
	}
	switch {
	case s.SerialNumberNone:
	case s.SerialNumber:
		fmt.Fprintf(e.out, "%% The serial number in the certificate will be: %s\n", host.Serial)
	default:
		reply, err := e.ask(Question{Value, "% Include the router serial number in the subject name? [yes/no]: "})
		if err != nil {
			return s, err
		}
		if s.SerialNumber = isYes(reply); s.SerialNumber {
			fmt.Fprintf(e.out, "%% The serial number in the certificate will be: %s\n", host.Serial)
		}
	}
	switch {
	case s.IPAddressNone:
	case s.IPAddress.IsValid():
		fmt.Fprintf(e.out, "%% The IP address in the certificate is %s\n", s.IPAddress)
	default:
		reply, err := e.ask(Question{Value, "% Include an IP address in the subject name? [no]: "})
		if err != nil {
			return s, err
		}
		if isYes(reply) {
			if s.IPAddress, err = e.address(); err != nil {
				return s, err
			}
		}
	}
	fmt.Fprintln(e.out)
	return s, nil
}

// address asks for an address, or for an interface that has one.
func (e *exec) address() (netip.Addr, error) {
	cfg, err := e.config()
	if err != nil {
		return netip.Addr{}, err
	}
	for range 3 {
		reply, err := e.ask(Question{Value, "Enter Interface name or IP Address[]: "})
		if err != nil {
			return netip.Addr{}, err
		}
		reply = strings.Join(strings.Fields(reply), "") // Loopback 0 is Loopback0
		if a, err := netip.ParseAddr(reply); err == nil {
			return a, nil
		}
		name, _ := ios.InterfaceName(reply)
		for _, i := range cfg.Interfaces {
			if i.Name == name && len(i.Addresses) > 0 && i.Addresses[0].Addr().Is4() {
				return i.Addresses[0].Addr(), nil
			}
		}
		fmt.Fprintln(e.err, "% Bad interface or address. Try again.")
	}
	return netip.Addr{}, fmt.Errorf("no address was given")
}

// keyOf is the key of a trustpoint. One that is missing is made, as on IOS.
func (e *exec) keyOf(s pki.Settings, host pki.Host) (*pki.KeyPair, error) {
	kind, label := s.KeyLabel(host)
	keys, _, err := e.keys(kind, label)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if k.Usage != pki.EncryptionKey {
			return k, k.Enrolls()
		}
	}
	if kind == pki.EC {
		return nil, fmt.Errorf("there is no EC key %s: crypto key generate ec keysize 256 label %s makes one", label, label)
	}
	pairs, err := e.make(generation{kind: kind, label: label, bits: cmp.Or(s.RSABits, store.DefaultRSABits)})
	if err != nil {
		return nil, err
	}
	return pairs[0], e.onStore(func(st *store.Store) error { return st.PutKeys(pairs...) })
}

// importCertificate takes what the CA has granted.
func (e *exec) importCertificate(name string) int {
	text, err := e.ask(Question{Paste, "\nEnter the base 64 encoded certificate.\n" + endPaste})
	if err != nil {
		return e.failf("%v", err)
	}
	var imported store.Imported
	err = e.onStore(func(st *store.Store) (err error) {
		imported, err = st.ImportCertificate(name, []byte(text))
		return err
	})
	if err != nil {
		return e.failf("%v", err)
	}
	fmt.Fprint(e.out, "% Router Certificate successfully imported\n\n")
	e.warnUnused(name)
	e.warn(imported.Warnings)
	return ExitDone
}

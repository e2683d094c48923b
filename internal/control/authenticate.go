package control

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/pem"
	"errors"
	"fmt"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

var authenticateCommand = row("crypto pki authenticate name:WORD", func(c *Command, m *ios.Match) {
	name := m.Str("name")
	c.asks(func(e *exec) int { return e.authenticate(name) })
})

// authenticate gives a trustpoint its CA.
func (e *exec) authenticate(name string) int {
	tp, host, err := e.trustpoint(name)
	switch {
	case err != nil:
	case tp.SelfSigned:
		err = fmt.Errorf("trustpoint %s is self-signed: it has no CA", name)
	case tp.Signer != nil: // the store would refuse a CA alone, after the operator has accepted it
		err = fmt.Errorf("trustpoint %s is enrolled under %s: crypto key zeroize %s %s removes its certificate, and then another CA may be authenticated",
			name, tp.Identity.Issuer, tp.Key.Kind(), tp.Key.Label)
	case tp.Terminal:
		err = e.authenticateTerminal(tp.Settings)
	default:
		err = e.authenticateSCEP(tp.Settings, host)
	}
	if err != nil {
		return e.failf("%v", err)
	}
	return ExitDone
}

func (e *exec) authenticateTerminal(s pki.Settings) error {
	text, err := e.ask(Question{Paste, "\nEnter the base 64 encoded CA certificate.\n" + endPaste})
	if err != nil {
		return err
	}
	certs, err := pki.ParseCertificates([]byte(text))
	if err != nil {
		return err
	}
	if err := e.accept(s, certs[0]); err != nil {
		return err
	}
	err = e.onStore(func(st *store.Store) error {
		var text []byte
		for _, c := range certs {
			text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw()})...)
		}
		_, err := st.ImportPEM(s.Name, text, nil, nil)
		return err
	})
	if err == nil {
		fmt.Fprint(e.out, "% Certificate successfully imported\n\n")
	}
	return err
}

// accept has the operator look at a CA's fingerprints, or the configuration, which
// may name one.
func (e *exec) accept(s pki.Settings, ca *pki.Certificate) error {
	md5Sum, sha1Sum, sha256Sum := md5.Sum(ca.Raw()), sha1.Sum(ca.Raw()), sha256.Sum256(ca.Raw())
	fmt.Fprintf(e.out, "Certificate has the following attributes:\n       Fingerprint MD5: %s\n      Fingerprint SHA1: %s\n\n", pki.Fingerprint(md5Sum[:]), pki.Fingerprint(sha1Sum[:]))
	if len(s.Fingerprint) > 0 {
		for _, sum := range [][]byte{md5Sum[:], sha1Sum[:], sha256Sum[:]} {
			if subtle.ConstantTimeCompare(sum, s.Fingerprint) == 1 {
				fmt.Fprintf(e.out, "Trustpoint Fingerprint: %s\nCertificate validated - fingerprints matched.\nTrustpoint CA certificate accepted.\n", pki.Fingerprint(s.Fingerprint))
				return nil
			}
		}
		return fmt.Errorf("the fingerprint of trustpoint %s, %s, is not of this certificate: it is rejected", s.Name, pki.Fingerprint(s.Fingerprint))
	}
	yes, err := e.confirm("%% Do you accept this certificate? [yes/no]: ")
	if err != nil {
		return err
	}
	if !yes {
		return errors.New("the CA certificate is rejected")
	}
	fmt.Fprintln(e.out, "Trustpoint CA certificate accepted.")
	return nil
}

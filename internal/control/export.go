package control

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/pki"
)

// exportTable holds the commands that give away what the store has.
var exportTable = []ios.Command[*Command]{
	row("crypto pki export name:WORD pem terminal [cipher:{3des | aes}]", func(c *Command, m *ios.Match) {
		name, cipher := m.Str("name"), m.Str("cipher")
		c.asks(func(e *exec) int {
			return e.export(name, func(tp *pki.Trustpoint) error { return e.exportPEM(tp, cipher) })
		})
	}),
	row("crypto pki export name:WORD pem url file:WORD [cipher:{3des | aes}]", func(c *Command, m *ios.Match) {
		name, cipher := m.Str("name"), m.Str("cipher")
		c.Export = m.Str("file")
		c.asks(func(e *exec) int {
			return e.export(name, func(tp *pki.Trustpoint) error { return e.exportPEM(tp, cipher) })
		})
	}),
	row("crypto pki export name:WORD pkcs12 terminal", func(c *Command, m *ios.Match) {
		name := m.Str("name")
		c.asks(func(e *exec) int { return e.export(name, e.printPKCS12) })
	}),
	row("crypto pki export name:WORD pkcs12 file:LINE", func(c *Command, m *ios.Match) {
		name := m.Str("name")
		c.Export = m.Str("file")
		c.asks(func(e *exec) int {
			return e.export(name, func(tp *pki.Trustpoint) error {
				der, err := e.exportPKCS12(tp)
				if err == nil {
					_, err = e.out.Write(der)
				}
				return err
			})
		})
	}),
	row("crypto pki export name:WORD chain terminal", func(c *Command, m *ios.Match) {
		name := m.Str("name")
		c.asks(func(e *exec) int {
			return e.export(name, func(tp *pki.Trustpoint) error { return show.PKIChain(e.out, tp) })
		})
	}),
	row("crypto key export rsa name:WORD pem terminal cipher:{3des | aes}", func(c *Command, m *ios.Match) {
		name, cipher := m.Str("name"), m.Str("cipher")
		c.asks(func(e *exec) int { return e.exportKey(name, cipher) })
	}),
	row("crypto pki expiry", func(c *Command, _ *ios.Match) {
		c.run = (*exec).expiry
		c.offline = c.run
	}),
}

func (e *exec) export(name string, give func(*pki.Trustpoint) error) int {
	snapshot, err := e.snapshot()
	if err == nil {
		if tp := snapshot.Lookup(name); tp == nil || tp.CA == nil && tp.Identity == nil {
			err = fmt.Errorf("trustpoint %s has no certificate", name)
		} else {
			err = give(tp)
		}
	}
	if err != nil {
		return e.failf("%v", err)
	}
	return ExitDone
}

// exportPEM prints a trustpoint as IOS does: its CA, the key when a cipher says
// under what, and its certificate.
func (e *exec) exportPEM(tp *pki.Trustpoint, cipher string) error {
	if tp.CA != nil {
		fmt.Fprintf(e.out, "%% CA certificate:\n%s\n", certificatePEM(tp.CA))
	}
	if cipher != "" {
		if tp.Key == nil {
			return fmt.Errorf("trustpoint %s has no key", tp.Name)
		}
		if err := e.writeKey(tp.Key, cipher); err != nil {
			return err
		}
	}
	switch {
	case tp.Identity != nil && tp.CA == nil:
		fmt.Fprintf(e.out, "%% Self-signed CA certificate:\n%s\n", certificatePEM(tp.Identity))
	case tp.Identity != nil:
		fmt.Fprintf(e.out, "%% General Purpose Certificate:\n%s\n", certificatePEM(tp.Identity))
	}
	return nil
}

func certificatePEM(c *pki.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw()})
}

// exportKey prints a key pair of a label.
func (e *exec) exportKey(label, cipher string) int {
	keys, _, err := e.keys(pki.RSA, label)
	if err == nil && len(keys) == 0 {
		err = fmt.Errorf("there are no RSA keys named %s", label)
	}
	for _, k := range keys {
		if err == nil {
			err = e.writeKey(k, cipher)
		}
	}
	if err != nil {
		return e.failf("%v", err)
	}
	return ExitDone
}

// writeKey prints both halves of a key, the private one under a passphrase. RSA
// keys have the form before PKCS #8, which IOS has.
func (e *exec) writeKey(k *pki.KeyPair, cipher string) error {
	passphrase, err := e.passphraseFor(k)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(k.Signer.Public())
	if err != nil {
		return err
	}
	var private []byte
	key, isRSA := k.Signer.(*rsa.PrivateKey)
	if isRSA {
		with := map[string]x509.PEMCipher{"3des": x509.PEMCipher3DES, "aes": x509.PEMCipherAES256}[cipher]
		//lint:ignore SA1019 IOS reads and writes no other form
		block, err := x509.EncryptPEMBlock(rand.Reader, "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(key), []byte(passphrase), with)
		if err != nil {
			return err
		}
		private = pem.EncodeToMemory(block)
	} else if private, err = k.PEM(rand.Reader, []byte(passphrase)); err != nil {
		return err
	}
	fmt.Fprintf(e.out, "%% Key name: %s\n   Usage: %s\n   Key data:\n%s%s\n", k.Label, k.Usage, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), private)
	return nil
}

// minPassphrase is IOS's: "Passphrase must be at least 8 characters".
const minPassphrase = 8

// passphraseFor asks for the passphrase of a key that may leave.
func (e *exec) passphraseFor(k *pki.KeyPair) (string, error) {
	if !k.Exportable {
		return "", fmt.Errorf("key pair %s is not exportable", k.Label)
	}
	passphrase, err := e.ask(Question{Secret, "Passphrase: "})
	if err == nil && len(passphrase) < minPassphrase {
		err = fmt.Errorf("a passphrase has at least %d characters", minPassphrase)
	}
	return passphrase, err
}

// What stands around a PKCS #12 file that is printed: the first line, and how the last
// one begins.
const (
	PKCS12Begins = "Exported pkcs12 follows:"
	PKCS12Ends   = "---End"
)

// printPKCS12 prints that file in base64.
func (e *exec) printPKCS12(tp *pki.Trustpoint) error {
	der, err := e.exportPKCS12(tp)
	if err == nil {
		fmt.Fprintf(e.out, "%s\n\n%s\n%s - This line not part of the pkcs12---\n\n", PKCS12Begins, wrapped(der), PKCS12Ends)
	}
	return err
}

// exportPKCS12 makes one file of key, certificate and CAs. 3DES and SHA-1 protect
// it: routers read no other.
func (e *exec) exportPKCS12(tp *pki.Trustpoint) ([]byte, error) {
	if tp.Identity == nil || tp.Key == nil {
		return nil, fmt.Errorf("trustpoint %s has no certificate of its own", tp.Name)
	}
	passphrase, err := e.passphraseFor(tp.Key)
	if err != nil {
		return nil, err
	}
	var cas []*x509.Certificate
	for _, c := range append(slices.Clone(tp.Chain), tp.CA) {
		if c != nil && !slices.ContainsFunc(cas, c.X509.Equal) {
			cas = append(cas, c.X509)
		}
	}
	der, err := pkcs12.LegacyDES.Encode(tp.Key.Signer, tp.Identity.X509, cas, passphrase)
	if err != nil {
		return nil, errors.New("this key has no place in a PKCS #12 file")
	}
	return der, nil
}

// expiry lists what runs out, with the tunnels that use it where a configuration
// says.
func (e *exec) expiry() int {
	snapshot, err := e.snapshot()
	if err != nil {
		return e.failf("%v", err)
	}
	tunnels := func(string) []string { return nil }
	if e.router != nil || e.here.Config != "" {
		cfg, err := e.config()
		if err != nil {
			return e.failf("%v", err)
		}
		tunnels = func(trustpoint string) []string { return lint.TunnelsOf(lint.Routers(cfg)[0], trustpoint) }
	}
	return e.print(func(w io.Writer) error { return show.PKIExpiry(w, snapshot, time.Now(), tunnels) })
}

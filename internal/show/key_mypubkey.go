package show

import (
	"crypto/x509"
	"fmt"
	"io"
	"slices"

	"github.com/obol-ike/obol/pki"
)

// keyKind is a kind of key pair as show crypto key mypubkey has it.
type keyKind struct {
	of    pki.KeyKind
	title string
}

var (
	rsaKeys = keyKind{pki.RSA, "RSA KEYS"}
	ecKeys  = keyKind{pki.EC, "EC KEYS"}
)

// KeyMyPubkeyRSA is show crypto key mypubkey rsa.
func KeyMyPubkeyRSA(w io.Writer, s *pki.Snapshot) error { return keys(w, s, rsaKeys) }

// KeyMyPubkeyEC is show crypto key mypubkey ec.
func KeyMyPubkeyEC(w io.Writer, s *pki.Snapshot) error { return keys(w, s, ecKeys) }

// KeyMyPubkeyAll is show crypto key mypubkey all.
func KeyMyPubkeyAll(w io.Writer, s *pki.Snapshot) error { return keys(w, s, rsaKeys, ecKeys) }

// keys prints the public halves of the router's key pairs, in the order of the
// store.
func keys(w io.Writer, s *pki.Snapshot, kinds ...keyKind) error {
	var p printer
	for _, kind := range kinds {
		for _, k := range s.Keys() {
			if k.Kind() != kind.of {
				continue
			}
			der, err := x509.MarshalPKIXPublicKey(k.Signer.Public())
			if err != nil {
				return err
			}
			generated := "unknown, it was imported"
			if !k.Generated.IsZero() {
				generated = k.Generated.UTC().Format(clock)
			}
			usage := k.Usage
			if kind.of == pki.EC {
				usage = pki.SignatureKey
			}
			p.f("%% Key pair was generated at: %s\n", generated)
			p.f("Key name: %s\n", k.Label)
			p.f("Key type: %s\n", kind.title)
			p.f(" Storage Device: private-config\n")
			p.f(" Usage: %s\n", usage)
			if k.Exportable {
				p.f(" Key is exportable.\n")
			} else {
				p.f(" Key is not exportable.\n")
			}
			p.f(" Key Data:\n")
			hexWords(&p, der)
		}
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

package show

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"slices"

	"github.com/obol-ike/obol/pki"
)

// KeyMyPubkeyRSA is show crypto key mypubkey rsa: the public halves of the
// router's RSA key pairs, each once. A pair that no rsakeypair names is called
// as its trustpoint, as an import on IOS calls it. When it was generated the
// store does not know: it was imported.
func KeyMyPubkeyRSA(w io.Writer, s *pki.Snapshot) error {
	var p printer
	var seen []*rsa.PublicKey
	for _, t := range s.All() {
		if t.Signer == nil {
			continue
		}
		public, ok := t.Signer.Public().(*rsa.PublicKey)
		if !ok || slices.ContainsFunc(seen, func(k *rsa.PublicKey) bool { return k.Equal(public) }) {
			continue
		}
		seen = append(seen, public)
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return err
		}
		p.f("%% Key pair was generated at: unknown, it was imported\n")
		p.f("Key name: %s\n", cmp.Or(t.RSAKeypair, t.Name))
		p.f("Key type: RSA KEYS\n")
		p.f(" Storage Device: store:%s\n", t.Name)
		p.f(" Usage: General Purpose Key\n")
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

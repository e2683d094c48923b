package store

import (
	"fmt"
	"path/filepath"

	"github.com/obol-ike/obol/pki"
)

// Held is what everybody may see of a trustpoint of the store.
type Held struct {
	CA       *pki.Certificate   // nil where Identity is self-signed
	Identity *pki.Certificate   // nil: CA only
	Chain    []*pki.Certificate // the CAs between, in issuer order
	CRLs     []HeldCRL
	Enrolled uint64 // order of enrolment, 0 without Identity
	Dir      string // with ca.pem, cert.pem, chain.pem and the CRLs
}

// Held reads the certificates of a trustpoint and not their keys, so that it takes
// no passphrase. It is zero for one that the store does not have.
func (s *Store) Held(name string) (Held, error) {
	unlock, err := s.lock(false)
	if err != nil {
		return Held{}, err
	}
	defer unlock()
	current, err := s.entries()
	if err != nil {
		return Held{}, err
	}
	e, ok := current[name]
	if !ok {
		return Held{}, nil
	}
	h := Held{Dir: e.path}
	one := func(file string) *pki.Certificate {
		if certs := e.certificates(file, &err); len(certs) > 0 {
			return certs[0]
		}
		return nil
	}
	h.CA, h.Identity, h.Chain = one("ca.pem"), one("cert.pem"), e.certificates("chain.pem", &err)
	if err == nil {
		h.CRLs, err = e.crls()
	}
	if err != nil {
		return Held{}, fmt.Errorf("store: %s: %w", e.path, err)
	}
	switch {
	case h.Identity != nil:
		h.Enrolled = e.number
	case h.CA == nil:
		return Held{}, fmt.Errorf("store: %s: neither ca.pem nor cert.pem is there", e.path)
	}
	return h, nil
}

// certificates reads those of a file, unless something was wrong before; none: there is
// no such file.
func (e entry) certificates(file string, failed *error) []*pki.Certificate {
	if *failed != nil {
		return nil
	}
	data, err := optional(readFile(filepath.Join(e.path, file), pki.MaxImportLen))
	if err != nil || data == nil {
		*failed = err
		return nil
	}
	certs, err := pki.ParseCertificates(data)
	if err != nil {
		*failed = fmt.Errorf("%s: %w", file, err)
	}
	return certs
}

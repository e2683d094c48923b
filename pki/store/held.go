package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/obol-ike/obol/pki"
)

// Held is what everybody may see of a trustpoint of the store.
type Held struct {
	CA       *pki.Certificate // nil where Identity is self-signed
	Identity *pki.Certificate // nil: CA only
	Enrolled uint64           // order of enrolment, 0 without Identity
	Dir      string           // with ca.pem and cert.pem
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
	if h.CA, err = readCertificate(e.path, "ca.pem"); err != nil {
		return Held{}, err
	}
	if h.Identity, err = readCertificate(e.path, "cert.pem"); err != nil {
		return Held{}, err
	}
	switch {
	case h.Identity != nil:
		h.Enrolled = e.number
	case h.CA == nil:
		return Held{}, fmt.Errorf("store: %s: neither ca.pem nor cert.pem is there", e.path)
	}
	return h, nil
}

// readCertificate reads a file of one certificate; nil: there is none.
func readCertificate(dir, file string) (*pki.Certificate, error) {
	data, err := readFile(filepath.Join(dir, file), pki.MaxImportLen)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var certs []*pki.Certificate
	if err == nil {
		certs, err = pki.ParseCertificates(data)
	}
	if err != nil {
		return nil, fmt.Errorf("store: %s: %s: %w", dir, file, err)
	}
	return certs[0], nil
}

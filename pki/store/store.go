// Package store keeps trustpoints in a directory.
package store

import "github.com/obol-ike/obol/pki"

// Store is an open store directory.
type Store struct{ dir string }

// Imported tells what an import put into the store.
type Imported struct {
	Trustpoint string
	CA         *pki.Certificate
	Identity   *pki.Certificate // nil: CA only
	Chain      []*pki.Certificate
	Enrolled   uint64 // order of enrolment, 0 without identity
	Replaced   bool   // the trustpoint stood in the store before
	Warnings   []string
}

// ImportedCRL tells what a CRL import put into the store.
type ImportedCRL struct {
	Trustpoint string
	CRL        *pki.CRL
	Warnings   []string
}

// Open opens, and makes where it does not exist, the store directory.
func Open(dir string) (*Store, error) { return &Store{dir}, nil }

// Load reads the configured trustpoints.
func (s *Store) Load(settings []pki.Settings) (*pki.Snapshot, error) { return pki.NewSnapshot(nil), nil }

// Names lists the trustpoints that stand in the store.
func (s *Store) Names() ([]string, error) { return nil, nil }

// ImportPEM installs a trustpoint from PEM.
func (s *Store) ImportPEM(name string, ca, cert, key []byte) (Imported, error) { return Imported{}, nil }

// ImportPKCS12 installs a trustpoint from a PKCS #12 file.
func (s *Store) ImportPKCS12(name string, p12 []byte, password string) (Imported, error) {
	return Imported{}, nil
}

// ImportCRL installs a CRL (PEM or DER) of a CA of the trustpoint.
func (s *Store) ImportCRL(name string, crl []byte) (ImportedCRL, error) { return ImportedCRL{}, nil }

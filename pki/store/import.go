package store

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/obol-ike/obol/pki"
)

// Imported tells what an import put into the store.
type Imported struct {
	Trustpoint string
	CA         *pki.Certificate
	Identity   *pki.Certificate   // nil: CA only
	Chain      []*pki.Certificate // CAs that go out after the identity
	Enrolled   uint64             // order of enrolment, 0 without identity
	Replaced   bool               // the trustpoint stood in the store before
	Warnings   []string           // accepted, but the reader should know
}

// ImportedCRL tells what a CRL import put into the store.
type ImportedCRL struct {
	Trustpoint string
	CRL        *pki.CRL
	Warnings   []string
}

// ImportPEM installs a trustpoint from PEM: the CA certificate, and the
// identity certificate with its private key, or neither of those two. An
// import over an existing trustpoint is an enrolment again. When it fails the
// store is as it was.
func (s *Store) ImportPEM(name string, ca, cert, key []byte) (Imported, error) {
	return s.importPEM(name, ca, cert, key, false)
}

// ImportExportable is ImportPEM of a key that may be exported again.
func (s *Store) ImportExportable(name string, ca, cert, key []byte) (Imported, error) {
	return s.importPEM(name, ca, cert, key, true)
}

func (s *Store) importPEM(name string, ca, cert, key []byte, exportable bool) (Imported, error) {
	m, err := pki.ParsePEM(ca, cert, key)
	if err != nil {
		return Imported{}, err
	}
	if m.Signer != nil {
		m.Key = &pki.KeyPair{Label: name, Usage: pki.GeneralKey, Exportable: exportable, Signer: m.Signer}
	}
	return s.install(name, m)
}

// ImportPKCS12 installs a trustpoint from a PKCS #12 file that holds the
// identity certificate, its key and the CA certificate.
func (s *Store) ImportPKCS12(name string, p12 []byte, password string) (Imported, error) {
	m, err := pki.ParsePKCS12(p12, password)
	if err != nil {
		return Imported{}, err
	}
	return s.install(name, m)
}

// install writes the trustpoint's directory under the next number.
func (s *Store) install(name string, m *pki.Material) (Imported, error) {
	if err := checkName(name); err != nil {
		return Imported{}, err
	}
	unlock, err := s.lock(true)
	if err != nil {
		return Imported{}, err
	}
	defer unlock()
	return s.put(name, m, &change{})
}

// put is install under the lock; c has what else changes with it.
func (s *Store) put(name string, m *pki.Material, c *change) (Imported, error) {
	number, err := s.next()
	if err != nil {
		return Imported{}, err
	}
	current, err := s.entries()
	if err != nil {
		return Imported{}, err
	}
	before, replaced := current[name]
	if m.Signer != nil && m.Key == nil {
		m.Key = &pki.KeyPair{Label: name, Usage: pki.GeneralKey, Signer: m.Signer}
	}
	files, err := s.pemFiles(m)
	if err != nil {
		return Imported{}, err
	}
	if replaced {
		if err := s.carryOver(before, m, files); err != nil {
			return Imported{}, err
		}
	}
	if err := s.replaceDir(c, number, name, files, before); err != nil {
		return Imported{}, fmt.Errorf("store: %w", err)
	}
	if err := s.commit(c); err != nil {
		return Imported{}, fmt.Errorf("store: %w", err)
	}
	out := Imported{
		Trustpoint: name, CA: m.CA, Identity: m.Identity, Chain: m.Chain,
		Replaced: replaced, Warnings: append(m.Notes, datesOf(m, time.Now())...),
	}
	if m.Identity != nil {
		out.Enrolled = number
	}
	return out, nil
}

// carryOver keeps what an import does not bring: the CRLs that the trustpoint's
// CAs signed. A trustpoint with an identity is not turned into one without.
func (s *Store) carryOver(before entry, m *pki.Material, files map[string][]byte) error {
	tp, err := s.read(before)
	if err != nil {
		return nil // an unreadable trustpoint is mended by importing it again
	}
	if tp.Identity != nil && m.Identity == nil {
		return fmt.Errorf("trustpoint %s is enrolled; to replace it give the certificate and the key as well", before.name)
	}
	for _, crl := range tp.CRLs {
		if m.CA != nil && signer(crl, m.CA, m.Chain) != nil {
			files[crlFile(crl)] = encodePEM("X509 CRL", crl.Raw)
		}
	}
	return nil
}

// pemFiles encodes a trustpoint's files.
func (s *Store) pemFiles(m *pki.Material) (map[string][]byte, error) {
	files := map[string][]byte{}
	if m.CA != nil {
		files["ca.pem"] = encodePEM("CERTIFICATE", m.CA.Raw())
	}
	if m.Identity == nil {
		return files, nil
	}
	key, err := m.Key.PEM(rand.Reader, s.passphrase)
	if err != nil {
		return nil, err
	}
	files["key.pem"] = key
	files["cert.pem"] = encodePEM("CERTIFICATE", m.Identity.Raw())
	for _, c := range m.Chain {
		files["chain.pem"] = append(files["chain.pem"], encodePEM("CERTIFICATE", c.Raw())...)
	}
	return files, nil
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// datesOf warns of certificates that are not valid now.
func datesOf(m *pki.Material, now time.Time) []string {
	var warnings []string
	for _, c := range append([]*pki.Certificate{m.CA, m.Identity}, m.Chain...) {
		switch {
		case c == nil:
		case now.After(c.X509.NotAfter):
			warnings = append(warnings, fmt.Sprintf("certificate %s of %s has expired on %s", c.Serial, c.Subject, c.X509.NotAfter.UTC().Format(time.DateTime)))
		case now.Before(c.X509.NotBefore):
			warnings = append(warnings, fmt.Sprintf("certificate %s of %s is not valid before %s", c.Serial, c.Subject, c.X509.NotBefore.UTC().Format(time.DateTime)))
		}
	}
	return warnings
}

// claim takes the lock to change a trustpoint, and reads it: no path and nil where
// the store has none of that name.
func (s *Store) claim(name string) (e entry, tp *pki.Trustpoint, unlock func(), err error) {
	release, err := s.lock(true)
	if err != nil {
		return entry{}, nil, nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	current, err := s.entries()
	if err != nil {
		return entry{}, nil, nil, err
	}
	e, ok := current[name]
	if !ok {
		return entry{}, nil, release, nil
	}
	if tp, err = s.read(e); err != nil {
		return entry{}, nil, nil, fmt.Errorf("store: %s: %w", e.path, err)
	}
	return e, tp, release, nil
}

// ImportCRL installs a CRL (PEM or DER) of a CA of the trustpoint. One that is
// older than the stored one, cannot answer, or was not signed by a CA of the
// trustpoint is refused, and the store stays as it was.
func (s *Store) ImportCRL(name string, data []byte) (ImportedCRL, error) {
	crl, err := pki.ParseCRLFile(data)
	if err != nil {
		return ImportedCRL{}, err
	}
	if crl.Unusable != "" {
		return ImportedCRL{}, fmt.Errorf("the CRL of %s cannot be used: %s", crl.Issuer, crl.Unusable)
	}
	e, tp, unlock, err := s.claim(name)
	if err != nil {
		return ImportedCRL{}, err
	}
	defer unlock()
	if e.path == "" {
		return ImportedCRL{}, fmt.Errorf("trustpoint %q is not in the store; import its certificates first", name)
	}
	if tp.CA == nil {
		return ImportedCRL{}, fmt.Errorf("trustpoint %s is self-signed: it has no CA, and so no CRL", name)
	}
	if signer(crl, tp.CA, tp.Chain) == nil {
		return ImportedCRL{}, fmt.Errorf("the CRL of %s is not signed by a CA of trustpoint %s, whose CA is %s", crl.Issuer, name, tp.CA.Subject)
	}
	for _, have := range tp.CRLs {
		if crl.Replaces(have) && crl.ThisUpdate.Before(have.ThisUpdate) {
			return ImportedCRL{}, fmt.Errorf("the CRL of %s is of %s, and the store has a newer one of %s",
				crl.Issuer, crl.ThisUpdate.Format(time.DateTime), have.ThisUpdate.Format(time.DateTime))
		}
	}
	if err := s.replaceFile(filepath.Join(filepath.Base(e.path), crlFile(crl)), encodePEM("X509 CRL", crl.Raw)); err != nil {
		return ImportedCRL{}, fmt.Errorf("store: %w", err)
	}
	out := ImportedCRL{Trustpoint: name, CRL: crl}
	switch now := time.Now(); {
	case crl.NextUpdate.IsZero():
		out.Warnings = []string{"the CRL has no next update: it will not be accepted as evidence"}
	case !now.Before(crl.NextUpdate):
		out.Warnings = []string{"the CRL was to be renewed by " + crl.NextUpdate.Format(time.DateTime)}
	case now.Before(crl.ThisUpdate):
		out.Warnings = []string{"the CRL is not valid before " + crl.ThisUpdate.Format(time.DateTime)}
	}
	return out, nil
}

// signer finds the CA of a trustpoint that signed the CRL.
func signer(crl *pki.CRL, ca *pki.Certificate, chain []*pki.Certificate) *pki.Certificate {
	for _, c := range slices.Concat([]*pki.Certificate{ca}, chain) {
		if crl.SignedBy(c, pki.Policy{}) == nil {
			return c
		}
	}
	return nil
}

// crlFile is the same for all CRLs of an issuer about the same certificates, however
// its name is encoded.
func crlFile(crl *pki.CRL) string {
	sum := sha256.Sum256(append([]byte(crl.Issuer.Canonical()), crl.Scope()...))
	return fmt.Sprintf("crl.%x.pem", sum[:8])
}

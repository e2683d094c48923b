package store

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/obol-ike/obol/pki"
)

// ImportCertificate completes an enrolment: the certificate that the CA of an
// authenticated trustpoint has granted for one of the router's keys, with the CAs
// between the two if there are any. The key is found by what is in the
// certificate. PEM, bare base64 and DER are read. When it fails the store is as it
// was.
func (s *Store) ImportCertificate(name string, data []byte) (Imported, error) {
	certs, err := pki.ParseCertificates(data)
	if err != nil {
		return Imported{}, err
	}
	return s.importGranted(name, nil, certs)
}

// importGranted finds the key of what was granted. Without a CA it is the
// trustpoint's own.
func (s *Store) importGranted(name string, ca *pki.Certificate, certs []*pki.Certificate) (Imported, error) {
	if err := checkName(name); err != nil {
		return Imported{}, err
	}
	e, tp, unlock, err := s.claim(name)
	if err != nil {
		return Imported{}, err
	}
	defer unlock()
	if e.path == "" {
		return Imported{}, fmt.Errorf("trustpoint %s has no CA certificate: crypto pki authenticate %s comes first", name, name)
	}
	if tp.CA == nil {
		return Imported{}, fmt.Errorf("trustpoint %s is self-signed: it takes no certificate of a CA", name)
	}
	if ca == nil {
		ca = tp.CA
	}
	all, err := s.everyKey()
	if err != nil {
		return Imported{}, err
	}
	for _, k := range all {
		for _, c := range certs {
			if k.Belongs(c) {
				return s.enroll(name, ca, certs, k)
			}
		}
	}
	return Imported{}, fmt.Errorf("the certificate of %s is for a key that is not here; crypto pki enroll %s makes a request for one that is", certs[0].Subject, name)
}

// enroll installs the certificate, and lets a regenerated key take its label.
func (s *Store) enroll(name string, ca *pki.Certificate, certs []*pki.Certificate, key *pki.KeyPair) (Imported, error) {
	m, err := pki.Assemble(ca, certs, key)
	if err != nil {
		return Imported{}, err
	}
	fresh := *key
	regenerated := false
	fresh.Label, regenerated = strings.CutSuffix(key.Label, Regenerated)
	m.Key = &fresh
	out, err := s.put(name, m)
	if err != nil || !regenerated {
		return out, err
	}
	if err := os.Rename(s.keyPath(key.Kind(), key.Label), s.keyPath(key.Kind(), fresh.Label)); err != nil {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the new key keeps the label %s: %v", key.Label, err))
	}
	return out, nil
}

// PutSelfSigned keeps a self-signed certificate of one of the router's keys as the
// identity of a trustpoint, which has no CA then.
func (s *Store) PutSelfSigned(name string, c *pki.Certificate, key *pki.KeyPair) (Imported, error) {
	if !key.Belongs(c) || c.SignedBy(c) != nil {
		return Imported{}, errors.New("the certificate is not signed by its own key")
	}
	return s.install(name, &pki.Material{Identity: c, Signer: key.Signer, Key: key})
}

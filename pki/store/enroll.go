package store

import (
	"errors"
	"fmt"
	"slices"
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
	return s.importGranted(name, nil, certs, &change{})
}

// importGranted finds the key of what was granted. Without a CA it is the
// trustpoint's own. c has what else changes with it.
func (s *Store) importGranted(name string, ca *pki.Certificate, certs []*pki.Certificate, c *change) (Imported, error) {
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
		if slices.ContainsFunc(certs, k.Belongs) {
			return s.enroll(name, ca, certs, k, c)
		}
	}
	return Imported{}, fmt.Errorf("the certificate of %s is for a key that is not here; crypto pki enroll %s makes a request for one that is", certs[0].Subject, name)
}

// enroll installs the certificate, and lets a regenerated key take its label.
func (s *Store) enroll(name string, ca *pki.Certificate, certs []*pki.Certificate, key *pki.KeyPair, c *change) (Imported, error) {
	m, err := pki.Assemble(ca, certs, key)
	if err != nil {
		return Imported{}, err
	}
	fresh := *key
	m.Key = &fresh
	if label, ok := strings.CutSuffix(key.Label, Regenerated); ok {
		fresh.Label = label
		c.rename(keyFile(key.Kind(), key.Label), keyFile(key.Kind(), label))
	}
	return s.put(name, m, c)
}

// PutSelfSigned keeps a self-signed certificate of one of the router's keys as the
// identity of a trustpoint, which has no CA then.
func (s *Store) PutSelfSigned(name string, c *pki.Certificate, key *pki.KeyPair) (Imported, error) {
	if !key.Belongs(c) || c.SignedBy(c) != nil {
		return Imported{}, errors.New("the certificate is not signed by its own key")
	}
	return s.install(name, &pki.Material{Identity: c, Signer: key.Signer, Key: key})
}

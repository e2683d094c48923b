package pki

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
	"software.sslmate.com/src/go-pkcs12"
)

// Limits of an import.
const (
	MaxImportLen  = 1 << 20 // octets of a PEM or PKCS #12 file
	maxPEMBlocks  = 32
	maxIterations = 2_000_000 // of PKCS #12's key derivations together, about a second
)

// ParsePEM reads the files of crypto pki import NAME pem: the CA certificate
// (with those above it, if any), the identity certificate (with intermediates,
// if any) and its private key. Without certificate and key it is a trustpoint
// that has only a CA.
func ParsePEM(ca, cert, key []byte) (*Material, error) {
	cas, err := certificatesPEM("CA file", ca)
	if err != nil {
		return nil, err
	}
	if len(cert) == 0 && len(key) == 0 {
		return assemble(cas, nil, nil, nil)
	}
	if len(cert) == 0 || len(key) == 0 {
		return nil, errors.New("a certificate and its private key come together: give both, or neither")
	}
	certs, err := certificatesPEM("certificate file", cert)
	if err != nil {
		return nil, err
	}
	signer, err := keyPEM(key)
	if err != nil {
		return nil, err
	}
	return withKey(cas, certs, signer)
}

// ParseSelfSigned reads the certificate of enrollment selfsigned and its key.
func ParseSelfSigned(cert, key []byte) (*Material, error) {
	certs, err := certificatesPEM("certificate file", cert)
	if err != nil {
		return nil, err
	}
	signer, err := keyPEM(key)
	if err != nil {
		return nil, err
	}
	if c := certs[0]; len(certs) > 1 || !belongs(signer, c) || c.SignedBy(c) != nil {
		return nil, errors.New("without a CA certificate the certificate has to be self-signed")
	}
	return &Material{Identity: certs[0], Signer: signer}, nil
}

// withKey picks the certificate that the key belongs to.
func withKey(cas, certs []*Certificate, key Signer) (*Material, error) {
	for i, c := range certs {
		if belongs(key, c) {
			extra := append(certs[:i:i], certs[i+1:]...)
			return assemble(cas, extra, c, key)
		}
	}
	return nil, fmt.Errorf("the private key does not belong to %s", describe(certs[0]))
}

// blocksPEM splits a PEM file; text between the blocks does not matter.
func blocksPEM(what string, data []byte) ([]*pem.Block, error) {
	if len(data) > MaxImportLen {
		return nil, fmt.Errorf("%s: %d octets, at most %d are accepted", what, len(data), MaxImportLen)
	}
	var blocks []*pem.Block
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if len(blocks) == maxPEMBlocks {
			return nil, fmt.Errorf("%s: more than %d PEM blocks", what, maxPEMBlocks)
		}
		blocks, data = append(blocks, block), rest
	}
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return nil, fmt.Errorf("%s: damaged PEM block", what)
	}
	return blocks, nil
}

// certificatesPEM reads all certificates of a PEM file, at least one.
func certificatesPEM(what string, data []byte) ([]*Certificate, error) {
	blocks, err := blocksPEM(what, data)
	if err != nil {
		return nil, err
	}
	var certs []*Certificate
	for _, b := range blocks {
		if b.Type != "CERTIFICATE" && b.Type != "X509 CERTIFICATE" {
			continue
		}
		c, err := ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		certs = append(certs, c)
	}
	if len(certs) == 0 {
		return nil, fmt.Errorf("%s: no certificate in it; a PEM file with -----BEGIN CERTIFICATE----- is expected", what)
	}
	return certs, nil
}

// ParseCertificates reads certificates as people paste them: PEM, the base64 of
// one without its frame, as IOS takes it too, or DER.
func ParseCertificates(data []byte) ([]*Certificate, error) {
	const what = "certificate"
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return certificatesPEM(what, data)
	}
	if len(data) > MaxImportLen {
		return nil, fmt.Errorf("%s: %d octets, at most %d are accepted", what, len(data), MaxImportLen)
	}
	if der, err := base64.StdEncoding.DecodeString(string(bytes.Join(bytes.Fields(data), nil))); err == nil && len(der) > 0 {
		data = der
	}
	c, err := ParseCertificate(data)
	if err != nil {
		return nil, fmt.Errorf("%s: neither PEM nor base64 nor DER of one", what)
	}
	return []*Certificate{c}, nil
}

// keyPEM reads the one private key of a PEM file.
func keyPEM(data []byte) (Signer, error) {
	const what = "key file"
	blocks, err := blocksPEM(what, data)
	if err != nil {
		return nil, err
	}
	var key *pem.Block
	for _, b := range blocks {
		switch {
		case !strings.HasSuffix(b.Type, "PRIVATE KEY"):
			continue
		case isEncrypted(b):
			return nil, fmt.Errorf("%s: the private key is encrypted, and no passphrase is given", what)
		case key != nil:
			return nil, fmt.Errorf("%s: more than one private key", what)
		}
		key = b
	}
	if key == nil {
		return nil, fmt.Errorf("%s: no private key in it; a PEM file with -----BEGIN PRIVATE KEY----- is expected", what)
	}
	signer, err := parsePrivateKey(key.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return signer, nil
}

// ParsePKCS12 reads the file of crypto pki import NAME pkcs12: the private key,
// its certificate and the CA certificates.
func ParsePKCS12(data []byte, password string) (*Material, error) {
	if len(data) > MaxImportLen {
		return nil, fmt.Errorf("PKCS #12 file: %d octets, at most %d are accepted", len(data), MaxImportLen)
	}
	switch work, ok := iterations(data, 0); {
	case !ok:
		return nil, errors.New("PKCS #12 file: not DER")
	case work > maxIterations:
		return nil, fmt.Errorf("PKCS #12 file: its keys take more than %d iterations to derive", maxIterations)
	}
	key, first, others, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, errors.New("PKCS #12 file: wrong password")
	case err != nil:
		return nil, fmt.Errorf("PKCS #12 file: %s", strings.TrimPrefix(err.Error(), "pkcs12: "))
	}
	signer, err := checkSigner(key)
	if err != nil {
		return nil, fmt.Errorf("PKCS #12 file: %w", err)
	}
	var certs []*Certificate
	for _, x := range append(others, first) {
		c, err := ParseCertificate(x.Raw)
		if err != nil {
			return nil, fmt.Errorf("PKCS #12 file: %w", err)
		}
		certs = append(certs, c)
	}
	for i, c := range certs {
		if belongs(signer, c) {
			return assemble(append(certs[:i:i], certs[i+1:]...), nil, c, signer)
		}
	}
	return nil, errors.New("PKCS #12 file: no certificate belongs to the private key")
}

// iterations adds up the iteration counts that stand in the clear parts of a
// PKCS #12 file: PBE, PBKDF2 and MAC parameters all have the INTEGER right
// after the OCTET STRING of the salt. What is inside the encrypted parts is
// vouched for by the MAC, so by whoever knows the password. ok is false when
// der is not a row of DER elements.
func iterations(der []byte, depth int) (sum int64, ok bool) {
	const maxNesting = 24
	if depth > maxNesting {
		return 0, false
	}
	in := cryptobyte.String(der)
	var previous cbasn1.Tag
	for !in.Empty() {
		var element, content cryptobyte.String
		var tag cbasn1.Tag
		if !in.ReadAnyASN1Element(&element, &tag) {
			return sum, false
		}
		body := element
		body.ReadAnyASN1(&content, &tag)
		switch {
		case tag == cbasn1.INTEGER && previous&0x1f == cbasn1.OCTET_STRING: // of any class
			var n int64
			if !element.ReadASN1Integer(&n) || n < 0 || n > maxIterations {
				n = maxIterations + 1
			}
			sum = min(sum+n, maxIterations+1)
		case tag&0x20 != 0: // constructed
			n, ok := iterations(content, depth+1)
			if !ok {
				return sum, false
			}
			sum = min(sum+n, maxIterations+1)
		case tag == cbasn1.OCTET_STRING:
			n, _ := iterations(content, depth+1) // octets that are no DER count as far as they go
			sum = min(sum+n, maxIterations+1)
		}
		previous = tag
	}
	return sum, true
}

// ParseCRLFile reads one CRL, in PEM or DER.
func ParseCRLFile(data []byte) (*CRL, error) {
	if len(data) > 2*MaxCRLLen {
		return nil, fmt.Errorf("CRL file: %d octets, at most %d are accepted", len(data), 2*MaxCRLLen)
	}
	if block, rest := pem.Decode(data); block != nil {
		if block.Type != "X509 CRL" {
			return nil, fmt.Errorf("CRL file: it holds a %s; -----BEGIN X509 CRL----- is expected", block.Type)
		}
		if next, _ := pem.Decode(rest); next != nil {
			return nil, errors.New("CRL file: more than one PEM block; import one CRL at a time")
		}
		data = block.Bytes
	}
	return ParseCRL(data)
}

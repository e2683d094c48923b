package scep

import (
	"encoding/pem"
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/obol-ike/obol/pki"
)

// maxWrapped is how often a bundle may stand in another: Cisco's ios.p7b is one that is
// signed around one that is not.
const maxWrapped = 3

// Bundle gives the certificates of a bundle of PKCS #7, in DER, BER or PEM, as PEM. Of
// one that is signed they are those of what was signed, and not the signer's; nobody is
// there whose signature would be known. What is no PKCS #7 is given as it is.
func Bundle(data []byte) ([]byte, error) {
	data, err := unwrapBundle(data, 0)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	return data, nil
}

func unwrapBundle(data []byte, depth int) ([]byte, error) {
	switch {
	case len(data) > pki.MaxImportLen:
		return nil, fmt.Errorf("%d octets, at most %d are accepted", len(data), pki.MaxImportLen)
	case depth == maxWrapped:
		return nil, fmt.Errorf("PKCS #7 in more than %d layers", maxWrapped)
	}
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "PKCS7" && block.Type != "CMS" {
			return data, nil
		}
		data = block.Bytes
	} else if len(data) == 0 || data[0] != 0x30 { // a SEQUENCE
		return data, nil
	}
	der, err := toDER(data)
	if err != nil {
		return nil, err
	}
	s, err := openSigned(der)
	if err != nil {
		return nil, err
	}
	if len(s.content) > 0 {
		return unwrapBundle(s.content, depth+1)
	}
	var out []byte
	for n := 0; !s.certificates.Empty(); n++ {
		var element cryptobyte.String
		var tag cbasn1.Tag
		if !s.certificates.ReadAnyASN1Element(&element, &tag) {
			return nil, errSignedData
		}
		if tag == cbasn1.SEQUENCE {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: element})...)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("PKCS #7 without certificates")
	}
	return out, nil
}

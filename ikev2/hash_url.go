package ikev2

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"net/url"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// hashURL says where a certificate is, and by its SHA-1 which it is (RFC 7296
// section 3.6).
type hashURL struct {
	hash [sha1.Size]byte
	url  string
}

func parseHashURL(data []byte) (*hashURL, error) {
	if len(data) <= sha1.Size || len(data) > sha1.Size+maxURL {
		return nil, fmt.Errorf("%d octets are no hash and URL of a certificate", len(data))
	}
	h := &hashURL{hash: [sha1.Size]byte(data), url: string(data[sha1.Size:])}
	// RFC 7296 section 3.6 specifies no other scheme.
	if u, err := url.Parse(h.url); err != nil || u.Scheme != "http" || u.Hostname() == "" || u.User != nil {
		return nil, fmt.Errorf("%q is no http URL of a certificate", h.url)
	}
	return h, nil
}

// missing says whether a certificate is elsewhere.
func (c certificate) missing() bool { return c.at != nil && c.parsed == nil }

var errOther = errors.New("what is there is not what the peer means")

// take reads what was fetched. It has to be what the peer meant.
func (c *certificate) take(a ike.Answer) (err error) {
	switch {
	case a.Err != nil:
		return a.Err
	case len(a.Data) > ike.MaxAnswer:
		return fmt.Errorf("%d octets, at most %d are taken", len(a.Data), ike.MaxAnswer)
	case sha1.Sum(a.Data) != c.at.hash:
		return errOther
	case c.encoding == wire.EncodingHashURLBundle:
		c.parsed, c.others, err = parseBundle(a.Data)
	default:
		c.parsed, err = pki.ParseCertificate(a.Data)
	}
	return err
}

var errBundle = errors.New("not a bundle of certificates")

// parseBundle reads what the hash and URL of a bundle lead to, the peer's own
// certificate first. RFC 7296 section 3.6 has it in ASN.1, with explicit tags:
//
//	CertificateOrCRL ::= CHOICE { cert [0] Certificate, crl [1] CertificateList }
//	CertificateBundle ::= SEQUENCE OF CertificateOrCRL
//
// CRLs are ours to get, from where the configuration says.
func parseBundle(der []byte) (first *pki.Certificate, others []*pki.Certificate, err error) {
	var list, item cryptobyte.String
	in := cryptobyte.String(der)
	if !in.ReadASN1(&list, asn1.SEQUENCE) || !in.Empty() {
		return nil, nil, errBundle
	}
	for !list.Empty() {
		var tag asn1.Tag
		if !list.ReadAnyASN1(&item, &tag) {
			return nil, nil, errBundle
		}
		switch tag {
		case asn1.Tag(0).ContextSpecific().Constructed():
		case asn1.Tag(1).ContextSpecific().Constructed():
			continue
		default:
			return nil, nil, errBundle
		}
		c, err := pki.ParseCertificate(item)
		switch {
		case err != nil:
			return nil, nil, err
		case first == nil:
			first = c
		case len(others) == maxChain-1:
			return nil, nil, fmt.Errorf("more than %d certificates in a bundle", maxChain)
		default:
			others = append(others, c)
		}
	}
	if first == nil {
		return nil, nil, errBundle
	}
	return first, others, nil
}

package ikev2

import (
	"errors"
	"fmt"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Limits on what a peer that nobody knows yet may send.
const (
	maxChain = 8   // certificates in one message
	maxURL   = 512 // octets of the address of one
)

// certRequest is a CERTREQ for these CAs. With the line crypto ikev2 http-url cert
// it asks for the address of a certificate, as IOS does.
func certRequest(authorities []pki.KeyHash, byURL bool) wire.CertReqV2 {
	r := wire.CertReqV2{Encoding: wire.EncodingX509Signature, Hashes: authorities}
	if byURL {
		r.Encoding = wire.EncodingHashURL
	}
	return r
}

// readRequests reads the CAs that a peer asks for, in the order of his payloads,
// of which there may be one or many. asked is false when he wants no certificate
// of a kind that we have.
func readRequests(payloads []wire.Payload) (authorities []pki.KeyHash, asked bool, err error) {
	for _, p := range payloads {
		if p.Type != wire.PayloadCertReqV2 {
			continue
		}
		r, err := wire.ParseBody(p, wire.ParseCertReqV2)
		switch {
		case err != nil && r.Encoding != wire.EncodingX509Signature && r.Encoding != wire.EncodingHashURL:
			continue // other encodings have lists of their own
		case err != nil:
			return nil, false, err
		case r.Encoding != wire.EncodingX509Signature && r.Encoding != wire.EncodingHashURL:
			continue
		case len(authorities)+len(r.Hashes) > wire.MaxAuthorities:
			return nil, false, reject(wire.V2InvalidSyntax, "more than %d CAs in certificate requests", wire.MaxAuthorities)
		}
		authorities, asked = append(authorities, r.Hashes...), true
	}
	return authorities, asked, nil
}

// ownChain are the CERT payloads of a trustpoint: its certificate, which RFC 7296
// section 3.6 wants first, and those above it without the root.
func ownChain(own *pki.Trustpoint) []wire.Cert {
	chain := []wire.Cert{{Encoding: wire.EncodingX509Signature, Data: own.Identity.Raw()}}
	for _, c := range own.Chain {
		chain = append(chain, wire.Cert{Encoding: wire.EncodingX509Signature, Data: c.Raw()})
	}
	return chain
}

// A certificate is a CERT payload of the peer.
type certificate struct {
	encoding wire.CertEncoding
	parsed   *pki.Certificate   // nil: not here yet, of another encoding, or no certificate
	others   []*pki.Certificate // that came with it, in a bundle
	at       *hashURL           // where it is to be had, nil: it came itself
	err      error
}

// readCertificates reads the CERT payloads. One that is no certificate is kept
// with the reason; who judges the chain says so.
func readCertificates(store *pki.Snapshot, payloads []wire.Payload) ([]certificate, error) {
	var out []certificate
	for _, p := range payloads {
		if p.Type != wire.PayloadCertV2 {
			continue
		}
		if len(out) == maxChain {
			return nil, reject(wire.V2InvalidSyntax, "more than %d certificates", maxChain)
		}
		c, err := wire.ParseBody(p, wire.ParseCert)
		if err != nil {
			return nil, err
		}
		x := certificate{encoding: c.Encoding}
		switch c.Encoding {
		case wire.EncodingX509Signature:
			x.parsed, x.err = store.Certificate(c.Data)
		case wire.EncodingHashURL, wire.EncodingHashURLBundle:
			x.at, x.err = parseHashURL(c.Data)
		default:
			x.err = fmt.Errorf("a certificate of encoding %s is not understood", c.Encoding)
		}
		out = append(out, x)
	}
	return out, nil
}

// chainOf are the certificates that are here, the peer's own first.
func chainOf(certs []certificate) []*pki.Certificate {
	var out []*pki.Certificate
	for _, c := range certs {
		if c.parsed != nil {
			out = append(append(out, c.parsed), c.others...)
		}
	}
	return out
}

// leafOf is the peer's own certificate, or why there is none.
func leafOf(certs []certificate) (*pki.Certificate, error) {
	switch {
	case len(certs) == 0:
		return nil, errors.New("the peer sent no certificate")
	case certs[0].err != nil:
		return nil, certs[0].err
	case certs[0].parsed == nil:
		return nil, fmt.Errorf("the peer's certificate at %s has not been fetched", certs[0].at.url)
	}
	return certs[0].parsed, nil
}

package ikev1

import (
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// With a pre-shared key nobody proves to own a certificate: one that a peer puts
// beside its HASH leads to no profile.
func TestCertificateBesideHash(t *testing.T) {
	certified := on("R2", func(c *policy.Config) {
		c.Maps = []*policy.CertificateMap{{CertificateMap: pki.CertificateMap{Name: "M", Sequences: []pki.CertificateMapSequence{{
			Rules: []pki.CertificateRule{{Field: "subject-name", Op: "co", Value: "R1"}},
		}}}}}
		c.Profiles[0].Matches = []policy.Match{{Kind: policy.MatchCertificate, Value: "M"}}
	})
	p := newPair(t, psk, certified)
	p.initiate(p.r1)
	for _, r := range []*party{p.r1, p.r2, p.r1, p.r2} {
		p.step(r)
	}
	p.r1.sent = nil
	p.deliver(p.r2, p.show(p.r1.env.PKI.Lookup("IOSCA1")))
	if v := p.r2.session.View(p.now); v.Profile != "" {
		t.Errorf("the certificate of another led to profile %s", v.Profile)
	}
	if !p.r2.session.Established() {
		t.Error("the certificate stood in the way")
	}
}

// show is the MM5 of R1 with a certificate beside its HASH.
func (p *pairOf) show(own *pki.Trustpoint) []byte {
	s := p.r1.session
	h := s.header(wire.ExchangeMainMode, 0)
	b := wire.NewBuilder(nil, h)
	body := wire.IDV1{Type: wire.IDIPv4Addr, Protocol: 17, Port: 500, Data: p.r1.addr.Addr().AsSlice()}.Append(nil)
	b.Add(wire.PayloadID, wire.Raw(body))
	s.addCertificates(b, own)
	b.Add(wire.PayloadHash, wire.Raw(s.crypt.hashI(body)))
	data, _ := s.crypt.seal(h, b, p.r2.session.crypt.iv)
	return data
}

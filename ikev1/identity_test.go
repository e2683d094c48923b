package ikev1

import (
	"crypto"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// liar signs something else than it is asked to.
type liar struct{ crypto.Signer }

func (l liar) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	other := slices.Clone(digest)
	other[0] ^= 1
	return l.Signer.Sign(r, other, o)
}

// with replaces a router's IOSCA1 trustpoint.
func with(id *testca.Identity, change func(*pki.Trustpoint)) *pki.Snapshot {
	tp := testca.Trustpoint("IOSCA1", id, 1)
	change(tp)
	return pki.NewSnapshot([]*pki.Trustpoint{tp})
}

// What is wrong with an identity is reported, told to nobody, and ends with the
// retransmissions, on whichever side it is found.
func TestIdentityRefused(t *testing.T) {
	crl := func(tp *pki.Trustpoint) { tp.CRLs = nil }
	for _, c := range []struct {
		name   string
		set    func(p *pairOf)
		judge  string // who refuses
		reason string
	}{
		{"bad signature in MM5", func(p *pairOf) {
			p.r1.env.PKI = with(note.R1CA1, func(tp *pki.Trustpoint) { tp.Signer = liar{tp.Signer} })
		}, "R2", "signature refused"},
		{"bad signature in MM6", func(p *pairOf) {
			p.r2.env.PKI = with(note.R2CA1, func(tp *pki.Trustpoint) { tp.Signer = liar{tp.Signer} })
		}, "R1", "signature refused"},
		{"the key of another", func(p *pairOf) {
			p.r1.env.PKI = with(note.R1CA1, func(tp *pki.Trustpoint) { tp.Signer = note.R1CA2.Key })
		}, "R2", "signature refused"},
		{"nine certificates", func(p *pairOf) {
			p.r1.env.PKI = with(note.R1CA1, func(tp *pki.Trustpoint) { tp.Chain = slices.Repeat([]*pki.Certificate{note.CA1.Cert}, maxChain) })
		}, "R2", ""},
		{"no CRL at R2", func(p *pairOf) { p.r2.env.PKI = with(note.R2CA1, crl) }, "R2", "certificate refused"},
		{"an expired certificate", func(p *pairOf) { p.now = testca.NotAfter.Add(time.Hour) }, "R2", "certificate refused"},
		{"the responder is somebody else", func(p *pairOf) {
			p.r1.env.Config.Profiles[0].Matches[0].Value = "R3.cisco.com"
		}, "R1", "the peer's identity R2.cisco.com does not match profile prof1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			c.set(p)
			p.initiate(p.r1)
			p.settle()
			judge := p.r1
			if c.judge == "R2" {
				judge = p.r2
			}
			if judge.session.Established() || len(judge.sas) != 0 || len(p.r1.sas) != 0 {
				t.Fatal("the SA was established")
			}
			if n := len(all[NotifySent](judge)); n != 0 {
				t.Errorf("%s sent %d notifies", judge.name, n)
			}
			p.advance(61*time.Second, nil)
			if judge == p.r2 {
				p.r1.wantIdle()
			}
			if judge.session.Alive() {
				t.Error("the session lives on")
			}
			want(t, judge, func(e ike.NegotiationFailed) bool { return c.reason == "" || strings.HasPrefix(e.Reason, c.reason) })
		})
	}
}

// No profile matches: the global settings hold, and the tunnel that names a
// profile refuses quick mode.
func TestNoProfileMatches(t *testing.T) {
	p := newPair(t, on("R2", func(c *policy.Config) {
		c.Profiles[0].Matches[0].Value, c.ISAKMP.Identity = "R9.cisco.com", policy.IdentityFQDN
	}))
	p.initiate(p.r1)
	p.settle()
	want(t, p.r2, func(e ProfileMatched) bool { return e.Profile == "" })
	want(t, p.r2, func(e ValidationListBuilt) bool { return e.Trustpoints == nil })
	want(t, p.r2, func(e ike.NegotiationFailed) bool { return e.Reason == policy.RefusedProfile })
	if !p.r2.session.Established() {
		t.Error("main mode failed")
	}
}

// Protocol and port of a phase 1 identity: none, or UDP and IKE's.
func TestCheckID(t *testing.T) {
	for _, c := range []struct {
		protocol uint8
		port     uint16
		ok       bool
	}{{0, 0, true}, {17, 500, true}, {17, 0, true}, {17, 4500, true}, {17, 1, false}, {6, 500, false}, {0, 500, false}} {
		if err := checkID(wire.IDV1{Protocol: c.protocol, Port: c.port}); (err == nil) != c.ok {
			t.Errorf("protocol %d port %d: %v", c.protocol, c.port, err)
		}
	}
}

// An ID that the certificate does not hold is reported only, as on IOS.
func TestIDCertMismatch(t *testing.T) {
	p := newPair(t, on("R1", func(c *policy.Config) { c.Profiles[0].SelfIdentity = policy.IdentityAddress }),
		on("R2", func(c *policy.Config) {
			c.Profiles[0].Matches[0] = policy.Match{Kind: policy.MatchAddress, Prefix: netip32("192.168.0.1")}
		}))
	p.r1.env.PKI = with(note.CA1.Enroll("R1", "10.9.9.9", "100", 2), func(*pki.Trustpoint) {})
	p.up(p.r1)
	want(t, p.r2, func(e IDCertMismatch) bool { return e.ID.Type == wire.IDIPv4Addr })
	if len(all[IDCertMismatch](p.r1)) != 0 {
		t.Error("R2's name is in its certificate")
	}
}

// Nothing of the offer will do: one notify in the clear, no session is left. R1
// reports it, does not believe it, and gives up in its own time.
func TestOfferRefused(t *testing.T) {
	p := newPair(t, on("R2", func(c *policy.Config) { c.Policies[0].Hash = suite.SHA1 }))
	p.initiate(p.r1)
	p.settle()
	p.r2.wantIdle()
	want(t, p.r2, func(e TransformChecked) bool { return e.Refusal == policy.RefusedHash && e.Priority == 10 })
	want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.NotifyNoProposalChosen })
	want(t, p.r1, func(e NotifyReceived) bool { return !e.Authenticated && e.Type == wire.NotifyNoProposalChosen })
	if !p.r1.session.Alive() {
		t.Error("a notify in the clear ended the session")
	}
	p.advance(time.Minute, nil)
	p.r1.wantIdle()
	want(t, p.r1, func(e ike.NegotiationFailed) bool {
		return e.Reason == "no answer to MM1, but PROPOSAL_NOT_CHOSEN in the clear from its address"
	})
}

// Policies that cannot be used yet, and a store without a certificate, are
// refused with the reason; nothing is sent.
func TestUnable(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*party)
		reason string
	}{
		{"pre-share only", func(r *party) { r.env.Config.Policies[0].Auth = policy.PreShare }, "no pre-shared key with 192.168.0.2"},
		{"no certificate", func(r *party) { r.env.PKI = pki.NewSnapshot(nil) }, "no trustpoint has a certificate"},
		{"no randomness", func(r *party) { r.env.Rand = strings.NewReader("") }, "random source"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			c.change(p.r1)
			p.initiate(p.r1)
			want(t, p.r1, func(e ike.NegotiationFailed) bool {
				return e.Tunnel == "Tunnel1" && strings.HasPrefix(e.Reason, c.reason)
			})
			p.r1.wantIdle()
			p.initiate(p.r2)
			p.settle()
			if p.r1.session != nil && !p.r1.session.Done() {
				t.Error("the responder keeps a session")
			}
		})
	}
}

package ikev1

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// order is the payloads of a clear message.
func order(t *testing.T, data []byte) string {
	t.Helper()
	m, err := wire.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range m.Payloads {
		names = append(names, p.Type.String())
	}
	return strings.Join(slices.Compact(names), " ")
}

// With signatures, from either side. In main mode the note's tunnel comes up from
// one side only; here R1 knows the profile when it asks for certificates, and from
// both.
func TestAggressiveSignatures(t *testing.T) {
	for _, first := range []string{"R1", "R2"} {
		t.Run(first, func(t *testing.T) {
			p := newPair(t, aggressively)
			i, r := p.r1, p.r2
			if first == "R2" {
				i, r = r, i
			}
			p.initiate(i)
			if got, want := order(t, p.step(i)), "SA KE NONCE ID CERT_REQ VID"; got != want {
				t.Errorf("AG1 is %s, want %s", got, want)
			}
			if got, want := order(t, p.step(r)), "SA VID KE ID NONCE CERT SIG CERT_REQ NAT-D"; got != want {
				t.Errorf("AG2 is %s, want %s", got, want)
			}
			p.settle()
			if n := len(i.lens) + len(r.lens); n != 6 || len(i.sas) != 2 || len(r.sas) != 2 {
				t.Errorf("%d datagrams, want 3 of aggressive and 3 of quick mode; %d and %d SAs", n, len(i.sas), len(r.sas))
			}
			for _, x := range []*party{i, r} {
				want(t, x, func(e SigningKeyChosen) bool { return e.Trustpoint == "IOSCA1" })
				want(t, x, func(e AuthenticationBegun) bool { return e.Method == policy.RSASig })
			}
			want(t, r, func(InitialContact) bool { return true })
		})
	}
}

// Where the subject is the name, the certificate of AG3 is the one that AG1 named,
// whatever AG2 asks for; and the certificate of AG3 may lead to a profile that the
// name did not lead to.
func TestAggressiveSubject(t *testing.T) {
	mapped := func(_ string, c *policy.Config) {
		c.Profiles[0].SelfIdentity = policy.IdentityDN
		c.Profiles[0].Matches = []policy.Match{{Kind: policy.MatchCertificate, Value: "M"}}
		c.Maps = []*policy.CertificateMap{{CertificateMap: pki.CertificateMap{Name: "M", Sequences: []pki.CertificateMapSequence{{Number: 10,
			Rules: []pki.CertificateRule{{Field: "subject-name", Op: "co", Value: "ou=it"}}}}}}}
	}
	for _, first := range []string{"R1", "R2"} {
		p := newPair(t, mapped, aggressively, asking)
		i := p.r1
		if first == "R2" {
			i = p.r2
		}
		r := p.other(i)
		p.initiate(i)
		own := i.session.main.(sentAG1).own
		p.step(i)
		want(t, r, func(e ProfileMatched) bool { return e.Profile == "" })
		p.settle()
		if own == nil || len(i.sas) != 2 || len(r.sas) != 2 {
			t.Fatalf("%s begins: not up\n%s", first, r.story())
		}
		want(t, i, func(e SigningKeyChosen) bool { return e.Trustpoint == own.Name })
		want(t, r, func(e ike.SessionUp) bool { return e.PeerID == own.Identity.Subject.String() && e.Profile == "prof1" })
	}
}

// A certificate or a signature that will not do: nothing is answered, and both
// ends say why.
func TestAggressiveSignatureRefused(t *testing.T) {
	only := func(name string) option {
		return on("R1", func(c *policy.Config) { c.Profiles[0].Trustpoints = []string{name} })
	}
	p := newPair(t, aggressively, only("IOSCA1"))
	p.r2.env.PKI = note.R2()
	p.initiate(p.r1)
	p.step(p.r1)
	ag2 := p.r2.next()
	sig := slices.Index(types(t, ag2), wire.PayloadSig)
	m, _ := wire.Parse(ag2)
	m.Payloads[sig].Body[3] ^= 1 // aliases ag2
	p.unharmed(p.r1, ag2, "AG2 with another signature")
	want(t, p.r1, func(SignatureRefused) bool { return true })
	p.advance(2*time.Minute, func(*party, []byte) bool { return true })
	want(t, p.r1, func(e ike.NegotiationFailed) bool {
		return e.Stage == "AG2" && strings.HasPrefix(e.Reason, "signature refused")
	})
	want(t, p.r2, func(e ike.NegotiationFailed) bool {
		return e.Reason == "no answer to AG2: the peer may not accept the certificate of trustpoint IOSCA1"
	})
	p.r1.wantIdle()
	p.r2.wantIdle()

	p = newPair(t, aggressively, on("R2", func(c *policy.Config) { c.Profiles[0].Trustpoints = []string{"IOSCA2"} }))
	p.initiate(p.r1)
	p.settle()
	want(t, p.r1, func(e CertRefused) bool { return strings.Contains(e.Verdict.Reason, "no suitable trustpoint") })
	if p.r1.session.Established() || p.r2.session.Established() {
		t.Error("a certificate of another CA is accepted")
	}
}

func types(t *testing.T, data []byte) (list []wire.PayloadType) {
	t.Helper()
	m, err := wire.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Payloads {
		list = append(list, p.Type)
	}
	return list
}

// AG3 may come in the clear: its proof is taken, a notify beside it is not.
func TestAggressiveThirdInClear(t *testing.T) {
	for name, options := range map[string][]option{"signatures": {aggressively}, "pre-shared key": {aggressively, psk}} {
		p := newPair(t, options...)
		p.initiate(p.r1)
		p.step(p.r1)
		iv := p.r2.session.crypt.iv
		p.step(p.r2)
		m, err := wire.Parse(p.r1.next())
		if err != nil {
			t.Fatal(err)
		}
		c, err := p.r2.session.crypt.open(&inbound{Message: m}, iv)
		if err != nil {
			t.Fatal(err)
		}
		h := m.Header
		h.Flags = 0
		b := wire.NewBuilder(nil, h)
		for _, x := range c.payloads {
			b.Add(x.Type, wire.Raw(x.Body))
		}
		clear3 := b.Bytes()
		for i := range clear3 {
			p.unharmed(p.r2, withLength(clear3[:i]), "AG3 in the clear, cut")
		}
		p.deliver(p.r2, clear3)
		if !p.r2.session.Established() {
			t.Errorf("%s: AG3 in the clear is refused\n%s", name, p.r2.story())
		}
		if len(all[InitialContact](p.r2)) != 0 {
			t.Errorf("%s: INITIAL_CONTACT in the clear is believed", name)
		}
	}
}

// AG3 is lost for good: the responder forgets us after a minute. The IKE SA under
// which nothing ever came ends with the first quick mode that nobody answers, or
// every quick mode would go to nobody until its lifetime is over.
func TestAggressiveThirdLost(t *testing.T) {
	p := newPair(t, aggressively)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	p.r1.sent = nil
	p.advance(61*time.Second, func(*party, []byte) bool { return true })
	want(t, p.r1, func(e ike.SessionDown) bool { return e.Established && e.Reason == "Death by retransmission P2" })
	p.r1.wantIdle()
	p.r2.wantIdle()

	p = newPair(t, aggressively)
	p.up(p.r1)
	p.r1.session.StartChild(p.now, p.r1.itf)
	p.r1.collect(p.now)
	p.r1.sent = nil
	p.advance(61*time.Second, func(*party, []byte) bool { return true })
	if !p.r1.session.Established() {
		t.Error("an SA that the peer has used ends with a quick mode")
	}
}

package ikev1

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// unchecked are the note's routers with certificates that name distribution points, of
// which judge has no CRL.
func unchecked(t *testing.T, judge string, options ...option) (p *pairOf, ca map[string]*testca.CA) {
	p = newPair(t, options...)
	ca1, ca2 := testca.New("CA1", 0), testca.New("CA2", 1)
	tps := func(name, address, serial string) []*pki.Trustpoint {
		one := testca.Trustpoint("IOSCA1", ca1.EnrollAt("http://192.0.2.1/crl", name, address, serial, 2), 1)
		two := testca.Trustpoint("IOSCA2", ca2.EnrollAt("http://192.0.2.2/crl", name, address, serial, 3), 2)
		if name == judge {
			one.CRLs, two.CRLs = nil, nil
		}
		return []*pki.Trustpoint{one, two}
	}
	p.r1.env.PKI = pki.NewSnapshot(tps("R1", "192.168.0.1", "100"))
	p.r2.env.PKI = pki.NewSnapshot(tps("R2", "192.168.0.2", "101"))
	return p, map[string]*testca.CA{ca1.Name.String(): ca1, ca2.Name.String(): ca2}
}

// everywhere runs a test where either side of either mode has to wait.
func everywhere(t *testing.T, f func(t *testing.T, p *pairOf, judge *party, proof []byte, ca map[string]*testca.CA)) {
	for what, options := range map[string][]option{"main": nil, "aggressive": {aggressively}} {
		for _, judge := range []string{"R1", "R2"} {
			t.Run(what+" "+judge, func(t *testing.T) {
				p, ca := unchecked(t, judge, options...)
				p.initiate(p.r1)
				r := map[string]*party{"R1": p.r1, "R2": p.r2}[judge]
				var proof []byte // the message that has to wait
				for from := p.r1; len(r.queries) == 0; from = p.other(from) {
					proof = p.step(from)
				}
				p.settle()
				f(t, p, r, proof, ca)
			})
		}
	}
}

// answer gives a waiting party what its query's server says.
func (p *pairOf) answer(r *party, crl []byte, failed error) {
	p.t.Helper()
	if len(r.queries) != 1 || r.session.Established() || len(r.sent) != 0 {
		p.t.Fatalf("%d queries, established %v, %d datagrams", len(r.queries), r.session.Established(), len(r.sent))
	}
	q := r.queries[0]
	var f *pki.Finding
	if failed == nil {
		f, failed = q.Read(crl, p.now)
	}
	r.env.PKI.Learn(&q, f, failed, p.now)
	r.queries = nil
	r.session.HandleEvidence(p.now)
	r.collect(p.now)
	p.settle()
}

// An exchange waits for a CRL and goes on where it was; what was told is not told
// again, and what the peer repeats meanwhile is absorbed.
func TestEvidenceComes(t *testing.T) {
	everywhere(t, func(t *testing.T, p *pairOf, judge *party, proof []byte, ca map[string]*testca.CA) {
		issuer := ca[judge.queries[0].Issuer().Subject.String()]
		sent := len(judge.lens)
		p.deliver(judge, proof)
		if d := all[Duplicate](judge); len(d) != 1 || !d[0].Skipped || len(judge.lens) != sent {
			t.Errorf("%d duplicates, %d datagrams more", len(d), len(judge.lens)-sent)
		}
		if at, why := judge.session.NextTimeout(); why != "revocation" || !at.Equal(p.now.Add(ike.LookupTime)) {
			t.Errorf("%s at %v", why, at)
		}
		judge.session.HandleTimeout(p.now)  // spurious
		judge.session.HandleEvidence(p.now) // there is nothing new
		judge.collect(p.now)
		judge.queries = judge.queries[:1]
		p.answer(judge, issuer.CRL(), nil)
		if !p.r1.session.Established() || !p.r2.session.Established() || len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
			t.Fatalf("not up: %d and %d SAs", len(p.r1.sas), len(p.r2.sas))
		}
		calls := 0
		for _, c := range all[PKICall](judge) {
			if c.Call == ValidateChain && !c.Answer {
				calls++
			}
		}
		if n := len(all[ProfileMatched](judge)); calls != 1 || n == 0 || n > 2 {
			t.Errorf("the chain is told of %d times, the profile %d times", calls, n)
		}
	})
}

// What a server says may refuse the peer, and so may its silence.
func TestEvidenceRefuses(t *testing.T) {
	for what, c := range map[string]struct {
		answer func(p *pairOf, judge *party, ca *testca.CA, serial *big.Int)
		code   pki.VerdictCode
		reason string
	}{
		"revoked": {func(p *pairOf, judge *party, ca *testca.CA, serial *big.Int) { p.answer(judge, ca.CRL(serial), nil) }, pki.Revoked, "revoked since"},
		"failed": {func(p *pairOf, judge *party, _ *testca.CA, _ *big.Int) {
			p.answer(judge, nil, errors.New("the server answers 500"))
		}, pki.NoCRL, "the server answers 500"},
		"silence": {func(p *pairOf, judge *party, _ *testca.CA, _ *big.Int) {
			p.advance(ike.LookupTime, func(*party, []byte) bool { return true })
		}, pki.NoCRL, "no CRL of"},
		"question after question": {func(p *pairOf, judge *party, _ *testca.CA, _ *big.Int) {
			for range ike.MaxLooks {
				judge.session.HandleEvidence(p.now)
				judge.collect(p.now)
			}
		}, pki.NoCRL, "no CRL of"},
	} {
		t.Run(what, func(t *testing.T) {
			everywhere(t, func(t *testing.T, p *pairOf, judge *party, _ []byte, ca map[string]*testca.CA) {
				q := judge.queries[0]
				c.answer(p, judge, ca[q.Issuer().Subject.String()], q.Certificate().X509.SerialNumber)
				if judge.session.Established() || len(judge.sas) != 0 {
					t.Fatal("it is up")
				}
				refused := all[CertRefused](judge)
				if len(refused) != 1 || refused[0].Verdict.Code != c.code || !strings.Contains(refused[0].Verdict.Reason, c.reason) {
					t.Errorf("%+v", refused)
				}
				// Then everything is as after any refusal: IOS goes on repeating itself.
				p.advance(2*exchangeTime, func(*party, []byte) bool { return true })
				if judge.session.Alive() {
					t.Error("it does not end")
				}
			})
		})
	}
}

// Who gives up while it waits tells a peer for whom the IKE SA stands already, which is
// the one that has sent the last message. The other's attempt ends as any without an
// answer.
func TestDeleteBeforeEvidence(t *testing.T) {
	everywhere(t, func(t *testing.T, p *pairOf, judge *party, _ []byte, _ map[string]*testca.CA) {
		other := p.other(judge)
		up, sent := other.session.Established(), len(judge.lens)
		judge.session.Delete(p.now, "test")
		judge.collect(p.now)
		if told := len(judge.lens) > sent; told != up {
			t.Errorf("the peer is told %v, the IKE SA stands for it %v", told, up)
		}
		p.settle()
		if other.session.Established() || judge.session.Alive() {
			t.Error("an IKE SA stays")
		}
		judge.session.HandleEvidence(p.now)
		judge.collect(p.now)
		p.advance(2*exchangeTime, nil)
		p.r1.wantIdle()
		p.r2.wantIdle()
	})
}

// With none the silence of a server lets pass.
func TestEvidenceNone(t *testing.T) {
	p, _ := unchecked(t, "R2")
	for _, tp := range p.r2.env.PKI.All() {
		tp.RevocationCheck = []pki.RevocationMethod{pki.RevocationCRL, pki.RevocationNone}
	}
	p.initiate(p.r1)
	p.settle()
	if p.r2.session.Established() {
		t.Fatal("it does not ask")
	}
	p.advance(ike.LookupTime, nil)
	p.settle()
	if !p.r2.session.Established() {
		t.Error("it does not go on")
	}
}

// Nobody has a server asked who shows another's certificate.
func TestNoEvidenceForOthers(t *testing.T) {
	for what, options := range map[string][]option{"main": nil, "aggressive": {aggressively}} {
		for _, judge := range []string{"R1", "R2"} {
			p, _ := unchecked(t, judge, options...)
			r := map[string]*party{"R1": p.r1, "R2": p.r2}[judge]
			for _, tp := range p.other(r).env.PKI.All() {
				tp.Signer = testca.RSA(2048, 5)
			}
			p.initiate(p.r1)
			p.settle()
			if len(r.queries) != 0 || r.session.Established() || len(all[SignatureRefused](r)) == 0 {
				t.Errorf("%s, %s: %d queries, established %v", what, judge, len(r.queries), r.session.Established())
			}
		}
	}
}

package ikev2

import (
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// uncheckedPair are two routers with certificates that name a distribution point, of
// which judge has no CRL.
func uncheckedPair(t *testing.T, judge string) (p *pairOf, r *party) {
	p = fragmentPair(t, "", "")
	trust := func(r *party, id *testca.Identity) { // revocation-check crl is the default
		tp := testca.Trustpoint("TP", id, 1)
		if r.name == judge {
			tp.CRLs = nil
		}
		r.trust(tp)
	}
	trust(p.r1, ca1.EnrollAt("http://192.0.2.1/crl", "R1", "192.168.0.1", "1", 2))
	trust(p.r2, ca1.EnrollAt("http://192.0.2.1/crl", "R2", "192.168.0.2", "1", 3))
	return p, map[string]*party{"R1": p.r1, "R2": p.r2}[judge]
}

// eitherJudges runs a test where the judge, one or the other, has to wait; proof is the
// message that waits.
func eitherJudges(t *testing.T, f func(t *testing.T, p *pairOf, judge *party, proof ike.Datagram)) {
	for _, name := range []string{"R1", "R2"} {
		t.Run(name, func(t *testing.T) {
			p, judge := uncheckedPair(t, name)
			p.initiate(p.r1)
			var proof ike.Datagram
			for from := p.r1; len(judge.asked) == 0; from = p.other(from) {
				proof = p.step(from)
			}
			f(t, p, judge, proof)
		})
	}
}

func (p *pairOf) evidence(r *party, crl []byte, failed error) {
	p.t.Helper()
	if len(r.asked) != 1 || r.session.Established() || len(r.sent) != 0 {
		p.t.Fatalf("%d queries, established %v, %d datagrams", len(r.asked), r.session.Established(), len(r.sent))
	}
	q := r.asked[0]
	var f *pki.Finding
	if failed == nil {
		f, failed = q.Read(crl, p.now)
	}
	r.env.PKI.Learn(&q, f, failed, p.now)
	r.asked = nil
	r.session.HandleEvidence(p.now)
	r.collect(p.now)
	p.settle()
}

// IKE_AUTH waits for a CRL and goes on where it was; what was told is not told again,
// and what the peer repeats meanwhile is absorbed.
func TestEvidenceComes(t *testing.T) {
	eitherJudges(t, func(t *testing.T, p *pairOf, judge *party, proof ike.Datagram) {
		p.deliver(p.other(judge), proof)
		if len(judge.sent) != 0 || len(judge.asked) != 1 {
			t.Errorf("%d datagrams, %d queries", len(judge.sent), len(judge.asked))
		}
		if at, why := judge.session.NextTimeout(); why != "revocation" || !at.Equal(p.now.Add(ike.LookupTime)) {
			t.Errorf("%s at %v", why, at)
		}
		judge.session.HandleTimeout(p.now)  // spurious
		judge.session.HandleEvidence(p.now) // there is nothing new
		judge.collect(p.now)
		judge.asked = judge.asked[:1]
		p.evidence(judge, ca1.CRL(), nil)
		p.wantUp()
		if n, m := len(all[ProfileSearched](judge)), len(all[ChainValidated](judge)); n != 1 || m != 1 {
			t.Errorf("the profile is told of %d times, the chain %d times", n, m)
		}
	})
}

// What a server says may refuse the peer, and so may its silence.
func TestEvidenceRefuses(t *testing.T) {
	for what, c := range map[string]struct {
		answer func(p *pairOf, judge *party, serial *big.Int)
		code   pki.VerdictCode
		reason string
	}{
		"revoked": {func(p *pairOf, judge *party, serial *big.Int) { p.evidence(judge, ca1.CRL(serial), nil) }, pki.Revoked, "revoked since"},
		"failed": {func(p *pairOf, judge *party, _ *big.Int) {
			p.evidence(judge, nil, errors.New("the server answers 500"))
		}, pki.NoCRL, "the server answers 500"},
		"silence": {func(p *pairOf, _ *party, _ *big.Int) { p.advance(ike.LookupTime, nil) }, pki.NoCRL, "no CRL of"},
		"question after question": {func(p *pairOf, judge *party, _ *big.Int) {
			for range ike.MaxLooks {
				judge.session.HandleEvidence(p.now)
				judge.collect(p.now)
			}
		}, pki.NoCRL, "no CRL of"},
	} {
		t.Run(what, func(t *testing.T) {
			eitherJudges(t, func(t *testing.T, p *pairOf, judge *party, _ ike.Datagram) {
				c.answer(p, judge, judge.asked[0].Certificate().X509.SerialNumber)
				p.settle()
				verdicts := all[ChainValidated](judge)
				if len(verdicts) != 1 || verdicts[0].Verdict.Code != c.code || !strings.Contains(verdicts[0].Verdict.Reason, c.reason) {
					t.Errorf("%+v", verdicts)
				}
				p.advance(answerTime, nil)
				p.advance(lingerTime, nil)
				p.r1.wantIdle()
				p.r2.wantIdle()
			})
		})
	}
}

// Who gives up while it waits tells a peer for whom the IKE SA stands already.
func TestDeleteBeforeEvidence(t *testing.T) {
	p, judge := uncheckedPair(t, "R1")
	p.initiate(p.r1)
	for from := p.r1; len(judge.asked) == 0; from = p.other(from) {
		p.step(from)
	}
	judge.session.Delete(p.now, "test")
	judge.collect(p.now)
	p.settle()
	if p.r2.session.Established() {
		t.Error("the peer is left with an IKE SA that nobody else has")
	}
	judge.session.HandleEvidence(p.now)
	judge.collect(p.now)
	p.advance(lingerTime, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// Nobody has a server asked who shows another's certificate.
func TestNoEvidenceForOthers(t *testing.T) {
	for _, name := range []string{"R1", "R2"} {
		p, judge := uncheckedPair(t, name)
		for _, tp := range p.other(judge).env.PKI.All() {
			tp.Signer = testca.RSA(2048, 5)
		}
		p.initiate(p.r1)
		p.settle()
		if len(judge.asked) != 0 || judge.session.Established() {
			t.Errorf("%s: %d queries, established %v", name, len(judge.asked), judge.session.Established())
		}
	}
}

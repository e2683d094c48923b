package pki_test

import (
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// Every chain that a fault spoils is refused for that fault; with a policy that does not
// mind, those of the policy stand.
func TestBadChains(t *testing.T) {
	list, err := issue.BadChains(issue.BadKeys{
		Root: testca.RSA(2048, 0), Sub: testca.RSA(2048, 1), Sub2: testca.RSA(2048, 2), Leaf: testca.RSA(2048, 3), Other: testca.RSA(2048, 4), Small: testca.RSA(1024, 0),
	}, today)
	if err != nil || len(list) < 100 {
		t.Fatalf("%d chains, %v", len(list), err)
	}
	count := map[string]int{}
	for _, b := range list {
		strict := pki.Policy{RefuseMD5: true, RefuseSHA1: true, MinRSABits: 2048}
		if !b.Strict {
			strict = pki.Policy{}
		}
		v := verifyBad(t, b, strict)
		if v.OK || v.Code.String() != b.Code || v.Reason == "" {
			t.Errorf("%s: %v %q, want %s", b.What, v.Code, v.Reason, b.Code)
		}
		if b.Strict {
			if v := verifyBad(t, b, pki.Policy{}); !v.OK {
				t.Errorf("%s: %v %q where it is accepted", b.What, v.Code, v.Reason)
			}
		}
		count[v.Code.String()]++
	}
	t.Logf("%d chains: %v", len(list), count)
}

func verifyBad(t *testing.T, b issue.Bad, policy pki.Policy) pki.Verdict {
	t.Helper()
	malformed := func(err error) pki.Verdict { return pki.Verdict{Code: pki.Malformed, Reason: err.Error()} }
	ca, err := pki.ParseCertificate(b.CA)
	if err != nil {
		return malformed(err)
	}
	tp := &pki.Trustpoint{Settings: pki.Settings{Name: "TP"}, CA: ca}
	for _, der := range b.CRLs {
		crl, err := pki.ParseCRL(der)
		if err != nil {
			t.Fatal(err)
		}
		tp.CRLs = append(tp.CRLs, crl)
	}
	var chain []*pki.Certificate
	for _, der := range b.Chain {
		c, err := pki.ParseCertificate(der)
		if err != nil {
			return malformed(err)
		}
		chain = append(chain, c)
	}
	return pki.NewSnapshot([]*pki.Trustpoint{tp}).WithPolicy(policy).Verify(chain, nil, today)
}

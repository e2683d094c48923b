package ikev1

import (
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// Each end's certificate is of a CA of its own below one root: the request for the
// root is answered, the intermediate goes along in a CERT payload of its own, and
// without it the peer is refused unless a trustpoint knows it.
func TestIntermediates(t *testing.T) {
	root := testca.New("ROOT", 0)
	sub1, sub2 := root.Sub("SUB1", 1), root.Sub("SUB2", 3)
	snapshot := func(id *testca.Identity, chain []*pki.Certificate, more ...*pki.Trustpoint) *pki.Snapshot {
		tp := testca.Trustpoint("IOSCA1", id, 1)
		tp.CA, tp.Chain, tp.RevocationCheck = root.Cert, chain, []pki.RevocationMethod{pki.RevocationNone}
		return pki.NewSnapshot(append([]*pki.Trustpoint{tp}, more...))
	}
	known := &pki.Trustpoint{Settings: pki.Settings{Name: "SUB2", ChainContinue: true, ChainParent: "IOSCA1",
		RevocationCheck: []pki.RevocationMethod{pki.RevocationNone}}, CA: sub2.Cert}
	for _, c := range []struct {
		name    string
		sends   bool // R2 sends its intermediate
		list    []string
		more    []*pki.Trustpoint // of R1
		refused pki.VerdictCode
	}{
		{"sent", true, []string{"IOSCA1"}, nil, pki.VerdictOK},
		{"not sent", false, []string{"IOSCA1"}, nil, pki.NoTrustpoint},
		{"not sent, but known", false, []string{"IOSCA1", "SUB2"}, []*pki.Trustpoint{known}, pki.VerdictOK},
		{"known, but not to the profile", false, []string{"IOSCA1"}, []*pki.Trustpoint{known}, pki.NoTrustpoint},
	} {
		for _, mode := range []option{func(string, *policy.Config) {}, aggressively} {
			p := newPair(t, mode, on("R1", func(x *policy.Config) { x.Profiles[0].Trustpoints = c.list }))
			p.r1.env.PKI = snapshot(sub1.Enroll("R1", "192.168.0.1", "100", 2), []*pki.Certificate{sub1.Cert}, c.more...)
			p.r2.env.PKI = snapshot(sub2.Enroll("R2", "192.168.0.2", "101", 4), nil)
			if c.sends {
				p.r2.env.PKI = snapshot(sub2.Enroll("R2", "192.168.0.2", "101", 4), []*pki.Certificate{sub2.Cert})
			}
			p.initiate(p.r1)
			p.settle()
			if up := len(p.r1.sas) == 2 && len(p.r2.sas) == 2; up != (c.refused == pki.VerdictOK) {
				t.Errorf("%s: up %v\n%s", c.name, up, p.r1.story())
			}
			if c.refused != pki.VerdictOK {
				want(t, p.r1, func(e CertRefused) bool { return e.Verdict.Code == c.refused })
				continue
			}
			if n := len(all[CertRead](p.r2)); n != 2 {
				t.Errorf("%s: R2 read %d certificates of R1, want 2", c.name, n)
			}
		}
	}
}

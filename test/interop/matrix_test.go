//go:build vm

package interop

import (
	"fmt"
	"testing"
)

// A method is how the ends authenticate: a certificate of CA 1 or 2, or 0, the
// pre-shared key. Both ends have a certificate of each CA.
type method int

func (m method) String() string {
	if m == 0 {
		return "pre-shared key"
	}
	return fmt.Sprintf("certificates, CA%d", int(m))
}

// r1 is R1 with one suite. When it starts, its profile holds to the method's CA,
// as `ca trust-point` does on IOS; when the peer starts it takes either, and
// signs with what the peer asks for.
func (m method) r1(s suite, starts bool) r1 {
	c := r1{
		identity:   "dn",
		policies:   policyOf(10, s, "rsa-sig"),
		sets:       "crypto ipsec transform-set TS " + s.transforms + "\n mode tunnel\n",
		protection: " set transform-set TS\n set pfs group" + s.pfs + "\n",
	}
	switch {
	case m == 0:
		c.identity, c.policies = "address", policyOf(10, s, "pre-share")
	case starts:
		c.trust = fmt.Sprintf(" ca trust-point IOSCA%d\n", int(m))
	}
	return c
}

func (m method) conn(s suite, starts bool) conn {
	c := conn{ike: s.ike, esp: s.esp, ca: int(m), life: long}
	if m != 0 && starts {
		c.ask = []string{fmt.Sprintf("CA%d", int(m))}
	}
	return c
}

func policyOf(priority int, s suite, auth string) string {
	return fmt.Sprintf("crypto isakmp policy %d\n encryption %s\n hash %s\n group %s\n authentication %s\n", priority, s.encryption, s.hash, s.group, auth)
}

// Every suite with every method, in both roles: the tunnel comes up, traffic
// passes both ways, and whoever deletes is understood.
func TestMatrix(t *testing.T) {
	for _, d := range daemons {
		t.Run(d.name, func(t *testing.T) {
			b := newStand(t)
			b.over(vti)
			p := d.stand(b)
			var a table
			for _, s := range d.suites {
				for _, m := range []method{0, 1, 2} {
					ok := t.Run(fmt.Sprintf("obold starts/%s/%s", m, s), func(t *testing.T) {
						b.begin(t, m.r1(s, true))
						p.load(m.conn(s, false))
						b.initiate()
						b.passes(s)
						must(t, b.R1.Stop())
						b.left(p)
					})
					a.add(ok, "%-7s obold starts   %-17s  %-18s", d.name, m, s)
					ok = t.Run(fmt.Sprintf("the peer starts/%s/%s", m, s), func(t *testing.T) {
						b.begin(t, m.r1(s, false))
						p.load(m.conn(s, true))
						p.initiate()
						b.passes(s)
						p.remove()
						b.gone(p)
					})
					a.add(ok, "%-7s %-6s starts  %-17s  %-18s", d.name, d.name, m, s)
				}
			}
			b.t = t
			a.print(t)
		})
	}
}

//go:build vm

package interop

import (
	"strings"
	"testing"
)

// R1's lifetimes are shorter than what the peer offers: it says so in QM2 and
// after MM6, and the peer carries on.
func TestResponderLifetime(t *testing.T) {
	for _, d := range daemons {
		t.Run(d.name, func(t *testing.T) {
			b := newStand(t)
			b.over(vti)
			p := d.stand(b)
			s := d.suites[1]
			c := method(0).r1(s, false)
			c.policies += " lifetime 900\n"
			c.protection += " set security-association lifetime seconds 600\n set security-association lifetime kilobytes 100000\n"
			b.begin(t, c)
			p.load(method(0).conn(s, true))
			before := len(b.peerLog())
			stop := b.debug("isakmp")
			p.initiate()
			b.passes(s)
			inOrder(t, stop(), "Sending NOTIFY RESPONDER_LIFETIME protocol 1", "Sending NOTIFY RESPONDER_LIFETIME protocol 3")
			sa, err := b.R1.Obol("show", "crypto", "isakmp", "sa", "detail")
			must(t, err)
			t.Log(sa)
			for _, l := range strings.Split(b.peerLog()[before:], "\n") {
				if strings.Contains(strings.ToLower(l), "lifetime") {
					t.Log(l)
				}
			}
			t.Log(p.knows())
			p.remove()
			b.gone(p)
		})
	}
}

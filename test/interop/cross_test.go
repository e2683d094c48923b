//go:build vm

package interop

import (
	"flag"
	"maps"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// crossings is more in make soak.
var crossings = flag.Int("crossings", 3, "times that both ends of TestRekeysCross rekey at once; every third time the IKE SA of version 2 too")

// crossing is a lab whose two ends rekey the same SAs at the same time, under a flow.
type crossing struct {
	*lab
	flow *routers.Flow
	seen map[string]bool // SAs of R1
}

func cross(b *lab) *crossing {
	b.t.Helper()
	flow, err := b.Flow("10.0.0.1", "10.0.0.2", 1)
	must(b.t, err)
	return &crossing{lab: b, flow: flow, seen: map[string]bool{}}
}

// both has both ends rekey at once.
func (c *crossing) both(what string, theirs func()) {
	c.t.Helper()
	ours := make(chan error, 1)
	go func() {
		_, err := c.R1.Obol("rekey", what, "Tunnel1", "--wait", "60s")
		ours <- err
	}()
	theirs()
	if err := <-ours; err != nil {
		c.t.Error(err)
	}
}

// pairs has both ends rekey the pair of SAs, and waits for what is to come of it.
func (c *crossing) pairs(theirs func(), what string, done func() bool) {
	c.t.Helper()
	maps.Copy(c.seen, c.spis(c.R1))
	c.both("ipsec", theirs)
	eventually(c.t, time.Minute, what, func() bool { return done() && c.shared(c.seen) > 0 })
}

// end ends the flow, of which nothing is lost.
func (c *crossing) end() {
	c.t.Helper()
	c.lostNone(c.flow.End())
	c.t.Logf("%d datagrams, %d SAs before the last", c.flow.Sent(), len(c.seen))
	if len(c.seen) < 2**crossings {
		c.t.Errorf("%d SAs were seen before the last, want %d or more", len(c.seen), 2**crossings)
	}
}

// obold and charon rekey the same SAs at the same time, again and again, under a flow both
// ways: no packet is lost.
func TestRekeysCross(t *testing.T) {
	// In version 1 charon keeps what it receives on until we delete it, or it expires: pairs
	// of two rekeyings that crossed stay until the next one. (A tunnel that has just come up
	// rekeys first: a pair of charon's within two seconds would be one that both ends began.)
	t.Run("IKEv1", func(t *testing.T) {
		s := charonSuites[1]
		b := newLab(t, s, vti)
		p := startCharon(b, s, long)
		b.initiate()
		c := cross(b)
		c.both("ipsec", func() {})
		for range *crossings {
			c.pairs(p.rekey, "a new pair, and R1 has whatever charon has", func() bool {
				mine := b.spis(b.R1)
				for spi := range b.spis(b.R2) {
					if !mine[spi] {
						return false
					}
				}
				return true
			})
		}
		c.end()
		p.remove()
		b.gone(p)
	})
	// Each time both kernels come to hold the same pair, under one IKE SA. (charon lets go of
	// a pair that it has replaced after five seconds, and forgets to where the IKE SA is
	// another by then: each time waits for that.)
	t.Run("IKEv2", func(t *testing.T) {
		b := newLabV2(t, func(*lab) {})
		b.peer = charonForV2(b)
		b.begin(t, caseV2{suite: suitesV2[0], auth: "pre-share"})
		b.initiate()
		b.agree()
		c := cross(b.lab)
		for i := range *crossings {
			c.pairs(b.peer.rekey, "both kernels hold the same SAs, and a new pair", func() bool {
				return maps.Equal(b.spis(b.R1), b.spis(b.R2))
			})
			if i%3 == 2 {
				c.both("ike", b.peer.rekeyIKE)
			}
		}
		c.end()
		b.agree()
		b.clear()
	})
}

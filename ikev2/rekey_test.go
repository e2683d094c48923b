package ikev2

import (
	"testing"
	"time"
)

func TestRekeyChild(t *testing.T) {
	for name, lines := range map[string]string{"without PFS": "", "with PFS": " set pfs group19\n", "with any PFS": " set pfs\n"} {
		for who := range 2 {
			t.Run(name, func(t *testing.T) {
				c := newCouple(t, 1, lines)
				before := c.ends[0].session.children[0].in.SPI
				c.advance(time.Second, 10*time.Millisecond)
				c.rekeyChild(who)
				c.advance(time.Minute, 10*time.Millisecond)
				c.agreed()
				if c.lost > 0 || c.ends[0].session.children[0].in.SPI == before {
					t.Errorf("%d packets were lost", c.lost)
				}
			})
		}
	}
}

func TestRekeyIKE(t *testing.T) {
	for who := range 2 {
		c := newCouple(t, 1, "")
		before := c.ends[0].session.ike.spiI
		c.rekeyIKE(who)
		c.advance(time.Minute, 10*time.Millisecond)
		c.agreed()
		if c.lost > 0 || c.ends[0].session.ike.spiI == before {
			t.Errorf("%d packets were lost", c.lost)
		}
		c.rekeyChild(1 - who) // under the new one
		c.rekeyIKE(who)
		c.advance(time.Minute, 10*time.Millisecond)
		c.agreed()
	}
}

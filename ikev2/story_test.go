package ikev2

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// TestStories has either end rekey, delete, add and give up what it likes in any order,
// up to 14 times, moments or seconds apart, over networks that lose up to a quarter,
// double and reorder; and the same with data planes that refuse one SA in five. What no
// table of collisions thinks of is among it.
func TestStories(t *testing.T) {
	for _, refused := range []int{0, 20} {
		everyway(t, fmt.Sprintf("%d SAs of a hundred refused", refused), "", func(c *couple) {
			c.tell(refused)
			c.reunite()
		})
	}
}

// tell begins what a story is made of. refused is how many SAs of a hundred the data
// planes do not take.
func (c *couple) tell(refused int) {
	c.lose, c.repeat, c.most = c.rng.IntN(26), c.rng.IntN(30), c.upTo(400*time.Millisecond)+5*time.Millisecond
	for _, e := range c.ends {
		e.refuse = func(ipsec.SA) error {
			if c.chance(refused) == 1 {
				return errors.New("refused by chance")
			}
			return nil
		}
	}
	steps := []func(who int){
		c.rekeyAny, c.rekeyAny, c.rekeyAny, c.rekeyIKE, c.rekeyIKE, c.rekeyIKE, c.deleteChild, c.startChild, c.supersedeAny,
	}
	for range 3 + c.rng.IntN(12) {
		steps[c.rng.IntN(len(steps))](c.rng.IntN(2))
		pause := 200 * time.Millisecond
		if c.chance(20) == 1 {
			pause = 4 * time.Second
		}
		c.advance(c.upTo(pause), 0)
	}
}

func (c *couple) upTo(d time.Duration) time.Duration { return time.Duration(c.rng.Int64N(int64(d))) }

// rekeyAny rekeys one of the pairs, as its timer or the data plane asks for.
func (c *couple) rekeyAny(i int) {
	s := c.ends[i].session
	if n := len(s.children); n > 0 {
		s.RekeyChild(c.now, s.children[c.rng.IntN(n)].in.SPI)
	}
	c.collect(i)
}

// supersedeAny gives one of several pairs up, as the engine does where two are one too
// many.
func (c *couple) supersedeAny(i int) {
	s := c.ends[i].session
	if n := len(s.children); n > 1 && !s.children[0].retired && !s.children[1].retired {
		s.SupersedeChild(c.now, s.children[c.rng.IntN(n)].in.SPI)
	}
	c.collect(i)
}

// reunite lets both come to rest: they have the same pairs, and none waits for a
// successor that does not come. Where the story has left no pair one end begins one, as
// its tunnel does; where it has left several the next rekeying makes one of them.
func (c *couple) reunite() {
	c.t.Helper()
	c.advance(15*time.Second, 0)
	c.lose, c.repeat, c.most = 0, 0, 20*time.Millisecond
	for _, e := range c.ends {
		e.refuse = nil
	}
	c.advance(6*time.Minute, 0)
	c.sameKeys()
	a, b := c.ends[0].session, c.ends[1].session
	if len(a.children) != len(b.children) || len(c.ends[0].sas) != len(c.ends[1].sas) {
		c.t.Fatalf("%d and %d pairs, %d and %d SAs", len(a.children), len(b.children), len(c.ends[0].sas), len(c.ends[1].sas))
	}
	for _, e := range c.ends {
		for _, k := range e.session.children {
			if k.replaced || k.soft.IsZero() {
				c.t.Fatalf("%s: the pair %#x is not to be rekeyed any more", e.name, k.in.SPI)
			}
		}
	}
	switch n := len(a.children); {
	case n == 0:
		c.startChild(c.rng.IntN(2))
	case n > 1:
		c.rekeyAny(c.rng.IntN(2))
	}
	c.advance(4*time.Minute, 0)
	c.agreed()
}

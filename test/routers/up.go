package routers

import (
	"fmt"
	"regexp"
	"time"
)

// upLook is how often Up looks at the other router.
const upLook = 50 * time.Millisecond

// standing is in what a router with SAs shows of them.
var standing = regexp.MustCompile(`current outbound spi: 0x[1-9A-F]`)

// Up has a router bring up a tunnel, the only one of its peer, and waits until the peer
// has it too: who answers has its SAs, its interface and its routes a moment later.
func (p *Pair) Up(first *Router, tunnel string) error {
	if out, err := first.Obol("initiate", tunnel); err != nil {
		return fmt.Errorf("%s: %s%w", first.Name, out, err)
	}
	peer := p.R1
	if first == p.R1 {
		peer = p.R2
	}
	return peer.AwaitSAs()
}

// AwaitSAs waits until the router has SAs, and what it has ordered with them stands:
// its data plane answers for the counters after that.
func (r *Router) AwaitSAs() error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(upLook) {
		out, err := r.Obol("show", "crypto", "ipsec", "sa")
		if err != nil {
			return fmt.Errorf("%s: %s%w", r.Name, out, err)
		}
		if standing.MatchString(out) {
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s has no SAs after a minute\n%s\n%s", r.Name, out, r.Log())
		}
	}
}

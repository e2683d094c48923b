package show

import (
	"io"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/policy"
)

// CallAdmission is show crypto call admission statistics: the IKE SAs that were
// asked for and refused, and the datagrams that led to none. The layout is as
// remembered. The limits are those that obol has: of half-open SAs.
func CallAdmission(w io.Writer, v engine.View, c *policy.Config) error {
	var active, negotiating, children int
	for _, s := range ikeSAs(v) {
		children += 2 * len(s.children)
		switch {
		case s.up:
			active++
		case !s.deleted:
			negotiating++
		}
	}
	const line = "---------------------------------------------------------------------\n"
	n := v.Counters
	var p printer
	p.f("%s           Crypto Call Admission Control Statistics\n%[1]s", line)
	p.f("System Resource Limit:  %6d Max IKE SAs: %8d Max in nego: %6d\n", 0, 0, c.ISAKMP.HalfOpenTotal)
	p.f("Total IKE SA Count:     %6d active:      %8d negotiating: %6d\n", active+negotiating, active, negotiating)
	p.f("Incoming IKE Requests:  %6d accepted:    %8d rejected:    %6d\n", n.Incoming+n.HalfOpenDrops, n.Incoming, n.HalfOpenDrops)
	p.f("Outgoing IKE Requests:  %6d accepted:    %8d rejected:    %6d\n", n.Sessions-n.Incoming, n.Sessions-n.Incoming, 0)
	p.f("Rejected IKE Requests:  %6d rsrc low:    %8d Active SA limit: %2d\n", n.HalfOpenDrops, 0, 0)
	p.f("%52s In-neg SA limit: %2d\n", "", n.HalfOpenDrops)
	p.f("IKE packets dropped at dispatch: %14d\n\n", n.Dropped+n.Malformed+n.Unsupported+n.UnknownSA)
	p.f("Max IPSEC SAs: %15d\n", 0)
	p.f("Total IPSEC SA Count: %8d active: %13d negotiating: %6d\n", children, children, 0)
	if n.InvalidSPIs > 0 {
		p.f("IPSEC packets with an invalid SPI: %12d\n", n.InvalidSPIs)
	}
	if n.Repaired+n.Unrepaired > 0 { // nothing of IOS's: a router's kernel is its own
		p.f("\nChanged by others on this host: %d repaired: %d not repaired: %d\n", n.Repaired+n.Unrepaired, n.Repaired, n.Unrepaired)
	}
	return p.flush(w)
}

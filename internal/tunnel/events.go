package tunnel

import "net/netip"

// LineProtocol is a change of a tunnel's line protocol
// (%LINEPROTO-5-UPDOWN), and of a link's (%LINK-3-UPDOWN).
type LineProtocol struct {
	Interface string
	Up        bool
	Reason    string // why it is down
}

// RecursiveRouting is %TUN-5-RECURDOWN: the tunnel's destination is routed into
// the tunnel itself, be it through others.
type RecursiveRouting struct{ Interface string }

// LinkLost is a link that somebody else has removed and that is made again
// (%LINK-5-CHANGED).
type LinkLost struct{ Interface string }

// RouteUnresolved is a static route that goes nowhere: its interface exists in
// the configuration only, or is not known in the kernel.
type RouteUnresolved struct {
	Dst    netip.Prefix
	Reason string
}

// IsEvent makes it an event.
func (LineProtocol) IsEvent() {}

// IsEvent makes it an event.
func (RecursiveRouting) IsEvent() {}

// IsEvent makes it an event.
func (LinkLost) IsEvent() {}

// IsEvent makes it an event.
func (RouteUnresolved) IsEvent() {}

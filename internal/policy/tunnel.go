package policy

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
)

// TunnelChoice is the tunnel interface that a quick mode belongs to.
type TunnelChoice struct {
	Interface *Interface // nil: refused
	Reason    string     // in IOS's words
	AlsoRans  []TunnelAlsoRan
}

// TunnelAlsoRan is a tunnel that was not taken.
type TunnelAlsoRan struct {
	Interface *Interface
	Why       string
}

// TunnelFor finds the tunnel of a quick mode by the addresses, the proxy
// identities (Local is ours) and the ISAKMP profile of the IKE SA (nil: none).
func (c *Config) TunnelFor(local, remote netip.Addr, sel ipsec.Selector, profile *ISAKMPProfile) TunnelChoice {
	return TunnelChoice{}
}

// Selector is the traffic that the tunnel's SAs carry: GRE between the two
// ends, or everything for a VTI.
func (t *Tunnel) Selector() ipsec.Selector { return ipsec.Selector{} }

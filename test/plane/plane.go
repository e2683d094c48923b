// Package plane says as tests what an ipsec.Dataplane does: the same for the
// kernel's and for the one in userspace. Two routers stand beside each other, each
// with a data plane of its own, and the SAs' keys are made up.
//
//	r1 [e0 192.0.2.1]------veth------[e0 192.0.2.2] r2
//	   Tunnel1 10.0.0.1 ==============  Tunnel1 10.0.0.2
package plane

import (
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
)

// A Plane is a kind of data plane.
type Plane struct {
	// Open makes one of a host, on a thread in its network namespace.
	Open func(*netlab.Host) (ipsec.Dataplane, error)
	// TakeESP has the plane of a router take the ESP in UDP that comes to an address
	// of its own.
	TakeESP func(*Router, netip.AddrPort)
	// Bare: a tunnel without a policy carries packets in clear, as GRE of the kernel.
	Bare bool
}

// Test runs the whole contract.
func Test(t *testing.T, p Plane) {
	for _, c := range []struct {
		name string
		test func(*testing.T, Plane)
	}{
		{"Suites", suites},
		{"MTU", linkMTU},
		{"Forwarding", forwarding},
		{"TransportMode", transportMode},
		{"IPv6", overIPv6},
		{"GREKey", greKey},
		{"TwoTunnels", twoTunnels},
		{"IntoItself", intoItself},
		{"NothingInClear", nothingInClear},
		{"ClearFromPeerDropped", clearFromPeerDropped},
		{"Replay", replay},
		{"Expire", expire},
		{"Acquire", acquire},
		{"Early", early},
		{"Rekey", rekey},
		{"Mapped", mapped},
		{"AdjustMSS", adjustMSS},
		{"Routes", routes},
		{"Links", links},
		{"Moved", moved},
		{"OtherKind", otherKind},
		{"Sweep", sweep},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, p) })
	}
}

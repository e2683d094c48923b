//go:build vm

package xfrm

import (
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

// Two peers behind one NAT have the same address, and any-any traffic each: XFRM
// interfaces tell them apart where VTIs, which are known by their ends, could not.
func TestOneAddress(t *testing.T) {
	hub, peers := routers(t)
	for _, port := range []uint16{4500, 4501} {
		takeESP(peers.Router, netip.AddrPortFrom(peers.Local, port))
	}
	takeESP(hub.Router, netip.AddrPortFrom(hub.Local, 4500))
	second := func(r *plane.Router, inner string) *plane.Router {
		s := *r
		s.Inner = netip.MustParsePrefix(inner)
		return &s
	}
	hub2, peer2 := second(hub.Router, "10.0.2.1/30"), second(peers.Router, "10.0.2.2/30")
	one, two := plane.XFRM(), plane.XFRM()
	two.Name, two.Marks, two.SPIs, two.ReqID = "Tunnel2", [2]uint32{0x0c000001, 0x0c000002}, [2]uint32{0x2001, 0x2002}, one.ReqID+1
	one.Encap, two.Encap = &ipsec.Encap{LocalPort: 4500, RemotePort: 4500}, &ipsec.Encap{LocalPort: 4500, RemotePort: 4501}
	for _, x := range []struct {
		tun  plane.Tunnel
		a, b *plane.Router
	}{{one, hub.Router, peers.Router}, {two, hub2, peer2}} {
		x.tun.MTU = 1400
		plane.Both(x.a, x.b, func(r *plane.Router) {
			r.Raise(x.tun)
			r.KeyUp(x.tun, nil)
		})
	}
	plane.Exchange(t, hub.Router, peers.Router, 3)
	plane.Exchange(t, hub2, peer2, 5)
	for _, c := range []struct {
		tun  plane.Tunnel
		want uint64
	}{{one, 3}, {two, 5}} {
		for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
			id := hub.SA(c.tun, d).SAID
			if got, err := hub.Dataplane.QuerySA(id); err != nil || got.Packets != c.want {
				t.Errorf("SPI %#x carried %d packets, %v, want %d", id.SPI, got.Packets, err, c.want)
			}
		}
	}
}

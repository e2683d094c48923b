package show

import (
	"net/netip"
	"strings"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/tunnel"
)

// An ikeSA is an IKE SA of either version, as far as both have the same.
type ikeSA struct {
	version       int
	connID        uint32
	vrf           string // by which the peer comes
	local, remote netip.AddrPort
	up            bool // authenticated, and stands
	deleted       bool // only child SAs are left of it
	profile       string
	peerID        string // "" until authenticated
	remaining     time.Duration
	capabilities  string
	children      []pair
}

// ikeSAs are those of both versions, by conn id in each.
func ikeSAs(v engine.View) []ikeSA {
	var all []ikeSA
	for _, s := range v.Sessions {
		x := ikeSA{
			version: 1, connID: s.ConnID, vrf: s.VRF, local: s.Local, remote: s.Remote, up: established(s), deleted: deleted(s),
			profile: s.Profile, peerID: s.PeerID, remaining: s.Remaining, capabilities: capabilities(s),
		}
		for _, c := range s.Children {
			x.children = append(x.children, pair{c, s.ConnID})
		}
		all = append(all, x)
	}
	for _, s := range v.IKEv2 {
		x := ikeSA{
			version: 2, connID: s.ConnID, vrf: s.VRF, local: s.Local, remote: s.Remote, up: s.State == ikev2.Ready, deleted: s.State == ikev2.Deleting,
			profile: s.Profile, peerID: s.PeerID, remaining: s.Lifetime - s.Active, capabilities: capabilitiesV2(s),
		}
		for _, c := range s.Children {
			x.children = append(x.children, pair{ikev1.ChildView(c), s.ConnID})
		}
		all = append(all, x)
	}
	return all
}

// serves says whether an IKE SA between two ends is between the tunnel's.
func serves(vrf string, local, remote netip.AddrPort, t tunnel.View) bool {
	return vrf == t.FVRF && local.Addr() == t.Source && remote.Addr() == t.Destination
}

// established says whether an IKE SA of version 1 is authenticated and stands.
func established(s ikev1.View) bool { return s.State == ikev1.QMIdle.String() && !deleted(s) }

// deleted says that only child SAs are left of one: its status is
// "ACTIVE (deleted)".
func deleted(s ikev1.View) bool { return strings.HasSuffix(s.Status, "(deleted)") }

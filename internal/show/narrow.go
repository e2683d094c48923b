package show

import (
	"io"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/tunnel"
)

// Narrow leaves of a view what concerns an interface and a peer; "" and the
// zero address leave all.
func Narrow(v engine.View, name string, peer netip.Addr) engine.View {
	other := func(t tunnel.View) bool {
		return name != "" && t.Name != name || peer.IsValid() && t.Destination != peer
	}
	v.Tunnels = slices.DeleteFunc(slices.Clone(v.Tunnels), other)
	foreign := func(vrf string, local, remote netip.AddrPort) bool {
		if peer.IsValid() && remote.Addr() != peer {
			return true
		}
		return name != "" && !slices.ContainsFunc(v.Tunnels, func(t tunnel.View) bool { return serves(vrf, local, remote, t) })
	}
	v.Sessions = slices.DeleteFunc(slices.Clone(v.Sessions), func(s ikev1.View) bool { return foreign(s.VRF, s.Local, s.Remote) })
	v.IKEv2 = slices.DeleteFunc(slices.Clone(v.IKEv2), func(s ikev2.View) bool { return foreign(s.VRF, s.Local, s.Remote) })
	return v
}

// Between leaves of IKEv2 SAs those between two addresses; the zero address
// leaves all.
func Between(sessions []ikev2.View, local, remote netip.Addr) []ikev2.View {
	return slices.DeleteFunc(slices.Clone(sessions), func(s ikev2.View) bool {
		return local.IsValid() && s.Local.Addr() != local || remote.IsValid() && s.Remote.Addr() != remote
	})
}

// IPsecSACount is show crypto ipsec sa count: SAs of both directions. One that
// a rekey retired still takes what the peer sends, and counts.
func IPsecSACount(w io.Writer, v engine.View) error {
	n, sas := 0, ikeSAs(v)
	for _, t := range v.Tunnels {
		n += 2 * len(pairs(sas, t.Name))
	}
	var p printer
	p.f("IPsec SA total: %d, active: %[1]d, rekeying: 0, unused: 0, invalid: 0\n", n)
	return p.flush(w)
}

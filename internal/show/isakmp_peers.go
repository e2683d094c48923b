package show

import (
	"io"
	"net/netip"

	"github.com/obol-ike/obol/ikev1"
)

// ISAKMPPeers is show crypto isakmp peers: every peer once, however many IKE
// SAs there are with it, and the identity that the newest of them proved.
func ISAKMPPeers(w io.Writer, sessions []ikev1.View) error {
	type peer struct {
		remote netip.AddrPort
		local  netip.Addr
	}
	var order []peer
	ids := map[peer]string{}
	for _, s := range sessions {
		x := peer{s.Remote, s.Local.Addr()}
		id, seen := ids[x]
		if !seen {
			order = append(order, x)
		}
		if s.PeerID != "" {
			id = s.PeerID
		}
		ids[x] = id
	}
	var p printer
	for _, x := range order {
		p.f("Peer: %s Port: %d Local: %s\n", x.remote.Addr(), x.remote.Port(), x.local)
		if id := ids[x]; id != "" {
			p.f(" Phase1 id: %s\n", id)
		}
	}
	return p.flush(w)
}

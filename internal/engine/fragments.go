package engine

import "net/netip"

// Octets of unfinished messages that sessions may hold. MM5 with a chain of
// certificates is about four thousand.
const (
	fragmentsTotal   = 4 << 20
	fragmentsPerPeer = 128 << 10
)

// fragments counts the octets of unfinished messages, which a peer need not
// finish, nor prove who it is.
type fragments struct {
	total int
	peers map[netip.Addr]int
}

func newFragments() fragments { return fragments{peers: map[netip.Addr]int{}} }

// hold is ike.Env's.
func (f *fragments) hold(peer netip.Addr, octets int) bool {
	if octets > 0 && (f.total+octets > fragmentsTotal || f.peers[peer]+octets > fragmentsPerPeer) {
		return false
	}
	f.total += octets
	if f.peers[peer] += octets; f.peers[peer] == 0 {
		delete(f.peers, peer)
	}
	return true
}

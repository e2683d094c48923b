package engine

import "net/netip"

// Octets of unfinished messages that sessions may hold. MM5 with a chain of
// certificates is about four thousand. Half of the room is for addresses that hold
// no more than two of these: else a handful that hold all they may would keep every
// peer out.
const (
	fragmentsTotal   = 4 << 20
	fragmentsPerPeer = 128 << 10
	fragmentsShare   = 8 << 10
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
	all, mine := f.total+octets, f.peers[peer]+octets
	if octets > 0 && (all > fragmentsTotal || mine > fragmentsPerPeer || all > fragmentsTotal/2 && mine > fragmentsShare) {
		return false
	}
	f.total += octets
	if f.peers[peer] += octets; f.peers[peer] == 0 {
		delete(f.peers, peer)
	}
	return true
}

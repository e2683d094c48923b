package engine

import "net/netip"

// ends are the two addresses of an IKE SA, whatever its ports.
type ends struct{ local, remote netip.Addr }

// endsOf are where a session is now: a peer behind a NAT may come to have another
// address.
func endsOf(x *entry) ends {
	local, remote := x.Addresses()
	return ends{local.Addr(), remote.Addr()}
}

// A pair holds the sessions between the same ends, by conn id.
type pair struct {
	ends
	all []*entry
}

// follow keeps a session among those between its ends: one that we began, or whose
// peer is authenticated. What strangers begin is not looked for that way, and is
// to cost little.
func (s *sessions) follow(x *entry) {
	e := endsOf(x)
	if x.pair == nil && x.strange() || x.pair != nil && x.pair.ends == e {
		return
	}
	s.leave(x)
	p := s.between[e]
	if p == nil {
		p = &pair{ends: e}
		s.between[e] = p
	}
	x.pair, p.all = p, insert(p.all, x)
}

// leave takes a session out of those between its ends.
func (s *sessions) leave(x *entry) {
	p := x.pair
	if p == nil {
		return
	}
	x.pair, p.all = nil, without(p.all, x)
	if len(p.all) == 0 {
		delete(s.between, p.ends)
	}
}

// peers are the sessions between the ends of one, itself among them, by conn id.
func (s *sessions) peers(x *entry) []*entry { return s.at(endsOf(x)) }

// at are the sessions between two addresses, by conn id.
func (s *sessions) at(e ends) []*entry {
	if p := s.between[e]; p != nil {
		return p.all
	}
	return nil
}

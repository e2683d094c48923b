package engine

import (
	"slices"

	"github.com/obol-ike/obol/internal/ike"
)

// endsOf are where a session is now: in version 2 a peer behind a NAT may come to have
// another address than that with which it began.
func endsOf(x *entry) ike.Ends {
	local, remote := x.Addresses()
	return ike.Ends{VRF: x.VRF(), Local: local.Addr(), Remote: remote.Addr()}
}

// A pair holds the sessions between the same ends, the oldest first.
type pair struct {
	ike.Ends
	all []*entry
}

// follow keeps a session among those between its ends, wherever those are now.
func (s *sessions) follow(x *entry) {
	e, counts := endsOf(x), x.counts()
	if counts == (x.pair != nil) && (!counts || x.pair.Ends == e) {
		return
	}
	s.leave(x)
	if !counts {
		return
	}
	if home := x.home(); home != e {
		s.away[home] = insert(s.away[home], x)
	}
	p := s.between[e]
	if p == nil {
		p = &pair{Ends: e}
		s.between[e] = p
	}
	x.pair, p.all = p, insert(p.all, x)
}

// counts says that a session matters to others with its peer: not what strangers
// begin, which is to cost little, and not what of version 2 is over and only
// repeats its answers.
func (x *entry) counts() bool { return !x.strange() && (x.v1 != nil || x.Alive()) }

// leave takes a session out of those between its ends.
func (s *sessions) leave(x *entry) {
	p := x.pair
	if p == nil {
		return
	}
	x.pair, p.all = nil, without(p.all, x)
	if len(p.all) == 0 {
		delete(s.between, p.Ends)
	}
	if home := x.home(); home != p.Ends {
		if s.away[home] = without(s.away[home], x); len(s.away[home]) == 0 {
			delete(s.away, home)
		}
	}
}

// home are the ends with which a session began. A tunnel's sessions are those that
// began between its ends, wherever a NAT has taken them.
func (x *entry) home() ike.Ends {
	e := endsOf(x)
	e.Remote = x.remote
	return e
}

// of are the sessions of a tunnel between two addresses, the oldest first.
func (s *sessions) of(e ike.Ends) []*entry {
	all := slices.DeleteFunc(slices.Clone(s.at(e)), func(x *entry) bool { return x.home() != e })
	for _, x := range s.away[e] {
		all = insert(all, x)
	}
	return all
}

// peers are the sessions between the ends of one, itself among them, the oldest first.
func (s *sessions) peers(x *entry) []*entry { return s.at(endsOf(x)) }

// at are the sessions between two addresses, the oldest first.
func (s *sessions) at(e ike.Ends) []*entry {
	if p := s.between[e]; p != nil {
		return p.all
	}
	return nil
}

package engine

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

type cookies struct{ i, r wire.SPI }

// origin names a peer's first message: cookies are unique per peer.
type origin struct {
	i      wire.SPI
	vrf    string
	remote netip.Addr
}

// sessions finds an IKE SA of version 1 by cookies, and a session of version 2 by
// an SPI of ours, or by the peer's first message.
type sessions struct {
	all    []*entry // in order of their beginnings
	pairs  map[cookies]*entry
	ours   map[wire.SPI]*entry // we began; the peer's cookie is not known yet
	theirs map[origin]*entry   // the peer began
	own    map[wire.SPI]*entry
	first  map[origin]*entry
	// between has those that matter to others with their peer.
	between map[ike.Ends]*pair
	away    map[ike.Ends][]*entry // of these, by where they began, those that are elsewhere now
	v2      int                   // how many of all are of version 2
	// The last numbers that were given.
	serial, connID, tunnelID uint32
}

func newSessions() sessions {
	return sessions{
		pairs:  map[cookies]*entry{},
		ours:   map[wire.SPI]*entry{},
		theirs: map[origin]*entry{},
		own:    map[wire.SPI]*entry{},
		first:  map[origin]*entry{},

		between: map[ike.Ends]*pair{}, away: map[ike.Ends][]*entry{},
		connID: FirstConnID - 1, tunnelID: FirstTunnelID - 1,
	}
}

// nextConnID numbers the next session of version 1; the number is used up even if it
// comes to nothing.
func (s *sessions) nextConnID() uint32 {
	s.connID++
	return s.connID
}

// nextTunnelID does so in version 2.
func (s *sessions) nextTunnelID() uint32 {
	s.tunnelID++
	return s.tunnelID
}

func (s *sessions) addV1(connID uint32, v1 *ikev1.Session, initiator bool) *entry {
	return s.add(&entry{session: v1, v1: v1, connID: connID, initiator: initiator})
}

// addV2 takes a session of version 2; first is the initiator's SPI.
func (s *sessions) addV2(tunnelID uint32, v2 *ikev2.Session, initiator bool, first wire.SPI) *entry {
	return s.add(&entry{session: v2, v2: v2, connID: tunnelID, initiator: initiator, i: first})
}

// add completes an entry.
func (s *sessions) add(x *entry) *entry {
	_, remote := x.Addresses()
	return s.addFrom(remote.Addr(), x)
}

// addFrom does so where the session began with another address than it has now.
func (s *sessions) addFrom(home netip.Addr, x *entry) *entry {
	s.serial++
	x.remote, x.place, x.serial = home, -1, s.serial
	s.all = append(s.all, x)
	if x.v2 != nil {
		s.v2++
		if !x.initiator {
			s.first[origin{x.i, x.VRF(), x.remote}] = x
		}
	}
	s.index(x)
	return x
}

// ofTunnelID finds a session of version 2 by its number, nil when there is none.
func (s *sessions) ofTunnelID(id uint32) *entry {
	i := slices.IndexFunc(s.all, func(x *entry) bool { return x.v2 != nil && x.connID == id })
	if i < 0 {
		return nil
	}
	return s.all[i]
}

// position is where a session stands, or would, in a list by age.
func position(list []*entry, x *entry) (int, bool) {
	return slices.BinarySearchFunc(list, x, func(a, b *entry) int { return cmp.Compare(a.serial, b.serial) })
}

func insert(list []*entry, x *entry) []*entry {
	i, _ := position(list, x)
	return slices.Insert(list, i, x)
}

func without(list []*entry, x *entry) []*entry {
	if i, ok := position(list, x); ok {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// index follows the SPIs of a session.
func (s *sessions) index(x *entry) {
	switch {
	case x.gone:
	case x.v2 != nil:
		s.indexV2(x)
	default:
		s.indexV1(x)
	}
}

// indexV1: an initiator's session has both cookies from MM2 on.
func (s *sessions) indexV1(x *entry) {
	i, r := x.v1.Cookies()
	if i == x.i && r == x.r {
		return
	}
	s.unindex(x)
	x.i, x.r = i, r
	if r.IsZero() {
		s.ours[i] = x
		return
	}
	s.pairs[cookies{i, r}] = x
	if !x.initiator {
		s.theirs[origin{i, x.VRF(), x.remote}] = x
	}
}

// indexV2: a rekeyed IKE SA has other SPIs, and for a while both are spoken.
func (s *sessions) indexV2(x *entry) {
	spis := x.v2.SPIs()
	if slices.Equal(spis, x.own) {
		return
	}
	for _, spi := range x.own {
		delete(s.own, spi)
	}
	for _, spi := range spis {
		s.own[spi] = x
	}
	x.own = spis
}

func (s *sessions) unindex(x *entry) {
	for _, spi := range x.own {
		delete(s.own, spi)
	}
	if o := (origin{x.i, x.VRF(), x.remote}); s.first[o] == x {
		delete(s.first, o)
	}
	delete(s.pairs, cookies{x.i, x.r})
	if s.ours[x.i] == x {
		delete(s.ours, x.i)
	}
	if o := (origin{x.i, x.VRF(), x.remote}); s.theirs[o] == x {
		delete(s.theirs, o)
	}
}

func (s *sessions) remove(x *entry) {
	s.unindex(x)
	s.leave(x)
	x.gone = true
	if x.v2 != nil {
		s.v2--
	}
	s.all = without(s.all, x)
}

// find gives the session that a message belongs to, nil when there is none. What comes
// by another VRF than a session is in is not its peer's.
func (s *sessions) find(h wire.Header, vrf string, remote netip.Addr) (x *entry) {
	switch {
	case h.Version == wire.V1:
		x = s.findV1(h, vrf, remote)
	case h.Version.Major() == 2:
		x = s.findV2(h, vrf, remote)
	}
	if x == nil || x.VRF() != vrf {
		return nil
	}
	return x
}

// findV2 goes by our SPI, whatever address the message comes from: RFC 7296
// section 2.11 has responses go back to where a request came from, and section
// 2.23 has a session follow a peer whose NAT gives it another address. That is the
// session's to judge, which knows whether the message is authentic.
func (s *sessions) findV2(h wire.Header, vrf string, remote netip.Addr) *entry {
	switch {
	case h.Flags&wire.FlagInitiator == 0:
		return s.own[h.InitiatorSPI]
	case h.ResponderSPI.IsZero():
		return s.first[origin{h.InitiatorSPI, vrf, remote}] // the first message again
	}
	return s.own[h.ResponderSPI]
}

// findV1 goes by the cookies. A message from another address than the session's
// belongs to none.
func (s *sessions) findV1(h wire.Header, vrf string, remote netip.Addr) *entry {
	x := s.pairs[cookies{h.InitiatorSPI, h.ResponderSPI}]
	if x == nil {
		switch {
		case (h.Exchange == wire.ExchangeMainMode || h.Exchange == wire.ExchangeAggressive) && h.ResponderSPI.IsZero():
			x = s.theirs[origin{h.InitiatorSPI, vrf, remote}] // MM1 or AG1 again
		default:
			x = s.ours[h.InitiatorSPI] // MM2, or a refusal of our MM1
		}
	}
	if x == nil || x.remote != remote {
		return nil
	}
	return x
}

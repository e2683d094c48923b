package engine

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

type cookies struct{ i, r wire.SPI }

// origin names a peer's first message: cookies are unique per peer.
type origin struct {
	i      wire.SPI
	remote netip.Addr
}

// sessions finds an IKE SA by cookies.
type sessions struct {
	all    []*entry // by conn id
	pairs  map[cookies]*entry
	ours   map[wire.SPI]*entry // we began; the peer's cookie is not known yet
	theirs map[origin]*entry   // the peer began
	last   uint32              // conn id
}

func newSessions() sessions {
	return sessions{
		pairs:  map[cookies]*entry{},
		ours:   map[wire.SPI]*entry{},
		theirs: map[origin]*entry{},
		last:   FirstConnID - 1,
	}
}

// nextConnID numbers the next session; the number is used up even if it comes
// to nothing.
func (s *sessions) nextConnID() uint32 {
	s.last++
	return s.last
}

// add takes a session of version 1.
func (s *sessions) add(connID uint32, v1 *ikev1.Session, initiator bool) *entry {
	_, remote := v1.Addresses()
	x := &entry{session: v1, v1: v1, connID: connID, initiator: initiator, remote: remote.Addr(), place: -1,
		failure: ike.NegotiationFailed{Peer: remote.Addr(), Stage: "QM1", Reason: "the IKE SA is gone"}}
	s.all = append(s.all, x)
	s.index(x)
	return x
}

// index follows the cookies of a session: an initiator's has both from MM2 on.
func (s *sessions) index(x *entry) {
	i, r := x.v1.Cookies()
	if i == x.i && r == x.r || x.gone {
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
		s.theirs[origin{i, x.remote}] = x
	}
}

func (s *sessions) unindex(x *entry) {
	delete(s.pairs, cookies{x.i, x.r})
	if s.ours[x.i] == x {
		delete(s.ours, x.i)
	}
	if o := (origin{x.i, x.remote}); s.theirs[o] == x {
		delete(s.theirs, o)
	}
}

func (s *sessions) remove(x *entry) {
	s.unindex(x)
	x.gone = true
	s.all = slices.DeleteFunc(s.all, func(o *entry) bool { return o == x })
}

// find gives the session that a message belongs to, nil when there is none. A
// message from another address than the session's belongs to none.
func (s *sessions) find(h wire.Header, remote netip.Addr) *entry {
	x := s.pairs[cookies{h.InitiatorSPI, h.ResponderSPI}]
	if x == nil {
		switch {
		case (h.Exchange == wire.ExchangeMainMode || h.Exchange == wire.ExchangeAggressive) && h.ResponderSPI.IsZero():
			x = s.theirs[origin{h.InitiatorSPI, remote}] // MM1 or AG1 again
		default:
			x = s.ours[h.InitiatorSPI] // MM2, or a refusal of our MM1
		}
	}
	if x == nil || x.remote != remote {
		return nil
	}
	return x
}

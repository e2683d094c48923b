package ikev1

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// SamePeer says whether two IKE SAs were authenticated by the same peer at the
// same addresses, for the same profile.
func (s *Session) SamePeer(o *Session) bool {
	return s.up != nil && o.up != nil && s.up.peerID == o.up.peerID && s.profileName() == o.profileName() &&
		s.local.Addr() == o.local.Addr() && s.remote.Addr() == o.remote.Addr()
}

// Later says whether an IKE SA was authenticated after another.
func (s *Session) Later(o *Session) bool { return s.up.since.After(o.up.since) }

// Inherit takes over the child SAs of another IKE SA with the same peer, and
// names them. They belong to the peer and not to the IKE SA that made them: the
// peer deletes and rekeys them through this one, and so do we.
func (s *Session) Inherit(now time.Time, from *Session) []ipsec.SAID {
	s.now = now
	var ids []ipsec.SAID
	for _, c := range from.pairs() {
		ids = append(ids, c.both()...)
	}
	s.up.children = append(from.pairs(), s.up.children...)
	slices.SortStableFunc(s.pairs(), func(a, b *child) int { return a.installed.Compare(b.installed) })
	from.up.children = nil
	for i, c := range s.pairs() {
		for _, old := range s.predecessors(c, nil) {
			if slices.Index(s.pairs(), old) < i {
				old.replaced = true // as childUp has it
			}
		}
	}
	for _, c := range s.pairs() {
		s.remap(c, c.standing())
	}
	return ids
}

// DeletedElsewhere takes the peer's delete of a child SA that came through
// another IKE SA of the same peer: the pair, or its quick mode, may be here. It
// says whether the SA was one of ours.
func (s *Session) DeletedElsewhere(now time.Time, p wire.ProtocolID, spi []byte) bool {
	s.now = now
	return s.deleted(s.childBySPI(p, spi), p, spi)
}

// Busy says whether a quick mode is under way.
func (s *Session) Busy() bool { return s.inFlight() > 0 }

// Keeps says whether an inbound SA is one of the session's.
func (s *Session) Keeps(inSPI uint32) bool {
	return slices.ContainsFunc(s.pairs(), func(c *child) bool { return c.in.SPI == inSPI })
}

// Negotiates says whether a quick mode of ours for a tunnel is under way.
func (s *Session) Negotiates(tunnel string) bool {
	return slices.ContainsFunc(s.quickModes(), func(q *quickMode) bool {
		_, done := q.state.(over)
		return q.initiator && !done && q.itf.Name == tunnel
	})
}

// rekeyedByPeer says whether a quick mode of the peer's for a tunnel has just
// begun: to begin ours beside it would make two successors, and there are peers
// that give up everything when one of them is deleted. One that does not go on
// stops us no longer than a lost message takes to be repeated.
func (s *Session) rekeyedByPeer(tunnel string) bool {
	return slices.ContainsFunc(s.quickModes(), func(q *quickMode) bool {
		_, done := q.state.(over)
		return !q.initiator && !done && q.itf != nil && q.itf.Name == tunnel && s.now.Sub(q.begun) < 5*crossing
	})
}

// spiBytes is an SPI as a payload carries it.
func spiBytes(spi uint32) []byte { return binary.BigEndian.AppendUint32(nil, spi) }

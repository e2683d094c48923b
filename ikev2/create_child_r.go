package ikev2

import (
	"encoding/binary"
	"slices"

	"github.com/obol-ike/obol/wire"
)

// answerChild serves the peer's request for a child SA, new or in place of one.
func (s *Session) answerChild(x *ikeSA, m *message, r *reply) error {
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	old, err := s.toRekey(notifies)
	if err != nil {
		return err
	}
	g, public, err := s.agreeTo(x, m, old, notifies)
	if err != nil {
		return err
	}
	asked := ChildAsked{SA: s.sa(x), Tunnel: g.itf.Name}
	if old != nil {
		asked.Rekeys, old.replaced = old.in.SPI, true
		if rival := s.requestOf(old); rival != nil {
			rival.enter(g.ni, g.nr)
		}
	}
	s.report(asked)
	g.addChoice(s, x, r.Builder)
	r.Add(wire.PayloadNonceV2, wire.Raw(g.nr))
	if g.pfs != nil {
		r.Add(wire.PayloadKEV2, wire.KEV2{Group: g.pfs.Number, Data: public})
	}
	g.addSelectors(r.Builder)
	addHabits(r.Builder)
	if len(g.pending) == 0 {
		s.answerPair(x, m, r, g.negotiated, old)
		return nil
	}
	s.await(&awaited{
		x: x, link: binary.BigEndian.AppendUint32(nil, g.own), rekeys: old, keys: &g.keyExchanges,
		finish: func(m *message, r *reply) error {
			// Something else may have been given that SPI since.
			if err := s.checkPeerSPI(g.choice.answer.Protocol, g.peer); err != nil {
				g.wipe()
				s.withdrawn(old)
				return err
			}
			s.answerPair(x, m, r, g.negotiated, old)
			return nil
		},
		gone: func() { s.withdrawn(old) },
	}, r)
	return nil
}

// answerPair makes the pair that the peer asked for. The answer leaves when it
// stands.
func (s *Session) answerPair(x *ikeSA, m *message, r *reply, n negotiated, old *child) {
	in, out := s.pair(x, n)
	n.wipe()
	c := newChild(n, in, out)
	if old != nil {
		c.rekeys = old.in.SPI
		if rival := s.requestOf(old); rival != nil {
			rival.rival = c
		}
	}
	r.held = true
	done := func(err error) {
		if err != nil {
			s.withdrawn(old)
			s.refuse(x, m.Header, reject(wire.V2NoProposalChosen, "the data plane refused the SA: %s", err))
			return
		}
		s.childUp(c)
		s.send(r)
	}
	if old == nil {
		s.install(c, in, out, done)
		return
	}
	c.handover, c.mute = &handover{out: out, old: old}, true
	s.installOne(c, in, done)
}

// withdrawn says that nothing came of the peer's request in place of a pair, nil: of
// none.
func (s *Session) withdrawn(old *child) {
	if old == nil {
		return
	}
	if rival := s.requestOf(old); rival != nil {
		rival.leave()
		rival.rival = nil
	}
	s.notReplaced(old)
}

// notReplaced has a pair rekeyed later that stands, and of whose successors none does
// or is on its way any more.
func (s *Session) notReplaced(old *child) {
	if s.standing(old) && !s.succeeded(old) {
		old.replaced, old.soft = false, s.retryAt(old.expires)
	}
}

// succeeded says that a pair has a successor, or that one is on its way.
func (s *Session) succeeded(old *child) bool {
	follows := func(c *child) bool { return c.rekeys == old.in.SPI && !c.retired }
	return s.requestOf(old) != nil || slices.ContainsFunc(s.children, follows) ||
		slices.ContainsFunc(s.pending, func(p *installation) bool { return follows(p.child) }) ||
		slices.ContainsFunc(s.awaiting, func(a *awaited) bool { return a.rekeys == old })
}

// toRekey finds the pair that REKEY_SA names, nil when the request has none. RFC
// 7296 section 2.25.1: "If a peer receives a request to rekey a Child SA that it
// is currently trying to close, it SHOULD reply with TEMPORARY_FAILURE"; one that
// does not exist is CHILD_SA_NOT_FOUND.
func (s *Session) toRekey(notifies []wire.NotifyV2) (*child, error) {
	i := slices.IndexFunc(notifies, func(n wire.NotifyV2) bool { return n.Type == wire.V2RekeySA })
	if i < 0 {
		return nil, nil
	}
	n := notifies[i]
	if n.Protocol != wire.ProtocolESP && n.Protocol != wire.ProtocolAH || len(n.SPI) != 4 {
		return nil, reject(wire.V2InvalidSyntax, "REKEY_SA with protocol %s and an SPI of %d octets", n.Protocol, len(n.SPI))
	}
	spi := binary.BigEndian.Uint32(n.SPI)
	c := s.childBySPI(n.Protocol, spi)
	switch {
	case c != nil && c.retired, c == nil && s.deleting(n.Protocol, spi):
		return nil, reject(wire.V2TemporaryFailure, "the pair with SPI %#x is being deleted", spi)
	case c != nil && s.inSeries(c):
		// RFC 9370 section 2.2.4: it came when our own CREATE_CHILD_SA was over and its
		// additional key exchanges were under way.
		return nil, reject(wire.V2TemporaryFailure, "the pair with SPI %#x is being rekeyed already", spi)
	case c == nil && len(s.requests) > 0:
		// The answer that names it may still be on its way: the peer has the pair.
		return nil, reject(wire.V2TemporaryFailure, "no pair has SPI %#x yet", spi)
	case c == nil:
		r := reject(wire.V2ChildSANotFound, "no pair has SPI %#x", spi)
		r.protocol, r.spi = n.Protocol, n.SPI
		return nil, r
	}
	return c, nil
}

// inSeries says that additional key exchanges follow on our exchange in place of a
// pair.
func (s *Session) inSeries(old *child) bool {
	q := s.requestOf(old)
	return q != nil && q.agreed != nil && len(q.agreed.pending) > 0
}

// requestOf is our exchange in place of a pair, nil for none.
func (s *Session) requestOf(old *child) *childRequest {
	i := slices.IndexFunc(s.requests, func(q *childRequest) bool { return q.old == old })
	if i < 0 {
		return nil
	}
	return s.requests[i]
}

// agreeTo decides on the peer's wish and does our half of the key exchange, if
// there is one.
func (s *Session) agreeTo(x *ikeSA, m *message, old *child, notifies []wire.NotifyV2) (g *granted, public []byte, err error) {
	var ke wire.KEV2
	if _, ok := m.first(wire.PayloadKEV2); ok {
		if ke, err = one(m, wire.PayloadKEV2, wire.ParseKEV2); err != nil {
			return nil, nil, err
		}
	}
	if g, err = s.grant(x, m, notifies, childWish{ke: ke.Group, more: x.agreed.additional}, old); err != nil {
		return nil, nil, err
	}
	pairs := 0
	for _, c := range s.children {
		if c.itf.Name == g.itf.Name {
			pairs++
		}
	}
	if pairs >= maxPairs && old == nil || pairs >= 2*maxPairs {
		return nil, nil, reject(wire.V2NoAdditionalSAs, "%s has %d pairs already", g.itf.Name, pairs)
	}
	if g.ni, err = one(m, wire.PayloadNonceV2, parseNonce); err != nil {
		return nil, nil, err
	}
	if g.pfs != nil {
		if public, g.gir, err = s.answerGroup(x, g.pfs, ke); err != nil {
			return nil, nil, err
		}
	}
	g.nr = make([]byte, nonceLen)
	return g, public, s.random(g.nr)
}

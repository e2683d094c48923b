package ikev2

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// childRequest is our request for a child SA, new or in place of one.
type childRequest struct {
	itf *policy.Interface
	old *child // that it rekeys, nil: none

	*wish
	expected ipsec.SAID // of a rekey: the data plane knows of the inbound SA; zero: no more
	nonce    []byte
	key      *suite.PrivateKey // nil: no key exchange of its own
	agreed   *negotiated       // nil: the peer has not answered

	contest
	rival *child // what the peer's exchange made
	over  bool   // given up: the answer, which may bring a pair all the same, is waited for
	// wanted: the tunnel asked for a pair meanwhile, and hears how this ends.
	wanted bool
}

func (*childRequest) exchange() wire.ExchangeType { return wire.ExchangeCreateChildSA }

var errGoneAlready = errors.New("the pair to be rekeyed is gone already")

// build, RFC 7296 section 1.3.1 and 1.3.3.
func (q *childRequest) build(s *Session, x *ikeSA, b *wire.Builder) (err error) {
	if q.old != nil && !s.standing(q.old) {
		return errGoneAlready
	}
	group := q.itf.Tunnel.Protection.PFS
	if q.wish, err = s.newWish(q.itf, group, x.agreed.additional...); err != nil {
		return err
	}
	q.nonce = make([]byte, nonceLen)
	if err := s.random(q.nonce); err != nil {
		return err
	}
	s.report(ChildRequested{SA: s.sa(x), Tunnel: q.itf.Name, Rekeys: q.rekeys()})
	if q.old != nil {
		spi := binary.BigEndian.AppendUint32(nil, q.old.in.SPI)
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2RekeySA, Protocol: wireProtocol(q.old.in.Protocol), SPI: spi})
	}
	q.addOffer(s, x, b)
	b.Add(wire.PayloadNonceV2, wire.Raw(q.nonce))
	if group != nil {
		if q.key, err = group.Generate(s.env.Rand); err != nil {
			return err
		}
		s.report(DHComputed{SA: s.sa(x), Group: group})
		b.Add(wire.PayloadKEV2, wire.KEV2{Group: group.Number, Data: q.key.Public()})
	}
	q.addSelectors(b)
	if q.transport {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2UseTransportMode})
	}
	addHabits(b)
	if q.old != nil {
		q.expect(s)
	}
	return nil
}

// expect tells the data plane of the SA that the peer may use at once. RFC 7296
// section 2.8: "the responder MAY begin sending on an SA as soon as it sends its
// response to the CREATE_CHILD_SA request."
func (q *childRequest) expect(s *Session) {
	mark, _ := q.itf.Tunnel.Bind(s.path.peer)
	q.expected = ipsec.SAID{
		Src: s.remote.Addr(), Dst: s.local.Addr(), SPI: q.spi, Protocol: saProtocol(q.protocol()), Mark: mark,
	}
	s.out = append(s.out, ike.ExpectSA{SAID: q.expected, Encap: s.encap()})
}

// unexpect takes that back.
func (q *childRequest) unexpect(s *Session) {
	if q.expected.SPI != 0 {
		s.out = append(s.out, ike.RemoveSA{SAID: q.expected})
		q.expected = ipsec.SAID{}
	}
}

func (q *childRequest) rekeys() uint32 {
	if q.old == nil {
		return 0
	}
	return q.old.in.SPI
}

// answered takes the peer's answer. When the peer has made what we cannot have, it is
// told that the pair goes.
func (q *childRequest) answered(s *Session, x *ikeSA, m *message) error {
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	if no := refusedBy(notifies); no != nil {
		return q.refused(s, x, no)
	}
	n, err := q.agree(s, x, m, notifies)
	if r := (*rejection)(nil); errors.As(err, &r) && r.notify != wire.V2InvalidSyntax {
		s.rejected(x, m.Header, err, 0)
		s.deleteSPI(q.protocol(), q.spi, 0)
		q.failed(s, r.reason)
		return nil
	}
	if err != nil {
		return err
	}
	q.agreed = &n
	return q.proceed(s, x, notifies)
}

func (q *childRequest) exchanges() *keyExchanges { return &q.agreed.keyExchanges }

// proceed as ikeRekey does.
func (q *childRequest) proceed(s *Session, x *ikeSA, notifies []wire.NotifyV2) error {
	switch n := q.agreed; {
	case len(n.pending) == 0:
		q.complete(s, x)
		return nil
	case q.lost(n.ni, n.nr):
		n.wipe()
		q.settle(s, x, nil, true)
		return nil
	}
	s.discard(func(a *awaited) bool { return q.old != nil && a.rekeys == q.old })
	return s.followUp(x, q, notifies)
}

// complete makes the pair, which one of the two that began at once deletes.
func (q *childRequest) complete(s *Session, x *ikeSA) {
	s.up.stuck = time.Time{}
	n := *q.agreed
	in, out := s.pair(x, n)
	q.agreed.wipe()
	c := newChild(n, in, out)
	if q.old != nil {
		c.rekeys = q.old.in.SPI
	}
	lost := q.lost(n.ni, n.nr)
	var err error
	if !lost { // in a series the peer may have given that SPI to something else since
		err = s.checkPeerSPI(wireProtocol(out.Protocol), out.SPI)
	}
	if lost || err != nil {
		wipeKeys(in)
		wipeKeys(out)
	}
	switch {
	case lost:
		q.settle(s, x, c, true)
		return
	case err != nil:
		s.deleteSPI(wireProtocol(in.Protocol), in.SPI, 0)
		q.failed(s, asRejection(err).reason)
		return
	}
	if slices.Contains(s.overtook, out.SPI) {
		wipeKeys(in)
		wipeKeys(out)
		q.failed(s, errOvertook)
		return
	}
	q.expected = ipsec.SAID{}
	s.install(c, in, out, func(err error) {
		switch {
		case err == nil && slices.Contains(s.overtook, c.out.SPI):
			s.out = append(s.out, ike.RemoveSA{SAID: c.out.SAID}, ike.RemoveSA{SAID: c.in.SAID})
			q.failed(s, errOvertook)
		case err != nil:
			s.deleteSPI(wireProtocol(c.in.Protocol), c.in.SPI, c.out.SPI)
			q.failed(s, "the data plane refused the SA: "+err.Error())
		case q.lost(n.ni, n.nr): // the peer's exchange came while ours was installed
			s.out = append(s.out, ike.RemoveSA{SAID: c.out.SAID}, ike.RemoveSA{SAID: c.in.SAID})
			q.settle(s, x, c, true)
		default:
			s.childUp(c)
			q.settle(s, x, c, false)
		}
	})
}

// errOvertook: the peer has made the pair and deleted it, and its answer came last.
const errOvertook = "the peer has deleted the pair already"

// settle ends the exchange when it is known whose pair stays; c is nil when ours was
// not made. RFC 7296 section 2.8.1: "the node that initiated the surviving rekeyed SA"
// deletes the one that was replaced.
func (q *childRequest) settle(s *Session, x *ikeSA, c *child, lost bool) {
	q.end(s)
	if q.lowest != nil {
		s.report(CollisionSettled{SA: s.sa(x), Child: q.rekeys(), Lost: lost})
	}
	if lost {
		if c != nil {
			s.deleteSPI(wireProtocol(c.in.Protocol), c.in.SPI, c.out.SPI)
		}
		if q.wanted {
			s.refuseChild(q.itf, "the peer's rekeying of the same pair stands")
		}
		s.notReplaced(q.old)
		return
	}
	if q.rival != nil {
		q.rival.yield()
	}
	for _, o := range slices.Clone(s.children) {
		if s.standing(o) && (o == q.old || o.older(c)) {
			s.retire(o)
		}
	}
}

// agree reads the answer.
func (q *childRequest) agree(s *Session, x *ikeSA, m *message, notifies []wire.NotifyV2) (n negotiated, err error) {
	if n, err = q.accept(s, m, notifies); err != nil {
		return n, err
	}
	n.ni = q.nonce
	if n.nr, err = one(m, wire.PayloadNonceV2, parseNonce); err != nil || q.key == nil {
		return n, err
	}
	ke, err := one(m, wire.PayloadKEV2, wire.ParseKEV2)
	if err != nil {
		return n, err
	}
	n.gir, err = s.sharedSecret(x, q.key, ke)
	return n, err
}

// sharedSecret is the initiator's end of a key exchange.
func (s *Session) sharedSecret(x *ikeSA, key *suite.PrivateKey, ke wire.KEV2) ([]byte, error) {
	g := key.Group()
	if ke.Group != g.Number {
		return nil, reject(wire.V2InvalidSyntax, "KE payload of group %d to one of group %d", ke.Group, g.Number)
	}
	shared, err := key.Shared(ke.Data)
	if err != nil {
		return nil, reject(wire.V2InvalidSyntax, "group %d: %s", g.Number, err)
	}
	s.report(DHComputed{SA: s.sa(x), Group: g, Secret: true})
	return shared, nil
}

// refused takes the peer's error. INVALID_KE_PAYLOAD is one as any other: the peer
// may ask for a group that we offer only, and that is the one it has.
func (q *childRequest) refused(s *Session, x *ikeSA, no *refusal) error {
	s.report(CreateRefused{SA: s.sa(x), Type: no.notify})
	switch no.notify {
	case wire.V2InvalidSyntax:
		return no
	case wire.V2TemporaryFailure, wire.V2StateNotFound:
		if s.outOfStep(no.Error()) {
			q.end(s)
			return nil
		}
	case wire.V2ChildSANotFound:
		q.startAfresh(s, no.Error())
		return nil
	}
	q.failed(s, no.Error())
	if no.notify == wire.V2NoAdditionalSAs && len(s.children) == 0 {
		// Another IKE SA may have what this one will not.
		s.Delete(s.now, no.Error())
	}
	return nil
}

// startAfresh, RFC 7296 section 2.25: "A peer that receives a CHILD_SA_NOT_FOUND
// notification SHOULD silently delete the Child SA (if it still exists) and send a
// request to create a new Child SA from scratch (if the Child SA does not yet
// exist)."
func (q *childRequest) startAfresh(s *Session, reason string) {
	if q.old == nil || !s.standing(q.old) && (!q.wanted || s.Carries(q.itf.Name, q.old.in.Selector)) {
		q.failed(s, reason)
		return
	}
	q.end(s)
	if s.standing(q.old) {
		s.dropChild(q.old, "the peer does not have it")
	}
	if !s.Carries(q.itf.Name, q.old.in.Selector) {
		s.requestChild(q.itf, nil)
	}
}

// outOfStep, RFC 7296 section 2.25: "If a peer continues to receive
// TEMPORARY_FAILURE on the same IKE SA after several minutes, it SHOULD conclude
// that the state information is out of sync and close the IKE SA."
func (s *Session) outOfStep(reason string) bool {
	if s.up.stuck.IsZero() {
		s.up.stuck = s.now
	}
	if s.now.Sub(s.up.stuck) < stuckTime {
		return false
	}
	s.Delete(s.now, reason)
	return true
}

const stuckTime = 5 * time.Minute

func (q *childRequest) abandoned(s *Session, _ *ikeSA, reason string) { q.failed(s, reason) }

// failed ends the exchange without a pair.
func (q *childRequest) failed(s *Session, reason string) {
	over := q.over
	q.end(s)
	switch {
	case over:
	case s.standing(q.old):
		s.refuseChild(q.itf, reason)
		s.notReplaced(q.old)
	case q.old == nil || q.wanted:
		s.refuseChild(q.itf, reason)
	}
}

// giveUp goes no further with what is wanted no more.
func (q *childRequest) giveUp(s *Session) {
	q.over = true
	q.unexpect(s)
	if q.agreed != nil {
		q.agreed.wipe()
	}
}

func (q *childRequest) end(s *Session) {
	q.giveUp(s)
	s.requests = slices.DeleteFunc(s.requests, func(o *childRequest) bool { return o == q })
	if len(s.requests) == 0 {
		s.overtook = nil
	}
}

package ikev2

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// ikeRekey is our request for a successor of the IKE SA (RFC 7296 section 1.3.2).
type ikeRekey struct {
	group *suite.Group // that the peer asked for, nil: that of the old SA
	tried []uint16     // groups

	offer wire.SAV2
	spi   wire.SPI
	nonce []byte
	key   *suite.PrivateKey

	next *ikeSA // what the peer agreed to; nil: it has not answered
	keys keyExchanges

	contest
	rival *ikeSA // what the peer's exchange made
}

// rekeyOf is the rekeying that a request belongs to, nil for none.
func rekeyOf(r request) *ikeRekey {
	if f, ok := r.(*followup); ok {
		r = f.of
	}
	q, _ := r.(*ikeRekey)
	return q
}

func (*ikeRekey) exchange() wire.ExchangeType { return wire.ExchangeCreateChildSA }

func (q *ikeRekey) build(s *Session, x *ikeSA, b *wire.Builder) (err error) {
	if q.spi, err = s.newSPI(); err != nil {
		return err
	}
	if q.offer = ikeOffer(s.rekeyProposals(), q.spi[:]); len(q.offer) == 0 {
		return errors.New("no IKEv2 policy is for this SA any more")
	}
	group := q.group
	if group == nil {
		var ok bool
		if group, ok = offersGroup(q.offer, x.agreed.group.Number); !ok {
			group, _ = suite.GroupV2(q.offer[0].Of(wire.TransformKE)[0].ID)
		}
	}
	q.tried = append(q.tried, group.Number)
	q.nonce = make([]byte, nonceLen)
	if err = s.random(q.nonce); err != nil {
		return err
	}
	if q.key, err = group.Generate(s.env.Rand); err != nil {
		return err
	}
	s.report(RekeyRequested{SA: s.sa(x)})
	s.report(DHComputed{SA: s.sa(x), Group: group})
	for _, p := range q.offer {
		s.report(ProposalBuilt{SA: s.sa(x), Proposal: p})
	}
	b.Add(wire.PayloadSAV2, q.offer)
	b.Add(wire.PayloadNonceV2, wire.Raw(q.nonce))
	b.Add(wire.PayloadKEV2, wire.KEV2{Group: group.Number, Data: q.key.Public()})
	return nil
}

func (q *ikeRekey) answered(s *Session, x *ikeSA, m *message) error {
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	if no := refusedBy(notifies); no != nil {
		return q.refused(s, x, no)
	}
	if err := q.accept(s, x, m); err != nil {
		return err
	}
	return q.proceed(s, x, notifies)
}

func (q *ikeRekey) exchanges() *keyExchanges { return &q.keys }

// proceed: where there are additional key exchanges the new SA is not made yet. RFC
// 9370 section 2.2.4 has the initiator whose nonce is the lowest just stop then, there
// being nothing to delete, and leave the others to the peer.
func (q *ikeRekey) proceed(s *Session, x *ikeSA, notifies []wire.NotifyV2) error {
	switch {
	case len(q.keys.pending) == 0:
		return q.complete(s, x)
	case s.rekeying != q: // the session has ended meanwhile
		q.keys.wipe()
		s.dropClosed(x)
		return nil
	case q.lost(q.keys.ni, q.keys.nr):
		s.report(CollisionSettled{SA: s.sa(x), Lost: true})
		q.abandoned(s, x, "")
		return nil
	}
	s.discard(func(a *awaited) bool { return a.ike })
	return s.followUp(x, q, notifies)
}

// complete takes the new SA into use, or closes it.
func (q *ikeRekey) complete(s *Session, x *ikeSA) error {
	n, lost := q.next, q.lost(q.keys.ni, q.keys.nr)
	err := s.rekeyed(x, n, q.keys)
	q.keys.wipe()
	switch {
	case err != nil:
		return err
	case s.rekeying != q: // the session has ended meanwhile, and its successor with it
		s.close(n)
		s.dropClosed(x)
	case lost:
		s.report(CollisionSettled{SA: s.sa(x), Lost: true})
		s.succeed(x, q.rival)
		s.close(n)
	default:
		s.succeed(x, n)
		if q.lowest != nil {
			s.report(CollisionSettled{SA: s.sa(x)})
		}
		if q.rival != nil {
			q.rival.until = s.now.Add(replacedTime)
		}
		s.close(x)
	}
	s.goOn()
	return nil
}

// goOn begins what waited for the rekeying of the IKE SA.
func (s *Session) goOn() {
	if s.ike != nil {
		s.sendQueue(s.ike)
		s.startWaiting()
	}
}

// accept reads the answer. The peer may have made the new SA already, so that nothing
// less than the end of the old one follows when we cannot.
func (q *ikeRekey) accept(s *Session, x *ikeSA, m *message) error {
	half, err := readHalf(m)
	if err != nil {
		return err
	}
	a, answer, err := acceptIKE(q.offer, half.sa)
	if err != nil {
		return err
	}
	spi := wire.SPI(answer.SPI)
	if spi.IsZero() {
		return reject(wire.V2InvalidSyntax, "the new SPI is zero")
	}
	if a.group != q.key.Group() {
		return reject(wire.V2InvalidSyntax, "the peer chose group %d, the key exchange is of group %d", a.group.Number, q.key.Group().Number)
	}
	gir, err := s.sharedSecret(x, q.key, half.ke)
	if err != nil {
		return err
	}
	q.next = x.successor(Initiator, a, q.spi, spi)
	q.keys = keyExchanges{gir: gir, ni: q.nonce, nr: half.nonce, pending: a.additional}
	return nil
}

func (q *ikeRekey) refused(s *Session, x *ikeSA, no *refusal) error {
	s.report(CreateRefused{SA: s.sa(x), Type: no.notify})
	switch no.notify {
	case wire.V2InvalidSyntax:
		return no
	case wire.V2InvalidKEPayload:
		if g, ok := q.otherGroup(no.data); ok && s.rekeying == q {
			q.group, q.next = g, nil
			s.ask(x, q)
			return nil
		}
	case wire.V2TemporaryFailure, wire.V2StateNotFound:
		if s.rekeying == q && s.outOfStep(no.Error()) {
			s.rekeying = nil
			q.keys.wipe()
			return nil
		}
	}
	q.abandoned(s, x, no.Error())
	return nil
}

// otherGroup is one that we offered and have not tried.
func (q *ikeRekey) otherGroup(data []byte) (*suite.Group, bool) {
	if len(data) != 2 || slices.Contains(q.tried, binary.BigEndian.Uint16(data)) {
		return nil, false
	}
	return offersGroup(q.offer, binary.BigEndian.Uint16(data))
}

// abandoned tries again while there is time. What the peer's exchange has made
// takes over: it is all there is.
func (q *ikeRekey) abandoned(s *Session, x *ikeSA, reason string) {
	q.keys.wipe()
	if s.rekeying != q {
		return
	}
	s.rekeying = nil
	switch {
	case s.ike == nil:
		return
	case q.rival != nil:
		s.succeed(x, q.rival)
	default:
		s.report(RekeyFailed{SA: s.sa(x), Reason: reason})
		s.up.renew = s.retryAt(s.up.expires)
	}
	s.goOn()
}

// orphan says that a request goes on though the session has ended: what the peer
// makes of it is to be deleted too.
func (q *ikeRekey) orphan(s *Session) {
	s.rekeying = nil
}

// renewTimeout rekeys the IKE SA when it is time.
func (s *Session) renewTimeout() {
	if s.Established() && due(s.up.renew, s.now) {
		s.renew()
	}
}

func (s *Session) renewDeadline(t *deadline) {
	if s.Established() {
		t.add(s.up.renew, "IKE SA rekey")
	}
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

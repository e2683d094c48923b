package ikev2

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// Where a CREATE_CHILD_SA agrees on additional key exchanges, each has an
// IKE_FOLLOWUP_KE after it, and what is negotiated is made when the last one is over
// (RFC 9370 section 2.2.4). The responder gives each message that another one is to
// follow a link, which the next request brings back. IOS has none of it.

// followupTime is how long the responder waits for the next request. RFC 9370 section
// 2.2.4 finds 5 to 20 seconds appropriate.
const followupTime = 20 * time.Second

// keyExchanges are those of a CREATE_CHILD_SA, and what they gave.
type keyExchanges struct {
	gir, ni, nr []byte         // gir is empty without a key exchange of its own
	more        [][]byte       // secrets of additional ones, in their order
	pending     []*suite.Group // those that are still to come
}

// add takes the secret of the next one.
func (k *keyExchanges) add(secret []byte) {
	k.more, k.pending = append(k.more, secret), k.pending[1:]
}

// wipe forgets the secrets.
func (k *keyExchanges) wipe() {
	clear(k.gir)
	for _, secret := range k.more {
		clear(secret)
	}
	*k = keyExchanges{}
}

// A series is a request of ours that goes on after its answer.
type series interface {
	request
	exchanges() *keyExchanges
	// proceed asks for the next key exchange, or ends the series. The notifications
	// are those of the last answer.
	proceed(s *Session, x *ikeSA, notifies []wire.NotifyV2) error
	refused(s *Session, x *ikeSA, no *refusal) error
}

// followup is our request for an additional key exchange.
type followup struct {
	of   series
	x    *ikeSA // that the series is under
	link []byte // of the responder, who alone understands it
	key  *suite.PrivateKey
}

var errNoSeries = errors.New("the exchange is not to go on")

func (*followup) exchange() wire.ExchangeType { return wire.ExchangeFollowupKE }

// followUp asks for the next key exchange of a series.
func (s *Session) followUp(x *ikeSA, of series, notifies []wire.NotifyV2) error {
	link, ok := linkOf(notifies)
	if !ok {
		return reject(wire.V2InvalidSyntax, "no ADDITIONAL_KEY_EXCHANGE, though %s is to follow", of.exchanges().pending[0].Name)
	}
	s.ask(x, &followup{of: of, x: x, link: link})
	return nil
}

func (f *followup) build(s *Session, x *ikeSA, b *wire.Builder) (err error) {
	k := f.of.exchanges()
	if x != f.x || len(k.pending) == 0 {
		return errNoSeries
	}
	g := k.pending[0]
	if f.key, err = g.Generate(s.env.Rand); err != nil {
		return err
	}
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeFollowupKE})
	b.Add(wire.PayloadKEV2, wire.KEV2{Group: g.Number, Data: f.key.Public()})
	addLink(b, f.link)
	return nil
}

func (f *followup) answered(s *Session, x *ikeSA, m *message) error {
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	if no := refusedBy(notifies); no != nil {
		return f.of.refused(s, x, no)
	}
	k := f.of.exchanges()
	if len(k.pending) == 0 { // it is wanted no more, but the peer may have made it
		if q, ok := f.of.(*childRequest); ok {
			s.deleteSPI(q.protocol(), q.spi, 0)
			q.end(s)
		}
		return nil
	}
	g := k.pending[0]
	theirs, err := readAdditional(m, g)
	if err != nil {
		return err
	}
	secret, err := f.key.Shared(theirs)
	if err != nil {
		return reject(wire.V2InvalidSyntax, "additional key exchange %s: %v", g.Name, err)
	}
	s.report(DHComputed{SA: s.sa(x), Group: g, Secret: true})
	k.add(secret)
	return f.of.proceed(s, x, notifies)
}

func (f *followup) abandoned(s *Session, x *ikeSA, reason string) { f.of.abandoned(s, x, reason) }

// awaited is a series of the peer's: the key exchange state of RFC 9370.
type awaited struct {
	x      *ikeSA
	link   []byte
	rekeys *child // that it replaces, nil: none, or the IKE SA
	ike    bool   // it replaces the IKE SA
	keys   *keyExchanges
	until  time.Time
	// finish makes what was negotiated, and adds to the last answer.
	finish func(m *message, r *reply) error
	// gone is told when the peer does not go on.
	gone func()
}

// await waits for the peer to go on, and says so in the answer. What the peer began
// before in place of the same SA it has given up.
func (s *Session) await(a *awaited, r *reply) {
	s.discard(func(o *awaited) bool { return o.ike && a.ike || o.rekeys != nil && o.rekeys == a.rekeys })
	s.awaiting = append(s.awaiting, a)
	a.goOn(s, r)
}

func (a *awaited) goOn(s *Session, r *reply) {
	a.until = s.now.Add(followupTime)
	addLink(r.Builder, a.link)
}

// awaitsSuccessor says that the peer is about to replace the IKE SA.
func (s *Session) awaitsSuccessor() bool {
	return slices.ContainsFunc(s.awaiting, func(a *awaited) bool { return a.ike })
}

// discard forgets series of the peer's that something else has taken the place of.
func (s *Session) discard(which func(*awaited) bool) (list []*awaited) {
	s.awaiting = slices.DeleteFunc(s.awaiting, func(a *awaited) bool {
		if !which(a) {
			return false
		}
		a.keys.wipe()
		list = append(list, a)
		return true
	})
	return list
}

// forgo forgets those of which nothing comes.
func (s *Session) forgo(which func(*awaited) bool) {
	for _, a := range s.discard(which) {
		a.gone()
	}
}

// answerFollowup is the responder's half of an additional key exchange. RFC 9370
// section 2.2.4 has what it has no state for answered by STATE_NOT_FOUND, which ends
// the series and not the IKE SA.
func (s *Session) answerFollowup(x *ikeSA, m *message, r *reply) error {
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	link, _ := linkOf(notifies)
	i := slices.IndexFunc(s.awaiting, func(a *awaited) bool { return a.x == x && bytes.Equal(a.link, link) })
	if i < 0 {
		return reject(wire.V2StateNotFound, "no key exchange waits for this one")
	}
	a := s.awaiting[i]
	g := a.keys.pending[0]
	theirs, err := readAdditional(m, g)
	if err != nil {
		return err
	}
	public, secret, err := g.Answer(s.env.Rand, theirs)
	if err != nil {
		return reject(wire.V2InvalidSyntax, "additional key exchange %s: %v", g.Name, err)
	}
	s.report(DHComputed{SA: s.sa(x), Group: g, Secret: true})
	s.report(MessageBegun{SA: s.sa(x), Exchange: wire.ExchangeFollowupKE, Response: true})
	r.Add(wire.PayloadKEV2, wire.KEV2{Group: g.Number, Data: public})
	a.keys.add(secret)
	if len(a.keys.pending) > 0 {
		a.goOn(s, r)
		return nil
	}
	s.awaiting = slices.Delete(s.awaiting, i, i+1)
	return a.finish(m, r)
}

func (s *Session) followupTimeout() {
	s.forgo(func(a *awaited) bool { return due(a.until, s.now) })
}

func (s *Session) followupDeadline(t *deadline) {
	for _, a := range s.awaiting {
		t.add(a.until, "additional key exchange")
	}
}

func addLink(b *wire.Builder, link []byte) {
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2AdditionalKeyExchange, Data: link})
}

func linkOf(notifies []wire.NotifyV2) (link []byte, ok bool) {
	for _, n := range notifies {
		if n.Type == wire.V2AdditionalKeyExchange {
			return n.Data, true
		}
	}
	return nil, false
}

package ikev1

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

// Limits of phase 2.
const (
	maxQuickModes = 32  // in flight in one IKE SA, and as many that are over
	minSPI        = 256 // RFC 2406 section 2.1: "1 through 255 are reserved"
)

// quickMode is one exchange of quick mode. It stays a while after its end, to
// answer a peer that missed the last message.
type quickMode struct {
	id        uint32
	initiator bool
	config    *policy.Config // that it began with
	itf       *policy.Interface
	replaces  *child // the pair it rekeys, nil: none

	state  quickState
	phase  Phase
	resend retransmission
	iv     iv // of the next message
	begun  time.Time

	spi    uint32 // ours, of ESP and of AH
	peer   peerSPIs
	ni, nr []byte
}

// peerSPIs are those that the peer gave; zero until known. ah is that of an AH
// beside ESP, 0: none.
type peerSPIs struct {
	protocol wire.ProtocolID
	spi, ah  uint32
}

// named says whether an SPI of the wire is the peer's.
func (p peerSPIs) named(protocol wire.ProtocolID, spi uint32) bool {
	return spi != 0 && (p.protocol == protocol && p.spi == spi || protocol == wire.ProtocolAH && p.ah == spi)
}

// quickState is a state of quick mode: a type for each thing waited for.
type quickState interface {
	sent() string
	awaits() string
	// handle takes the next message. With an error that is no verdict everything
	// is as it was.
	handle(s *Session, q *quickMode, c *opened) error
	// installed takes the data plane's answer.
	installed(s *Session, q *quickMode, ev ipsec.Installed)
	// ordered are the SAs that the data plane has, was told to install or expects.
	ordered() []ipsec.SAID
}

// idle are the methods of states that wait for no answer of the data plane.
type idle struct{}

func (idle) installed(*Session, *quickMode, ipsec.Installed) {}
func (idle) ordered() []ipsec.SAID                           { return nil }

// busy is the method of states that wait for the data plane only.
type busy struct{}

func (busy) handle(*Session, *quickMode, *opened) error {
	return reject(0, "quick mode waits for the data plane")
}

// over is a quick mode whose last message may have to be repeated.
type over struct{ idle }

func (over) sent() string   { return "QM3" }
func (over) awaits() string { return "" }
func (over) handle(*Session, *quickMode, *opened) error {
	return reject(0, "quick mode is over")
}

// node finds an exchange by its message id.
func (s *Session) node(id uint32) *quickMode {
	for _, q := range s.quickModes() {
		if q.id == id {
			return q
		}
	}
	return nil
}

// inFlight counts the quick modes that are not over.
func (s *Session) inFlight() int {
	n := 0
	for _, q := range s.quickModes() {
		if _, done := q.state.(over); !done {
			n++
		}
	}
	return n
}

// receiveQuick gives a message to its exchange, or begins one.
func (s *Session) receiveQuick(m *inbound) {
	if err := s.takeQuick(m); err != nil {
		s.rejected(m.Header, err, 0)
	}
}

func (s *Session) takeQuick(m *inbound) error {
	if s.up == nil {
		return reject(wire.NotifyInvalidExchangeType, "quick mode before the peer is authenticated")
	}
	if m.Flags&wire.FlagEncryption == 0 {
		return reject(wire.NotifyInvalidFlags, "in the clear where encryption is due")
	}
	q := s.node(m.MessageID)
	if q == nil {
		return s.answerQuick(m)
	}
	c, err := s.crypt.open(m, q.iv)
	if err != nil {
		return err
	}
	if err := q.state.handle(s, q, c); err != nil {
		r := asRejection(err)
		if r.verdict {
			s.abort(q, r)
		}
		return err
	}
	q.resend.accepted = m.digest
	s.alive()
	return nil
}

// stepQuick reports a change of the exchange's state.
func (s *Session) stepQuick(q *quickMode, input Input, next Phase) {
	s.report(StateChange{SA: s.sa(), Node: q.id, Input: input, Old: q.phase, New: next})
	q.phase = next
}

// sendQuick encrypts a message and keeps it for repetition.
func (s *Session) sendQuick(q *quickMode, b *wire.Builder, awaiting bool) {
	datagram, next := s.crypt.seal(s.header(wire.ExchangeQuickMode, q.id), b, q.iv)
	q.iv = next
	q.resend.sent(s.now, datagram, awaiting)
	s.transmit(wire.ExchangeQuickMode, q.id, datagram)
}

// abort ends an exchange that cannot succeed and tells the peer, by the SPI that
// it gave.
func (s *Session) abort(q *quickMode, r *rejection) {
	n := wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, Type: r.notify}
	if q.peer.spi != 0 {
		n.Protocol, n.SPI = q.peer.protocol, spiBytes(q.peer.spi)
	}
	if n.Type != 0 {
		s.sendNotify(n)
	}
	s.failQuick(q, "QM rejected", q.state.awaits(), r.reason)
}

// failQuick ends an exchange without a pair of SAs; nothing of it is left.
func (s *Session) failQuick(q *quickMode, node, stage, reason string) {
	s.up.quick = slices.DeleteFunc(s.up.quick, func(o *quickMode) bool { return o == q })
	if _, done := q.state.(over); done {
		return
	}
	switch st := q.state.(type) {
	case *installingI:
		wipe(st.later)
	case installingIn:
		wipe(st.out)
	case sentQM2:
		wipe(st.out)
	}
	for _, id := range q.state.ordered() {
		s.out = append(s.out, ike.RemoveSA{SAID: id})
	}
	s.report(NodeDeleted{SA: s.sa(), MessageID: q.id, Error: true, Reason: node})
	tunnel := ""
	if q.itf != nil {
		tunnel = q.itf.Name
	}
	s.report(ike.NegotiationFailed{Tunnel: tunnel, Peer: s.remote.Addr(), Stage: stage, Reason: reason})
	if q.replaces != nil {
		s.rekeyFailed(q.replaces)
	}
}

// withdraw tells the peer that a pair is deleted, a message for each protocol.
func (s *Session) withdraw(c *child) {
	s.sendDelete(wireProtocol(c.in.Protocol), spiBytes(c.in.SPI))
	if c.in.AHSPI != 0 {
		s.sendDelete(wire.ProtocolAH, spiBytes(c.in.AHSPI))
	}
}

// quickRefused takes the peer's refusal of a quick mode: it names our SPI, or its own.
// One that names none, as IOS prints "spi 0" of some, is about the only one that there
// is. It says whether there was one.
func (s *Session) quickRefused(n wire.NotifyV1) bool {
	for _, q := range s.quickModes() {
		if _, done := q.state.(over); done {
			continue
		}
		if len(n.SPI) == 4 && spiOf(n.SPI) != 0 {
			if spi := spiOf(n.SPI); spi != q.spi && spi != q.peer.spi {
				continue
			}
		} else if s.inFlight() > 1 {
			continue
		}
		s.failQuick(q, "Delete Larval", q.state.sent(), "the peer answered "+n.Type.String())
		return true
	}
	return false
}

func spiOf(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// quickTimeout repeats, gives up and forgets.
func (s *Session) quickTimeout() {
	for _, q := range slices.Clone(s.quickModes()) {
		_, done := q.state.(over)
		switch {
		case done && !s.now.Before(q.begun.Add(exchangeTime)):
			s.up.quick = slices.DeleteFunc(s.up.quick, func(o *quickMode) bool { return o == q })
		case q.resend.exhausted(s.now):
			if st, ok := q.state.(sentQM2); ok {
				s.withdraw(st.child) // it may be QM3 that was lost
			}
			s.failQuick(q, "Death by retransmission P2", q.state.sent(), "no answer to "+q.state.sent())
			if s.up.alone {
				s.end("Death by retransmission P2")
				return
			}
			if len(s.pairs()) == 0 && s.up.dpd.heard.Before(q.begun) {
				// The peer has restarted, or its delete was lost: the next
				// quick mode would go to nobody too, until the lifetime is over.
				s.Delete(s.now, "Death by retransmission P2")
				return
			}
		case q.resend.awaiting && !s.now.Before(q.resend.deadline()):
			switch {
			case s.overtaken(q):
				s.failQuick(q, "Delete Larval", q.state.sent(), "the peer's quick mode came first")
			case s.crossed(q):
				q.resend.postponed(s.now)
			default:
				s.repeat(&q.resend, wire.ExchangeQuickMode, q.id)
			}
		}
	}
}

func (s *Session) quickDeadline(t *deadline) {
	for _, q := range s.quickModes() {
		t.add(q.resend.deadline(), "retransmit phase 2")
		if _, done := q.state.(over); done {
			t.add(q.begun.Add(exchangeTime), "purge node")
		}
	}
}

// quickInstalled gives the data plane's answer to the exchange that asked.
func (s *Session) quickInstalled(ev ipsec.Installed) {
	for _, q := range s.quickModes() {
		if slices.Contains(q.state.ordered(), ev.SAID) {
			q.state.installed(s, q, ev)
			return
		}
	}
}

// finish makes a pair of what was negotiated. The exchange stays until the peer
// cannot repeat its message any more; of very many, the last ones stay.
func (s *Session) finish(q *quickMode, c *child) {
	q.state, q.begun = over{}, s.now
	if done := len(s.quickModes()) - s.inFlight(); done > maxQuickModes {
		i := slices.IndexFunc(s.quickModes(), func(o *quickMode) bool { _, over := o.state.(over); return over })
		s.up.quick = slices.Delete(s.up.quick, i, i+1)
	}
	s.childUp(c, q.replaces)
}

// negotiated is what a quick mode agreed on.
type negotiated struct {
	set      *policy.TransformSet
	protocol wire.ProtocolID // ESP, with or without AH, or AH alone
	mode     ipsec.Mode
	pfs      *suite.Group
	lifetime ipsec.Lifetime
	selector ipsec.Selector
}

// pair makes both SAs with their keys. gxy is empty without PFS.
func (s *Session) pair(q *quickMode, n negotiated, gxy []byte) (in, out ipsec.SA) {
	t := q.itf.Tunnel
	mark, ifID := t.Bind(s.nat.peer)
	base := ipsec.SA{
		Mode: n.mode, DF: t.DF, Encr: n.set.Encr, Integ: n.set.Integ, Selector: n.selector, ReqID: t.ReqID, IfID: ifID,
		Replay: t.Protection.Replay, Encap: s.encap(), Soft: n.lifetime.Soft(q.initiator), Hard: n.lifetime,
	}
	switch {
	case n.set.Both():
		base.AH = n.set.AH
	case n.set.AH != nil:
		base.Encr, base.Integ = nil, n.set.AH
	}
	id := ipsec.SAID{Protocol: saProtocol(n.protocol), Mark: mark}
	in, out = base, base
	in.Direction, out.Direction = ipsec.In, ipsec.Out
	in.SAID, out.SAID = id, id
	in.Src, in.Dst, in.SPI = s.remote.Addr(), s.local.Addr(), q.spi
	out.Src, out.Dst, out.SPI = s.local.Addr(), s.remote.Addr(), q.peer.spi
	if base.AH != nil {
		in.AHSPI, out.AHSPI = q.spi, q.peer.ah
	}
	for _, sa := range []*ipsec.SA{&in, &out} {
		encr, integ := 0, 0
		if sa.Encr != nil {
			encr = sa.Encr.KeyLen(n.set.KeyBits)
		}
		if sa.Integ != nil {
			integ = sa.Integ.KeyLen
		}
		key := keymat(s.crypt.hash, s.crypt.d(), gxy, n.protocol, sa.SPI, q.ni, q.nr, encr+integ)
		sa.EncrKey, sa.IntegKey = key[:encr:encr], key[encr:]
		if sa.AH != nil {
			sa.AHKey = keymat(s.crypt.hash, s.crypt.d(), gxy, wire.ProtocolAH, sa.AHSPI, q.ni, q.nr, sa.AH.KeyLen)
		}
	}
	return in, out
}

// install orders an SA.
func (s *Session) install(sa ipsec.SA) {
	s.aim(&sa) // the ports may have changed since it was negotiated
	s.out = append(s.out, ike.InstallSA{SA: sa})
}

// reportInstalled shows the data plane's answer.
func (s *Session) reportInstalled(q *quickMode, sa ipsec.SA, err error) {
	s.report(IPsecInstalled{SA: s.sa(), MessageID: q.id, Child: sa.Public(), Tunnel: q.itf.Name, Err: err})
}

// newChildSPI asks for an inbound SPI of ours.
func (s *Session) newChildSPI() (uint32, error) {
	if spi := s.env.NewSPI(); spi >= minSPI {
		return spi, nil
	}
	return 0, errors.New("no SPI: the random source fails")
}

// checkPeerSPIs takes the SPIs of what was agreed on.
func (s *Session) checkPeerSPIs(m policy.TransformMatch) (p peerSPIs, err error) {
	p.protocol = m.Proposal.Protocol
	if p.spi, err = s.checkPeerSPI(p.protocol, m.Proposal.SPI); err == nil && m.AH != nil {
		p.ah, err = s.checkPeerSPI(wire.ProtocolAH, m.AH.Proposal.SPI)
	}
	if err != nil {
		return peerSPIs{}, err
	}
	return p, nil
}

// checkPeerSPI refuses an SPI that cannot be, or that the peer has in use: the
// data plane would hold two SAs of one name.
func (s *Session) checkPeerSPI(protocol wire.ProtocolID, spi []byte) (uint32, error) {
	if len(spi) != 4 || spiOf(spi) < minSPI {
		return 0, refuse(wire.NotifyInvalidSPI, "SPI %x", spi)
	}
	v := spiOf(spi)
	taken := slices.ContainsFunc(s.pairs(), func(c *child) bool { return named(c.out.SAID, protocol, v) }) ||
		slices.ContainsFunc(s.quickModes(), func(q *quickMode) bool {
			_, done := q.state.(over)
			return !done && q.peer.named(protocol, v)
		})
	if taken {
		return 0, refuse(wire.NotifyInvalidSPI, "the peer uses SPI %#x already", v)
	}
	return v, nil
}

// named says whether an SPI of the wire is that of an SA, or of the AH around it.
func named(id ipsec.SAID, protocol wire.ProtocolID, spi uint32) bool {
	return id.SPI == spi && id.Protocol == saProtocol(protocol) || protocol == wire.ProtocolAH && id.AHSPI == spi
}

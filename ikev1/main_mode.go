package ikev1

import (
	"errors"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Nonces, in octets.
const (
	nonceLen = 20 // of ours, as IOS
	minNonce = 8  // RFC 2409 section 5: "between 8 and 256 bytes"
	maxNonce = 256
)

// mainMode is a state of main mode, or of aggressive mode in its place: a type for each message waited for, which
// holds what exists then and nothing else.
type mainMode interface {
	// phase is IOS's name of the state.
	phase() Phase
	// sent and awaits name our last message and the peer's next one: MM1 ... MM6, AG1 ... AG3.
	sent() string
	awaits() string
	// handle takes the next message and returns the state that follows. With an
	// error everything is as it was.
	handle(s *Session, m *inbound) (mainMode, error)
}

// complete is main mode when it is over.
type complete struct{}

func (complete) phase() Phase   { return P1Complete }
func (complete) sent() string   { return "" }
func (complete) awaits() string { return "" }
func (complete) handle(*Session, *inbound) (mainMode, error) {
	return nil, reject(wire.NotifyInvalidExchangeType, "phase 1 is over")
}

// receiveMain gives a message to the state.
func (s *Session) receiveMain(m *inbound) {
	if m.MessageID != 0 {
		s.rejected(m.Header, reject(wire.NotifyInvalidMessageID, "message id %#x in %s", m.MessageID, s.exchange), 0)
		return
	}
	s.look(s.main, m, 0)
}

// look has a state judge a message, again when evidence has come for which it waits:
// what that tells first was told before, so many outputs. It is the one place that
// assigns the state.
func (s *Session) look(st mainMode, m *inbound, told int) {
	knows, nat, local, remote := s.knows, s.nat, s.local, s.remote
	before := len(s.out)
	next, err := st.handle(s, m)
	s.out = slices.Delete(s.out, before, min(before+told, len(s.out)))
	if err != nil {
		s.phase, s.knows, s.nat = st.phase(), knows, nat
		s.local, s.remote = local, remote
	}
	if u, ok := errors.AsType[*ike.Unchecked](err); ok {
		s.awaitEvidence(st, m, u.Queries, told+len(s.out)-before)
		return
	}
	if err != nil {
		r := asRejection(err)
		s.main = st
		if r.verdict {
			s.refused = &refusal{m.digest, r.reason}
		}
		s.rejected(m.Header, r, 0)
		return
	}
	s.main, s.refused, s.rumour = next, nil, 0
	s.resend.accepted = m.digest
	if _, over := next.(complete); over {
		s.phase1Complete()
	}
}

// step reports a change of the state's name.
func (s *Session) step(input Input, next Phase) {
	s.report(StateChange{SA: s.sa(), Input: input, Old: s.phase, New: next})
	s.phase = next
}

// sendMain sends a message of main mode and keeps it for repetition.
func (s *Session) sendMain(datagram []byte, awaiting bool) {
	s.resend.sent(s.now, datagram, awaiting)
	s.transmit(s.exchange, 0, datagram)
}

// mainTimeout repeats, or gives up.
func (s *Session) mainTimeout() {
	switch {
	case s.main == nil:
	case s.evidenceTimeout():
	case s.resend.exhausted(s.now):
		s.silent = true
		s.end("Death by retransmission P1")
	case s.HalfOpen() && !s.now.Before(s.resend.first.Add(s.halfOpenTime())):
		s.end("half-open SA timed out")
	case s.up != nil && !s.now.Before(s.up.expires):
		s.Delete(s.now, "IKE SA Lifetime Exceeded")
	case s.up != nil && !s.up.renew.IsZero() && !s.now.Before(s.up.renew):
		s.renew()
	case s.resend.awaiting && !s.now.Before(s.resend.deadline()):
		s.repeat(&s.resend, s.exchange, 0)
	}
}

func (s *Session) mainDeadline(t *deadline) {
	if s.main == nil {
		return
	}
	if st, ok := s.main.(*awaitingEvidence); ok {
		t.add(st.until, "revocation")
		return
	}
	t.add(s.resend.deadline(), "retransmit phase 1")
	if s.HalfOpen() {
		t.add(s.resend.first.Add(s.halfOpenTime()), "half-open SA")
	}
	if s.up != nil {
		t.add(s.up.expires, "phase 1 lifetime")
		t.add(s.up.renew, "phase 1 renewal")
	}
}

// halfOpenTime is how long a responder waits for the peer's next step.
func (s *Session) halfOpenTime() time.Duration {
	if t := s.config.ISAKMP.HalfOpenTimeout; t > 0 {
		return t
	}
	return exchangeTime
}

// clearPayloads are the payloads of a message that must not be encrypted.
func clearPayloads(m *inbound) ([]wire.Payload, error) {
	if m.Flags&wire.FlagEncryption != 0 {
		return nil, reject(wire.NotifyInvalidFlags, "encrypted before there are keys")
	}
	return m.Payloads, nil
}

// openMain decrypts MM5 or MM6.
func (s *Session) openMain(m *inbound) (*opened, error) {
	if m.Flags&wire.FlagEncryption == 0 {
		return nil, reject(wire.NotifyInvalidFlags, "in the clear where encryption is due")
	}
	c, err := s.crypt.open(m, s.crypt.iv)
	if err != nil && s.preShared() {
		// With another key the ciphertext decrypts to nonsense.
		return nil, reject(asRejection(err).notify, "%v: the peer's pre-shared key may not be that of keyring %s", err, s.psk.Keyring.Name)
	}
	return c, err
}

// one finds a payload that must stand exactly once.
func one(payloads []wire.Payload, t wire.PayloadType) ([]byte, error) {
	var body []byte
	for _, p := range payloads {
		switch {
		case p.Type != t:
		case body != nil:
			return nil, reject(wire.NotifyPayloadMalformed, "more than one %s payload", t)
		default:
			body = p.Body
		}
	}
	if body == nil {
		return nil, reject(wire.NotifyPayloadMalformed, "no %s payload", t)
	}
	return body, nil
}

// keyExchange is what MM3 and MM4 carry.
type keyExchange struct {
	public, nonce []byte
	requests      []request
	payloads      []wire.Payload
}

func parseKeyExchange(ours *pki.Snapshot, m *inbound) (x keyExchange, err error) {
	if x.payloads, err = clearPayloads(m); err != nil {
		return x, err
	}
	if x.public, err = one(x.payloads, wire.PayloadKE); err != nil {
		return x, err
	}
	if x.nonce, err = nonceOf(x.payloads); err != nil {
		return x, err
	}
	x.requests, err = parseRequests(ours, x.payloads)
	return x, err
}

func nonceOf(payloads []wire.Payload) ([]byte, error) {
	n, err := one(payloads, wire.PayloadNonce)
	if err == nil && (len(n) < minNonce || len(n) > maxNonce) {
		return nil, reject(wire.NotifyPayloadMalformed, "nonce of %d octets, 8 to 256 are allowed", len(n))
	}
	return n, err
}

// deriveKeys ends the Diffie-Hellman exchange.
func (s *Session) deriveKeys(dh *suite.PrivateKey, peer []byte, t transcript, ni, nr []byte) (*protection, error) {
	shared, err := dh.Shared(peer)
	if err != nil {
		return nil, reject(wire.NotifyInvalidKeyInformation, "%v", err)
	}
	defer clear(shared)
	skeyid := s.skeyid(ni, nr, shared)
	keys := DeriveKeys(s.agreed.policy.Hash, skeyid, shared, s.spiI, s.spiR)
	t.spiI, t.spiR = s.spiI, s.spiR
	p, err := newProtection(s.agreed, keys, t)
	if err != nil {
		return nil, reject(wire.NotifyInvalidKeyInformation, "%v", err)
	}
	if s.env.Keys != nil {
		s.env.Keys(ike.Keys{Version: 1, SPIi: s.spiI, SPIr: s.spiR, Hash: p.hash, Encr: p.encr, Ei: p.e(), Er: p.e()})
	}
	return p, nil
}

// answerPair is keyPair for a peer's public value that has come. A bad one costs
// no exponentiation: whoever sends it is not limited as those are who begin SAs.
func (s *Session) answerPair(public []byte) (*suite.PrivateKey, []byte, error) {
	g := s.agreed.policy.Group
	if err := g.Check(public); err != nil {
		return nil, nil, reject(wire.NotifyInvalidKeyInformation, "%v", err)
	}
	return s.keyPair(g)
}

// keyPair draws what a key exchange of ours needs.
func (s *Session) keyPair(g *suite.Group) (*suite.PrivateKey, []byte, error) {
	dh, err := g.Generate(s.env.Rand)
	if err != nil {
		return nil, nil, err
	}
	nonce := make([]byte, nonceLen)
	return dh, nonce, s.random(nonce)
}

// buildKeyExchange builds MM3 or MM4: KE, NONCE, CERTREQs, vendor ids, NAT-D.
func (s *Session) buildKeyExchange(dh *suite.PrivateKey, nonce []byte) ([]byte, error) {
	vendors, err := s.vendorsKE()
	if err != nil {
		return nil, err
	}
	b := wire.NewBuilder(nil, s.header(wire.ExchangeMainMode, 0))
	b.Add(wire.PayloadKE, wire.Raw(dh.Public()))
	b.Add(wire.PayloadNonce, wire.Raw(nonce))
	if !s.preShared() {
		s.addRequests(b)
	}
	s.addVendors(b, vendors)
	s.addNATD(b, s.agreed.policy.Hash)
	return b.Bytes(), nil
}

// phase1Complete starts the life of the IKE SA.
func (s *Session) phase1Complete() {
	s.crypt.proved()
	s.step(InPhase1Done, P1Complete)
	s.report(ike.SessionUp{
		Version: 1, ConnID: s.connID, Local: s.local, Remote: s.remote,
		PeerID: s.up.peerID, Profile: s.profileName(), Initiator: s.role == Initiator,
	})
	if s.role == Responder && s.agreed.lifetime < s.agreed.offered {
		s.sendPhase1Lifetime()
	}
	s.beginDPD()
	s.beginKeepalives()
	if s.waiting != nil {
		for _, itf := range *s.waiting {
			s.beginQuick(itf, nil)
		}
		s.waiting = nil
	}
}

func (s *Session) profileName() string {
	if s.profile == nil {
		return ""
	}
	return s.profile.Name
}

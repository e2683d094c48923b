package ikev1

import (
	"errors"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// aggressive is what AG1 and AG2 carry, with pre-shared keys (RFC 2409 section
// 5.4) and with signatures (section 5.1):
//
//	AG1  SA, KE, NONCE, ID, VIDs                  ----->
//	     <-----  SA, VIDs, KE, ID, NONCE, HASH, NAT-D      AG2
//	AG3  {HASH, NAT-D, [INITIAL_CONTACT]}         ----->
//
//	AG1  SA, KE, NONCE, ID, CERTREQs, VIDs        ----->
//	     <-----  SA, VIDs, KE, ID, NONCE, CERTs, SIG, CERTREQs, NAT-D      AG2
//	AG3  {CERTs, SIG, NAT-D, [INITIAL_CONTACT]}   ----->
//
// The identity comes first and in the clear: the responder knows the profile,
// and the key of a name, before it answers.
type aggressive struct {
	sa            []byte // body of the SA payload
	public, nonce []byte
	identity      identity
	payloads      []wire.Payload
}

var errAggressiveDisabled = errors.New("crypto isakmp aggressive-mode disable forbids it")

func parseAggressive(ours *pki.Snapshot, payloads []wire.Payload, sa []byte) (x aggressive, err error) {
	x.sa, x.payloads = sa, payloads
	if x.public, err = one(payloads, wire.PayloadKE); err != nil {
		return x, err
	}
	if x.nonce, err = nonceOf(payloads); err != nil {
		return x, err
	}
	if x.identity, err = parseID(payloads); err != nil {
		return x, err
	}
	x.identity.requests, err = parseRequests(ours, payloads)
	return x, err
}

// firstMessage names the message that begins phase 1.
func (s *Session) firstMessage() string {
	if s.exchange == wire.ExchangeAggressive {
		return "AG1"
	}
	return "MM1"
}

// addSelf adds KE, NONCE and ID of ours; the responder's ID stands before its
// NONCE, as ike-scan has it of IOS. next is the payload behind ID.
func (s *Session) addSelf(b *wire.Builder, dh *suite.PrivateKey, nonce []byte, id wire.IDV1, next wire.PayloadType) (body []byte) {
	body = id.Append(nil)
	b.Add(wire.PayloadKE, wire.Raw(dh.Public()))
	if s.role == Initiator {
		b.Add(wire.PayloadNonce, wire.Raw(nonce))
		b.Add(wire.PayloadID, wire.Raw(body))
	} else {
		b.Add(wire.PayloadID, wire.Raw(body))
		b.Add(wire.PayloadNonce, wire.Raw(nonce))
	}
	s.report(IDPayload{SA: s.sa(), Sent: true, Next: next, ID: id, Length: 4 + len(body)})
	return body
}

// reportKeyPayloads shows that KE and NONCE were read.
func (s *Session) reportKeyPayloads() {
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadKE})
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadNonce})
}

package ikev1

import (
	"bytes"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Limits on what a peer that nobody knows yet may send.
const (
	maxIdentity = 4096 // octets of an ID payload's data
	maxChain    = 8    // certificates in MM5 and MM6
)

// transcript is what both authentication hashes run over, before the identity.
type transcript struct {
	gxi, gxr   []byte
	spiI, spiR wire.SPI
	offer      []byte // SAi_b: the body of MM1's SA payload
}

// proofs are HASH_I and HASH_R up to the identity, which the last messages bring.
// While they are awaited two states of the prf stand for the transcript, whose
// public values are long and whose offer is as long as the peer likes.
func proofs(h *suite.Hash, skeyid suite.Key, t transcript) (i, r suite.Key) {
	return h.Begin(skeyid, t.gxi, t.gxr, t.spiI[:], t.spiR[:], t.offer),
		h.Begin(skeyid, t.gxr, t.gxi, t.spiR[:], t.spiI[:], t.offer)
}

// hashI, RFC 2409 section 5: "HASH_I = prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R |
// SAi_b | IDii_b )". The bodies are the octets as they were sent.
func (p *protection) hashI(id []byte) []byte {
	return p.hash.Finish(p.skeyid(), p.proofI(), id)
}

// hashR, RFC 2409 section 5: "HASH_R = prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I |
// SAi_b | IDir_b )".
func (p *protection) hashR(id []byte) []byte {
	return p.hash.Finish(p.skeyid(), p.proofR(), id)
}

// buildIdentity builds MM5 or MM6: ID, the proof, and what last adds.
func (s *Session) buildIdentity(own *pki.Trustpoint, hash func(id []byte) []byte, last func(*wire.Builder)) (datagram []byte, next iv, err error) {
	id, err := s.config.SelfIdentity(s.profile, s.local.Addr(), own)
	if err != nil {
		return nil, iv{}, err
	}
	if s.encapsulates() {
		id.Port = 0 // as IOS: the port that would stand here is not ours
	}
	body := id.Append(nil)
	s.report(AuthenticationBegun{SA: s.sa(), Method: s.agreed.policy.Auth, IDType: id.Type})
	s.report(IDPayload{SA: s.sa(), Sent: true, Next: s.firstOfProof(), ID: id, Length: 4 + len(body)})
	h := s.header(wire.ExchangeMainMode, 0)
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadID, wire.Raw(body))
	if err := s.addProof(b, own, hash(body)); err != nil {
		return nil, iv{}, err
	}
	last(b)
	datagram, next = s.crypt.seal(h, b, s.crypt.iv)
	return datagram, next, nil
}

// identity is what MM5 and MM6 carry.
type identity struct {
	id       wire.IDV1
	body     []byte // of the ID payload, as received
	next     wire.PayloadType
	certs    []certificate
	requests []request
	proof    []byte // SIG, or HASH with a pre-shared key
	notifies []wire.NotifyV1
}

func (s *Session) parseIdentity(c *opened) (x identity, err error) {
	if x, err = parseID(c.payloads); err != nil {
		return x, err
	}
	return x, s.parseProof(c.payloads, &x)
}

// parseProof reads what stands beside an identity: SIG or HASH, certificates, the
// peer's requests, notifies.
func (s *Session) parseProof(payloads []wire.Payload, x *identity) (err error) {
	if x.proof, err = one(payloads, s.proofType()); err != nil {
		return err
	}
	// With a pre-shared key nothing vouches for a certificate: who shows one may
	// not own it, and it must not lead to a profile.
	if !s.preShared() {
		if x.certs, err = s.parseCertificates(payloads); err != nil {
			return err
		}
		if x.requests, err = parseRequests(s.pki, payloads); err != nil {
			return err
		}
	}
	x.notifies, err = parseNotifies(payloads)
	return err
}

// parseID reads the ID payload.
func parseID(payloads []wire.Payload) (x identity, err error) {
	if x.body, err = one(payloads, wire.PayloadID); err != nil {
		return x, err
	}
	if x.id, err = wire.ParseIDV1(x.body); err != nil {
		return x, err
	}
	if len(x.id.Data) > maxIdentity {
		return x, reject(wire.NotifyInvalidIDInformation, "identity of %d octets", len(x.id.Data))
	}
	x.id.Data = bytes.Clone(x.id.Data)
	for i, p := range payloads[:len(payloads)-1] {
		if p.Type == wire.PayloadID {
			x.next = payloads[i+1].Type
		}
	}
	return x, nil
}

// checkID, RFC 2407 section 4.6.2: "During Phase I negotiations, the ID port and
// protocol fields MUST be set to zero or to UDP port 500." IOS behind a NAT
// sends UDP and port 0, others their port 4500.
func checkID(id wire.IDV1) error {
	switch {
	case id.Protocol == 0 && id.Port == 0, id.Protocol == 17 && (id.Port == 0 || id.Port == 500 || id.Port == 4500):
		return nil
	}
	return refuse(wire.NotifyInvalidIDInformation, "identity with protocol %d port %d", id.Protocol, id.Port)
}

// acceptIdentity judges the peer by MM5 or MM6. The responder learns the
// profile now; the initiator, who began with one, sees whether the peer fits it.
func (s *Session) acceptIdentity(x identity, hash []byte) error {
	peer, err := s.readID(x)
	if err != nil {
		return err
	}
	return s.acceptPeer(peer, x, hash)
}

// acceptPeer judges the peer that gave a name.
func (s *Session) acceptPeer(peer policy.PeerID, x identity, hash []byte) error {
	before := s.profile
	if err := s.matchProfile(peer, x.leaf()); err != nil {
		return err
	}
	if err := s.prove(x, hash); err != nil {
		s.profile = before
		return err
	}
	if leaf := x.leaf(); leaf != nil && !peer.NamedBy(leaf) {
		s.report(IDCertMismatch{SA: s.sa(), ID: x.id, Subject: leaf.Subject})
	}
	s.establish(peer, x.notifies)
	return nil
}

// readID shows the ID payload and reads what it says.
func (s *Session) readID(x identity) (policy.PeerID, error) {
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadID})
	s.report(IDPayload{SA: s.sa(), Next: x.next, ID: x.id, Length: 4 + len(x.body)})
	if err := checkID(x.id); err != nil {
		return policy.PeerID{}, err
	}
	peer, err := policy.ParsePeerID(x.id)
	if err != nil {
		return peer, refuse(wire.NotifyInvalidIDInformation, "identity: %v", err)
	}
	return peer, nil
}

// establish notes who the peer has proved to be. What he tells beside the proof
// is shown first, as on IOS.
func (s *Session) establish(peer policy.PeerID, notifies []wire.NotifyV1) {
	for _, n := range notifies {
		s.reportNotify(n, 0)
	}
	s.up = &established{peerID: peer.String(), since: s.now}
	s.up.schedule(s.agreed.lifetime, s.role)
	s.report(Authenticated{SA: s.sa(), PeerID: s.up.peerID})
}

// matchProfile selects the profile as responder. As initiator the profile of
// the tunnel holds: an identity that it does not match is refused.
func (s *Session) matchProfile(peer policy.PeerID, leaf *pki.Certificate) error {
	if s.role == Responder {
		sel := s.config.SelectISAKMPProfile(peer, leaf, s.local.Addr())
		s.profile = sel.Profile
		s.report(ProfileMatched{SA: s.sa(), PeerID: peer.String(), Profile: s.profileName(), Reason: sel.Reason, AlsoRans: sel.AlsoRans})
		return nil
	}
	if s.profile == nil {
		s.report(ProfileMatched{SA: s.sa(), PeerID: peer.String(), Reason: "the tunnel names no profile"})
		return nil
	}
	sel := s.config.VerifyISAKMPProfile(s.profile, peer, leaf, s.local.Addr())
	if sel.Profile == nil {
		s.report(ProfileMismatch{SA: s.sa(), PeerID: peer.String(), Profile: s.profile.Name})
		return refuse(wire.NotifyInvalidIDInformation, "the peer's identity %s does not match profile %s", peer, s.profile.Name)
	}
	s.report(ProfileMatched{SA: s.sa(), PeerID: peer.String(), Profile: s.profile.Name, Reason: sel.Reason})
	return nil
}

package ikev2

import (
	"crypto/ed25519"
	"errors"
	"slices"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// initial is what both ends keep of IKE_SA_INIT until they are authenticated.
type initial struct {
	request, response []byte // as they were sent: AUTH is about these octets
	ni, nr            []byte
	seed              suite.Key            // SKEYSEED: the keys take more room, and a stranger may never come back
	keys              *Keys                // nil until they are needed
	hashes            []wire.HashAlgorithm // that the peer can check signatures with
	announced         bool                 // the hashes of ours were
	requests          []pki.KeyHash        // CAs of the responder's CERTREQ
	mixed
}

// half is one end's share of the key exchange.
type half struct {
	sa    wire.SAV2
	ke    wire.KEV2
	nonce []byte
}

// readHalf reads SA, KE and Nonce, which there must be once each.
func readHalf(m *message) (h half, err error) {
	if h.sa, err = one(m, wire.PayloadSAV2, wire.ParseSAV2); err != nil {
		return h, err
	}
	if h.ke, err = one(m, wire.PayloadKEV2, wire.ParseKEV2); err != nil {
		return h, err
	}
	h.nonce, err = one(m, wire.PayloadNonceV2, parseNonce)
	return h, err
}

// minNonce, RFC 7296 section 2.10: nonces "MUST be at least 128 bits in size".
const minNonce = 16

func parseNonce(body []byte) ([]byte, error) {
	nonce, err := wire.ParseNonce(body)
	if err == nil && len(nonce) < minNonce {
		err = reject(wire.V2InvalidSyntax, "nonce of %d octets, at least %d are due", len(nonce), minNonce)
	}
	return nonce, err
}

// addInit adds what both ends send, in IOS's order: SA KE N VID VID and NAT
// detection.
func (s *Session) addInit(b *wire.Builder, sa wire.SAV2, public []byte, group *suite.Group, nonce []byte, hashes bool) {
	x := s.ike
	b.Add(wire.PayloadSAV2, sa)
	b.Add(wire.PayloadKEV2, wire.KEV2{Group: group.Number, Data: public})
	b.Add(wire.PayloadNonceV2, wire.Raw(nonce))
	for _, vid := range vendorIDs() {
		b.Add(wire.PayloadVendorIDV2, wire.Raw(vid))
	}
	if !s.config.NoNATTransparency {
		for _, n := range natNotifies(x.spiI, x.spiR, s.local, s.remote) {
			b.Add(wire.PayloadNotifyV2, n)
		}
	}
	if x.fragments {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2FragmentationSupported})
	}
	if hashes {
		b.Add(wire.PayloadNotifyV2, hashNotify())
	}
	if slices.ContainsFunc(sa, hybrid) {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2IntermediateSupported})
	}
}

// derive makes what the keys of the IKE SA are made of.
func (s *Session) derive(x *ikeSA, init *initial, shared []byte) {
	init.seed = SKEYSEED(x.agreed.prf, init.ni, init.nr, shared)
	if s.env.Keys != nil { // else they are made when they are needed
		s.reveal(x, init.derive(x))
	}
	s.report(KeysDerived{SA: s.sa(x)})
}

// unlock makes the keys, if there are none yet, and takes them into use.
func (init *initial) unlock(x *ikeSA) error {
	if init.keys == nil {
		k := init.derive(x)
		init.keys = &k
	}
	return x.key(*init.keys)
}

func (init *initial) derive(x *ikeSA) Keys {
	return DeriveKeys(x.agreed.prf, init.seed, init.ni, init.nr, x.spiI, x.spiR, x.agreed.lengths())
}

// reread takes from the messages what the responder has not kept beside them.
func (init *initial) reread() error {
	request, err := wire.Parse(init.request)
	if err != nil {
		return err
	}
	response, err := wire.Parse(init.response)
	if err != nil {
		return err
	}
	m := &message{payloads: request.Payloads}
	if init.ni, err = one(m, wire.PayloadNonceV2, parseNonce); err != nil {
		return err
	}
	notifies, err := m.notifies()
	if err != nil {
		return err
	}
	if init.hashes, err = hashesOf(notifies); err != nil {
		return err
	}
	init.nr, err = one(&message{payloads: response.Payloads}, wire.PayloadNonceV2, parseNonce)
	return err
}

// wipe forgets what only the handshake needs.
func (init *initial) wipe() {
	init.seed.Wipe()
	if init.keys != nil {
		init.keys.Pi.Wipe()
		init.keys.Pr.Wipe()
	}
}

// heed takes what else a peer announces.
func (init *initial) heed(s *Session, m *message, notifies []wire.NotifyV2) error {
	s.ike.fragments = s.config.IKEv2.FragmentMTU > 0 && fragments(notifies)
	var err error
	if init.hashes, err = hashesOf(notifies); err != nil {
		return err
	}
	init.requests, _, err = readRequests(m.payloads)
	return err
}

// hashesOf are those with which a peer says it checks signatures, nil for none.
func hashesOf(notifies []wire.NotifyV2) (hashes []wire.HashAlgorithm, err error) {
	for _, n := range notifies {
		if n.Type != wire.V2SignatureHashAlgorithms {
			continue
		}
		if hashes, err = n.SignatureHashes(); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// findNAT compares what the peer says of its addresses, and of ours, with what
// we see.
func (s *Session) findNAT(x *ikeSA, m *message, notifies []wire.NotifyV2) {
	if !s.config.NoNATTransparency {
		s.path = readNAT(notifies, m.InitiatorSPI, m.ResponderSPI, m.local, m.remote)
	}
	s.report(NATChecked{SA: s.sa(x), Self: s.path.self, Peer: s.path.peer})
}

// proposals are those that the policy for our address offers.
func (s *Session) proposals() ([]*policy.IKEv2Proposal, error) {
	choice := s.config.IKEv2PolicyFor(s.local.Addr())
	e := PolicyFound{SA: s.sa(s.ike), Smart: choice.Default}
	if choice.Policy == nil {
		s.report(e)
		return nil, errors.New(choice.Reason)
	}
	e.Policy = choice.Policy.Name
	s.report(e)
	return choice.Policy.Proposals, nil
}

// announces says whether we tell by which hashes we check signatures. IOS 15 does
// not; but there are keys for which it has no other way than method 14.
func (s *Session) announces() bool {
	return slices.ContainsFunc(s.pki.All(), func(tp *pki.Trustpoint) bool { return isEd25519(tp.CA) || isEd25519(tp.Identity) })
}

func isEd25519(c *pki.Certificate) bool {
	if c == nil {
		return false
	}
	_, ok := c.X509.PublicKey.(ed25519.PublicKey)
	return ok
}

// encrypted says whether a payload stands where IKE_SA_INIT has none.
func encrypted(payloads []wire.Payload) bool {
	return slices.ContainsFunc(payloads, func(p wire.Payload) bool { return p.Type == wire.PayloadSK || p.Type == wire.PayloadSKF })
}

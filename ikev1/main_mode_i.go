package ikev1

import (
	"errors"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// sentMM1: the offer is out.
type sentMM1 struct {
	transforms []wire.TransformV1
	offer      []byte // SAi_b
}

// sentMM3: the policy is agreed, our public value is out.
type sentMM3 struct {
	offer []byte
	dh    *suite.PrivateKey
	nonce []byte
}

// sentMM5: the keys exist, we are authenticated to the peer.
type sentMM5 struct {
	own *pki.Trustpoint // whose certificate we showed, nil with a pre-shared key
}

func (sentMM1) phase() Phase   { return IMM1 }
func (sentMM1) sent() string   { return "MM1" }
func (sentMM1) awaits() string { return "MM2" }
func (sentMM3) phase() Phase   { return IMM3 }
func (sentMM3) sent() string   { return "MM3" }
func (sentMM3) awaits() string { return "MM4" }
func (sentMM5) phase() Phase   { return IMM5 }
func (sentMM5) sent() string   { return "MM5" }
func (sentMM5) awaits() string { return "MM6" }

// Initiate begins main mode for a tunnel interface; a quick mode for it follows.
// The session may be Done at once (no usable policy): its outputs say why.
func Initiate(now time.Time, env *ike.Env, connID uint32, itf *policy.Interface) *Session {
	s := Renew(now, env, connID, itf)
	s.wait(itf)
	return s
}

// Renew begins main mode alone, for the child SAs that stand already.
func Renew(now time.Time, env *ike.Env, connID uint32, itf *policy.Interface) *Session {
	s := newSession(now, env, connID, Initiator, itf.Tunnel.VRF)
	s.tunnel = itf
	s.local, s.remote = ends(env, itf)
	s.profile = itf.Tunnel.Protection.ISAKMPProfile
	s.reportRequest(itf)
	s.report(SARequested{SA: s.sa(), Tunnel: itf.Name, Profile: s.profileName()})
	begin := s.beginMain
	if s.profile != nil && s.profile.Aggressive || s.config.AggressivePeer(s.remote.Addr()) != nil {
		begin = s.beginAggressive
	}
	if err := begin(); err != nil {
		s.reportMissing(err)
		s.report(NotStarted{SA: s.sa(), Exchange: s.exchange, NoKey: errors.As(err, new(*nothingToOffer))})
		s.main = nil
		s.failed(s.firstMessage(), err.Error())
	}
	return s
}

// beginMain sends MM1: the offer and what NAT traversal we know.
func (s *Session) beginMain() error {
	var err error
	if s.spiI, err = s.cookie(); err != nil {
		return err
	}
	s.report(SAInserted{SA: s.sa(), Exchange: s.exchange})
	s.psk = s.config.InitiatorKey(s.profile, s.local.Addr(), s.remote.Addr())
	s.reportKey(false)
	policies, err := s.usable()
	if err != nil {
		return err
	}
	sa := phase1Offer(policies)
	b := wire.NewBuilder(nil, s.header(wire.ExchangeMainMode, 0))
	offer := sa.Append(nil)
	b.Add(wire.PayloadSA, wire.Raw(offer))
	s.addVendors(b, s.announce(s.vendorsSA()))
	s.step(InSARequest, IMM1)
	s.report(ExchangeBegun{SA: s.sa(), Exchange: wire.ExchangeMainMode})
	s.main = sentMM1{transforms: sa.Proposals[0].Transforms, offer: offer}
	s.sendMain(b.Bytes(), true)
	return nil
}

// handle MM2: the policy that the peer chose. MM3 follows.
func (st sentMM1) handle(s *Session, m *inbound) (mainMode, error) {
	payloads, err := clearPayloads(m)
	if err != nil {
		return nil, err
	}
	chosen, _, err := choiceOf(payloads, st.transforms)
	if err != nil {
		return nil, err
	}
	s.step(InMMExchange, IMM2)
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadSA})
	s.readVendors(payloads)
	s.learnNAT(payloads)
	if s.psk.Key != nil {
		s.reportKey(true)
	}
	agreed, _ := s.checkOffer(chosen.Transforms)
	if agreed.policy == nil {
		return nil, refuse(wire.NotifyNoProposalChosen, "the peer's choice is not acceptable")
	}
	s.agreed, s.spiR, s.state = agreed, m.ResponderSPI, MMSASetup
	s.readVendors(payloads) // as IOS does, a second time
	s.step(InProcess, IMM2)
	next, err := s.sendMM3(st)
	if err != nil {
		s.agreed, s.spiR, s.state = agreement{}, wire.SPI{}, MMNoState
	}
	return next, err
}

func (s *Session) sendMM3(st sentMM1) (mainMode, error) {
	dh, nonce, err := s.keyPair(s.agreed.policy.Group)
	if err != nil {
		return nil, err
	}
	datagram, err := s.buildKeyExchange(dh, nonce)
	if err != nil {
		return nil, err
	}
	s.sendMain(datagram, true)
	s.step(InComplete, IMM3)
	return sentMM3{offer: st.offer, dh: dh, nonce: nonce}, nil
}

// handle MM4: the peer's public value. The keys exist, MM5 follows.
func (st sentMM3) handle(s *Session, m *inbound) (mainMode, error) {
	x, err := parseKeyExchange(s.pki, m)
	if err != nil {
		return nil, err
	}
	t := transcript{offer: st.offer, gxi: st.dh.Public(), gxr: x.public}
	crypt, err := s.deriveKeys(st.dh, x.public, t, st.nonce, x.nonce)
	if err != nil {
		return nil, err
	}
	s.step(InMMExchange, IMM4)
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadKE})
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadNonce})
	s.crypt = crypt
	next, err := s.sendMM5(m, x)
	if err != nil {
		crypt.wipe()
		s.crypt, s.state = nil, MMSASetup
	}
	return next, err
}

// sendMM5 adds INITIAL_CONTACT when no authenticated SA with the peer stands.
func (s *Session) sendMM5(m *inbound, x keyExchange) (mainMode, error) {
	own, err := s.chooseProof(x.requests)
	s.readVendors(x.payloads)
	s.readNATD(m, x.payloads)
	s.step(InProcess, IMM4)
	if err != nil {
		return nil, err
	}
	s.float()
	s.state = MMKeyExch
	initial := !s.env.Established(s.ends())
	if initial {
		s.report(InitialContactSent{SA: s.sa()})
	}
	datagram, next, err := s.buildIdentity(own, s.crypt.hashI, func(b *wire.Builder) {
		if initial {
			b.Add(wire.PayloadNotify, s.initialContact())
		}
	})
	if err != nil {
		return nil, err
	}
	s.crypt.iv = next
	s.sendMain(datagram, true)
	s.step(InComplete, IMM5)
	return sentMM5{own: own}, nil
}

// handle MM6: the peer's identity. Main mode is over.
func (st sentMM5) handle(s *Session, m *inbound) (mainMode, error) {
	c, err := s.openMain(m)
	if err != nil {
		return nil, err
	}
	x, err := s.parseIdentity(c)
	if err != nil {
		return nil, err
	}
	if err := s.acceptIdentity(x, s.crypt.hashR(x.body)); err != nil {
		return nil, err
	}
	s.follow(m.local, m.remote)
	s.crypt.iv = c.next
	s.step(InMMExchange, IMM6)
	s.step(InProcess, IMM6)
	s.resend.sent(s.now, nil, false)
	s.state = QMIdle
	s.step(InComplete, P1Complete)
	return complete{}, nil
}

// ends are the addresses of phase 1 for a tunnel. A peer behind a NAT that has
// moved to port 4500 is reached there only, RFC 3947 section 4: "if the responder
// needs to rekey the Phase 1 SA, then it MUST start the negotiation by using
// UDP(4500,Y)".
func ends(env *ike.Env, itf *policy.Interface) (local, remote netip.AddrPort) {
	local, remote = netip.AddrPortFrom(itf.Tunnel.Source, port), netip.AddrPortFrom(itf.Tunnel.Destination, port)
	if env.Floated == nil {
		return local, remote
	}
	if y := env.Floated(ike.Ends{VRF: itf.Tunnel.VRF, Local: local.Addr(), Remote: remote.Addr()}); y != 0 {
		local, remote = netip.AddrPortFrom(local.Addr(), natPort), netip.AddrPortFrom(remote.Addr(), y)
	}
	return local, remote
}

// port is ISAKMP's.
const port = 500

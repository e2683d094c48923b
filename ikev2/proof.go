package ikev2

import (
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// ownProof is what we authenticate with, and as whom.
type ownProof struct {
	id   wire.IDV2
	text string          // of id
	tp   *pki.Trustpoint // nil with a pre-shared key
	key  suite.Key
}

// name is that of the trustpoint, "" with a pre-shared key.
func (own *ownProof) name() string {
	if own.tp == nil {
		return ""
	}
	return own.tp.Name
}

// ownProof finds it, by the CAs that the peer asked for where it is a certificate.
func (s *Session) ownProof(requests []pki.KeyHash, keys policy.IKEv2KeyChoice) (*ownProof, error) {
	own := &ownProof{key: keys.Local}
	if s.profile.LocalAuth != policy.IKEv2PreShare {
		choice := s.chooseTrustpoint(requests)
		if own.tp = choice.Trustpoint; own.tp == nil {
			s.report(CertificateFailed{SA: s.sa(s.ike), Reason: choice.Reason})
			return nil, reject(wire.V2AuthenticationFailed, "Failed to build certificate payload: %s", choice.Reason)
		}
		s.report(ChainFetched{SA: s.sa(s.ike), Trustpoint: own.tp.Name, OK: true})
	} else if len(own.key) == 0 {
		s.report(KeyMissing{SA: s.sa(s.ike)})
		return nil, reject(wire.V2AuthenticationFailed, "no pre-shared key to authenticate with: %s", keys.Reason)
	}
	var err error
	if own.id, err = s.profile.SelfIdentity(s.local.Addr(), own.tp); err != nil {
		return nil, err
	}
	id, err := peerID(own.id)
	own.text = id.String()
	return own, err
}

// chooseTrustpoint takes the first CA of the peer's, in its order, that a
// trustpoint of ours stands under. An initiator's profile has to name it.
func (s *Session) chooseTrustpoint(requests []pki.KeyHash) pki.Choice {
	only, ok := s.profile.SignTrustpoints(s.ike.role == Initiator)
	choice := s.pki.ChooseHash(requests, only, s.profile.LocalAuth.Fits)
	if !ok {
		choice.Trustpoint, choice.Reason = nil, "profile "+s.profile.Name+" names no pki trustpoint to sign with"
	}
	s.report(HashesResolved{SA: s.sa(s.ike), Choice: choice, PKI: s.pki})
	return choice
}

// sign makes our AUTH payload.
func (s *Session) sign(own *ownProof, hashes []wire.HashAlgorithm, octets []byte) (auth wire.AuthV2, method string, err error) {
	if own.tp == nil {
		auth, err = presharedAuth(s.ike.agreed.prf, own.key, octets)
		method = authName(wire.AuthPSK, nil)
	} else {
		auth, err = signAuth(s.env.Rand, own.tp.Signer, hashes, octets)
		method = authName(auth.Method, own.tp.Signer.Public())
	}
	if err == nil {
		s.report(AuthBuilt{SA: s.sa(s.ike), Method: method, ID: own.text, KeyLen: len(own.key)})
	}
	return auth, method, err
}

// addCertificates adds our certificate and those above it.
func (s *Session) addCertificates(b *wire.Builder, own *ownProof) {
	if own.tp == nil {
		return
	}
	for _, c := range ownChain(own.tp) {
		b.Add(wire.PayloadCertV2, c)
	}
}

// addRequests asks for certificates of these CAs, and announces that a hash and a
// URL will do.
func (s *Session) addRequests(b *wire.Builder, authorities []pki.KeyHash) {
	if len(authorities) > 0 {
		b.Add(wire.PayloadCertReqV2, certRequest(authorities, s.config.IKEv2.SendHashURL))
	}
	if s.config.IKEv2.HTTPURL {
		b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2HTTPCertLookup})
	}
}

// peerProof is what a peer says of itself in IKE_AUTH.
type peerProof struct {
	body     []byte // of its ID payload, which is part of what is signed
	id       policy.PeerID
	idType   wire.IDType
	certs    []certificate
	requests []pki.KeyHash
	auth     wire.AuthV2
	method   string // IOS's word, once it is verified
	notifies []wire.NotifyV2
}

// readProof reads the payloads that authenticate; t is IDi or IDr.
func readProof(store *pki.Snapshot, m *message, t wire.PayloadType) (p *peerProof, err error) {
	p = &peerProof{}
	id, err := m.body(t)
	if err != nil {
		return nil, err
	}
	p.body = id.Body
	if p.notifies, err = m.notifies(); err != nil {
		return nil, err
	}
	if _, ok := m.first(wire.PayloadAuth); !ok {
		// RFC 7296 section 2.16: so an initiator asks for EAP.
		return nil, reject(wire.V2AuthenticationFailed, "no AUTH payload: EAP is not spoken")
	}
	auth, err := m.body(wire.PayloadAuth)
	if err != nil {
		return nil, err
	}
	if p.auth, err = wire.ParseBody(auth, wire.ParseAuthV2); err != nil {
		return nil, err
	}
	if p.certs, err = readCertificates(store, m.payloads); err != nil {
		return nil, err
	}
	if p.requests, _, err = readRequests(m.payloads); err != nil {
		return nil, err
	}
	if _, err = readConfig(m.payloads); err != nil {
		return nil, err
	}
	wireID, peer, err := readIdentity(id)
	p.id, p.idType = peer, wireID.Type
	return p, err
}

// leaf is the peer's certificate, nil when it showed none that can be read.
func (p *peerProof) leaf() *pki.Certificate {
	leaf, _ := leafOf(p.certs)
	return leaf
}

// findProfile chooses the responder's profile by the peer's identity, or holds
// the identity against the initiator's own.
func (s *Session) findProfile(p *peerProof) error {
	var choice policy.Selection[*policy.IKEv2Profile]
	if s.ike.role == Initiator {
		choice = s.config.VerifyIKEv2Profile(s.profile, p.id, p.leaf(), s.local.Addr())
	} else {
		choice = s.config.SelectIKEv2Profile(p.id, p.leaf(), s.local.Addr())
	}
	e := ProfileSearched{SA: s.sa(s.ike), PeerID: p.id.String(), Type: IdentityName(p.idType), Reason: choice.Reason, AlsoRans: choice.AlsoRans}
	if choice.Profile == nil {
		s.report(e)
		return reject(wire.V2AuthenticationFailed, "%s: the peer is '%s' of type '%s'", choice.Reason, e.PeerID, e.Type)
	}
	s.profile, e.Profile = choice.Profile, choice.Profile.Name
	s.report(e)
	s.report(PolicyVerified{SA: s.sa(s.ike)})
	return nil
}

// verify judges the peer's AUTH over octets: by the pre-shared key, or by its
// certificates and their key.
func (s *Session) verify(p *peerProof, announced bool, keys policy.IKEv2KeyChoice, octets []byte) error {
	err := s.judge(p, announced, keys, octets)
	if _, waits := err.(*ike.Unchecked); waits {
		return err
	}
	e := AuthVerified{SA: s.sa(s.ike), OK: err == nil}
	if err != nil {
		e.Reason = err.Error()
	}
	s.report(e)
	if leaf := p.leaf(); err == nil && p.auth.Method != wire.AuthPSK && !p.id.NamedBy(leaf) {
		s.report(IDCertMismatch{SA: s.sa(s.ike), ID: p.id.String(), Type: p.idType, Subject: leaf.Subject})
	}
	return err
}

func (s *Session) judge(p *peerProof, announced bool, keys policy.IKEv2KeyChoice, octets []byte) error {
	if p.auth.Method == wire.AuthPSK {
		p.method = authName(p.auth.Method, nil)
		s.report(PeerMethod{SA: s.sa(s.ike), Method: p.method})
		if !takes(s.profile, policy.IKEv2PreShare) {
			s.report(MethodRefused{SA: s.sa(s.ike), Profile: s.profile.Name})
			return reject(wire.V2AuthenticationFailed, "profile %s takes no pre-shared key of a peer", s.profile.Name)
		}
		s.report(PeerKeySearched{SA: s.sa(s.ike), PeerID: p.id.String()})
		if len(keys.Remote) == 0 {
			s.report(KeyMissing{SA: s.sa(s.ike), Peer: true})
			return reject(wire.V2AuthenticationFailed, "no pre-shared key of the peer: %s", keys.Reason)
		}
		return verifyPreshared(s.ike.agreed.prf, keys.Remote, octets, p.auth)
	}
	leaf, err := leafOf(p.certs)
	if err == nil {
		p.method = authName(p.auth.Method, leaf.X509.PublicKey)
	} else {
		p.method = p.auth.Method.String()
	}
	s.report(PeerMethod{SA: s.sa(s.ike), Method: p.method})
	verdict := pki.Verdict{Code: pki.Malformed}
	if err != nil {
		verdict.Reason = err.Error()
	} else {
		verdict = s.pki.Verify(chainOf(p.certs), s.profile.VerifyTrustpoints(), s.now)
	}
	if len(verdict.Queries) > 0 && s.mayAsk() {
		// Nobody has us ask who does not own the certificate.
		if err := verifySignature(leaf.X509.PublicKey, s.profile.RemoteAuth, announced, octets, p.auth); err != nil {
			return err
		}
		return &ike.Unchecked{Queries: verdict.Queries}
	}
	s.report(ChainValidated{SA: s.sa(s.ike), Verdict: verdict})
	if !verdict.OK {
		return reject(wire.V2AuthenticationFailed, "certificate refused: %s", verdict.Reason)
	}
	if !takesKey(s.profile.RemoteAuth, leaf.X509.PublicKey) {
		s.report(MethodRefused{SA: s.sa(s.ike), Profile: s.profile.Name})
	}
	return verifySignature(leaf.X509.PublicKey, s.profile.RemoteAuth, announced, octets, p.auth)
}

// takes says whether a profile allows a peer a method.
func takes(p *policy.IKEv2Profile, a policy.IKEv2Auth) bool {
	return slices.Contains(p.RemoteAuth, a)
}

// takesCertificate says whether it allows a peer to show one.
func takesCertificate(p *policy.IKEv2Profile) bool {
	return takes(p, policy.IKEv2RSASig) || takes(p, policy.IKEv2ECDSASig)
}

// reportKeys shows the search for a pre-shared key.
func (s *Session) reportKeys(k policy.IKEv2KeyChoice) {
	if s.profile.Keyring == nil {
		return
	}
	e := KeyringSearched{SA: s.sa(s.ike), Keyring: s.profile.Keyring.Name}
	if k.Peer != nil {
		e.Block = k.Peer.Name
	}
	s.report(e)
}

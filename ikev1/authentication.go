package ikev1

import (
	"crypto/hmac"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

var errNoCertificate = errors.New("no trustpoint has a certificate and its RSA key")

// nothingToOffer says what is missing for every method that our policies name.
type nothingToOffer struct {
	missing []string
	methods []policy.AuthMethod
}

func (e *nothingToOffer) Error() string { return strings.Join(e.missing, ", and ") }

// reportMissing shows each method that is missing something, if that is the error.
func (s *Session) reportMissing(err error) {
	if e, ok := errors.AsType[*nothingToOffer](err); ok {
		for _, m := range e.methods {
			s.report(MethodMissing{SA: s.sa(), Method: m})
		}
	}
}

// methods are the authentication methods of our policies that we can carry out
// with this peer. The error says what is missing for each, if there are none.
func (s *Session) methods() (able []policy.AuthMethod, err error) {
	var missing []string
	var methods []policy.AuthMethod
	for _, m := range []policy.AuthMethod{policy.PreShare, policy.RSASig} {
		switch {
		case !s.wants(m):
		case m == policy.PreShare && s.psk.Key == nil:
			missing, methods = append(missing, fmt.Sprintf("no pre-shared key with %s", s.remote.Addr())), append(methods, m)
		case m == policy.RSASig && s.pki.Fallback(nil).Trustpoint == nil:
			missing, methods = append(missing, errNoCertificate.Error()), append(methods, m)
		default:
			able = append(able, m)
		}
	}
	switch {
	case len(able) > 0:
		return able, nil
	case len(missing) == 0:
		return nil, errors.New("no crypto isakmp policy is configured")
	}
	return nil, &nothingToOffer{missing, methods}
}

// wants says whether a policy of ours asks for a method.
func (s *Session) wants(m policy.AuthMethod) bool {
	return slices.ContainsFunc(s.config.Policies, func(p *policy.ISAKMPPolicy) bool { return p.Auth == m })
}

// reportKey shows the search for a pre-shared key where a policy asks for one:
// before an offer of ours, and when an offer is to be compared.
func (s *Session) reportKey(comparing bool) {
	if !s.wants(policy.PreShare) {
		return
	}
	e := KeySearched{SA: s.sa(), Comparing: comparing}
	if s.psk.Key != nil {
		e.Keyring = s.psk.Keyring.Name
	}
	for _, p := range s.config.Profiles {
		e.Profiles = append(e.Profiles, p.Name)
	}
	s.report(e)
}

// preShared says whether a pre-shared key is agreed on.
func (s *Session) preShared() bool { return s.agreed.policy.Auth == policy.PreShare }

// skeyid is SKEYID of the method that was agreed on.
func (s *Session) skeyid(ni, nr, gxy []byte) suite.Key {
	if s.preShared() {
		return PSKSKEYID(s.agreed.policy.Hash, s.psk.Key.Key, ni, nr)
	}
	return SignatureSKEYID(s.agreed.policy.Hash, ni, nr, gxy)
}

// chooseProof fixes the certificate that we shall sign with; a pre-shared key
// needs none.
func (s *Session) chooseProof(requests []request) (*pki.Trustpoint, error) {
	if s.preShared() {
		return nil, nil
	}
	if own := s.chooseTrustpoint(requests); own != nil {
		return own, nil
	}
	s.report(MethodMissing{SA: s.sa(), Method: policy.RSASig})
	return nil, errNoCertificate
}

// proofType is the payload that authenticates.
func (s *Session) proofType() wire.PayloadType {
	if s.preShared() {
		return wire.PayloadHash
	}
	return wire.PayloadSig
}

// firstOfProof is the payload that follows our ID.
func (s *Session) firstOfProof() wire.PayloadType {
	if s.preShared() {
		return wire.PayloadHash
	}
	return wire.PayloadCert
}

// addProof adds what authenticates us: HASH with a pre-shared key (RFC 2409
// section 5.4), else our certificates and SIG (section 5.1).
func (s *Session) addProof(b *wire.Builder, own *pki.Trustpoint, hash []byte) error {
	if s.preShared() {
		b.Add(wire.PayloadHash, wire.Raw(hash))
		return nil
	}
	s.addCertificates(b, own)
	s.report(SigningKeyChosen{SA: s.sa(), Trustpoint: own.Name})
	sig, err := suite.SignRSAV1(s.env.Rand, own.Signer, hash)
	if err != nil {
		return err
	}
	b.Add(wire.PayloadSig, wire.Raw(sig))
	return nil
}

// prove judges the peer by the method that was agreed on. The responder chose
// the key by address, before it knew the profile: now the profile's keyring has
// to hold it.
func (s *Session) prove(x identity, hash []byte) error {
	if !s.preShared() {
		return s.authenticate(x, hash)
	}
	if s.role == Responder && s.profile != nil && s.profile.Keyring != nil {
		found := s.profile.InKeyring(s.psk)
		s.report(ProfileKeyring{SA: s.sa(), Profile: s.profileName(), Keyring: s.psk.Keyring.Name, Found: found})
		if !found {
			return refuse(wire.NotifyAuthenticationFailed, "the key of %s is of keyring %s, profile %s wants keyring %s",
				s.remote.Addr(), s.psk.Keyring.Name, s.profile.Name, s.profile.Keyring.Name)
		}
	}
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadHash})
	if !hmac.Equal(x.proof, hash) {
		s.report(HashRefused{SA: s.sa(), Exchange: s.exchange})
		return refuse(wire.NotifyInvalidHashInformation, "HASH does not verify")
	}
	return nil
}

// doubt is what a peer that does not answer our proof may dislike.
func (st sentAG2) doubt(s *Session) string { return s.doubtProof(st.own) }
func (st sentMM5) doubt(s *Session) string { return s.doubtProof(st.own) }

func (s *Session) doubtProof(own *pki.Trustpoint) string {
	if own != nil {
		return ": the peer may not accept the certificate of trustpoint " + own.Name
	}
	return ": the peer's pre-shared key may not be that of keyring " + s.psk.Keyring.Name
}

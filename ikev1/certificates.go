package ikev1

import (
	"crypto/rsa"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// request is a CERTREQ payload of the peer.
type request struct {
	encoding wire.CertEncoding
	name     pki.Name // zero: none named, or not a name
	usable   bool     // it asks for an X.509 signature certificate of name
}

// parseRequests reads the CERTREQs in packet order. One that names no CA, or
// none that can be read, decides nothing but does no harm.
func parseRequests(ours *pki.Snapshot, payloads []wire.Payload) ([]request, error) {
	var out []request
	for _, p := range payloads {
		if p.Type != wire.PayloadCertReq {
			continue
		}
		c, err := wire.ParseCertReq(p.Body)
		if err != nil {
			return nil, err
		}
		r := request{encoding: c.Encoding}
		if c.Encoding == wire.EncodingX509Signature && len(c.Authority) > 0 {
			if name, err := ours.Name(c.Authority); err == nil {
				r.name, r.usable = name, true
			}
		}
		out = append(out, r)
	}
	return out, nil
}

// addRequests adds a CERTREQ for each CA. The initiator keeps to the profile's
// ca trust-point; the responder, who does not know the profile before MM5, asks
// for all.
func (s *Session) addRequests(b *wire.Builder) {
	for _, ca := range s.pki.CertificateRequests(s.trustList()) {
		b.Add(wire.PayloadCertReq, wire.CertReq{Encoding: wire.EncodingX509Signature, Authority: ca.Name.DER()})
		s.report(CertReqBuilt{SA: s.sa(), Issuer: ca.Name, Trustpoint: ca.Trustpoint})
	}
}

// trustList is the ca trust-point list that binds us now; nil: all trustpoints.
func (s *Session) trustList() []string {
	if s.profile == nil || len(s.profile.Trustpoints) == 0 {
		return nil
	}
	return s.profile.Trustpoints
}

// chooseTrustpoint fixes the certificate to sign with: by the peer's requests, or
// without one that we can answer, the first that we have.
func (s *Session) chooseTrustpoint(requests []request) *pki.Trustpoint {
	if own := s.answerRequests(requests); own != nil {
		return own
	}
	choice := s.pki.Fallback(s.trustList())
	if choice.Trustpoint != nil {
		s.report(TrustpointChosen{SA: s.sa(), Trustpoint: choice.Trustpoint.Name, Reason: choice.Reason, Fallback: true})
	}
	return choice.Trustpoint
}

// answerRequests takes the first request, in packet order, that a trustpoint of
// ours answers. The later ones are read all the same.
func (s *Session) answerRequests(requests []request) *pki.Trustpoint {
	var names []pki.Name
	for _, r := range requests {
		if r.usable {
			names = append(names, r.name)
		}
	}
	only := s.trustList()
	choice := s.pki.Choose(names, only)
	n := 0 // among the usable ones
	for _, r := range requests {
		s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadCertReq})
		s.report(CertReqRead{SA: s.sa(), Encoding: r.encoding, Issuer: r.name})
		if !r.usable {
			continue
		}
		if choice.Trustpoint == nil || n <= choice.Index {
			s.reportConsidered(choice, n, only)
		}
		n++
	}
	return choice.Trustpoint
}

// reportConsidered reports what the n-th usable request led to.
func (s *Session) reportConsidered(choice pki.Choice, n int, only []string) {
	if n >= len(choice.Considered) {
		return
	}
	c := choice.Considered[n]
	if c.Trustpoint != "" && only != nil {
		s.report(ProfileListExamined{SA: s.sa(), Trustpoint: c.Trustpoint, Found: slices.Contains(only, c.Trustpoint)})
	}
	if n == choice.Index && choice.Trustpoint != nil {
		s.report(TrustpointChosen{SA: s.sa(), Trustpoint: choice.Trustpoint.Name, Reason: choice.Reason})
	}
}

// addCertificates adds our certificate and those above it, without the root.
func (s *Session) addCertificates(b *wire.Builder, own *pki.Trustpoint) {
	s.report(PKICall{SA: s.sa(), Call: GetOwnChain})
	s.report(PKICall{SA: s.sa(), Call: GetOwnChain, Answer: true})
	for _, c := range own.Certificates() {
		b.Add(wire.PayloadCert, wire.Cert{Encoding: wire.EncodingX509Signature, Data: c.Raw()})
		s.report(CertBuilt{SA: s.sa(), Subject: c.Subject, Trustpoint: own.Name})
	}
}

// certificate is a CERT payload of the peer.
type certificate struct {
	encoding wire.CertEncoding
	parsed   *pki.Certificate // nil: another encoding, or not a certificate
	err      error
}

// parseCertificates reads the CERT payloads, at most eight of them.
func (s *Session) parseCertificates(payloads []wire.Payload) ([]certificate, error) {
	var out []certificate
	for _, p := range payloads {
		if p.Type != wire.PayloadCert {
			continue
		}
		if len(out) == maxChain {
			return nil, reject(wire.NotifyInvalidCertificate, "more than %d certificates", maxChain)
		}
		c, err := wire.ParseCert(p.Body)
		if err != nil {
			return nil, err
		}
		cert := certificate{encoding: c.Encoding}
		if c.Encoding == wire.EncodingX509Signature {
			cert.parsed, cert.err = s.pki.Certificate(c.Data)
		}
		out = append(out, cert)
	}
	return out, nil
}

// chain are the certificates of an identity that can be used, leaf first.
func (x identity) chain() []*pki.Certificate {
	var out []*pki.Certificate
	for _, c := range x.certs {
		if c.parsed != nil {
			out = append(out, c.parsed)
		}
	}
	return out
}

// leaf is the peer's own certificate, nil when it cannot be read.
func (x identity) leaf() *pki.Certificate {
	if len(x.certs) == 0 {
		return nil
	}
	return x.certs[0].parsed
}

// authenticate judges the peer: its certificates by the trustpoints that the
// profile allows, then its signature over hash. A refusal is told to nobody, as
// on IOS: the peer goes on repeating itself, and so do we.
func (s *Session) authenticate(x identity, hash []byte) error {
	for _, c := range x.certs {
		read := CertRead{SA: s.sa(), Encoding: c.encoding}
		if c.parsed != nil {
			read.Subject = c.parsed.Subject
		}
		s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadCert})
		s.report(read)
	}
	for _, call := range []PKIRequest{AddPeerCert, GetPeerChain} {
		s.report(PKICall{SA: s.sa(), Call: call})
		s.report(PKICall{SA: s.sa(), Call: call, Answer: true})
	}
	list := s.trustList()
	s.report(ValidationListBuilt{
		SA: s.sa(), Profile: s.profileName(), Trustpoints: list,
		Keyring: s.profile != nil && s.profile.Keyring != nil,
	})
	s.report(PKICall{SA: s.sa(), Call: ValidateChain})
	verdict := s.judge(x, list)
	if len(verdict.Queries) > 0 && s.mayAsk() {
		// Nobody has us ask who does not own the certificate.
		if err := s.verifySignature(x, hash); err != nil {
			return err
		}
		return &ike.Unchecked{Queries: verdict.Queries}
	}
	s.report(PKICall{SA: s.sa(), Call: ValidateChain, Answer: true, Verdict: &verdict})
	if !verdict.OK {
		s.report(CertRefused{SA: s.sa(), Verdict: verdict})
		return refuse(wire.NotifyInvalidCertificate, "certificate refused: %s", verdict.Reason)
	}
	s.report(CertValidated{SA: s.sa(), Verdict: verdict})
	s.report(PayloadRead{SA: s.sa(), Payload: wire.PayloadSig})
	return s.verifySignature(x, hash)
}

// verifySignature checks the peer's SIG with the key of its certificate.
func (s *Session) verifySignature(x identity, hash []byte) error {
	pub, ok := x.leaf().X509.PublicKey.(*rsa.PublicKey)
	if !ok {
		return s.refuseSignature("the certificate's key is no RSA key")
	}
	if err := suite.VerifyRSAV1(pub, hash, x.proof); err != nil {
		return s.refuseSignature(err.Error())
	}
	return nil
}

// judge asks the PKI about the peer's chain. A leaf that cannot be parsed is
// refused by its own reason.
func (s *Session) judge(x identity, list []string) pki.Verdict {
	if len(x.certs) == 0 {
		return pki.Verdict{Code: pki.Malformed, Reason: "the peer sent no certificate"}
	}
	if x.certs[0].parsed == nil {
		reason := "the first certificate is of encoding " + x.certs[0].encoding.String()
		if x.certs[0].err != nil {
			reason = x.certs[0].err.Error()
		}
		return pki.Verdict{Code: pki.Malformed, Reason: reason}
	}
	return s.pki.Verify(x.chain(), list, s.now)
}

func (s *Session) refuseSignature(reason string) error {
	s.report(SignatureRefused{SA: s.sa(), Reason: reason})
	return refuse(wire.NotifyInvalidSignature, "signature refused: %s", reason)
}

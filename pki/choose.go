package pki

import (
	"crypto"
	"crypto/rsa"
	"fmt"
	"slices"
)

// CARequest is one certificate request to send.
type CARequest struct {
	Name       Name
	Trustpoint string // "" for the predefined five
}

// predefined are the CAs that IOS 15.3T asks for besides the configured ones,
// in its order. They are names without keys: they validate nobody.
var predefined = []Name{
	simpleName("c=US", "o=VeriSign, Inc.", "ou=Class 3 Public Primary Certification Authority"),
	simpleName("o=Cisco Systems", "cn=Cisco SSCA2"),
	simpleName("o=Cisco Systems", "cn=Cisco Manufacturing CA"),
	simpleName("o=Cisco Systems", "cn=Cisco Root CA 2048"),
	simpleName("o=Cisco", "cn=Cisco Root CA M1"),
}

// CertificateRequests lists the CAs to request, in IOS's order: the CAs of the
// installed identity certificates, last enrolled first; then configured
// trustpoints that have only a CA certificate, in configuration order; then
// the predefined ones. A CA is named once. A list of trustpoints restricts it
// to those, and leaves out the predefined.
func (s *Snapshot) CertificateRequests(only []string) []CARequest {
	var out []CARequest
	add := func(n Name, trustpoint string) {
		if !slices.ContainsFunc(out, func(r CARequest) bool { return r.Name.Equal(n) }) {
			out = append(out, CARequest{n, trustpoint})
		}
	}
	for _, tp := range s.authorities(only) {
		add(tp.CA.Subject, tp.Name)
	}
	if len(only) == 0 {
		for _, n := range predefined {
			add(n, "")
		}
	}
	return out
}

// authorities are the trustpoints with a CA certificate that may be asked for,
// in the order in which they are; one may stand twice.
func (s *Snapshot) authorities(only []string) []*Trustpoint {
	return slices.DeleteFunc(slices.Concat(s.display, s.all), func(tp *Trustpoint) bool {
		return tp.CA == nil || !listed(only, tp.Name)
	})
}

// Name is ParseName for one that a peer sent.
func (s *Snapshot) Name(der []byte) (Name, error) {
	if n, ok := s.names[string(der)]; ok {
		return n, nil
	}
	return ParseName(der)
}

// Choice is the answer to the peer's certificate requests: the trustpoint to
// sign with, and why not the others.
type Choice struct {
	Trustpoint *Trustpoint // nil: none
	Index      int         // of the request that fixed it; -1: none did
	Reason     string
	Considered []Considered // every request, in packet order
}

// Considered is one request and what became of it.
type Considered struct {
	Name       Name
	Trustpoint string // "" when no trustpoint is of that CA
	Verdict    string
}

// Choose takes the first request, in packet order, that a trustpoint with an
// identity and its RSA key answers, for IKEv1 signs with no other; a list of
// trustpoints restricts the choice to those. The later requests are listed with
// what they would have met.
func (s *Snapshot) Choose(requests []Name, only []string) Choice {
	if len(requests) == 0 {
		return Choice{Index: -1, Reason: "the peer requested no CA"}
	}
	return choose(len(requests), func(i int) (*Trustpoint, Name, string) {
		a, verdict := best(s.answers(requests[i]), only, isRSA)
		return a.trustpoint, requests[i], verdict
	})
}

// choose asks for the answer to each of n requests: the trustpoint, the CA's
// name, and why it may not sign, "" when it may.
func choose(n int, answer func(i int) (*Trustpoint, Name, string)) Choice {
	choice := Choice{Index: -1, Reason: "no request names the CA of a trustpoint that may sign"}
	for i := range n {
		tp, ca, verdict := answer(i)
		c := Considered{Name: ca, Verdict: verdict}
		if tp != nil {
			c.Trustpoint = tp.Name
		}
		switch {
		case verdict != "":
		case choice.Trustpoint == nil:
			choice.Trustpoint, choice.Index = tp, i
			choice.Reason = fmt.Sprintf("request %d of %d, %s, is the first that a trustpoint with a certificate answers", i+1, n, ca)
			c.Verdict = "chosen"
		default:
			c.Verdict = "answerable, but an earlier request has fixed the choice"
		}
		choice.Considered = append(choice.Considered, c)
	}
	return choice
}

// answer is a trustpoint of a requested CA.
type answer struct {
	trustpoint *Trustpoint
	ca         Name
}

// answers are the trustpoints of one requested CA, those able to sign first; a
// trustpoint's own CA comes before a CA further up its chain.
func (s *Snapshot) answers(n Name) (out []answer) {
	for _, matches := range []func(*Trustpoint, Name) bool{(*Trustpoint).issuedBy, (*Trustpoint).under} {
		for _, t := range s.display {
			if matches(t, n) {
				out = append(out, answer{t, n})
			}
		}
	}
	for _, t := range s.all {
		if t.issuedBy(n) && !t.usable() {
			out = append(out, answer{t, n})
		}
	}
	return out
}

// best is the first answer that may sign; without one it is the first, with why
// that may not.
func best(answers []answer, only []string, fits func(crypto.PublicKey) bool) (a answer, verdict string) {
	for i, candidate := range answers {
		switch why := candidate.trustpoint.unable(only, fits); {
		case why == "":
			return candidate, ""
		case i == 0:
			a, verdict = candidate, why
		}
	}
	if len(answers) == 0 {
		verdict = "no trustpoint of this CA"
	}
	return a, verdict
}

func isRSA(pub crypto.PublicKey) bool { _, ok := pub.(*rsa.PublicKey); return ok }

// unable is why a trustpoint may not sign, "" when it may.
func (tp *Trustpoint) unable(only []string, fits func(crypto.PublicKey) bool) string {
	switch {
	case tp.Identity == nil:
		return "it has no certificate of its own"
	case tp.Signer == nil:
		return "its certificate has no private key here"
	case !listed(only, tp.Name):
		return "the profile's list does not hold it"
	case fits != nil && !fits(tp.Signer.Public()):
		return "its key is not of the kind that the profile signs with"
	}
	return ""
}

// issuedBy says whether the trustpoint's CA has this name.
func (tp *Trustpoint) issuedBy(ca Name) bool { return tp.CA != nil && tp.CA.Subject.Equal(ca) }

// under says whether a CA somewhere above the identity has this name.
func (tp *Trustpoint) under(ca Name) bool {
	if tp.Identity.Issuer.Equal(ca) || tp.CA != nil && tp.CA.Issuer.Equal(ca) {
		return true
	}
	return slices.ContainsFunc(tp.Chain, func(c *Certificate) bool {
		return c.Subject.Equal(ca) || c.Issuer.Equal(ca)
	})
}

// Fallback is IKEv1's choice when no request was usable: the first trustpoint of
// the list that has an identity and its RSA key; without a list, the first such
// displayed. A list is never left: who restricts the trustpoints restricts what is
// shown to the peer.
func (s *Snapshot) Fallback(only []string) Choice {
	return s.fallback(only, isRSA, "no request was answerable")
}

func (s *Snapshot) fallback(only []string, fits func(crypto.PublicKey) bool, because string) Choice {
	for _, name := range only {
		for _, tp := range s.display {
			if tp.Name == name && tp.unable(only, fits) == "" {
				return Choice{Trustpoint: tp, Index: -1, Reason: because + ": first trustpoint of the profile's list with a certificate"}
			}
		}
	}
	for _, tp := range s.display {
		if len(only) == 0 && tp.unable(only, fits) == "" {
			return Choice{Trustpoint: tp, Index: -1, Reason: because + ": last enrolled trustpoint"}
		}
	}
	return Choice{Index: -1, Reason: "no trustpoint has a certificate and its key"}
}

// NotRSA is the first trustpoint displayed, of a list where there is one, that could
// sign but for its key, which is not RSA: why IKEv1 has none to show. nil: there is none.
func (s *Snapshot) NotRSA(only []string) *Trustpoint {
	for _, tp := range s.display {
		if tp.unable(only, nil) == "" && tp.unable(only, isRSA) != "" {
			return tp
		}
	}
	return nil
}

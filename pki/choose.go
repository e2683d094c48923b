package pki

import (
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
	for _, tp := range s.display {
		if tp.CA != nil && listed(only, tp.Name) {
			add(tp.CA.Subject, tp.Name)
		}
	}
	for _, tp := range s.all {
		if tp.CA != nil && listed(only, tp.Name) {
			add(tp.CA.Subject, tp.Name)
		}
	}
	if len(only) == 0 {
		for _, n := range predefined {
			add(n, "")
		}
	}
	return out
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
// identity and its key answers; a list of trustpoints restricts the choice to
// those. The later requests are listed with what they would have met.
func (s *Snapshot) Choose(requests []Name, only []string) Choice {
	choice := Choice{Index: -1, Reason: "no request names the CA of a trustpoint that may sign"}
	for i, n := range requests {
		tp, verdict := s.answer(n, only)
		c := Considered{Name: n, Verdict: verdict}
		if tp != nil {
			c.Trustpoint = tp.Name
		}
		switch {
		case verdict != "":
		case choice.Trustpoint == nil:
			choice.Trustpoint, choice.Index = tp, i
			choice.Reason = fmt.Sprintf("request %d of %d, %s, is the first that a trustpoint with a certificate answers", i+1, len(requests), n)
			c.Verdict = "chosen"
		default:
			c.Verdict = "answerable, but an earlier request has fixed the choice"
		}
		choice.Considered = append(choice.Considered, c)
	}
	if len(requests) == 0 {
		choice.Reason = "the peer requested no CA"
	}
	return choice
}

// answer finds the trustpoint for one requested CA; the verdict is why there is
// none that may sign, "" when there is one. A trustpoint's own CA comes before
// a CA further up its chain.
func (s *Snapshot) answer(n Name, only []string) (tp *Trustpoint, verdict string) {
	for _, matches := range []func(*Trustpoint, Name) bool{(*Trustpoint).issuedBy, (*Trustpoint).under} {
		for _, t := range s.display {
			if !matches(t, n) {
				continue
			}
			if listed(only, t.Name) {
				return t, ""
			}
			if tp == nil {
				tp, verdict = t, "the profile's list does not hold it"
			}
		}
	}
	if tp != nil {
		return tp, verdict
	}
	for _, t := range s.all {
		if t.CA == nil || !t.CA.Subject.Equal(n) {
			continue
		}
		if t.Identity != nil {
			return t, "its certificate has no private key here"
		}
		return t, "it has no certificate of its own"
	}
	return nil, "no trustpoint of this CA"
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

// Fallback is the choice when no request was usable: the first trustpoint of
// the list that has an identity and its key; without a list, the one displayed
// first. A list is never left: who restricts the trustpoints restricts what is
// shown to the peer.
func (s *Snapshot) Fallback(only []string) Choice {
	for _, name := range only {
		for _, tp := range s.display {
			if tp.Name == name {
				return Choice{Trustpoint: tp, Index: -1, Reason: "no request was answerable: first trustpoint of the profile's list with a certificate"}
			}
		}
	}
	if len(only) == 0 && len(s.display) > 0 {
		return Choice{Trustpoint: s.display[0], Index: -1, Reason: "no request was answerable: last enrolled trustpoint"}
	}
	return Choice{Index: -1, Reason: "no trustpoint has a certificate and its key"}
}

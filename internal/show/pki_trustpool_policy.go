package show

import (
	"io"
	"strings"
	"time"

	"github.com/obol-ike/obol/pki"
)

// PKITrustpoolPolicy is show crypto pki trustpool policy. Its layout is that of Cisco's
// documentation; the words of an override are those of the configuration.
func PKITrustpoolPolicy(w io.Writer, s *pki.Snapshot) error {
	var p printer
	policy := s.TrustpoolPolicy()
	if policy.ChainContinue {
		p.f("Chain validation will continue to the root CA certificate in the pool\n")
	} else {
		p.f("Chain validation will stop at the first CA certificate in the pool\n")
	}
	var ends time.Time
	for _, ca := range s.Trustpool() {
		if end := ca.X509.NotAfter; ends.IsZero() || end.Before(ends) {
			ends = end
		}
	}
	if !ends.IsZero() {
		p.f("Trustpool CA certificates will expire %s\n", ends.UTC().Format(clock))
	}
	methods := []string{string(pki.RevocationCRL)}
	if len(policy.RevocationCheck) > 0 {
		methods = nil
		for _, m := range policy.RevocationCheck {
			methods = append(methods, string(m))
		}
	}
	p.f("Trustpool policy revocation order: %s\n", strings.Join(methods, " "))
	if len(policy.Matches) == 0 {
		p.f("Certificate matching is disabled\n")
	} else {
		p.f("Certificate matching is enabled\n")
	}
	p.f("Policy Overrides:\n")
	for _, m := range policy.Matches {
		for _, override := range []struct {
			words string
			holds bool
		}{
			{"allow expired-certificate", m.AllowExpired}, {"skip revocation-check", m.SkipRevocation},
			{"override cdp url " + m.CDP, m.CDP != ""}, {"override ocsp url " + m.OCSP, m.OCSP != ""},
		} {
			if override.holds {
				p.f("  match certificate %s %s\n", m.Map.Name, override.words)
			}
		}
	}
	return p.flush(w)
}

package pki

import (
	"fmt"
	"strings"
)

// revocation applies the trustpoint's revocation-check to one certificate. The
// methods are asked in order until one answers; where none does the certificate
// is refused, unless the list names none.
func (s *search) revocation(c, issuer *Certificate, tp *Trustpoint) (note string, _ *refusal) {
	methods := tp.RevocationCheck
	if len(methods) == 0 {
		methods = []RevocationMethod{RevocationCRL}
	}
	var failed []string
	for _, m := range methods {
		switch m {
		case RevocationNone:
			if len(failed) == 0 {
				return "", nil
			}
			return fmt.Sprintf("%s: not checked for revocation: %s", describe(c), strings.Join(failed, "; ")), nil
		case RevocationCRL:
			crl, why := s.validCRL(issuer, tp)
			if crl == nil {
				failed = append(failed, why)
				continue
			}
			if since, ok := crl.Revoked(c.X509.SerialNumber); ok {
				return "", refuse(Revoked, "revoked since %s, says the CRL of %s", utc(since), crl.Issuer)
			}
			return "", nil
		default:
			failed = append(failed, fmt.Sprintf("revocation-check %s has no answer", m))
		}
	}
	return "", refuse(NoCRL, "its revocation cannot be checked: %s", strings.Join(failed, "; "))
}

// validCRL finds the newest list of the issuer that answers now, or says why
// there is none.
func (s *search) validCRL(issuer *Certificate, tp *Trustpoint) (best *CRL, why string) {
	for _, crl := range tp.CRLs {
		if !crl.Issuer.Equal(issuer.Subject) {
			continue
		}
		r := crl.unfit(s.now)
		if r == nil && s.snapshot.genuine[crl] != issuer {
			r = crl.signedBy(issuer, s.snapshot.policy)
		}
		if r != nil {
			why = fmt.Sprintf("the CRL of %s cannot be used: %s", issuer.Subject, r.reason)
			continue
		}
		if best == nil || crl.ThisUpdate.After(best.ThisUpdate) {
			best = crl
		}
	}
	if best == nil && why == "" {
		why = fmt.Sprintf("no CRL of %s in trustpoint %s", issuer.Subject, tp.Name)
	}
	return best, why
}

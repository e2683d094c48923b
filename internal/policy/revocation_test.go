package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
)

// What the lines about revocation make of a trustpoint, and their no forms.
func TestRevocationSettings(t *testing.T) {
	const head = "crypto pki certificate map M 10\n subject-name co r2\n!obol refuse-signatures sha1\n!obol refuse-rsa-below 1024\ncrypto pki trustpoint T\n"
	lines := " revocation-check ocsp crl none\n crl cache delete-after 60\n crl cache extend 30\n ocsp url http://192.0.2.1/\n ocsp disable-nonce\n" +
		" match certificate M skip revocation-check\n match eku client-auth ipsec-user\n"
	c := compileText(t, head+lines)
	s := c.Trustpoints[0]
	if !slices.Equal(s.RevocationCheck, []pki.RevocationMethod{pki.RevocationOCSP, pki.RevocationCRL, pki.RevocationNone}) ||
		s.CRLCache != (pki.CRLCache{DeleteAfter: time.Hour, Extend: 30 * time.Minute}) || s.OCSPURL != "http://192.0.2.1/" || !s.OCSPNoNonce ||
		len(s.Matches) != 1 || s.Matches[0].Map.Name != "M" || !s.Matches[0].SkipRevocation || s.Matches[0].AllowExpired ||
		!slices.Equal(s.EKU, []string{"client-auth", "ipsec-user"}) {
		t.Errorf("%+v", s)
	}
	if c.PKI != (pki.Policy{RefuseSHA1: true, MinRSABits: 1024}) {
		t.Errorf("%+v", c.PKI)
	}
	undone := lines + " no revocation-check\n no crl cache delete-after\n no crl cache extend\n no ocsp url\n no ocsp disable-nonce\n no match certificate M\n no match eku\n"
	s = compileText(t, head+undone).Trustpoints[0]
	if !slices.Equal(s.RevocationCheck, []pki.RevocationMethod{pki.RevocationCRL}) || s.CRLCache != (pki.CRLCache{}) || s.OCSPURL != "" || s.OCSPNoNonce ||
		len(s.Matches) != 0 || len(s.EKU) != 0 {
		t.Errorf("undone: %+v", s)
	}
	for line, want := range map[string][]pki.RevocationMethod{
		" crl optional\n": {pki.RevocationNone}, " crl best-effort\n": {pki.RevocationCRL, pki.RevocationNone}, " crl cache none\n": {pki.RevocationCRL},
	} {
		s := compileText(t, head+line).Trustpoints[0]
		if !slices.Equal(s.RevocationCheck, want) || s.CRLCache.None != (line == " crl cache none\n") {
			t.Errorf("%s: %v, %+v", line, s.RevocationCheck, s.CRLCache)
		}
	}
}

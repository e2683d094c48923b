package policy

import (
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
)

// What the lines about revocation make of a trustpoint, and their no forms.
func TestRevocationSettings(t *testing.T) {
	const head = "crypto pki certificate map M 10\n subject-name co r2\n!obol refuse-signatures sha1\n!obol refuse-rsa-below 1024\ncrypto pki crl cache size 10\ncrypto pki trustpoint T\n"
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
	if c.PKI != (pki.Policy{RefuseSHA1: true, MinRSABits: 1024, CRLCacheLen: 10 << 10}) {
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

// crypto pki trustpool policy, what it makes, and its no form.
func TestTrustpoolPolicy(t *testing.T) {
	const text = "crypto pki certificate map M 10\n subject-name co r2\ninterface Ethernet0/0\n ip address 192.0.2.1 255.255.255.0\n" +
		"crypto pki trustpool policy\n cabundle url http://192.0.2.2/ios.p7b\n revocation-check ocsp none\n chain-validation\n match certificate M\n" +
		" match key-usage digitalSignature\n crl cache delete-after 60\n source interface Ethernet0/0\n"
	p := compileText(t, text).Trustpool
	if p.Bundle != "http://192.0.2.2/ios.p7b" || !slices.Equal(p.RevocationCheck, []pki.RevocationMethod{pki.RevocationOCSP, pki.RevocationNone}) || !p.ChainContinue ||
		len(p.Matches) != 1 || !slices.Equal(p.KeyUsage, []string{"digitalsignature"}) || p.CRLCache.DeleteAfter != time.Hour || p.Source.String() != "192.0.2.1" {
		t.Errorf("%+v", p)
	}
	p = compileText(t, text+"crypto pki trustpool policy\n crl cache delete-after none\n no match certificate M\n cabundle url none\n").Trustpool
	if p.Bundle != "" || p.CRLCache.DeleteAfter != 0 || len(p.Matches) != 0 || !p.ChainContinue {
		t.Errorf("%+v", p)
	}
	if p = compileText(t, text+"no crypto pki trustpool policy\n").Trustpool; p.ChainContinue || p.Bundle != "" || len(p.RevocationCheck) != 0 {
		t.Errorf("%+v", p)
	}
}

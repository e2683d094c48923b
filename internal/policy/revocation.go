package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
)

// revocationCommands say what certificates of peers a trustpoint takes, and who is
// asked whether they were revoked.
var revocationCommands = []ios.Command[*builder]{
	{Syntax: "revocation-check method:{crl | ocsp | none} [method:{crl | ocsp | none} [method:{crl | ocsp | none}]]", Do: revocationCheck},
	{Syntax: "crl optional", Do: oldRevocation(pki.RevocationNone)},
	{Syntax: "crl best-effort", Do: oldRevocation(pki.RevocationCRL, pki.RevocationNone)},
	{Syntax: "crl cache {none | delete-after {none | minutes:<1-43200>} | extend minutes:<1-1440>}", Do: crlCache},
	{Syntax: "ocsp url url:WORD", Do: ocspURL},
	{Syntax: "ocsp disable-nonce", Do: func(b *builder, m *ios.Match) { b.trustpoint.OCSPNoNonce = m.Form == ios.Set }},
	{Syntax: "match certificate name:WORD [allow expired-certificate | skip revocation-check]", Do: matchCertificateMap},
	{Syntax: "match certificate name:WORD override cdp url url:WORD", Do: matchOverride},
	{Syntax: "match certificate name:WORD override ocsp [trustpoint WORD] <0-10000> url url:WORD", Do: matchOverride},
	{Syntax: "match key-usage word:{" + strings.Join(pki.KeyUsageWords(), " | ") + "}...", Do: func(b *builder, m *ios.Match) {
		b.trustpoint.KeyUsage = nil
		if m.Form == ios.Set {
			b.trustpoint.KeyUsage = m.All("word")
		}
	}},
	{Syntax: "match eku word:{" + strings.Join(pki.PurposeWords(), " | ") + "}...", Do: matchEKU},
}

// matchDraft is match certificate MAP, whose map may be configured later.
type matchDraft struct {
	ref
	pki.CertificateMatch
}

func revocationCheck(b *builder, m *ios.Match) {
	b.trustpoint.RevocationCheck = nil
	if m.Form != ios.Set {
		return
	}
	seen := map[string]bool{}
	for i, method := range m.All("method") {
		switch {
		case seen[method]:
			b.fail(m.Places("method")[i], "want each method once", "%s stands twice", method)
			return
		case seen["none"]:
			b.fail(m.Places("method")[i], "want none last, or alone", "%s would never be asked: none accepts every certificate", method)
			return
		}
		seen[method] = true
		b.trustpoint.RevocationCheck = append(b.trustpoint.RevocationCheck, pki.RevocationMethod(method))
	}
}

// oldRevocation is a line that releases before 12.3 had for revocation-check.
func oldRevocation(methods ...pki.RevocationMethod) func(*builder, *ios.Match) {
	return func(b *builder, m *ios.Match) {
		b.trustpoint.RevocationCheck = nil
		if m.Form == ios.Set {
			b.trustpoint.RevocationCheck = methods
		}
	}
}

func crlCache(b *builder, m *ios.Match) {
	c := &b.trustpoint.CRLCache
	var minutes time.Duration
	if m.Form == ios.Set {
		minutes = time.Duration(m.Int("minutes")) * time.Minute // 0 of delete-after none
	}
	switch {
	case m.Has("delete-after"):
		c.DeleteAfter = minutes
	case m.Has("extend"):
		c.Extend = minutes
	default:
		c.None = m.Form == ios.Set
	}
}

func ocspURL(b *builder, m *ios.Match) {
	if url, ok := plainURL(m); ok {
		b.trustpoint.OCSPURL = url
	}
}

// plainURL is the URL of a server that is asked, "" of a no form.
func plainURL(m *ios.Match) (url string, ok bool) {
	url = set(m, "url")
	if url != "" && !strings.HasPrefix(strings.ToLower(url), "http://") {
		m.Fail("url", "want http://HOST[:PORT][/PATH]; what comes from there is signed", "%q is not asked", url)
		return "", false
	}
	return url, true
}

// matchOverride has another server asked about what a map takes. The answer of a
// responder counts as any does: who may sign it, the CA says.
func matchOverride(b *builder, m *ios.Match) {
	url, ok := plainURL(m)
	if !ok {
		return
	}
	match := pki.CertificateMatch{CDP: url}
	if m.Has("ocsp") {
		match = pki.CertificateMatch{OCSP: url}
	}
	b.replaceMatch(m, match)
}

// matchCertificateMap keeps one line for each map.
func matchCertificateMap(b *builder, m *ios.Match) {
	b.replaceMatch(m, pki.CertificateMatch{AllowExpired: m.Has("expired-certificate"), SkipRevocation: m.Has("revocation-check")})
}

func (b *builder) replaceMatch(m *ios.Match, match pki.CertificateMatch) {
	t, name := b.trustpoint, m.Str("name")
	t.matches = slices.DeleteFunc(t.matches, func(d matchDraft) bool { return d.name == name })
	if m.Form == ios.Set {
		t.matches = append(t.matches, matchDraft{refOf(m, "name"), match})
	}
}

func matchEKU(b *builder, m *ios.Match) {
	b.trustpoint.EKU = nil
	if m.Form == ios.Set {
		b.trustpoint.EKU = m.All("word")
	}
}

// refuseSignatures is stricter than IOS, which takes what old CAs sign.
func refuseSignatures(b *builder, m *ios.Match) {
	for _, hash := range m.All("hash") {
		b.cfg.PKI.RefuseMD5 = b.cfg.PKI.RefuseMD5 || hash == "md5"
		b.cfg.PKI.RefuseSHA1 = b.cfg.PKI.RefuseSHA1 || hash == "sha1"
	}
}

// finishMatches finds the maps of a trustpoint's match certificate.
func (b *builder) finishMatches(d *trustpointDraft) {
	for _, match := range d.matches {
		of := b.certificateMaps.get(match.name)
		if of == nil {
			b.missing(match.ref, "certificate map", b.certificateMaps.keys)
			continue
		}
		match.Map = &of.CertificateMap
		d.Matches = append(d.Matches, match.CertificateMatch)
	}
}

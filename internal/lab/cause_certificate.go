package lab

import (
	"fmt"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// validation is what a router held the peer's certificate against.
type validation struct {
	profile string   // "isakmp profile prof1", "" for none
	at      ios.Pos  // of the profile
	only    []string // its list of trustpoints, empty: all
	line    string   // the command that adds to it
}

// certCodes are the codes of verdicts on a chain.
var certCodes = map[pki.VerdictCode]lint.Code{
	pki.Expired: lint.CertExpired, pki.NotYetValid: lint.CertNotYetValid, pki.Revoked: lint.CertRevoked, pki.NoCRL: lint.NoRevocation,
}

// causeCertificate explains why by refused the certificate of other.
func (x *explanation) causeCertificate(by, other *account, v pki.Verdict, held validation) {
	me, peer := by.router, other.router
	used := other.side.Trustpoint
	var shown []lint.Place // the certificate that was refused
	if s, ok := peer.settings(used); ok {
		shown = append(shown, lint.At(policy.TrustpointPos(s)))
	}
	if v.Code == pki.NoTrustpoint {
		x.causeIssuer(by, other, v, held)
		x.where = append(x.where, shown...)
		return
	}
	x.code = lint.CertRefused
	if code, ok := certCodes[v.Code]; ok {
		x.code = code
	}
	x.where = append(x.where, shown...)
	x.say("%s refuses the certificate of trustpoint %s that %s shows: %s", me.Name, used, peer.Name, v.Reason)
	switch v.Code {
	case pki.Expired, pki.Revoked, pki.NotYetValid:
		x.heal("Enrol trustpoint %s of %s again", used, peer.Name)
	case pki.NoCRL:
		x.heal("Let trustpoint %s of %s get its CRL, or write revocation-check crl none there", v.Trustpoint, me.Name)
		if s, ok := me.settings(v.Trustpoint); ok {
			x.where = append([]lint.Place{lint.At(policy.TrustpointPos(s))}, x.where...)
		}
	default:
		x.heal("Enrol trustpoint %s of %s again with what %s accepts, or let it show another certificate", used, peer.Name, me.Name)
	}
}

// causeIssuer is about a certificate of a CA that does not count here. It tells how
// the peer came to show it.
func (x *explanation) causeIssuer(by, other *account, v pki.Verdict, held validation) {
	me, peer, shown := by.router, other.router, other.side.Trustpoint
	known := me.issuer(v.Issuer)
	first := other.asked && !by.initiator // the peer shows what we asked for before we knew it
	how := fmt.Sprintf("%s has none that %s asked for and showed that of its trustpoint %s", peer.Name, me.Name, shown)
	switch {
	case first:
		how = fmt.Sprintf("%s does not know yet who the peer is when it asks for certificates, and asks for those of all its trustpoints, the newest first: "+
			"that was %s, so %s showed its certificate of that CA", me.Name, known, peer.Name)
	case other.asked:
		how = fmt.Sprintf("%s showed the certificate of its trustpoint %s, which %s had asked for", peer.Name, shown, me.Name)
	}
	if len(held.only) == 0 || held.profile == "" {
		x.code = lint.CertRefused
		x.say("%s, and no trustpoint of %s is of the CA that issued it: %s", how, me.Name, v.Issuer).
			heal("Give %s a trustpoint of that CA, or enrol %s at a CA that %s trusts", me.Name, peer.Name, me.Name)
		return
	}
	x.code = lint.CertNotInProfile
	x.at(held.at).say("%s; but %s of %s accepts certificates of %s only", how, held.profile, me.Name, list(held.only))
	switch {
	case known == "":
		x.heal("Give %s a trustpoint of %s and write %s for it into %s, or enrol %s at the CA of %s", me.Name, v.Issuer, held.line, held.profile, peer.Name, list(held.only))
		return
	case first:
		x.heal("Add %s %s to %s of %s, or enrol its %s once more, so that %s asks for that CA first", held.line, known, held.profile, me.Name, held.only[0], me.Name)
	default:
		x.heal("Add %s %s to %s of %s", held.line, known, held.profile, me.Name)
	}
	if s, ok := me.settings(known); ok {
		x.where = append(x.where, lint.At(policy.TrustpointPos(s)))
	}
}

// settings of a trustpoint.
func (r *Router) settings(trustpoint string) (pki.Settings, bool) {
	for _, s := range r.Config.Trustpoints {
		if s.Name == trustpoint {
			return s, true
		}
	}
	return pki.Settings{}, false
}

// issuer is the trustpoint of a CA, "" when the router has none.
func (r *Router) issuer(ca pki.Name) string {
	for _, tp := range r.Snapshot.All() {
		if tp.CA != nil && tp.CA.Subject.Equal(ca) {
			return tp.Name
		}
	}
	return ""
}

package lint

import (
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
)

// StoredCRL is a CRL that a router has in its store.
type StoredCRL struct {
	Trustpoint string
	CAs        []*pki.Certificate // of the trustpoint
	CRL        *pki.CRL
	File       string
}

// lists tells of CRLs that answer nothing: a warning where the trustpoint asks for them.
func (c *checker) lists(r *router) {
	for _, l := range r.CRLs {
		bad := l.CRL.AnswersFor(l.CAs, r.Config.PKI, c.now)
		if bad == nil {
			continue
		}
		severity := Info
		if slices.ContainsFunc(r.Config.Trustpoints, func(t pki.Settings) bool {
			return t.Name == l.Trustpoint && (len(t.RevocationCheck) == 0 || slices.Contains(t.RevocationCheck, pki.RevocationCRL))
		}) {
			severity = Warning
		}
		c.add(NoRevocation, severity, []ios.Pos{{File: l.File}}, "fetch a new one: crypto pki crl request "+l.Trustpoint,
			"The CRL of %s in trustpoint %s answers nothing: %s", l.CRL.Issuer, l.Trustpoint, bad)
	}
}

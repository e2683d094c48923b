package lint

import (
	"fmt"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// An Outlook is what a tunnel that proves itself by certificate will have to show
// at another time, as far as its own configuration says.
type Outlook struct {
	Tunnel string
	Router string
	Fails  bool
	Cause  string // one sentence; why it fails, or why nothing can be said
	Cure   string
	Where  []Place
}

// Foresee looks at each tunnel by itself: one fails when every certificate that
// it may show, and that the configuration holds, is no good at that time. A
// tunnel without a certificate in the configuration has a Cause, and fails where the
// order of enrolment says that there is none elsewhere either. A certificate that is
// not of the configuration's text has a place without a line.
func Foresee(at time.Time, revoked func(*pki.Certificate, string) bool, routers ...Router) (all []Outlook) {
	cas := newCAs(routers)
	for _, r := range routers {
		for _, e := range newRouter(r, cas).ends() {
			if e.byCertificate() {
				all = append(all, e.outlook(at, revoked))
			}
		}
	}
	return all
}

func (e end) outlook(at time.Time, revoked func(*pki.Certificate, string) bool) Outlook {
	o := Outlook{Tunnel: e.tunnel.Name, Router: e.Name, Where: []Place{}}
	only := e.signers()
	good, seen := false, false
	for _, chain := range e.Config.Chains {
		if len(only) > 0 && !slices.Contains(only, chain.Trustpoint) {
			continue
		}
		why, pos, has := judge(chain, at, revoked)
		seen, good = seen || has, good || has && why == ""
		if has && why != "" && o.Cause == "" {
			o.Cause, o.Where = why, []Place{At(pos)}
			o.Cure = fmt.Sprintf("enrol trustpoint %s again before that", chain.Trustpoint)
			if pos.Line > 0 {
				o.Cure += ", and take the new certificate into the configuration"
			}
		}
	}
	switch {
	case !seen && e.Enrolled != nil && !slices.ContainsFunc(e.Enrolled, func(name string) bool { return len(only) == 0 || slices.Contains(only, name) }):
		o.Fails = true
		o.Cause, o.Cure = "The router is enrolled at no trustpoint of which the tunnel would show the certificate", "enrol it before that"
		o.Where = []Place{At(e.profilePos())}
	case !seen:
		o.Cause, o.Cure = "The configuration holds no certificate that the tunnel would show", "--store DIR takes those of the router's store"
	case good:
		o.Cause, o.Cure, o.Where = "", "", []Place{}
	default:
		o.Fails = true
	}
	return o
}

// judge looks at the identity of a chain block and at its CA; has is false when
// the block has no identity.
func judge(chain policy.CertificateChain, at time.Time, revoked func(*pki.Certificate, string) bool) (why string, where ios.Pos, has bool) {
	for _, block := range chain.Certificates {
		c, err := pki.ParseCertificate(block.DER)
		if err != nil {
			continue // Compile takes certificates only
		}
		has = has || !block.CA
		what := "certificate"
		if block.CA {
			what = "CA certificate"
		}
		const date = "2006-01-02 15:04 MST"
		reason := ""
		switch x := c.X509; {
		case at.After(x.NotAfter):
			reason = "has expired on " + x.NotAfter.UTC().Format(date)
		case at.Before(x.NotBefore):
			reason = "is not valid before " + x.NotBefore.UTC().Format(date)
		case revoked(c, chain.Trustpoint):
			reason = "is revoked"
		}
		if reason != "" && why == "" {
			why, where = fmt.Sprintf("The %s of trustpoint %s, serial %s, %s", what, chain.Trustpoint, c.Serial, reason), block.Pos
		}
	}
	return why, where, has
}

// TunnelsOf are the tunnels of a router that may prove themselves, or their peer,
// by a trustpoint.
func TunnelsOf(r Router, trustpoint string) (tunnels []string) {
	for _, e := range newRouter(r, newCAs([]Router{r})).ends() {
		if e.mayShow(trustpoint) {
			tunnels = append(tunnels, e.tunnel.Name)
		}
	}
	return tunnels
}

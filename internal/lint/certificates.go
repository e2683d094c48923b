package lint

import (
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// certificates tells of certificates in chain blocks that are not valid now: an
// error where a tunnel may need them.
func (c *checker) certificates(r *router) {
	for _, chain := range r.Config.Chains {
		severity := Warning
		if slices.ContainsFunc(r.ends(), func(e end) bool { return e.mayShow(chain.Trustpoint) }) {
			severity = Error
		}
		for _, block := range chain.Certificates {
			cert, err := pki.ParseCertificate(block.DER)
			if err != nil {
				continue // Compile takes certificates only
			}
			what := fmt.Sprintf("The certificate of trustpoint %s, serial %s,", chain.Trustpoint, cert.Serial)
			if block.CA {
				what = fmt.Sprintf("The CA certificate of trustpoint %s, %s,", chain.Trustpoint, cert.Subject)
			}
			cure := "enrol again"
			if block.Pos.Line > 0 {
				cure += ", and take the new certificate into the configuration"
			}
			const date = "2006-01-02 15:04 MST"
			switch x := cert.X509; {
			case c.now.After(x.NotAfter):
				c.add(CertExpired, severity, []ios.Pos{block.Pos}, cure, "%s has expired on %s", what, x.NotAfter.UTC().Format(date))
			case c.now.Before(x.NotBefore):
				c.add(CertNotYetValid, severity, []ios.Pos{block.Pos}, "set the clock right, or wait", "%s is not valid before %s", what, x.NotBefore.UTC().Format(date))
			}
		}
	}
}

// mayShow says whether an end may prove itself, or the peer, by a trustpoint.
func (e end) mayShow(trustpoint string) bool {
	by := e.byCertificate()
	if p := e.ikev2(); p != nil {
		by = by || slices.ContainsFunc(p.RemoteAuth, func(a policy.IKEv2Auth) bool { return a != policy.IKEv2PreShare })
	}
	return by && (len(e.list()) == 0 || slices.Contains(e.list(), trustpoint) || slices.Contains(e.signers(), trustpoint))
}

// byCertificate says whether an end proves itself by a certificate, as far as it
// is known without a peer.
func (e end) byCertificate() bool {
	if p := e.ikev2(); p != nil {
		return p.LocalAuth != policy.IKEv2PreShare
	}
	for _, p := range e.Config.Policies {
		if e.able(p.Auth) {
			return p.Auth == policy.RSASig
		}
	}
	return e.has(policy.RSASig) // it has nothing at all: no certificate either
}

// signers are the trustpoints that the profile signs with; nil: all.
func (e end) signers() []string {
	if p := e.ikev2(); p != nil {
		only, _ := p.SignTrustpoints(false)
		return only
	}
	return e.list()
}

// identities tells of names that a router gives itself and its certificate does
// not: IOS takes such a peer and logs it, others refuse it, as RFC 4945 has it.
func (c *checker) identities(r *router) {
	told := map[ios.Pos]bool{}
	for _, e := range r.ends() {
		if !e.byCertificate() || told[e.profilePos()] {
			continue
		}
		told[e.profilePos()] = true
		var lacking []string
		var id policy.PeerID
		where := []ios.Pos{e.identityPos(), e.profilePos()}
		for _, tp := range e.store.Identities() {
			if only := e.signers(); len(only) > 0 && !slices.Contains(only, tp.Name) {
				continue
			}
			if told, ok := e.identity(tp); ok && !told.NamedBy(tp.Identity) {
				id, lacking, where = told, append(lacking, tp.Name), append(where, policy.TrustpointPos(tp.Settings))
			}
		}
		if len(lacking) > 0 {
			c.add(IdentityMismatch, Warning, where, nameCure(id, lacking), "%s calls itself %s, which the certificate of %s does not name", e.profile(), id, words(lacking))
		}
	}
}

// identityPos is the line that says what the end calls itself.
func (e end) identityPos() ios.Pos {
	switch {
	case e.ikev2() != nil:
		return e.ikev2().IdentityAt
	case e.isakmp() != nil:
		return e.isakmp().SelfAt
	}
	return ios.Pos{}
}

func nameCure(id policy.PeerID, trustpoints []string) string {
	tp := "trustpoint " + words(trustpoints)
	switch id.Type {
	case wire.IDFQDN:
		return fmt.Sprintf("set fqdn %s in %s and enrol again, or tell the name that the certificate has", id, tp)
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		return fmt.Sprintf("set ip-address %s in %s and enrol again, or tell the name that the certificate has", id, tp)
	}
	return "tell a name that the certificate of " + tp + " has"
}

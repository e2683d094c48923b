package lint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// trustpoints tells of IKEv2 profiles that leave the choice of a certificate open,
// or have none.
func (c *checker) trustpoints(r *router) {
	told := map[*policy.IKEv2Profile]bool{}
	for _, p := range r.Config.IKEv2.Profiles {
		if sign, _ := p.SignTrustpoints(false); len(sign) > 1 {
			c.add(SeveralTrustpoints, Warning, append([]ios.Pos{p.Pos}, p.TrustpointAt...), "name one pki trustpoint, the same on both routers; sign and verify may tell two apart",
				"ikev2 profile %s signs with any of %s: which one depends on what the peer asks for first", p.Name, words(sign))
		}
	}
	for _, e := range r.ends() {
		p := e.ikev2()
		if p == nil || p.LocalAuth == policy.IKEv2PreShare || p.Unusable() != "" || told[p] || !e.initiates() {
			continue
		}
		if _, ok := p.SignTrustpoints(true); !ok {
			told[p] = true
			c.add(NoTrustpoint, Error, []ios.Pos{p.Pos, e.tunnel.Pos}, fmt.Sprintf("add pki trustpoint NAME to ikev2 profile %s", p.Name),
				"%s comes up only when the peer begins: ikev2 profile %s authenticates by %s and names no pki trustpoint to sign with, which an initiator must have", e.tunnel.Name, p.Name, p.LocalAuth)
		}
	}
}

// signing looks at the certificates that two ends show each other: whether both
// accept the same ones, and whether the outcome depends on who begins, or on the
// order in which somebody enrolled.
func (c *checker) signing(l link) {
	with, _ := l.agreed(l.a, l.b)
	if !l.a.shows(with) || !l.b.shows(with) {
		return
	}
	refused := l.refused()
	c.outcome(l, refused)
	severity := Warning
	if len(refused) == 0 && !c.enrolment(l) {
		severity = Info
	}
	c.symmetric(l, severity)
}

// refused are the directions that fail with the certificates as they are: the
// showing of each that is not accepted.
func (l link) refused() (all []showing) {
	for i, r := range l.both {
		first, second := l.begin(i, r, i.store, r.store)
		switch {
		case !i.initiates():
		case !first.accepted:
			all = append(all, first)
		case !second.accepted:
			all = append(all, second)
		}
	}
	return all
}

// outcome tells of the directions that fail.
func (c *checker) outcome(l link, refused []showing) {
	up := ""
	for i := range l.both {
		if i.initiates() && !slices.ContainsFunc(refused, func(s showing) bool { return s.initiator == i }) {
			up = i.Name
		}
	}
	for _, s := range refused {
		if p := s.by.ikev2(); p != nil && s.by == s.initiator {
			if _, ok := p.SignTrustpoints(true); !ok {
				continue // a fault of that profile alone, which is told of there
			}
		}
		code, what := CertNotInProfile, fmt.Sprintf("%s does not come up when %s begins", s.to.tunnel.Name, s.initiator.Name)
		if up != "" {
			code, what = DependsOnInitiator, fmt.Sprintf("%s comes up when %s begins and not when %s does", s.to.tunnel.Name, up, s.initiator.Name)
		}
		if s.own == nil {
			code = NoTrustpoint
		}
		c.add(code, Error, s.places(), s.cure(), "%s: %s", what, s.refusal())
	}
}

// places are the list that refuses, and the profile of who shows.
func (s showing) places() []ios.Pos {
	return append(append([]ios.Pos{}, s.to.listPos()...), s.to.profilePos(), s.by.profilePos())
}

func (s showing) cure() string {
	if s.own == nil {
		return fmt.Sprintf("enrol %s at a CA that %s accepts, and keep that trustpoint in %s", s.by.Name, s.to.Name, s.by.profile())
	}
	name := s.own.Name
	for _, tp := range s.to.store.All() {
		if tp.CA.Subject.Equal(s.own.CA.Subject) {
			return fmt.Sprintf("add %s to %s of %s, so that both ends accept the same trustpoints, or name there and in %s of %s those alone that both accept",
				s.to.listLine(tp.Name), s.to.profile(), s.to.Name, s.by.profile(), s.by.Name)
		}
	}
	return fmt.Sprintf("give %s a trustpoint of the CA of %s and accept it in %s, or name in %s of %s only trustpoints that %s has", s.to.Name, name, s.to.profile(), s.by.profile(), s.by.Name, s.to.Name)
}

// symmetric tells of profiles that accept different CAs: a warning where that
// decides about the tunnel.
func (c *checker) symmetric(l link, severity Severity) {
	a, b := l.a.authorities(), l.b.authorities()
	if maps.EqualFunc(a, b, func(x, y *pki.Trustpoint) bool { return true }) {
		return
	}
	where := slices.Concat([]ios.Pos{l.a.profilePos()}, l.a.listPos(), []ios.Pos{l.b.profilePos()}, l.b.listPos())
	c.add(AsymmetricTrustpoints, severity, where, fmt.Sprintf("name trustpoints of the same CAs in %s of %s and in %s of %s", l.a.profile(), l.a.Name, l.b.profile(), l.b.Name),
		"%s of %s accepts certificates of %s, %s of %s those of %s", l.a.profile(), l.a.Name, words(l.a.accepted()), l.b.profile(), l.b.Name, words(l.b.accepted()))
}

// enrolment looks at what becomes of a tunnel that comes up when one of the two
// enrols again somewhere: that certificate is the newest then, and asked for first.
// It says whether the tunnel can fail so.
func (c *checker) enrolment(l link) (fragile bool) {
	shown := map[string][]string{} // by router: the trustpoints it shows
	show := func(s showing) {
		if !slices.Contains(shown[s.by.Name], s.own.Name) {
			shown[s.by.Name] = append(shown[s.by.Name], s.own.Name)
		}
	}
	for _, changed := range []end{l.a, l.b} {
		for _, tp := range changed.store.Identities() {
			stores := map[*router]*pki.Snapshot{l.a.router: l.a.store, l.b.router: l.b.store}
			stores[changed.router] = changed.renewed(tp.Name)
			for i, r := range l.both {
				first, second := l.begin(i, r, stores[i.router], stores[r.router])
				for _, s := range []showing{first, second} {
					if !s.accepted && i.initiates() {
						c.add(DependsOnEnrolment, Warning, append(s.places(), policy.TrustpointPos(tp.Settings)), s.cure(),
							"%s comes up as long as %s does not enrol %s anew: then it fails when %s begins, for %s", l.a, changed.Name, tp.Name, i.Name, s.refusal())
						return true
					}
				}
				if i.initiates() {
					show(first)
					show(second)
				}
			}
		}
	}
	for _, e := range []end{l.a, l.b} {
		if names := shown[e.Name]; len(names) > 1 {
			c.add(DependsOnEnrolment, Info, []ios.Pos{e.profilePos()}, fmt.Sprintf("name one trustpoint in %s if it matters", e.profile()),
				"Which certificate %s shows on %s, of %s, depends on who begins and on the order of enrolment; the peer accepts each", e.Name, e.tunnel.Name, words(names))
		}
	}
	return false
}

// renewed is the store after a trustpoint was enrolled again.
func (r *router) renewed(name string) *pki.Snapshot {
	var order []string
	for _, tp := range slices.Backward(r.store.Identities()) {
		if tp.Name != name {
			order = append(order, tp.Name)
		}
	}
	return r.enrolled(append(order, name))
}

package show

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/pki"
)

// deadline is something that runs out.
type deadline struct {
	at         time.Time
	what       string
	trustpoint string
}

// PKIExpiry lists what runs out, soonest first: the certificates of the router,
// those of its CAs
// and of the trustpool, and the CRLs it holds; with the tunnels that need each.
func PKIExpiry(w io.Writer, s *pki.Snapshot, now time.Time, tunnels func(trustpoint string) []string) error {
	var all []deadline
	for _, t := range s.All() {
		add := func(what string, at time.Time) { all = append(all, deadline{at, what, t.Name}) }
		if t.Identity != nil {
			add(fmt.Sprintf("certificate %s of %s", t.Identity.Serial, t.Identity.Issuer), t.Identity.X509.NotAfter)
		}
		if t.CA != nil {
			add("CA certificate "+t.CA.Subject.String(), t.CA.X509.NotAfter)
		}
		for _, c := range t.Chain {
			if !c.Equal(t.CA) {
				add("CA certificate "+c.Subject.String(), c.X509.NotAfter)
			}
		}
		for _, crl := range t.CRLs {
			if !crl.NextUpdate.IsZero() {
				add("CRL of "+crl.Issuer.String(), crl.NextUpdate)
			}
		}
	}
	for _, c := range s.Trustpool() {
		all = append(all, deadline{c.X509.NotAfter, "CA certificate " + c.Subject.String(), pki.TrustpoolName})
	}
	slices.SortStableFunc(all, func(a, b deadline) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.trustpoint, b.trustpoint)) })
	var p printer
	if len(all) > 0 {
		p.f("Days left  Until                Trustpoint and what runs out\n")
	}
	for _, d := range all {
		p.f("%9s  %s  %s: %s\n", daysLeft(d.at, now), d.at.UTC().Format("2006-01-02 15:04 UTC"), d.trustpoint, d.what)
		if used := tunnels(d.trustpoint); len(used) > 0 {
			p.f("%33s used by %s\n", "", strings.Join(used, ", "))
		}
	}
	return p.flush(w)
}

// daysLeft counts whole days, and says when none is left.
func daysLeft(at, now time.Time) string {
	left := at.Sub(now)
	if left <= 0 {
		return "expired"
	}
	return fmt.Sprint(int(left / (24 * time.Hour)))
}

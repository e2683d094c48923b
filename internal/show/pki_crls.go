package show

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/obol-ike/obol/pki"
)

// PKICRLs is show crypto pki crls: those of the store, then those that servers gave
// since. A CRL that several trustpoints hold is shown once.
func PKICRLs(w io.Writer, s *pki.Snapshot, now time.Time) error {
	var p printer
	seen := map[string]bool{}
	size := 0
	show := func(crl *pki.CRL, from string) {
		if seen[string(crl.Raw)] {
			return
		}
		seen[string(crl.Raw)] = true
		size += len(crl.Raw)
		p.f("CRL Issuer Name: \n    %s\n", crl.Issuer)
		p.f("    LastUpdate: %s\n", crl.ThisUpdate.UTC().Format(clock))
		if !crl.NextUpdate.IsZero() {
			p.f("    NextUpdate: %s\n", crl.NextUpdate.UTC().Format(clock))
		}
		if from != "" {
			p.f("    Retrieved from CRL Distribution Point:\n      %s\n", from)
		}
		p.f("\n CRL DER is %d bytes\n CRL is stored in parsed CRL cache\n\n", len(crl.Raw))
	}
	fetched := s.FetchedCRLs(now)
	for _, t := range s.All() {
		for _, crl := range t.CRLs {
			from := ""
			if i := slices.IndexFunc(fetched, func(h pki.HeldCRL) bool { return bytes.Equal(h.CRL.Raw, crl.Raw) }); i >= 0 {
				from = origin(fetched[i])
			}
			show(crl, from)
		}
	}
	slices.SortFunc(fetched, func(a, b pki.HeldCRL) int {
		return cmp.Or(cmp.Compare(a.CRL.Issuer.String(), b.CRL.Issuer.String()), bytes.Compare(a.CRL.Raw, b.CRL.Raw))
	})
	for _, h := range fetched {
		show(h.CRL, origin(h))
	}
	p.f("Parsed CRL cache current size is %d bytes\n", size)
	p.f("Parsed CRL cache maximum size is %d bytes\n", s.CRLCacheLen())
	return p.flush(w)
}

// origin is where a CRL came from.
func origin(h pki.HeldCRL) string {
	if h.SCEP {
		return "** CDP Not Published - Retrieved via SCEP"
	}
	return h.URLs[0]
}

package show

import (
	"io"

	"github.com/obol-ike/obol/pki"
)

// PKICRLs is show crypto pki crls. A CRL that several trustpoints hold is shown
// once.
func PKICRLs(w io.Writer, s *pki.Snapshot) error {
	var p printer
	seen := map[string]bool{}
	size := 0
	for _, t := range s.All() {
		for _, crl := range t.CRLs {
			if seen[string(crl.Raw)] {
				continue
			}
			seen[string(crl.Raw)] = true
			size += len(crl.Raw)
			p.f("CRL Issuer Name: \n    %s\n", crl.Issuer)
			p.f("    LastUpdate: %s\n", crl.ThisUpdate.UTC().Format(clock))
			if !crl.NextUpdate.IsZero() {
				p.f("    NextUpdate: %s\n", crl.NextUpdate.UTC().Format(clock))
			}
			p.f("\n CRL DER is %d bytes\n CRL is stored in parsed CRL cache\n\n", len(crl.Raw))
		}
	}
	p.f("Parsed CRL cache current size is %d bytes\n", size)
	return p.flush(w)
}

package show

import (
	"io"
	"time"

	"github.com/obol-ike/obol/pki"
)

// PKITrustpool is show crypto pki trustpool: the CAs that were imported into it.
func PKITrustpool(w io.Writer, s *pki.Snapshot) error {
	var p printer
	for i, c := range s.Trustpool() {
		if i > 0 {
			p.f("\n")
		}
		certificate(&p, "CA Certificate", entry{certificate: c, trustpoints: []string{pki.TrustpoolName}}, false, time.UTC)
		p.f("  Trustpool: Downloaded\n")
	}
	return p.flush(w)
}

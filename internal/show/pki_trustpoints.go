package show

import (
	"io"

	"github.com/obol-ike/obol/pki"
)

// PKITrustpoints is show crypto pki trustpoints: each trustpoint and its CA, in
// configuration order. One that is not authenticated has its name only. Of one
// trustpoint when it is named.
func PKITrustpoints(w io.Writer, s *pki.Snapshot, name string) error {
	var p printer
	for _, t := range s.All() {
		if name != "" && t.Name != name {
			continue
		}
		if len(p.text) > 0 {
			p.f("\n\n")
		}
		p.f("Trustpoint %s:\n", t.Name)
		if t.CA == nil {
			continue
		}
		p.f("    Subject Name: \n")
		for _, line := range t.CA.Subject.Lines() {
			p.f("    %s\n", line)
		}
		p.f("          Serial Number (hex): %s\n", t.CA.Serial)
		p.f("    Certificate configured.\n")
	}
	return p.flush(w)
}

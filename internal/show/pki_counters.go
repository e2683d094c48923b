package show

import (
	"io"

	"github.com/obol-ike/obol/internal/engine"
)

// PKICounters is show crypto pki counters. What obol does not do is 0.
func PKICounters(w io.Writer, n engine.PKIStats) error {
	var p printer
	p.f("PKI Sessions Started: %d\n", n.Started)
	p.f("PKI Sessions Ended: %d\n", n.Started-n.Active)
	p.f("PKI Sessions Active: %d\n", n.Active)
	p.f("Successful Validations: %d\n", n.Succeeded)
	p.f("Failed Validations: %d\n", n.Failed)
	p.f("Bypassed Validations: %d\n", 0)
	p.f("Pending Validations: %d\n", n.Active)
	p.f("CRLs checked: %d\n", n.CRLs)
	p.f("CRL - fetch attempts: %d\n", n.Fetches)
	p.f("CRL - failed attempts: %d\n", n.Refused)
	p.f("CRL - rejected busy fetching: %d\n", n.Busy)
	p.f("AAA authorizations: %d\n", 0)
	return p.flush(w)
}

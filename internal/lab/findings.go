package lab

import (
	"fmt"

	"github.com/obol-ike/obol/internal/lint"
)

// Codes of findings about what the laboratory made the routers of. What a
// configuration itself shows is package lint's to find.
const (
	EnrolmentOrder lint.Code = "ENROLMENT_ORDER"      // in which order the router is taken to have enrolled
	StandIn        lint.Code = "STAND_IN_CERTIFICATE" // a certificate of a chain block is stood in for
)

// tellStandIn says what of a certificate of the configuration is not the router's
// own.
func (p *Pair) tellStandIn(r *Router, h *holder) {
	p.note(StandIn, fmt.Sprintf("The private key of %s's certificate of trustpoint %s (serial %s) is not in the configuration: "+
		"the laboratory stands in for it with another key, and keeps names, serial number, times, extensions and hash.",
		r.Name, h.settings.Name, h.identity.cert.Serial), "", h.identity.where)
}

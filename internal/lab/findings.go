package lab

import (
	"fmt"

	"github.com/obol-ike/obol/internal/lint"
)

// StandIn is the finding that a certificate of a crypto pki certificate chain block
// is stood in for.
const StandIn lint.Code = "STAND_IN_CERTIFICATE"

// tellStandIn says what of a certificate of the configuration is not the router's
// own, and what makes it useless.
func (p *Pair) tellStandIn(r *Router, h *holder) {
	p.note(StandIn, lint.Info, fmt.Sprintf("The private key of %s's certificate of trustpoint %s (serial %s) is not in the configuration: "+
		"the laboratory stands in for it with a certificate of another key, and names, serial number, times, extensions and hash of the original.",
		r.Name, h.settings.Name, h.identity.cert.Serial), "", h.identity.where)
	p.tellTimes(r, h, "certificate", h.identity)
	if h.ca.cert != nil {
		p.tellTimes(r, h, "CA certificate", h.ca)
	}
}

// tellTimes says that a certificate is not valid at the moment of the negotiation.
func (p *Pair) tellTimes(r *Router, h *holder, what string, b block) {
	cure := fmt.Sprintf("Enrol trustpoint %s of %s again.", h.settings.Name, r.Name)
	switch x := b.cert.X509; {
	case p.Now.After(x.NotAfter):
		p.note(lint.CertExpired, lint.Error, fmt.Sprintf("The %s of %s's trustpoint %s expired on %s.", what, r.Name, h.settings.Name, x.NotAfter.Format("2006-01-02")), cure, b.where)
	case p.Now.Before(x.NotBefore):
		p.note(lint.CertNotYetValid, lint.Error, fmt.Sprintf("The %s of %s's trustpoint %s is not valid before %s.", what, r.Name, h.settings.Name, x.NotBefore.Format("2006-01-02")),
			"Set the clock, or enrol again.", b.where)
	}
}

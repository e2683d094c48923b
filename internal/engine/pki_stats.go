package engine

import (
	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
)

// PKIStats are the counts of show crypto pki counters, since clear crypto pki
// counters.
type PKIStats struct {
	Started   uint64 // validations of a peer's chain
	Active    uint64 // of these that wait for servers, now
	Succeeded uint64
	Failed    uint64

	CRLs    uint64 // looked into by validations
	Fetches uint64 // of a CRL, by HTTP or SCEP
	Refused uint64 // of these without a CRL that can be used
	Busy    uint64 // CRLs that were not asked for, because too many servers were being asked
}

// count follows what a session reports.
func (s *PKIStats) count(x *entry, event ike.Event) {
	switch e := event.(type) {
	case ikev1.CertValidated:
		s.judged(x, e.Verdict)
	case ikev1.CertRefused:
		s.judged(x, e.Verdict)
	case ikev2.ChainValidated:
		s.judged(x, e.Verdict)
	}
}

// waits counts a validation that is not over yet. It may wait more than once.
func (s *PKIStats) waits(x *entry) {
	if !x.asked {
		x.asked = true
		s.Started++
	}
}

func (s *PKIStats) judged(x *entry, v pki.Verdict) {
	s.waits(x)
	x.asked = false // a session may validate again
	s.CRLs += uint64(v.CRLs)
	if v.OK {
		s.Succeeded++
	} else {
		s.Failed++
	}
}

// crl adds one to a count of questions if it is for a CRL: IOS counts no others.
func (*PKIStats) crl(q *pki.Query, n *uint64) {
	if q.Method == pki.RevocationCRL {
		*n++
	}
}

// pkiStats has what is counted, and what is so now.
func (e *Engine) pkiStats() PKIStats {
	s := e.pki
	for _, x := range e.sessions.all {
		if x.Waits() {
			s.Active++
		}
	}
	return s
}

// clearPKI begins the counts anew; what waits has been started.
func (e *Engine) clearPKI() { e.pki = PKIStats{Started: e.pkiStats().Active} }

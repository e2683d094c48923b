package show

import (
	"io"
	"testing"

	"github.com/obol-ike/obol/internal/engine"
)

func TestPKICounters(t *testing.T) {
	n := engine.PKIStats{Started: 9, Active: 2, Succeeded: 4, Failed: 3, CRLs: 5, Fetches: 7, Refused: 1, Busy: 6}
	const want = `PKI Sessions Started: 9
PKI Sessions Ended: 7
PKI Sessions Active: 2
Successful Validations: 4
Failed Validations: 3
Bypassed Validations: 0
Pending Validations: 2
CRLs checked: 5
CRL - fetch attempts: 7
CRL - failed attempts: 1
CRL - rejected busy fetching: 6
AAA authorizations: 0
`
	if got := text(t, func(w io.Writer) error { return PKICounters(w, n) }); got != want {
		t.Errorf("%s", got)
	}
}

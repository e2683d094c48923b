package show

import (
	"io"
	"testing"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
)

func TestIKEv2DiagnoseError(t *testing.T) {
	reason := func(event ike.Event) string { return event.(ike.NegotiationFailed).Reason }
	x := engine.Errors{Limit: 50, Deleted: 7, Kept: []ike.Event{
		ike.NegotiationFailed{Reason: "Maximum number of retransmissions reached"}, ike.NegotiationFailed{Reason: "Failed to find a matching policy"},
	}}
	golden(t, "ikev2-diagnose-error", func(w io.Writer) error { return IKEv2DiagnoseError(w, x, reason) })
	golden(t, "ikev2-diagnose-error-off", func(w io.Writer) error { return IKEv2DiagnoseError(w, engine.Errors{}, reason) })
}

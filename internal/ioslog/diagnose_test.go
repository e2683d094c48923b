package ioslog

import (
	"testing"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

func TestDiagnosis(t *testing.T) {
	for want, event := range map[string]ike.Event{
		`a line\0Aof two`: ikev2.MessageRejected{Reason: "a line\nof two"},
		"Create child exchange failed: Received TS unacceptable notify": ikev2.CreateRefused{Type: wire.V2TSUnacceptable},
		"Maximum number of retransmissions reached":                     ikev2.PeerDead{},
		"Initial exchange failed: no answer":                            ike.NegotiationFailed{Stage: "SA_INIT", Reason: "no answer"},
		"Intermediate exchange failed: no answer":                       ike.NegotiationFailed{Stage: "INTERMEDIATE", Reason: "no answer"},
		"Auth exchange failed: no answer":                               ike.NegotiationFailed{Stage: "AUTH", Reason: "no answer"},
		"Create child exchange failed: no answer":                       ike.NegotiationFailed{Stage: "CHILD", Reason: "no answer"},
	} {
		if got := Diagnosis(event); got != want {
			t.Errorf("%T: %q, want %q", event, got, want)
		}
	}
}

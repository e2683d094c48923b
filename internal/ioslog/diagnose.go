package ioslog

import (
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
)

// Diagnosis is an error of version 2 as show crypto ikev2 diagnose error has it: the
// words of debug crypto ikev2 error, and behind them why.
func Diagnosis(event ike.Event) string {
	switch e := event.(type) {
	case ikev2.MessageRejected:
		return printable(e.Reason)
	case ikev2.CreateRefused:
		return "Create child exchange failed: Received " + notifyWords(e.Type) + " notify"
	case ikev2.PeerDead:
		return "Maximum number of retransmissions reached"
	case ike.NegotiationFailed:
		exchange := map[string]string{"SA_INIT": "Initial", "INTERMEDIATE": "Intermediate", "AUTH": "Auth", "CHILD": "Create child"}[e.Stage]
		return exchange + " exchange failed: " + printable(e.Reason)
	}
	return ""
}

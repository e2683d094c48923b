package engine

import (
	"crypto/rand"
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// TestISAKMPOnOff: ISAKMP is on while a protected tunnel is not shut down and
// nothing disables it, and each change is told once.
func TestISAKMPOnOff(t *testing.T) {
	const (
		bare      = "interface Tunnel1\n ip address 10.0.0.1 255.255.255.0\n tunnel source 192.168.0.1\n tunnel destination 192.168.0.2\n"
		protected = bare + " tunnel protection ipsec profile prof1\n"
		profile   = "crypto ipsec profile prof1\n responder-only\n"
	)
	compile := func(text string) *policy.Config {
		c, errs := policy.Compile(policy.Source{Name: "R1", Text: []byte(text)})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		return c
	}
	var e *Engine
	told := func() (states []bool) {
		for o, ok := e.Poll(); ok; o, ok = e.Poll() {
			if r, is := o.(ike.Report); is {
				if event, is := r.Event.(ISAKMPOnOff); is {
					states = append(states, event.On)
				}
			}
		}
		return states
	}
	e = New(start, ike.Env{Config: compile(profile + bare), PKI: pki.NewSnapshot(nil), Rand: rand.Reader}, Options{Options: tunnel.Options{Manual: true}})
	if got := told(); got != nil {
		t.Errorf("without protection: %v", got)
	}
	for _, step := range []struct {
		name, text string
		want       []bool
	}{
		{"protected", profile + protected, []bool{true}},
		{"the same", profile + protected, nil},
		{"shut down", profile + protected + " shutdown\n", []bool{false}},
		{"up again", profile + protected, []bool{true}},
		{"disabled", "no crypto isakmp enable\n" + profile + protected, []bool{false}},
		{"disabled and removed", "no crypto isakmp enable\n", nil},
		{"enabled, with nothing to protect", profile + bare, nil},
	} {
		if err := e.Command(start, ike.Adopt{Config: compile(step.text)}); err != nil {
			t.Fatal(err)
		}
		if got := told(); !slices.Equal(got, step.want) {
			t.Errorf("%s: told %v, want %v", step.name, got, step.want)
		}
	}
	e = New(start, ike.Env{Config: compile(profile + protected), PKI: pki.NewSnapshot(nil), Rand: rand.Reader}, Options{Options: tunnel.Options{Manual: true}})
	if got := told(); !slices.Equal(got, []bool{true}) {
		t.Errorf("protected from the start: %v", got)
	}
}

package lab

import (
	"slices"
	"strings"
	"testing"
)

// Every decision of either router stands beside one arrow, on its own side.
func TestLadder(t *testing.T) {
	for _, name := range []string{"note/ikev1", "note/ikev2-certificates", "note/ikev2-overlap", "note/ikev2-two-trustpoints", "note/ikev2-no-trustpoint"} {
		p := prepared(t, name+"-r1.cfg", name+"-r2.cfg")
		r, err := Run(p, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range r.Directions {
			rungs := p.ladder(&d)
			for i, side := range []Side{d.Initiator, d.Responder} {
				var told []string
				for _, rung := range rungs {
					for _, c := range rung.Beside[(i+p.Router(d.Initiator.Name))%2] {
						told = append(told, c.Text)
					}
				}
				for _, why := range side.Why { // what was decided after the end may stand there too
					i := slices.Index(told, why)
					if i < 0 {
						t.Errorf("%s, %s starts, %s: %q stands beside no arrow", name, d.Initiator.Name, side.Name, why)
						continue
					}
					told = slices.Delete(told, i, i+1)
				}
			}
			refused := slices.ContainsFunc(rungs, func(r rung) bool { return r.Refused })
			if len(rungs) > 0 && refused != (d.Result == Down) {
				t.Errorf("%s, %s starts, %s: refused %v", name, d.Initiator.Name, d.Result, refused)
			}
		}
	}
}

// When R2 starts in the note's pair: who decides what beside which message.
func TestLadderOfNote(t *testing.T) {
	p := prepared(t, "note/ikev1-r1.cfg", "note/ikev1-r2.cfg")
	r, err := Run(p, Options{Initiator: "R2"})
	if err != nil {
		t.Fatal(err)
	}
	rungs := p.ladder(&r.Directions[0])
	for i, want := range []struct {
		name        string
		left        bool
		first, then string // parts of what R1, and R2, decides
	}{
		{"MM1", false, "agrees to isakmp policy 10", "begins with isakmp profile prof1"},
		{"MM2", true, "", ""},
		{"MM3", false, "signs with the certificate of trustpoint IOSCA1", "asks for certificates of"},
		{"MM4", true, "asks for certificates of", "signs with the certificate of trustpoint IOSCA2"},
		{"MM5", false, "accepts certificates of IOSCA1 only", "calls itself R2.cisco.com"},
	} {
		got := rungs[i]
		if got.Name != want.name || got.Left != want.left || got.Refused != (want.name == "MM5") {
			t.Errorf("%s, from the left %v, refused %v; want %s", got.Name, got.Left, got.Refused, want.name)
		}
		for side, part := range []string{want.first, want.then} {
			found := slices.ContainsFunc(got.Beside[side], func(c decision) bool { return strings.Contains(c.Text, part) })
			if part != "" && !found || part == "" && len(got.Beside[side]) > 0 {
				t.Errorf("%s: %s decides %+v, want %q", want.name, p.Routers[side].Name, got.Beside[side], part)
			}
		}
	}
	last := rungs[4].Beside[0]
	if len(rungs) != 5 || !last[len(last)-1].Refusal {
		t.Errorf("%d messages, the last decision %+v", len(rungs), last[len(last)-1])
	}
}

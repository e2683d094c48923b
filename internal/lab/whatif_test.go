package lab

import (
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/lint"
)

// TestWhatIf: the changes that bring the note's tunnels up from both sides. Each is
// of one router and told with its line. In the last one but one pki trustpoint TP1
// alone would not do: R1's newest certificate is of TP2, so that R2 shows it that.
func TestWhatIf(t *testing.T) {
	for _, test := range []struct {
		pair string
		code lint.Code // an error that is found without negotiating
		want []string  // router: change: line to change, or after which to add
	}{
		{"note/ikev1", lint.DependsOnInitiator, []string{
			"R1: Add ca trust-point IOSCA2 to isakmp profile prof1 of R1. ca trust-point IOSCA1",
			"R2: Add ca trust-point IOSCA1 to isakmp profile prof1 of R2. crypto isakmp profile prof1",
			"R1: Enrol R1 at trustpoint IOSCA1 again, so that this certificate is its newest. crypto pki trustpoint IOSCA1",
			"R1: Take ca trust-point IOSCA1 out of isakmp profile prof1 of R1, so that it accepts every trustpoint. ca trust-point IOSCA1",
		}},
		{"note/ikev2-two-trustpoints", lint.DependsOnInitiator, []string{
			"R1: Add pki trustpoint TP2 to ikev2 profile profile1 of R1. pki trustpoint TP1",
			"R1: Enrol R1 at trustpoint TP1 again, so that this certificate is its newest. crypto pki trustpoint TP1",
			"R2: Take pki trustpoint TP2 out of ikev2 profile profile1 of R2. pki trustpoint TP2",
		}},
		{"note/ikev2-overlap", lint.ProfileMismatch, []string{
			"R2: Configure ikev2 profile profile1 of R2 after the other profiles: take it out, and write it again. crypto ikev2 profile profile1",
		}},
		{"note/ikev2-no-trustpoint", lint.NoTrustpoint, []string{
			"R1: Add pki trustpoint TP2 to ikev2 profile profile1 of R1. crypto ikev2 profile profile1",
		}},
		{"note/ikev2-certificates", "", nil},
	} {
		t.Run(test.pair, func(t *testing.T) {
			p := prepared(t, test.pair+"-r1.cfg", test.pair+"-r2.cfg")
			r, err := Consult(p, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, w := range r.WhatIf {
				line := "nowhere"
				for _, router := range p.Routers {
					if lines := strings.Split(string(router.Text), "\n"); router.File == w.File && w.Line > 0 && w.Line <= len(lines) {
						line = strings.TrimSpace(lines[w.Line-1])
					}
				}
				got = append(got, w.Side+": "+w.Change+" "+line)
				if len(w.Result) != len(r.Directions) || slices.ContainsFunc(w.Result, func(o Outcome) bool { return o.Result != Up }) {
					t.Errorf("%s: %+v", w.Change, w.Result)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
			if found := slices.ContainsFunc(r.Findings, func(f lint.Finding) bool { return f.Severity == lint.Error && (f.Code == test.code || test.code == "") }); found != (test.code != "") {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}

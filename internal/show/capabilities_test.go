package show

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
)

func TestCapabilities(t *testing.T) {
	for _, test := range []struct {
		dpd, nat     bool
		row, session string
	}{
		{false, false, "23:59:33 \n", "Capabilities:(none) connid:1010"},
		{true, false, "23:59:33 D\n", "Capabilities:D connid:1010"},
		{false, true, "23:59:33 N\n", "Capabilities:N connid:1010"},
		{true, true, "23:59:33 DN\n", "Capabilities:DN connid:1010"},
	} {
		s := session()
		s.DPD, s.NAT = test.dpd, test.nat
		text := func(print func(io.Writer) error) string {
			var b bytes.Buffer
			if err := print(&b); err != nil {
				t.Fatal(err)
			}
			return b.String()
		}
		views := []ikev1.View{s}
		if got := text(func(w io.Writer) error { return ISAKMPSA(w, views, true) }); !strings.Contains(got, test.row) {
			t.Errorf("want %q in\n%s", test.row, got)
		}
		if got := text(func(w io.Writer) error { return Session(w, engine.View{Sessions: views}, now, nil, true) }); !strings.Contains(got, test.session) {
			t.Errorf("want %q in\n%s", test.session, got)
		}
	}
}

func TestCapabilitiesV2(t *testing.T) {
	for want, change := range map[string]func(*ikev2.View){
		"":    func(s *ikev2.View) { s.DPD.Interval = 0 },
		"D":   func(*ikev2.View) {},
		"DN":  func(s *ikev2.View) { s.NATPeer = true },
		"DNF": func(s *ikev2.View) { s.NATSelf, s.Fragmentation = true, true },
	} {
		s := sessionV2()
		change(&s)
		if got := capabilitiesV2(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

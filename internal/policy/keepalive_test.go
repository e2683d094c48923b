package policy

import (
	"testing"
	"time"
)

func TestKeepalive(t *testing.T) {
	profile := "crypto isakmp profile P\n match identity address 0.0.0.0\n"
	for _, test := range []struct {
		name, text      string
		global, profile Keepalive
	}{
		{"none", profile, Keepalive{}, Keepalive{}},
		{"defaults", "crypto isakmp keepalive 30\n" + profile, Keepalive{30 * time.Second, 2 * time.Second, false}, Keepalive{30 * time.Second, 2 * time.Second, false}},
		{"all words", "crypto isakmp keepalive 10 3 periodic\n" + profile, Keepalive{10 * time.Second, 3 * time.Second, true}, Keepalive{10 * time.Second, 3 * time.Second, true}},
		{"on-demand", "crypto isakmp keepalive 10 on-demand\n" + profile, Keepalive{10 * time.Second, 2 * time.Second, false}, Keepalive{10 * time.Second, 2 * time.Second, false}},
		{"the profile's own, before the global one", profile + " keepalive 20 retry 5\ncrypto isakmp keepalive 10 3 periodic\n",
			Keepalive{10 * time.Second, 3 * time.Second, true}, Keepalive{20 * time.Second, 5 * time.Second, true}},
		{"the profile's alone", profile + " keepalive 20\n", Keepalive{}, Keepalive{20 * time.Second, 2 * time.Second, false}},
		{"taken back", "crypto isakmp keepalive 10 3 periodic\n" + profile + " keepalive 20\n no keepalive\nno crypto isakmp keepalive\n", Keepalive{}, Keepalive{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := compileText(t, test.text)
			if got := c.Keepalive(nil); got != test.global {
				t.Errorf("without a profile %+v, want %+v", got, test.global)
			}
			if got := c.Keepalive(c.Profiles[0]); got != test.profile {
				t.Errorf("profile %+v, want %+v", got, test.profile)
			}
		})
	}
}

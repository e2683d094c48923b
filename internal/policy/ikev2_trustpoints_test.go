package policy

import (
	"strings"
	"testing"
)

func TestECKey(t *testing.T) {
	const profile = "crypto ikev2 profile P%\n match identity remote any\n authentication local %\n authentication remote rsa-sig\n pki trustpoint T%\n"
	for _, test := range []struct {
		trustpoint string
		profiles   []string // what each signs with, and the rest of its trustpoint line
		want       bool
	}{
		{"", nil, false},
		{" eckeypair K\n", nil, true},
		{"", []string{"ecdsa-sig"}, true},
		{"", []string{"rsa-sig"}, false},
		{"", []string{"ecdsa-sig", "rsa-sig"}, false},
		{"", []string{"ecdsa-sig verify"}, false},
		{" rsakeypair K\n", []string{"ecdsa-sig"}, false},
	} {
		text := "hostname R1\ncrypto pki trustpoint T\n" + test.trustpoint
		for i, how := range test.profiles {
			auth, use, _ := strings.Cut(how, " ")
			text += strings.NewReplacer("P%", "P"+string(rune('1'+i)), "local %", "local "+auth, "T%", strings.TrimRight("T "+use, " ")).Replace(profile)
		}
		c := compileText(t, text)
		if got := c.ECKey(c.Trustpoints[0]); got != test.want {
			t.Errorf("%q, %v: %v, want %v", test.trustpoint, test.profiles, got, test.want)
		}
	}
}

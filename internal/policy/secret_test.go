package policy

import (
	"net/netip"
	"strings"
	"testing"
)

// Strings that IOS's service password-encryption made, as they stand in public
// examples.
func TestType7(t *testing.T) {
	for s, want := range map[string]string{
		"070C285F4D06": "cisco",
		"0822455D0A16": "cisco",
		"094F471A1A0A": "cisco",
		"02050D480809": "cisco",
		"110A1016141D": "cisco",
		"13061E010803": "cisco",
		"0":            "",
		"07":           "",
		"070":          "",
		"07XX":         "",
		"99112233":     "",
		"0x0C285F4D06": "",
		"070C285F4D0":  "",
		"076F":         "", // a control character
	} {
		if got, ok := decodeType7(s); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
	c := compileText(t, "crypto keyring K\n pre-shared-key address 192.0.2.1 key 7 070C285F4D06\n")
	k := c.ResponderKey(netip.MustParseAddr("192.0.2.9"), netip.MustParseAddr("192.0.2.1"))
	if keyOf(k) != "cisco" {
		t.Error("the key of the configuration is another")
	}
}

// What is wrong with a line is told without its key, also where a word before it
// was taken for the key.
func TestErrorsHideKeys(t *testing.T) {
	const key = "Kf7qZpW2"
	for _, line := range []string{
		"crypto isakmp key " + key + " adress 192.0.2.1",
		"crypto isakmp key 7 " + key + " address 192.0.2.1",
		"crypto isakmp key 8 " + key + " address 192.0.2.1",
		"crypto isakmp key hex " + key + " address 192.0.2.1",
		"crypto keyring K\n pre-shared-key address 192.0.2.1 key " + key + " more",
		"crypto keyring K\n pre-shared-key address 192.0.2.1 key hex " + key,
		"crypto ikev2 keyring K\n peer P\n  pre-shared-key hex " + key,
	} {
		_, errs := Compile(Source{Name: "x.cfg", Text: []byte(line + "\n")})
		if len(errs) == 0 || strings.Contains(errs.Error(), key) {
			t.Errorf("%s:\n%v", line, errs)
		}
	}
}

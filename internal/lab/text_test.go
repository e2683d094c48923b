package lab

import (
	"strings"
	"testing"
)

// Which profile and which trustpoint a side used, and why, is told of a direction
// that is down as well as of one that is up.
func TestText(t *testing.T) {
	var b strings.Builder
	if err := WriteText(&b, ran(t, prepared(t, "note/ikev1-r1.cfg", "note/ikev1-r2.cfg"))); err != nil {
		t.Fatal(err)
	}
	up, down, _ := strings.Cut(b.String(), "Tunnel1, R2 begins (IKEv1): down at MM5, CERT_NOT_IN_PROFILE\n    cause: ")
	for where, want := range map[string][]string{
		up: {
			"Tunnel1, R1 begins (IKEv1): up\n    R1 with profile prof1 and the certificate of IOSCA1\n        begins with isakmp profile prof1",
			"\n    R2 with profile prof1 and the certificate of IOSCA1\n",
		},
		down: {
			"\n    where: note/ikev1-r1.cfg:33\n",
			"\n    R2 with profile prof1 and the certificate of IOSCA2\n        begins with isakmp profile prof1",
			"\n    R1 with profile prof1",
			"\n        signs with the certificate of trustpoint IOSCA2: request 1 of 7",
		},
	} {
		for _, w := range want {
			if !strings.Contains(where, w) {
				t.Errorf("no %q in\n%s", w, where)
			}
		}
	}
}

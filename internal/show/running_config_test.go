package show

import (
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
)

func TestRunningConfig(t *testing.T) {
	cfg, errs := policy.Compile(policy.Source{Name: "a", Text: []byte("hostname R1\n")}, policy.Source{Name: "b", Text: []byte("! no more")})
	if errs != nil {
		t.Fatal(errs)
	}
	var b strings.Builder
	if err := RunningConfig(&b, cfg); err != nil || b.String() != "Building configuration...\n\nCurrent configuration : 22 bytes\nhostname R1\n! no more\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

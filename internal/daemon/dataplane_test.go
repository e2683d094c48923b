package daemon

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
)

// What userspace does not carry is told of with its place, also of interfaces that a
// peer's call makes.
func TestBeyondUserspace(t *testing.T) {
	text, err := os.ReadFile("../../configs/dvti/r2.cfg")
	if err != nil {
		t.Fatal(err)
	}
	for old, c := range map[string]struct{ line, want string }{
		"":                           {},
		"TS esp-aes esp-sha256-hmac": {"TS ah-sha256-hmac esp-aes", "AH is for the kernel, userspace carries ESP"},
	} {
		if !strings.Contains(string(text), old) {
			t.Fatalf("no %q in\n%s", old, text)
		}
		cfg, errs := policy.Compile(policy.Source{Name: "r2.cfg", Text: []byte(strings.Replace(string(text), old, c.line, 1))})
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		got := fmt.Sprint(beyondUserspace(cfg))
		if c.want == "" && got != "<nil>" || !strings.Contains(got, c.want) || c.want != "" && !strings.HasPrefix(got, "r2.cfg:32:") {
			t.Errorf("%s: %s, want %q", c.line, got, c.want)
		}
	}
}

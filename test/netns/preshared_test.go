//go:build netns

package netns

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// keyed is the pair of configs/psk with an empty store; change is applied to
// both configurations.
func keyed(t *testing.T, change func(string) string) *routers.Pair {
	t.Helper()
	var paths []string
	for _, name := range []string{"r1.cfg", "r2.cfg"} {
		text, err := os.ReadFile(filepath.Join(root, "configs/psk", name))
		must(t, err)
		paths = append(paths, filepath.Join(t.TempDir(), name))
		must(t, os.WriteFile(paths[len(paths)-1], []byte(change(string(text))), 0o600))
	}
	return stand(t, paths[0], paths[1])
}

// With keys and no certificate the daemons bring the tunnel up, in main mode and
// in aggressive mode, from either side; no key is in any log.
func TestPreSharedKeys(t *testing.T) {
	for mode, line := range map[string]string{"main": "", "aggressive": "   initiate mode aggressive\n"} {
		t.Run(mode, func(t *testing.T) {
			p := keyed(t, func(text string) string {
				return strings.Replace(text, "crypto isakmp profile prof1\n", "crypto isakmp profile prof1\n"+line, 1)
			})
			start(t, p)
			for _, r := range []*routers.Router{p.R1, p.R2} {
				lines := follow(t, r, "debug", "crypto", "isakmp")
				must(t, p.Up(r, "Tunnel1"))
				want(t, "detail", obol(t, r, 0, "show", "crypto", "isakmp", "sa", "detail"), "aes  sha256 psk  14")
				obol(t, r, 0, "clear", "crypto", "session")
				for _, r := range []*routers.Router{p.R1, p.R2} {
					eventually(t, r.Name+" has no SA", func() bool {
						return !strings.Contains(obol(t, r, 0, "show", "crypto", "session"), "UP-ACTIVE")
					})
				}
				eventually(t, "the debug line", func() bool {
					return strings.Contains(lines(), "found peer pre-shared key matching")
				})
				if strings.Contains(lines()+p.R1.Log()+p.R2.Log(), "cisco") {
					t.Error("the key is in a log")
				}
			}
		})
	}
}

//go:build netns

package netns

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// A configuration is edited under a tunnel, by signal and by command: what is broken
// changes nothing and says where; what concerns the interface alone keeps the SAs; what
// they depend on ends them, the peer is told, and they come up anew.
func TestReload(t *testing.T) {
	t.Parallel()
	p := keyed(t, func(text string) string { return text })
	start(t, p)
	original, err := os.ReadFile(p.R1.Config)
	must(t, err)
	file := func(name, more string) string {
		path := filepath.Join(t.TempDir(), name)
		must(t, os.WriteFile(path, []byte(string(original)+more), 0o600))
		return path
	}
	up(t, p)
	before := spi(t, p.R1)

	broken := file("broken.cfg", "interface Tunnel1\n tunnel sauce Ethernet0/0\n")
	for _, word := range []string{"diff", "replace"} {
		want(t, word, obol(t, p.R1, 1, "configure", word, broken), broken+":", `"sauce" is not understood here; did you mean "source"?`)
	}
	must(t, os.WriteFile(p.R1.Config, []byte("interface Tunnel1\n tunnel sauce Ethernet0/0\n"), 0o600))
	must(t, p.R1.Reload())
	eventually(t, "the log has the fault", func() bool {
		return strings.Contains(p.R1.Log(), p.R1.Config+":2:9: ") && strings.Contains(p.R1.Log(), "the configuration is not replaced")
	})

	must(t, os.WriteFile(p.R1.Config, []byte(string(original)+"interface Tunnel1\n description to R2\n ip mtu 1300\n"), 0o600))
	want(t, "diff", obol(t, p.R1, 0, "conf", "diff"), "0 new, 0 removed, 0 renegotiated, 1 untouched (1 of them changed in place)", "in place: Tunnel1: ip mtu, description")
	must(t, p.R1.Reload())
	eventually(t, "the new configuration runs", func() bool {
		return strings.Contains(obol(t, p.R1, 0, "show", "running-config"), "description to R2")
	})
	says(t, p.R1, "%SYS-5-CONFIG_I: Configured from "+p.R1.Config)
	if now := spi(t, p.R1); now != before {
		t.Errorf("the SA was %s, and is %s", before, now)
	}

	stronger := file("stronger.cfg", "crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac\n mode tunnel\n")
	want(t, "replace", obol(t, p.R1, 0, "configure", "replace", stronger, "revert", "5"),
		"1 renegotiated, 0 untouched", "renegotiated: Tunnel1: crypto ipsec transform-set TS ("+stronger+":", "comes back in 5 minutes")
	eventually(t, "R2 is told", func() bool {
		return !strings.Contains(obol(t, p.R2, 0, "show", "crypto", "isakmp", "sa"), "QM_IDLE")
	})
	want(t, "a second replace", obol(t, p.R1, 1, "configure", "replace"), "waits for configure confirm")
	obol(t, p.R1, 0, "configure", "confirm")
	want(t, "a second confirm", obol(t, p.R1, 1, "configure", "confirm"), "no Rollback Confirmed Change pending")
	text, err := os.ReadFile(p.R2.Config)
	must(t, err)
	must(t, os.WriteFile(p.R2.Config, []byte(strings.Replace(string(text), "esp-aes ", "esp-aes 256 ", 1)), 0o600))
	obol(t, p.R2, 0, "configure", "replace")
	up(t, p)
	want(t, "the new SAs", obol(t, p.R2, 0, "show", "crypto", "ipsec", "sa"), "esp-256-aes")
}

var outbound = regexp.MustCompile(`current outbound spi: (0x[0-9A-F]+)`)

// spi is that of a router's only tunnel.
func spi(t *testing.T, r *routers.Router) string {
	t.Helper()
	found := outbound.FindStringSubmatch(obol(t, r, 0, "show", "crypto", "ipsec", "sa"))
	if found == nil || found[1] == "0x0" {
		t.Fatal("no SA")
	}
	return found[1]
}

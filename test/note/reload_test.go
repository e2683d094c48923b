//go:build vm

package note

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/script"
)

// tunnels is more in make soak.
var tunnels = flag.Int("tunnels", 10, "tunnels of TestReload, at most 256")

// Of many tunnels in the kernel one is edited under flow: the others keep their SAs and
// lose no packet, and what changes in place loses none either. A broken file changes
// nothing.
func TestReload(t *testing.T) {
	n, edited := *tunnels, 7
	dir := t.TempDir()
	text := [2]string{script.Tunnels(n, 1, 2, script.IKEv2Profile), script.Tunnels(n, 2, 1, script.IKEv2Profile)}
	write := func(router int, name, more string) string {
		path := filepath.Join(dir, fmt.Sprintf("R%d-%s", router, name))
		must(t, os.WriteFile(path, []byte(text[router-1]+more), 0o600))
		return path
	}
	p, err := routers.NewNumbered(int(pairs.Add(1)), root+"/bin", write(1, "start.cfg", ""), write(2, "start.cfg", ""))
	must(t, err)
	t.Cleanup(func() { must(t, p.Close()) })
	both := []*routers.Router{p.R1, p.R2}
	for i, r := range both {
		var batch strings.Builder
		for k := range n {
			fmt.Fprintf(&batch, "address add 10.1.%d.%d/24 dev %s\n", k, i+1, routers.Outer)
		}
		path := filepath.Join(dir, "batch")
		must(t, os.WriteFile(path, []byte(batch.String()), 0o600))
		sh(t, r, "ip", "-batch", path)
	}
	must(t, p.R2.Start("--initiate", "manual"))
	must(t, p.R1.Start())
	up := func() bool { return len(spis(sh(t, p.R1, "ip", "xfrm", "state"))) == 2*n }
	eventually(t, patience, "all tunnels are up", up)

	var flows []*routers.Flow
	for _, k := range []int{0, n / 2, n - 1} {
		f, err := p.Flow(fmt.Sprintf("10.2.%d.1", k), fmt.Sprintf("10.2.%d.2", k), 1)
		must(t, err)
		flows = append(flows, f)
	}
	before := spis(sh(t, p.R1, "ip", "xfrm", "state"))
	broken := write(1, "broken.cfg", "interface Tunnel1\n tunnel sauce 10.1.1.1\n")
	if out, err := p.R1.Obol("configure", "replace", broken); routers.ExitCode(err) != 1 || !strings.Contains(out, broken+":") {
		t.Errorf("a broken file: %v\n%s", err, out)
	}
	change := "crypto ikev2 keyring K\n peer T%[1]d\n  pre-shared-key changed\ninterface Tunnel0\n description of R%[2]d\n ip mtu 1300\n"
	for i, r := range slices.Backward(both) { // R2 waits to be asked: R1 is the one that begins anew, and is understood
		out, err := r.Obol("configure", "replace", write(i+1, "edited.cfg", fmt.Sprintf(change, edited, i+1)))
		must(t, err)
		want(t, r.Name, out, fmt.Sprintf("0 new, 0 removed, 1 renegotiated, %d untouched (1 of them changed in place)", n-1), fmt.Sprintf("renegotiated: Tunnel%d: ", edited))
	}
	eventually(t, patience, "the edited tunnel is up again", func() bool {
		return up() && len(spis(sh(t, p.R2, "ip", "xfrm", "state"))) == 2*n
	})
	for _, f := range flows {
		if err := f.End(); err != nil {
			t.Error(err)
		}
	}
	after := spis(sh(t, p.R1, "ip", "xfrm", "state"))
	gone := slices.DeleteFunc(before, func(spi string) bool { return slices.Contains(after, spi) })
	if len(gone) != 2 {
		t.Errorf("%d SAs are not there any more, want those of one tunnel: %v", len(gone), gone)
	}
	want(t, "MTU", sh(t, p.R1, "ip", "link", "show", "Tunnel0"), "mtu 1300")
}

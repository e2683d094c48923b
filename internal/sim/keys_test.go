package sim

import (
	"bytes"
	"os"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// Both ends tell the same keys of an IKE SA, and of each child SA the data planes
// of both keep what was installed.
func TestKeys(t *testing.T) {
	for _, c := range []struct {
		name    string
		version int
	}{{"psk", 1}, {"ikev2-psk", 2}} {
		t.Run(c.name, func(t *testing.T) {
			w := New(1)
			for _, n := range []string{"r1", "r2"} {
				path := "../../configs/" + c.name + "/" + n + ".cfg"
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				config, errs := policy.Compile(policy.Source{Name: path, Text: text})
				if errs != nil {
					t.Fatal(errs)
				}
				w.Add(n, config, pki.NewSnapshot(nil), engine.Options{Options: tunnel.Options{Manual: true}})
			}
			if err := w.Routers[0].Command(ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
				t.Fatal(err)
			}
			if !w.Until(time.Minute, func() bool { return len(w.Routers[0].Dataplane.Installed) == 2 }) {
				t.Fatal("not up")
			}
			if len(w.Keys) != 2 {
				t.Fatalf("%d sets of keys, want one of each end", len(w.Keys))
			}
			a, b := w.Keys[0], w.Keys[1]
			if a.Version != c.version || a.SPIi != b.SPIi || a.SPIr != b.SPIr || a.Encr != b.Encr || a.Integ != b.Integ ||
				len(a.Ei) == 0 || bytes.Count(a.Ei, []byte{0}) == len(a.Ei) || !bytes.Equal(a.Ei, b.Ei) || !bytes.Equal(a.Er, b.Er) || !bytes.Equal(a.Ai, b.Ai) || !bytes.Equal(a.Ar, b.Ar) {
				t.Errorf("%+v\nand\n%+v", a, b)
			}
			for _, r := range w.Routers {
				if len(r.Dataplane.Installed) != 2 || len(r.Dataplane.Installed[0].EncrKey) == 0 {
					t.Errorf("%s installed %d SAs", r.Name, len(r.Dataplane.Installed))
				}
			}
		})
	}
}

package show

import (
	"io"
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
)

func TestNarrow(t *testing.T) {
	second := noteTunnel()
	second.Name, second.Destination = "Tunnel2", netip.MustParseAddr("192.168.0.9")
	v := engine.View{Sessions: []ikev1.View{session(), halfOpen()}, IKEv2: []ikev2.View{halfOpenV2(), sessionV2()}, Tunnels: []tunnel.View{noteTunnel(), second}}
	for _, test := range []struct {
		name, peer        string
		tunnels, sessions int
	}{
		{"", "", 2, 2},
		{"Tunnel1", "", 1, 1},
		{"Tunnel2", "", 1, 1},
		{"Tunnel3", "", 0, 0},
		{"", "192.168.0.2", 1, 1},
		{"", "192.168.0.7", 0, 0},
		{"Tunnel1", "192.168.0.9", 0, 0},
	} {
		peer, _ := netip.ParseAddr(test.peer) // "" is the zero address
		got := Narrow(v, test.name, peer)
		if len(got.Tunnels) != test.tunnels || len(got.Sessions) != test.sessions || len(got.IKEv2) != test.sessions {
			t.Errorf("%q %q: %d tunnels, %d and %d sessions", test.name, test.peer, len(got.Tunnels), len(got.Sessions), len(got.IKEv2))
		}
	}
	if len(v.Tunnels) != 2 || len(v.Sessions) != 2 || len(v.IKEv2) != 2 {
		t.Error("the view itself changed")
	}
}

func TestBetween(t *testing.T) {
	all := []ikev2.View{sessionV2(), halfOpenV2(), sixV2()}
	for _, test := range []struct {
		local, remote string
		want          int
	}{{"", "", 3}, {"192.168.0.1", "", 2}, {"", "192.168.0.2", 1}, {"192.168.0.1", "2001:db8::2", 0}, {"2001:db8::1", "2001:db8::2", 1}} {
		local, _ := netip.ParseAddr(test.local)
		remote, _ := netip.ParseAddr(test.remote)
		if got := Between(all, local, remote); len(got) != test.want {
			t.Errorf("%q %q: %d SAs, want %d", test.local, test.remote, len(got), test.want)
		}
	}
}

func TestCallAdmission(t *testing.T) {
	c, errs := policy.Compile(policy.Source{Name: "R1", Text: []byte("crypto call admission limit ike in-negotiation-sa 200\n")})
	if errs != nil {
		t.Fatal(errs)
	}
	v := engine.View{
		Sessions: []ikev1.View{session(child(ipsec.Tunnel, gre, 128)), halfOpen()},
		Counters: engine.Counters{Dropped: 1, Malformed: 2, Unsupported: 3, UnknownSA: 4, HalfOpenDrops: 5, Sessions: 12, Incoming: 7},
	}
	golden(t, "call-admission-statistics", func(w io.Writer) error { return CallAdmission(w, v, c) })
}

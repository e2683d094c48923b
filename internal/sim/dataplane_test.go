package sim

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// alone is a router with one protected GRE tunnel to nobody.
func alone(t *testing.T) (*World, *Router) {
	t.Helper()
	set := &policy.TransformSet{Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA256, Mode: ipsec.Tunnel}
	config := &policy.Config{Interfaces: []*policy.Interface{{
		Name: "Tunnel1", Kind: policy.TunnelInterface, Addresses: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/24")},
		Tunnel: &policy.Tunnel{
			Source: netip.MustParseAddr("192.168.0.1"), Destination: netip.MustParseAddr("192.168.0.2"),
			ReqID: ipsec.ReqIDBase + 1, Protection: &policy.IPsecProfile{Transforms: []*policy.TransformSet{set}},
		},
	}}}
	w := New(1)
	r := w.Add("R1", config, pki.NewSnapshot(nil), engine.Options{Options: tunnel.Options{Manual: true}})
	if len(r.Dataplane.Violations) > 0 {
		t.Fatal(r.Dataplane.Violations)
	}
	return w, r
}

// What the scenarios rely on being noticed is noticed.
func TestViolations(t *testing.T) {
	_, r := alone(t)
	d := r.Dataplane
	if err := d.RemovePolicy(d.Policies[0]); err != nil {
		t.Fatal(err)
	}
	if len(d.Violations) != 1 || !strings.Contains(d.Violations[0], "Tunnel1 is up without its in policy") {
		t.Errorf("a link without its policy: %q", d.Violations)
	}
	l, _ := d.Link("Tunnel1")
	route := ipsec.Route{Dst: netip.MustParsePrefix("192.168.200.0/24"), Dev: "Tunnel1"}
	if err := d.SetRoute(route); err != nil {
		t.Error(err)
	}
	l.Up = false
	if err := d.SetLink(l); err != nil {
		t.Fatal(err)
	}
	if len(d.Routes) != 0 {
		t.Error("a route outlived its link")
	}
	if err := d.SetRoute(route); err == nil {
		t.Error("a route through a link that is down")
	}
	sa := ipsec.SA{SAID: ipsec.SAID{SPI: 1000}, Direction: ipsec.In}
	if err := d.InstallSA(sa); err != nil {
		t.Error(err)
	}
	if err := d.InstallSA(sa); err == nil {
		t.Error("an SA installed twice")
	}
	if _, err := d.QuerySA(ipsec.SAID{SPI: 7}); err == nil {
		t.Error("an SA that is not there answers")
	}
}

func TestExpiry(t *testing.T) {
	w, r := alone(t)
	sa := ipsec.SA{SAID: ipsec.SAID{SPI: 1000}, Direction: ipsec.In, Hard: ipsec.Lifetime{Duration: time.Hour}}
	if err := r.Dataplane.InstallSA(sa); err != nil {
		t.Fatal(err)
	}
	w.Run(time.Hour - time.Second)
	if len(r.Dataplane.SAs) != 1 {
		t.Error("gone too early")
	}
	w.Run(time.Second)
	if len(r.Dataplane.SAs) != 0 {
		t.Error("outlived its hard lifetime")
	}
	if got := w.Now.Sub(Epoch); got != time.Hour {
		t.Errorf("%v passed, want 1h", got)
	}
}

// match is what decides whether packets get through.
func TestMatch(t *testing.T) {
	a, b := netip.MustParsePrefix("192.168.0.1/32"), netip.MustParsePrefix("192.168.0.2/32")
	out := ipsec.SA{
		Direction: ipsec.Out, Mode: ipsec.Tunnel, Encr: suite.AES, EncrKey: suite.Key("0123456789abcdef"),
		Integ: suite.HMACSHA256, IntegKey: suite.Key("k"), Selector: ipsec.Selector{Local: a, Remote: b, Protocol: ipsec.GRE},
	}
	in := out
	in.Direction, in.Selector = ipsec.In, out.Selector.Mirror()
	if err := match(out, in); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*ipsec.SA){
		"direction": func(s *ipsec.SA) { s.Direction = ipsec.Out },
		"key":       func(s *ipsec.SA) { s.EncrKey = suite.Key("fedcba9876543210") },
		"integrity": func(s *ipsec.SA) { s.IntegKey = suite.Key("l") },
		"algorithm": func(s *ipsec.SA) { s.Encr = suite.TripleDES },
		"mode":      func(s *ipsec.SA) { s.Mode = ipsec.Transport },
		"selector":  func(s *ipsec.SA) { s.Selector.Protocol = 0 },
	} {
		other := in
		change(&other)
		if match(out, other) == nil {
			t.Errorf("another %s passes", name)
		}
	}
}

// What comes for an SA that is expected is the SA's when it stands; without that, or
// when nobody expects it any more, it is lost.
func TestExpect(t *testing.T) {
	w, r1 := alone(t)
	config := *r1.config
	end := *config.Interfaces[0]
	tunnel2 := *end.Tunnel
	tunnel2.Source, tunnel2.Destination = tunnel2.Destination, tunnel2.Source
	end.Tunnel = &tunnel2
	config.Interfaces = []*policy.Interface{&end}
	r2 := w.Add("R2", &config, pki.NewSnapshot(nil), engine.Options{Options: tunnel.Options{Manual: true}})
	out := ipsec.SA{
		SAID:      ipsec.SAID{Src: tunnel2.Source, Dst: tunnel2.Destination, SPI: 1000, Protocol: ipsec.ESP},
		Direction: ipsec.Out, Mode: ipsec.Tunnel, ReqID: tunnel2.ReqID,
	}
	in := out
	in.Direction = ipsec.In
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(r2.Dataplane.InstallSA(out))
	for _, c := range []struct {
		name     string
		expected func()
		want     uint64
	}{
		{"not expected", func() {}, 0},
		{"expected", func() { do(r1.Dataplane.ExpectSA(in.SAID, nil)) }, 3},
		{"no more", func() { do(r1.Dataplane.ExpectSA(in.SAID, nil)); do(r1.Dataplane.RemoveSA(in.SAID)) }, 0},
	} {
		c.expected()
		for range 3 {
			w.Pass(r2, r1, "Tunnel1", "Tunnel1")
		}
		do(r1.Dataplane.InstallSA(in))
		if got, err := r1.Dataplane.QuerySA(in.SAID); err != nil || got.Packets != c.want {
			t.Errorf("%s: the SA has %d packets, %v, want %d", c.name, got.Packets, err, c.want)
		}
		do(r1.Dataplane.RemoveSA(in.SAID))
	}
}

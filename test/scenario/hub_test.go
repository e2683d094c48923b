package scenario

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/script"
)

const hubAddress = "198.51.100.1"

// hubText is a hub that has one configured tunnel too, and finds out who is gone.
var hubText = script.Hub(hubAddress) + `crypto isakmp profile SPOKES
 keepalive 10 retry 2
crypto ikev2 profile SPOKES
 dpd 10 2 periodic
interface Virtual-Template2 type tunnel
 ip mtu 1400
interface Tunnel1
 ip unnumbered Loopback0
 tunnel source Ethernet0/0
 tunnel mode ipsec ipv4
 tunnel destination 203.0.113.100
 tunnel protection ipsec profile ONE
`

// spokeText is spoke n, whose SAs do not live long.
func spokeText(n int, address string) string {
	return script.Spoke(n, address, hubAddress) + "crypto isakmp keepalive 10 2\ncrypto ipsec profile HUB\n set security-association lifetime seconds 600\n"
}

// hubWorld is a hub and its spokes.
type hubWorld struct {
	*testing.T
	*sim.World
	hub    *sim.Router
	spokes []*sim.Router // by number; that of 0 is the hub's configured one
}

// newHub has so many spokes beside that, all after the first open ones behind one NAT.
func newHub(t *testing.T, spokes, open int) *hubWorld {
	h := &hubWorld{T: t, World: sim.New(8)}
	add := func(name, text string) *sim.Router {
		t.Helper()
		config, errs := policy.Compile(policy.Source{Name: name, Text: []byte(text)})
		if errs != nil {
			t.Fatal(errs)
		}
		return h.Add(name, config, pki.NewSnapshot(nil), engine.Options{Options: tunnel.Options{Manual: true}})
	}
	h.hub = add("HUB", hubText)
	h.spokes = []*sim.Router{add("SPOKE0", strings.ReplaceAll(spokeText(1, "203.0.113.100"), "SPOKE1", "SPOKE0"))}
	var hidden []*sim.Router
	for n := 1; n <= spokes; n++ {
		address := fmt.Sprintf("203.0.113.%d", n)
		if n > open {
			address = fmt.Sprintf("172.16.0.%d", n)
		}
		h.spokes = append(h.spokes, add(fmt.Sprintf("SPOKE%d", n), spokeText(n, address)))
		if n > open {
			hidden = append(hidden, h.spokes[n])
		}
	}
	h.Masquerade(netip.MustParseAddr("192.0.2.9"), hidden...)
	return h
}

// call has spokes bring their tunnels up.
func (h *hubWorld) call(spokes ...*sim.Router) {
	h.Helper()
	for _, s := range spokes {
		if err := s.Command(ike.Initiate{Tunnel: "Tunnel0"}); err != nil {
			h.Fatal(err)
		}
	}
	h.World.Run(10 * time.Second)
}

// interfaceOf is the hub's for a spoke, "" for none.
func (h *hubWorld) interfaceOf(s *sim.Router) string {
	for _, theirs := range s.Views().Tunnels[0].Children {
		for _, v := range h.hub.Views().Tunnels {
			if slices.ContainsFunc(v.Children, func(c tunnel.ChildView) bool { return c.Out.SPI == theirs.In.SPI && c.In.SPI == theirs.Out.SPI }) {
				return v.Name
			}
		}
	}
	return ""
}

// carry checks that each spoke has an interface of its own, by which packets go both
// ways, and gives the names.
func (h *hubWorld) carry(spokes ...*sim.Router) (names []string) {
	h.Helper()
	for _, s := range spokes {
		name := h.interfaceOf(s)
		if name == "" || slices.Contains(names, name) {
			h.Fatalf("%s has interface %q, the others have %q", s.Name, name, names)
		}
		names = append(names, name)
		for _, err := range []error{h.Carries(s, h.hub, "Tunnel0", name), h.Carries(h.hub, s, name, "Tunnel0")} {
			if err != nil {
				h.Errorf("%s by %s: %v", s.Name, name, err)
			}
		}
	}
	return names
}

// standing wants so many interfaces at the hub beside the configured one, and nothing in
// its data plane that is no interface's.
func (h *hubWorld) standing(n int) {
	h.Helper()
	d := h.hub.Dataplane
	if got := len(h.hub.Views().Tunnels) - 1; got != n || len(d.Links) != n+2 || len(d.Policies) != 3*(n+1) || len(d.Violations) > 0 {
		h.Errorf("%d Virtual-Access interfaces, want %d; %d links, %d policies; %v", got, n, len(d.Links), len(d.Policies), d.Violations)
	}
}

// A hub with 20 dynamic spokes, four of them behind one NAT address: each version has
// two there. They rekey from either side, go, come back and are forgotten, and the
// tunnel that is configured sees nothing of it.
func TestHub(t *testing.T) {
	h := newHub(t, 20, 16)
	h.standing(0)
	h.call(h.spokes...)
	if got := h.carry(h.spokes[0])[0]; got != "Tunnel1" {
		t.Fatalf("the configured peer has %s", got)
	}
	names := h.carry(h.spokes[1:]...)
	h.standing(20)
	for _, name := range names {
		l, ok := h.hub.Dataplane.Link(name)
		if want := "Vi" + strings.TrimPrefix(name, "Virtual-Access"); !ok || l.Name != want || l.AltName != name || l.Addresses[0] != netip.MustParsePrefix(script.HubInner+"/32") {
			t.Errorf("%s: %+v", name, l)
		}
	}

	h.World.Run(25 * time.Minute)
	if again := h.carry(h.spokes[1:]...); !slices.Equal(names, again) {
		t.Errorf("after two lifetimes they have other interfaces:\n%q\n%q", again, names)
	}
	h.standing(20)

	// A spoke says goodbye: its interface goes, that of its neighbour behind the NAT stays.
	for _, n := range []int{19, 20} {
		if err := h.spokes[n].Command(ike.Shutdown{}); err != nil {
			t.Fatal(err)
		}
	}
	h.World.Run(time.Second)
	h.standing(18)
	if again := h.carry(h.spokes[1:19]...); !slices.Equal(names[:18], again) {
		t.Errorf("%q", again)
	}

	// Two fall silent, one comes back, and the other is found dead.
	h.spokes[1].Kill()
	h.spokes[2].Kill()
	h.World.Run(time.Second)
	h.spokes[1].Start()
	h.call(h.spokes[1])
	h.World.Run(2 * time.Minute)
	h.standing(17)
	h.carry(append([]*sim.Router{h.spokes[1]}, h.spokes[3:19]...)...)

	// The template's MTU changes in place, its transform set takes the interfaces down.
	h.adopt(strings.Replace(hubText, "ip mtu 1400", "ip mtu 1300", 1))
	h.standing(17)
	if l, _ := h.hub.Dataplane.Link(h.interfaceOf(h.spokes[4])); l.MTU != 1300 {
		t.Errorf("MTU %d", l.MTU)
	}
	h.adopt(strings.Replace(hubText, "profile TWO\n set transform-set TS", "profile TWO\n set transform-set TS\n set pfs group19", 1))
	h.standing(9)
	odd := []*sim.Router{}
	for n := 1; n < 19; n += 2 {
		odd = append(odd, h.spokes[n])
	}
	h.carry(odd...)
	h.carry(h.spokes[0])

	// The next process goes on with all of them, and they outlive their lifetimes there.
	before := h.carry(odd...)
	if err := h.hub.HandOver(time.Second); err != nil {
		t.Fatal(err)
	}
	h.World.Run(10 * time.Second)
	h.standing(9)
	h.World.Run(25 * time.Minute)
	h.standing(9)
	if again := h.carry(odd...); !slices.Equal(before, again) {
		t.Errorf("in the next process they have other interfaces:\n%q\n%q", again, before)
	}
	h.carry(h.spokes[0])

	if err := h.hub.Command(ike.Shutdown{}); err != nil {
		t.Fatal(err)
	}
	h.World.Run(time.Minute)
	if d := h.hub.Dataplane; len(d.Links)+len(d.Policies)+len(d.SAs)+len(d.Routes) > 0 || len(d.Violations) > 0 {
		t.Errorf("left: %v %v %v %v", d.Links, d.Policies, d.SAs, d.Violations)
	}
}

// More spokes behind one NAT than one peer may have IKE SAs: each keeps its own.
func TestHubOfOneNAT(t *testing.T) {
	h := newHub(t, 40, 0)
	h.call(h.spokes[1:]...)
	h.carry(h.spokes[1:]...)
	h.standing(40)
}

// adopt gives the hub another configuration.
func (h *hubWorld) adopt(text string) {
	h.Helper()
	config, errs := policy.Compile(policy.Source{Name: "HUB", Text: []byte(text)})
	if errs != nil {
		h.Fatal(errs)
	}
	if err := h.hub.Command(ike.Adopt{Config: config}); err != nil {
		h.Fatal(err)
	}
	h.World.Run(2 * time.Second)
}

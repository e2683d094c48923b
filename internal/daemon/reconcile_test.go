package daemon

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
)

// altered is a data plane with which somebody else has done something.
type altered struct {
	*recording
	link, route, policy string
	refuse              error // of what is asked about links
	gone                bool  // the SAs
	strays              []string
	events              chan ipsec.Event
}

func (a *altered) LinkDiffers(ipsec.Link) (string, error)     { return a.link, a.refuse }
func (a *altered) RouteDiffers(ipsec.Route) (string, error)   { return a.route, nil }
func (a *altered) PolicyDiffers(ipsec.Policy) (string, error) { return a.policy, nil }
func (a *altered) Strays(ipsec.Intent) ([]string, error)      { return a.strays, nil }
func (a *altered) Events() <-chan ipsec.Event                 { return a.events }

func (a *altered) QuerySA(id ipsec.SAID) (ipsec.Counters, error) {
	if a.gone {
		return ipsec.Counters{}, fmt.Errorf("query SA: %w", syscall.ESRCH)
	}
	return a.memory.QuerySA(id)
}

func TestReconcile(t *testing.T) {
	tunnel1 := ipsec.Link{Name: "Tunnel1", Up: true}
	route := ipsec.Route{Dst: netip.MustParsePrefix("192.168.200.0/24"), Dev: "Tunnel1", Metric: 1}
	id := ipsec.SAID{SPI: 0x1000, Protocol: ipsec.ESP}
	for _, test := range []struct {
		name    string
		altered altered
		orders  string // that repair
		found   string
		gone    int
	}{
		{name: "nothing"},
		{"a policy", altered{policy: "it was removed"}, "set policy", "in policy of invalid Prefix: it was removed", 0},
		{"a link", altered{link: "up is false"}, "set Tunnel1", "interface Tunnel1: up is false", 0},
		{"a route", altered{route: "it was removed"}, "set route", "route to 192.168.200.0/24: it was removed", 0},
		{"all of them, in the order in which they are made", altered{link: "it was removed", route: "it was removed", policy: "it was removed"}, "set policy set Tunnel1 set route",
			"in policy of invalid Prefix: it was removed; interface Tunnel1: it was removed; route to 192.168.200.0/24: it was removed", 0},
		{"another's link", altered{link: "", refuse: errors.New("interface Tunnel1 exists and is not obol's")}, "", "interface Tunnel1: interface Tunnel1 exists and is not obol's", 0},
		{"what another has made with our marks", altered{strays: []string{"interface Tunnel9"}}, "", "interface Tunnel9: it is marked as obol's, and is none of this obold's", 0},
		{"an SA", altered{gone: true}, "", "", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			plane := test.altered
			plane.recording = &recording{memory: newMemory()}
			var r repairs
			intent := ipsec.Intent{Policies: []ipsec.Policy{{Direction: ipsec.In}}, Links: []ipsec.Link{tunnel1}, Routes: []ipsec.Route{route}}
			if err := plane.InstallSA(ipsec.SA{SAID: id}); err != nil {
				t.Fatal(err)
			}
			found, gone := r.reconcile(&plane, intent), vanished(&plane, []ipsec.SAID{id})
			var texts []string
			for _, f := range found {
				if f.err != nil {
					f.how = f.err.Error()
				}
				texts = append(texts, f.what+": "+f.how)
			}
			if got := strings.Join(plane.orders, " "); got != test.orders {
				t.Errorf("orders %q, want %q", got, test.orders)
			}
			if got := strings.Join(texts, "; "); !same(got, test.found) {
				t.Errorf("found %q, want %q", got, test.found)
			}
			if len(gone) != test.gone || test.gone == 1 && !slices.Contains(gone, id) {
				t.Errorf("gone %v", gone)
			}
			if again := r.reconcile(&plane, intent); (test.altered.refuse != nil || len(test.altered.strays) > 0) && len(again) > 0 {
				t.Errorf("what cannot be repaired is told again: %v", again)
			}
		})
	}
}

// same compares but for how an invalid selector is printed.
func same(got, want string) bool {
	const selector = "invalid Prefix"
	first, rest, _ := strings.Cut(want, selector)
	return strings.HasPrefix(got, first) && strings.HasSuffix(got, rest)
}

// The daemon counts what it has repaired and what it has not, and looks when the kernel
// has lost events too.
func TestRepairsAreCounted(t *testing.T) {
	plane := &altered{recording: &recording{memory: newMemory()}, link: "up is false", strays: []string{"interface Tunnel9"}, events: make(chan ipsec.Event)}
	d := running(t, plane.recording)
	d.kernel = newKernelQueue(plane)
	d.shard.kernel = d.kernel
	d.shard.begin()
	flushed := func() {
		t.Helper()
		if err := d.kernel.flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	flushed()
	for n, look := range []func(){d.reconcile, func() {
		plane.events <- ipsec.Overflow{}
		plane.events <- ipsec.Acquire{} // it is read when the one before has been handled
	}} {
		look()
		flushed()
		view, err := d.View(t.Context())
		if err != nil || view.Counters.Repaired != uint64(n+1) || view.Counters.Unrepaired != 1 {
			t.Errorf("look %d: %d repaired, %d not, %v", n+1, view.Counters.Repaired, view.Counters.Unrepaired, err)
		}
	}
	close(plane.events)
	d.stop(t.Context())
}

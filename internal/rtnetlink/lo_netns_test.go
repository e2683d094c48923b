//go:build netns

package rtnetlink

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
)

// A loopback interface as addresses of lo: they follow the link, carry its routes,
// are swept by a process that does not know of them, and nobody else's are touched.
func TestLoopbackOnLo(t *testing.T) {
	h := netlab.New(t, "rtnetlink")
	open := func() *Interfaces {
		var i *Interfaces
		if err := h.Do(func() (err error) { i, err = Open(); return err }); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(i.Close)
		return i
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	h.IP("address add 198.51.100.1/32 dev lo")
	i := open()
	l := ipsec.Link{Name: "Loopback0", Kind: ipsec.Dummy, Up: true, Addresses: []netip.Prefix{
		netip.MustParsePrefix("192.168.100.1/24"), netip.MustParsePrefix("2001:db8::1/64")}}
	holds := func(what string, addresses ...string) {
		t.Helper()
		shown := h.Run("ip", "address", "show", "dev", "lo")
		for _, a := range []string{"192.168.100.1/32", "192.168.100.2/32", "2001:db8::1/128", "198.51.100.1/32"} {
			if want := strings.Contains(strings.Join(addresses, " ")+" 198.51.100.1/32", a); strings.Contains(shown, a) != want {
				t.Errorf("%s: %s: %v, want %v\n%s", what, a, !want, want, shown)
			}
		}
	}
	must(i.setLo(l))
	must(i.setLo(l))
	holds("set twice", "192.168.100.1/32", "2001:db8::1/128")
	must(i.SetRoute(ipsec.Route{Dst: netip.MustParsePrefix("203.0.113.0/24"), Dev: "Loopback0", Metric: 1}))
	if shown := h.Run("ip", "route"); !strings.Contains(shown, "203.0.113.0/24 dev lo proto 111") {
		t.Errorf("no route:\n%s", shown)
	}
	l.Addresses[0] = netip.MustParsePrefix("192.168.100.2/24")
	must(i.setLo(l))
	holds("changed", "192.168.100.2/32", "2001:db8::1/128")
	l.Up = false
	must(i.setLo(l))
	holds("shut down")
	l.Up = true
	must(i.setLo(l))
	must(i.RemoveLink(l.Name))
	must(i.RemoveLink(l.Name))
	holds("removed")

	must(i.setLo(l))
	heir := open() // of a handover: nothing is swept
	must(heir.setLo(l))
	holds("inherited", "192.168.100.2/32", "2001:db8::1/128")
	if err := heir.setLo(ipsec.Link{Name: "Loopback1", Up: true, Addresses: l.Addresses}); err == nil {
		t.Error("an address of another loopback interface was taken")
	}
	must(heir.RemoveLink("Loopback1"))
	holds("kept", "192.168.100.2/32", "2001:db8::1/128")
	l.Addresses[0] = netip.MustParsePrefix("192.168.100.1/24")
	must(heir.setLo(l))
	holds("inherited and changed", "192.168.100.1/32", "2001:db8::1/128")
	later := open()
	must(later.SweepLinks())
	must(later.SweepRoutes())
	holds("swept")
	if shown := h.Run("ip", "route"); strings.Contains(shown, "proto 111") {
		t.Errorf("routes are left:\n%s", shown)
	}
	if err := i.setLo(ipsec.Link{Name: "Loopback1", Up: true, Addresses: []netip.Prefix{netip.MustParsePrefix("198.51.100.1/32")}}); err == nil {
		t.Error("an address that is not ours was taken")
	}
	must(i.RemoveLink("Loopback1"))
	holds("an address that is not ours was left")
}

//go:build netns

package rtnetlink

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/obol-ike/obol/test/netlab"
)

// The addresses of a link are read without those of others, and one that names the other
// end is taken away as it was given.
func TestAddresses(t *testing.T) {
	h := netlab.New(t, "rtnetlink-addresses")
	h.IP("link add e0 type veth peer name e1", "address add 192.0.2.1/24 dev e0", "address add 198.51.100.1/24 dev e1",
		"address add 192.0.2.9 peer 192.0.2.10/32 dev e0", "address add 2001:db8::1/64 dev e0 nodad")
	var i *Interfaces
	if err := h.Do(func() (err error) { i, err = Open(); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	e0, err := i.handle.LinkByName("e0")
	if err != nil {
		t.Fatal(err)
	}
	list := func() (all []netip.Prefix) {
		t.Helper()
		of, err := i.addressesOf(e0)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range of {
			if !a.Addr().IsLinkLocalUnicast() {
				all = append(all, a.Prefix)
			}
		}
		return all
	}
	want := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24"), netip.MustParsePrefix("192.0.2.9/32"), netip.MustParsePrefix("2001:db8::1/64")}
	if got := list(); !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	if err := i.setAddresses(e0, want[2:]); err != nil {
		t.Fatal(err)
	}
	if got := list(); !slices.Equal(got, want[2:]) {
		t.Errorf("%v, want %v", got, want[2:])
	}
}

package sim

import (
	"net/netip"
	"testing"
	"time"
)

// A NAT answers only flows that began behind it, and forgets them when they rest.
func TestNAT(t *testing.T) {
	w := New(1)
	inside, outside := &Router{Name: "inside"}, &Router{Name: "outside"}
	a, b := netip.MustParseAddrPort("10.0.0.1:500"), netip.MustParseAddrPort("192.0.2.2:500")
	w.owners[a.Addr()], w.owners[b.Addr()] = inside, outside
	n := w.Masquerade(netip.MustParseAddr("192.0.2.1"), inside)
	n.Idle = time.Minute

	if to, _, _ := w.cross(outside, b, netip.MustParseAddrPort("192.0.2.1:1025")); to != nil {
		t.Error("a packet that nobody asked for comes in")
	}
	if to, _, _ := w.cross(outside, b, a); to != nil {
		t.Error("an inner address is reached from outside")
	}
	to, src, dst := w.cross(inside, a, b)
	if to != outside || src != netip.MustParseAddrPort("192.0.2.1:1025") || dst != b {
		t.Fatalf("%v from %v to %v", to, src, dst)
	}
	if to, from, at := w.cross(outside, b, src); to != inside || from != b || at != a {
		t.Errorf("the answer: %v from %v to %v", to, from, at)
	}
	if to, _, _ := w.cross(outside, netip.MustParseAddrPort("192.0.2.2:501"), src); to != nil {
		t.Error("another port of the same host comes in")
	}
	if _, again, _ := w.cross(inside, a, b); again != src {
		t.Errorf("the same flow leaves from %v", again)
	}
	w.Now = w.Now.Add(time.Minute)
	if to, _, _ := w.cross(outside, b, src); to != nil {
		t.Error("a flow that rested is still there")
	}
	if _, other, _ := w.cross(inside, a, b); other.Port() != 1026 {
		t.Errorf("it leaves from %v again", other)
	}
	n.Rebind()
	if _, other, _ := w.cross(inside, a, b); other.Port() != 1027 {
		t.Errorf("after a rebinding it leaves from %v", other)
	}
	_, old, _ := w.cross(inside, a, b)
	w.Readdress(n, netip.MustParseAddr("198.51.100.9"))
	if to, _, _ := w.cross(outside, b, old); to != nil {
		t.Error("the old address is still there")
	}
	_, now, _ := w.cross(inside, a, b)
	if to, _, _ := w.cross(outside, b, now); now.Addr() != n.Outside || to != inside {
		t.Errorf("it leaves from %v, and %v gets the answer", now, to)
	}
}

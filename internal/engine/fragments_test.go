package engine

import (
	"net/netip"
	"testing"
)

// What peers may leave unfinished is limited, of one address and in all, and what
// is given back is free for others. Few addresses that hold much leave room for a
// message of anyone else.
func TestFragmentLimits(t *testing.T) {
	f := newFragments()
	fill := func(peer netip.Addr) (n int) {
		for f.hold(peer, 1000) {
			n++
		}
		return n
	}
	address := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}) }
	peer := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}) }
	if n := fill(address(0)); n != fragmentsPerPeer/1000 {
		t.Errorf("one address may hold %d times a thousand octets", n)
	}
	for i := 1; i < 40; i++ {
		fill(address(i))
	}
	if f.total < fragmentsTotal/2 || f.total > fragmentsTotal/2+40*fragmentsShare {
		t.Errorf("forty addresses hold %d octets", f.total)
	}
	for i := range 100 {
		if n := fill(peer(i)); n != fragmentsShare/1000 {
			t.Fatalf("peer %d may hold %d times a thousand octets", i, n)
		}
	}
	for i := 100; i < 1000; i++ {
		fill(peer(i))
	}
	if f.total > fragmentsTotal || f.total < fragmentsTotal-1000 {
		t.Errorf("all hold %d octets", f.total)
	}
	if f.hold(address(200), 1000) {
		t.Error("one more has room")
	}
	f.hold(address(3), -f.peers[address(3)])
	if n := fill(address(200)); n != fragmentsShare/1000 {
		t.Errorf("what one gave back is enough for %d", n)
	}
	for peer, octets := range f.peers {
		f.hold(peer, -octets)
	}
	if f.total != 0 || len(f.peers) != 0 {
		t.Errorf("%d octets and %d addresses are left", f.total, len(f.peers))
	}
}

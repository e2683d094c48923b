package engine

import (
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// An SA with AH around it is in the books by both names that the kernel has for
// it: who takes either SPI of another session's reaches neither.
func TestBooksOfBoth(t *testing.T) {
	e := newTarget(t, targetConfig).Engine
	x, y := &entry{}, &entry{}
	name := func(p ipsec.Protocol, spi, ah uint32) ipsec.SAID {
		return ipsec.SAID{Src: netip.MustParseAddr("192.168.0.2"), Dst: netip.MustParseAddr("192.168.0.1"), SPI: spi, Protocol: p, AHSPI: ah}
	}
	id := name(ipsec.ESP, 0x1001, 0x1002)
	if !e.owns(start, x, ike.InstallSA{SA: ipsec.SA{SAID: id}}) {
		t.Fatal("nobody else has it")
	}
	for _, other := range []ipsec.SAID{id, name(ipsec.ESP, 0x1001, 0), name(ipsec.ESP, 0x1001, 0x1003), name(ipsec.ESP, 0x1004, 0x1002), name(ipsec.AH, 0x1002, 0)} {
		if e.owns(start, y, ike.RemoveSA{SAID: other}) {
			t.Errorf("another session removes %+v", other)
		}
	}
	if e.children.spis[0x1001] == 0 || e.children.spis[0x1002] == 0 {
		t.Error("an SPI could be given out again")
	}
	if !e.owns(start, x, ike.RemoveSA{SAID: id}) || len(e.children.of)+len(e.children.spis) != 0 {
		t.Errorf("left in the books: %v", e.children.of)
	}
}

package userspace

import (
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
)

// DF outside is the packet's, GRE's of it, or what df-bit says; in transport mode it is
// GRE's own, and IPv6 has none.
func TestDF(t *testing.T) {
	plain, discovers := &esp.GRE{}, &esp.GRE{PathMTU: true}
	for _, c := range []struct {
		mode    ipsec.Mode
		df      ipsec.DF
		gre     *esp.GRE
		to      netip.Addr
		has     bool
		without bool // what a packet without DF gets
	}{
		{ipsec.Tunnel, ipsec.DFCopy, nil, there, true, false},
		{ipsec.Tunnel, ipsec.DFClear, nil, there, false, false},
		{ipsec.Tunnel, ipsec.DFSet, nil, there, true, true},
		{ipsec.Tunnel, ipsec.DFCopy, plain, there, false, false},
		{ipsec.Tunnel, ipsec.DFSet, plain, there, true, true},
		{ipsec.Tunnel, ipsec.DFCopy, discovers, there, true, false},
		{ipsec.Tunnel, ipsec.DFClear, discovers, there, false, false},
		{ipsec.Transport, ipsec.DFSet, plain, there, false, false},
		{ipsec.Transport, ipsec.DFClear, discovers, there, true, false},
		{ipsec.Tunnel, ipsec.DFSet, nil, netip.MustParseAddr("2001:db8::2"), false, false},
	} {
		o := &outbound{id: ipsec.SAID{Dst: c.to}, mode: c.mode, df: c.df}
		if has, without := o.sets(true, c.gre), o.sets(false, c.gre); has != c.has || without != c.without {
			t.Errorf("%+v: %v and without %v", c, has, without)
		}
	}
}

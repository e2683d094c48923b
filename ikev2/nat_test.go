package ikev2

import (
	"crypto/sha1"
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/wire"
)

func TestReadNAT(t *testing.T) {
	i, r := wire.SPI{1}, wire.SPI{2}
	inside, outside := netip.MustParseAddrPort("10.1.1.1:500"), netip.MustParseAddrPort("192.0.2.1:40000")
	server, hidden := netip.MustParseAddrPort("198.51.100.1:500"), netip.MustParseAddrPort("10.2.2.2:500")
	sent := func(local, remote netip.AddrPort) []wire.NotifyV2 {
		n := natNotifies(i, r, local, remote)
		return n[:]
	}
	source, other := sent(inside, server)[0], wire.NotifyV2{Type: wire.V2NATDetectionSource, Data: make([]byte, 20)}
	for what, c := range map[string]struct {
		notifies      []wire.NotifyV2
		local, remote netip.AddrPort // as the receiver sees them
		want          natFound
	}{
		"no NAT":                 {sent(inside, server), server, inside, natFound{able: true}},
		"the sender behind one":  {sent(inside, server), server, outside, natFound{able: true, peer: true}},
		"its port alone":         {sent(inside, server), server, netip.MustParseAddrPort("10.1.1.1:501"), natFound{able: true, peer: true}},
		"we behind one":          {sent(inside, server), hidden, inside, natFound{able: true, self: true}},
		"both":                   {sent(inside, server), hidden, outside, natFound{able: true, self: true, peer: true}},
		"several sources":        {append(sent(inside, server), other), server, inside, natFound{able: true}},
		"... ours last":          {append([]wire.NotifyV2{other}, sent(inside, server)...), server, inside, natFound{able: true}},
		"... none right":         {append(sent(inside, server), other), server, outside, natFound{able: true, peer: true}},
		"no destination":         {[]wire.NotifyV2{source}, server, outside, natFound{}},
		"nothing":                {nil, server, outside, natFound{}},
		"cut":                    {[]wire.NotifyV2{{Type: wire.V2NATDetectionSource, Data: source.Data[:19]}, sent(inside, server)[1]}, server, inside, natFound{able: true, peer: true}},
		"IPv6":                   {sent(netip.MustParseAddrPort("[2001:db8::1]:500"), server), server, netip.MustParseAddrPort("[2001:db8::1]:500"), natFound{able: true}},
		"IPv4 in an IPv6 socket": {sent(inside, server), server, netip.MustParseAddrPort("[::ffff:10.1.1.1]:500"), natFound{able: true}},
	} {
		if got := readNAT(c.notifies, i, r, c.local, c.remote); got != c.want {
			t.Errorf("%s: %+v, want %+v", what, got, c.want)
		}
	}
	// SPIs, address and port, nothing between them.
	want := sha1.Sum([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x0a\x01\x01\x01\x01\xf4"))
	if got := natHash(i, r, inside); string(got) != string(want[:]) {
		t.Errorf("%x, want %x", got, want)
	}
	if got := readNAT(sent(inside, server), i, wire.SPI{3}, server, inside); !got.self || !got.peer {
		t.Errorf("of another SA: %+v", got)
	}
}

package trace

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket/layers"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
)

// A ping through every kind of tunnel, with esp-null so that it can be read: what
// stands in the ESP packet, from the outside in.
func TestPing(t *testing.T) {
	outer := [2]netip.Addr{netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.168.0.2")}
	outer6 := [2]netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")}
	v4 := Ping{Src: netip.MustParseAddr("10.0.0.1"), Dst: netip.MustParseAddr("10.0.0.2")}
	v6 := Ping{Src: netip.MustParseAddr("fd00::1"), Dst: netip.MustParseAddr("fd00::2"), Reply: true}
	reply := v4
	reply.Reply = true
	for name, c := range map[string]struct {
		ping  Ping
		ends  [2]netip.Addr
		mode  policy.TunnelMode
		esp   ipsec.Mode
		key   bool
		next  layers.IPProtocol
		gre   bool
		outer bool // a packet of the tunnel's ends around GRE
	}{
		"vti":                   {ping: v4, ends: outer, mode: policy.IPsecIPv4, esp: ipsec.Tunnel, next: layers.IPProtocolIPv4},
		"vti, reply":            {ping: reply, ends: outer, mode: policy.IPsecIPv4, esp: ipsec.Tunnel, next: layers.IPProtocolIPv4},
		"vti ipv6":              {ping: v6, ends: outer6, mode: policy.IPsecIPv6, esp: ipsec.Tunnel, next: layers.IPProtocolIPv6},
		"gre in tunnel mode":    {ping: v4, ends: outer, mode: policy.GREIP, esp: ipsec.Tunnel, next: layers.IPProtocolIPv4, gre: true, outer: true},
		"gre in transport mode": {ping: v4, ends: outer, mode: policy.GREIP, esp: ipsec.Transport, key: true, next: layers.IPProtocolGRE, gre: true},
		"gre ipv6, IPv6 in it":  {ping: v6, ends: outer6, mode: policy.GREIPv6, esp: ipsec.Tunnel, next: layers.IPProtocolIPv6, gre: true, outer: true},
	} {
		tunnel := &policy.Tunnel{Source: c.ends[0], Destination: c.ends[1], Mode: c.mode, HasKey: c.key}
		if c.key {
			tunnel.Key = 4711
		}
		sa := ipsec.SA{SAID: ipsec.SAID{Src: c.ends[0], Dst: c.ends[1], SPI: 0x1000, Protocol: ipsec.ESP}, Mode: c.esp, Encr: suite.Null, Integ: suite.HMACSHA1, IntegKey: make(suite.Key, 20), Selector: everything(c.ping.Src)}
		if c.mode == policy.GREIP || c.mode == policy.GREIPv6 {
			sa.Selector = everything(c.ends[0])
		}
		data, err := c.ping.Through(tunnel, sa, bytes.NewReader(nil))
		must(t, err)
		packet := parse(t, data).NetworkLayer().LayerPayload()
		packet = packet[:len(packet)-sa.Integ.ICV]
		if next := layers.IPProtocol(packet[len(packet)-1]); next != c.next {
			t.Errorf("%s: next header %v, want %v", name, next, c.next)
		}
		inner := packet[8 : len(packet)-2-int(packet[len(packet)-2])]
		if c.outer {
			p := parse(t, inner)
			if src, dst := p.NetworkLayer().NetworkFlow().Endpoints(); src.String() != c.ends[0].String() || dst.String() != c.ends[1].String() {
				t.Errorf("%s: GRE from %v to %v", name, src, dst)
			}
			inner = p.NetworkLayer().LayerPayload()
		}
		if c.gre {
			var h layers.GRE
			must(t, h.DecodeFromBytes(inner, nil))
			if h.KeyPresent != c.key || h.Key != tunnel.Key {
				t.Errorf("%s: key %v %d", name, h.KeyPresent, h.Key)
			}
			inner = h.Payload
		}
		p := parse(t, inner)
		if src, dst := p.NetworkLayer().NetworkFlow().Endpoints(); src.String() != c.ping.Src.String() || dst.String() != c.ping.Dst.String() {
			t.Errorf("%s: ping from %v to %v", name, src, dst)
		}
		echo := "EchoRequest"
		if c.ping.Reply {
			echo = "EchoReply"
		}
		got := ""
		if l, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
			got = l.TypeCode.String()
		} else if l, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6); ok {
			got = l.TypeCode.String()
		}
		if got != echo {
			t.Errorf("%s: %s, want %s", name, got, echo)
		}
	}
	sa := ipsec.SA{SAID: ipsec.SAID{Src: outer[0], Dst: outer[1], Protocol: ipsec.AH}}
	if _, err := v4.Through(&policy.Tunnel{Source: outer[0], Destination: outer[1]}, sa, bytes.NewReader(nil)); err == nil {
		t.Error("a ping through AH")
	}
}

// everything of an address's family.
func everything(a netip.Addr) ipsec.Selector {
	p := netip.PrefixFrom(a, 0).Masked()
	return ipsec.Selector{Local: p, Remote: p}
}

package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

const ipv6Router = `crypto ikev2 keyring K
 peer R2
  address 2001:db8::2/128
  pre-shared-key cisco
crypto ikev2 profile V2
 match address local interface Ethernet0/0
 match identity remote address 2001:db8::/32
 identity local address 2001:db8::1
 authentication remote pre-share
 authentication local pre-share
 keyring local K
crypto ipsec transform-set TS esp-gcm 256
crypto ipsec profile P
 set transform-set TS
 set ikev2-profile V2
interface Ethernet0/0
 ip address 192.0.2.1 255.255.255.0
 ipv6 address 2001:DB8::1/64
 ipv6 address 2001:db8:1::1/64
 ipv6 mtu 1400
interface Loopback0
 ip address 10.1.1.1 255.255.255.0
 ipv6 address 2001:db8:100::1/64
interface Tunnel1
 ip unnumbered Loopback0
 ipv6 address 2001:db8:12::1/64
 tunnel source Ethernet0/0
 tunnel destination 2001:db8::2
 tunnel mode ipsec ipv6
 tunnel protection ipsec profile P
ipv6 route 2001:db8:200::/64 Tunnel1
ipv6 route 2001:db8:201::/64 2001:db8:12::2 200
ipv6 route ::/0 Ethernet0/0 FE80::9
no ipv6 route ::/0
`

// TestIPv6: a tunnel of IPv6 from a running-config, with what belongs to it.
func TestIPv6(t *testing.T) {
	c := compileText(t, ipv6Router)
	if len(c.Warnings)+len(c.Ignored) > 0 {
		t.Errorf("remarks: %v %v", c.Warnings, c.Ignored)
	}
	outer, itf := c.Interface("Ethernet0/0"), c.Interface("Tunnel1")
	var got []string
	for _, p := range append(outer.Addresses, itf.Addresses...) {
		got = append(got, p.String())
	}
	want := []string{"192.0.2.1/24", "2001:db8::1/64", "2001:db8:1::1/64", "10.1.1.1/24", "2001:db8:12::1/64"}
	if diff := cmp.Diff(want, got); diff != "" || outer.MTU != 1400 {
		t.Errorf("addresses, and MTU %d: %s", outer.MTU, diff)
	}
	tu := itf.Tunnel
	if tu == nil {
		t.Fatal(itf.Unable)
	}
	if tu.Source.String() != "2001:db8::1" || tu.Mode != IPsecIPv6 || tu.Mark != 0x6f620001 || tu.Selector().String() != "::/0/0/0 ::/0/0/0" {
		t.Errorf("%+v %s", tu, tu.Selector())
	}
	got = nil
	for _, r := range c.Routes {
		got = append(got, strings.TrimSpace(strings.Join([]string{r.Dst.String(), r.Device, r.Via.String()}, " ")))
	}
	if diff := cmp.Diff([]string{"2001:db8:200::/64 Tunnel1 invalid IP", "2001:db8:201::/64  2001:db8:12::2"}, got); diff != "" || c.Routes[1].Distance != 200 {
		t.Error(diff)
	}
	profile := tu.Protection.IKEv2Profile
	local := []netip.Addr{netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("192.0.2.1")}
	if diff := cmp.Diff(local, profile.Local, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error("match address local:", diff)
	}
	all := ipsec.Selector{Local: netip.MustParsePrefix("::/0"), Remote: netip.MustParsePrefix("::/0")}
	choice := c.IKEv2TunnelFor(tu.Source, tu.Destination, profile, func(tu *Tunnel) bool { return tu.Selector() == all })
	if choice.Interface != itf {
		t.Errorf("%+v", choice)
	}
}

// TestIPv6Down: ends that do not fit each other, or the mode, make no tunnel, and
// one line says why.
func TestIPv6Down(t *testing.T) {
	for lines, want := range map[string]string{
		" no tunnel mode\n":     "tunnel mode gre ip does not run from 2001:db8::1 to 2001:db8::2, tunnel mode gre ipv6 would",
		" tunnel mode gre ip\n": "tunnel mode gre ip does not run from 2001:db8::1 to 2001:db8::2, tunnel mode gre ipv6 would",
		" tunnel mode gre ipv6\n tunnel source 192.0.2.1\n tunnel destination 192.0.2.2\n": "tunnel mode gre ipv6 does not run from 192.0.2.1 to 192.0.2.2, tunnel mode gre ip would",
		" tunnel mode ipsec ipv4\n":             "tunnel mode ipsec ipv4 does not run from 2001:db8::1 to 2001:db8::2, tunnel mode ipsec ipv6 would",
		" tunnel source 192.0.2.1\n":            "its source 192.0.2.1 and its destination 2001:db8::2 are of different families",
		" tunnel destination 192.0.2.2\n":       "its source 2001:db8::1 and its destination 192.0.2.2 are of different families",
		" no tunnel protection ipsec profile\n": "tunnel mode ipsec ipv6 has no tunnel protection",
	} {
		c := compileText(t, ipv6Router+"interface Tunnel1\n"+lines)
		if itf := c.Interface("Tunnel1"); itf.Tunnel != nil || itf.Unable != want || len(c.Routes) != 0 {
			t.Errorf("%q: %q, want %q; routes %v", lines, itf.Unable, want, c.Routes)
		}
		if first := c.Warnings[0]; first.Text != "interface Tunnel1 stays down: "+want || first.Pos.String() != "r1.cfg:24:11" {
			t.Errorf("%q: %v", lines, first)
		}
	}
}

// TestIPv6MTU counts the outer header's 40 octets.
func TestIPv6MTU(t *testing.T) {
	cbc := &TransformSet{Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA256, Mode: ipsec.Tunnel}
	gcm := &TransformSet{Encr: suite.AESGCM16, KeyBits: 256, Mode: ipsec.Tunnel}
	transport := &TransformSet{Encr: suite.AESGCM16, KeyBits: 256, Mode: ipsec.Transport}
	for name, got := range map[string][2]int{
		"vti, GCM":           {(&Tunnel{Mode: IPsecIPv6}).LinkMTU(gcm, 1500, false), 1426},
		"vti, CBC":           {(&Tunnel{Mode: IPsecIPv6}).LinkMTU(cbc, 1500, false), 1406},
		"vti, NAT":           {(&Tunnel{Mode: IPsecIPv6}).LinkMTU(gcm, 1500, true), 1418},
		"vti, a narrow path": {(&Tunnel{Mode: IPsecIPv6}).LinkMTU(gcm, 1300, false), 1280},
		"gre":                {(&Tunnel{Mode: GREIPv6}).LinkMTU(cbc, 1500, false), 1362},
		"gre, transport":     {(&Tunnel{Mode: GREIPv6}).LinkMTU(transport, 1500, false), 1422},
		"gre, key":           {(&Tunnel{Mode: GREIPv6, HasKey: true}).LinkMTU(cbc, 1500, false), 1358},
		"gre, no protection": {(&Tunnel{Mode: GREIPv6}).LinkMTU(nil, 1500, false), 1456},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %d, want %d", name, got[0], got[1])
		}
	}
}

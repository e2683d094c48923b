package policy

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/wire"
)

const vrfText = `vrf definition WAN
 rd 1:1
 address-family ipv4
 exit-address-family
ip vrf RED
 rd 2:2
 route-target export 2:2
 !obol vrf-table 1001
crypto isakmp key global address 0.0.0.0 0.0.0.0
crypto keyring W vrf WAN
 pre-shared-key address 192.0.2.2 key wan
crypto isakmp profile W
 keyring W
 match identity address 192.0.2.2 255.255.255.255 WAN
crypto isakmp profile G
 match identity address 192.0.2.2
crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group 19
crypto ikev2 policy G
 proposal P
crypto ikev2 policy W
 match fvrf WAN
 proposal P
crypto ikev2 profile W
 match fvrf WAN
 match identity remote any
 authentication local pre-share key k
 authentication remote pre-share key k
crypto ikev2 profile ANY
 match fvrf any
 match identity remote address 192.0.2.2
 authentication local pre-share key k
 authentication remote pre-share key k
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile P
 set transform-set TS
interface Tunnel1
 ip vrf forwarding RED
 tunnel source Ethernet0/0
 tunnel destination 192.0.2.2
 tunnel mode ipsec ipv4
 tunnel vrf WAN
 tunnel protection ipsec profile P
interface Tunnel2
 !obol xfrm-interface
 tunnel source Ethernet0/1
 tunnel destination 192.0.2.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile P
interface Ethernet0/0
 vrf forwarding WAN
 ip address 192.0.2.1 255.255.255.0
interface Ethernet0/1
 ip address 192.0.2.1 255.255.255.0
ip route vrf RED 10.0.0.0 255.0.0.0 Tunnel1
`

// Tunnels between the same addresses in two VRFs stand side by side, and what is for
// the peers of one is not for those of the other.
func TestVRF(t *testing.T) {
	c := compileText(t, vrfText)
	one, two := c.Interface("Tunnel1"), c.Interface("Tunnel2")
	if one.Tunnel == nil || two.Tunnel == nil || one.VRF != "RED" || one.Tunnel.VRF != "WAN" || one.Tunnel.IfID == 0 || one.Tunnel.Mark != 0 {
		t.Fatalf("%+v\n%+v\n%v", one, two, c.Warnings)
	}
	if c.VRFs[1].Table != 1001 || c.VRFs[0].Table>>16 != vrfTables>>16 || !slices.Equal(c.FrontDoors(), []string{"WAN"}) {
		t.Errorf("%+v, doors %v", c.VRFs, c.FrontDoors())
	}
	if c.Routes[0].VRF != "RED" {
		t.Errorf("%+v", c.Routes)
	}
	local, peer := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	id := PeerID{Type: wire.IDIPv4Addr, Addr: peer}
	for vrf, want := range map[string]struct{ tunnel, key, isakmp, policy, profile string }{
		"":    {"Tunnel2", "global", "G", "G", "ANY"},
		"WAN": {"Tunnel1", "wan", "W", "W", "ANY"},
	} {
		front := c.In(vrf)
		if got := front.TunnelFor(local, peer, one.Tunnel.Selector(), nil).Interface; got == nil || got.Name != want.tunnel {
			t.Errorf("%q: tunnel %+v", vrf, got)
		}
		if got := front.ResponderKey(local, peer).Key; got == nil || string(got.Key) != want.key {
			t.Errorf("%q: key %+v", vrf, got)
		}
		if got := front.SelectISAKMPProfile(id, nil, local).Profile; got == nil || got.Name != want.isakmp {
			t.Errorf("%q: isakmp profile %+v", vrf, got)
		}
		if got := front.IKEv2PolicyFor(local).Policy; got == nil || got.Name != want.policy {
			t.Errorf("%q: ikev2 policy %+v", vrf, got)
		}
		if got := front.SelectIKEv2Profile(id, nil, local); got.Profile == nil || got.Profile.Name != want.profile {
			t.Errorf("%q: ikev2 profile %+v", vrf, got)
		}
	}
	other := PeerID{Type: wire.IDFQDN, Name: "r9"}
	if got := c.SelectIKEv2Profile(other, nil, local); got.Profile != nil || got.AlsoRans[0].Why != "it is for peers of VRF WAN" {
		t.Errorf("%+v", got)
	}
	if got := c.In("WAN").SelectIKEv2Profile(other, nil, local); got.Profile == nil || got.Profile.Name != "W" {
		t.Errorf("%+v", got)
	}
	if changes := Compare(c, compileText(t, strings.Replace(vrfText, " ip vrf forwarding RED\n", "", 1))); changes.Count(Renegotiated) != 1 {
		t.Error(changes)
	}
}

// What cannot be made in VRFs stays down, or is said at once.
func TestVRFRefused(t *testing.T) {
	for edit, want := range map[[2]string]string{
		{" tunnel vrf WAN\n", ""}:                                                  "its source 192.0.2.1 is in VRF WAN, tunnel vrf WAN would do",
		{"tunnel source Ethernet0/0", "tunnel source Ethernet0/1"}:                 "its source 192.0.2.1 is not in VRF WAN",
		{" !obol xfrm-interface\n", ""}:                                            "it has the ends of Tunnel1",
		{"tunnel mode ipsec ipv4\n tunnel vrf", "tunnel mode gre ip\n tunnel vrf"}: "it has the ends of Tunnel1",
		{" tunnel vrf WAN\n", " tunnel vrf BLUE\n"}:                                "there is no vrf definition BLUE",
	} {
		c := compileText(t, strings.Replace(vrfText, edit[0], edit[1], 1))
		if all := c.Interface("Tunnel1").Unable + c.Interface("Tunnel2").Unable; !strings.Contains(all, want) {
			t.Errorf("%q: %q", edit, all)
		}
	}
	for text, want := range map[string]string{
		"vrf definition A-NAME-OF-SIXTEEN\n":                                   "want at most 15 characters",
		"interface Loopback0\n vrf forwarding RED\n":                           "vrf RED does not exist",
		"vrf definition A\n !obol vrf-table 5\nip vrf B\n !obol vrf-table 5\n": "VRF B has the table 5 of VRF A",
		"vrf definition A\n !obol vrf-table 254\n":                             "table 254 is one of Linux's own",
	} {
		if _, errs := Compile(Source{"r1.cfg", []byte(text)}); !strings.Contains(errs.Error(), want) {
			t.Errorf("%q: %v", text, errs)
		}
	}
}

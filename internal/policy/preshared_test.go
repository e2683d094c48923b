package policy

import (
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/wire"
)

// Longest match in a keyring and among keyrings; equal prefixes by order, crypto
// isakmp key first; local-address and vrf keep a keyring out.
func TestPreSharedKey(t *testing.T) {
	c := compileText(t, `
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
crypto keyring A
 pre-shared-key address 192.0.2.0 255.255.255.0 key a24
 pre-shared-key address 192.0.2.8 255.255.255.248 key a29
 pre-shared-key address ipv6 2001:db8::/32 key a6
 pre-shared-key hostname R2.cisco.com key ahost
crypto keyring B
 pre-shared-key address 192.0.2.0 255.255.255.0 key b24
 pre-shared-key address 192.0.2.9 key b32
crypto keyring L
 local-address Ethernet0/0
 pre-shared-key address 198.51.100.1 key l32
crypto keyring V vrf RED
 pre-shared-key address 198.51.100.2 key v32
crypto isakmp key d24 address 192.0.2.0 255.255.255.0
crypto isakmp key d0 address 0.0.0.0
crypto isakmp profile none
 match identity address 0.0.0.0
crypto isakmp profile a
 keyring A
 match identity address 0.0.0.0
`)
	none, a := c.Profile("none"), c.Profile("a")
	for _, test := range []struct {
		profile                       *ISAKMPProfile
		local, peer                   string
		initiator, responder, keyring string
	}{
		{nil, "192.168.0.1", "192.0.2.1", "d24", "d24", "default"},
		{nil, "192.168.0.1", "192.0.2.10", "d24", "a29", "A"},
		{none, "192.168.0.1", "192.0.2.9", "d24", "b32", "B"},
		{a, "192.168.0.1", "192.0.2.9", "a29", "b32", "B"},
		{a, "192.168.0.1", "192.0.2.1", "a24", "d24", "default"},
		{a, "192.168.0.1", "203.0.113.1", "", "d0", "default"},
		{a, "2001:db8::1", "2001:db8::2", "a6", "a6", "A"},
		{a, "2001:db8::1", "2001:db9::2", "", "", ""},
		{nil, "192.168.0.1", "198.51.100.1", "d0", "l32", "L"},
		{nil, "192.168.0.9", "198.51.100.1", "d0", "d0", "default"},
		{nil, "192.168.0.1", "198.51.100.2", "d0", "d0", "default"},
	} {
		local, peer := netip.MustParseAddr(test.local), netip.MustParseAddr(test.peer)
		if got := keyOf(c.InitiatorKey(test.profile, local, peer)); got != test.initiator {
			t.Errorf("initiator %s -> %s: %q, want %q", local, peer, got, test.initiator)
		}
		choice := c.ResponderKey(local, peer)
		ring := ""
		if choice.Keyring != nil {
			ring = choice.Keyring.Name
		}
		if got := keyOf(choice); got != test.responder || ring != test.keyring {
			t.Errorf("responder %s <- %s: %q of %q, want %q of %q", local, peer, got, ring, test.responder, test.keyring)
		}
	}
	for _, test := range []struct {
		profile *ISAKMPProfile
		id      PeerID
		want    string
	}{
		{nil, PeerID{Type: wire.IDFQDN, Name: "r2.Cisco.com"}, "ahost"},
		{a, PeerID{Type: wire.IDFQDN, Name: "R3.cisco.com"}, "a29"},
		{a, PeerID{Type: wire.IDKeyID, Name: "R2.cisco.com"}, "a29"},
		{nil, PeerID{Type: wire.IDIPv4Addr, Addr: netip.MustParseAddr("192.0.2.200")}, "b32"},
	} {
		if got := keyOf(c.AggressiveKey(test.profile, test.id, netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.0.2.9"))); got != test.want {
			t.Errorf("aggressive mode, %s %s: %q, want %q", test.id.Type, test.id, got, test.want)
		}
	}
	other := c.ResponderKey(netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.0.2.9"))
	if a.InKeyring(other) || !none.InKeyring(other) || !(*ISAKMPProfile)(nil).InKeyring(other) {
		t.Error("keyring A has a key of keyring B, or no keyring refuses one")
	}
	bare := compileText(t, "crypto keyring A\n pre-shared-key address 0.0.0.0 key a\n")
	if k := bare.InitiatorKey(nil, netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.0.2.1")); k.Key != nil {
		t.Error("an initiator without a profile uses a keyring's key")
	}
}

// A key of a name is that of the address which ip host gives it, too.
func TestPreSharedKeyOfAHost(t *testing.T) {
	text := "ip host R2.cisco.com 192.0.2.2\ncrypto isakmp key r2 hostname r2.Cisco.com\ncrypto isakmp key any address 0.0.0.0\n"
	for _, test := range []struct{ text, want string }{
		{text, "r2"},
		{text + "no ip host R2.cisco.com\n", "any"},
		{text + "ip host R2.cisco.com 23 192.0.2.3 192.0.2.2\n", "any"},
		{text + "ip host R2.cisco.com mx 10 mail.cisco.com\n", "any"},
		{text + "ip host vrf RED R2.cisco.com 192.0.2.9\n", "r2"},
	} {
		c := compileText(t, test.text)
		local, peer := netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("192.0.2.2")
		if got := keyOf(c.InitiatorKey(nil, local, peer)); got != test.want {
			t.Errorf("%s: %q, want %q", test.text, got, test.want)
		}
	}
}

func keyOf(k KeyChoice) string {
	if k.Key == nil {
		return ""
	}
	return string(k.Key.Key)
}

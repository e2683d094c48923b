package policy

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/wire"
)

const keyringText = `
ip host R5 192.0.2.5
crypto ikev2 keyring KR
 peer ANY
  address 0.0.0.0
  pre-shared-key any
 peer NET
  address 192.0.2.0 255.255.255.0
  pre-shared-key local net-mine
  pre-shared-key remote net-theirs
 peer HOST
  address 192.0.2.1
  pre-shared-key host
 peer TWIN
  address 192.0.2.1
  pre-shared-key twin
 peer NAMED
  hostname R5
  pre-shared-key hex 0x0a0b
 peer ID
  identity fqdn R2.cisco.com
  pre-shared-key id
 peer DOMAIN
  identity fqdn domain cisco.com
  pre-shared-key domain
 peer ADDRESS
  identity address 10.0.0.1
  pre-shared-key address
 peer V6
  address 2001:db8::/32
  pre-shared-key v6
 peer HALF
  address 198.51.100.1
  pre-shared-key local half
crypto ikev2 keyring FEW
 peer R2
  address 192.0.2.1
  pre-shared-key few
crypto ikev2 profile P
 match identity remote any
 authentication local pre-share
 authentication remote pre-share
 keyring local KR
crypto ikev2 profile FEW
 match identity remote any
 authentication local pre-share
 authentication remote pre-share
 keyring local FEW
crypto ikev2 profile OWN
 match identity remote any
 authentication local pre-share key mine
 authentication remote pre-share
 keyring local FEW
crypto ikev2 profile NONE
 match identity remote any
 authentication local pre-share key mine
 authentication remote pre-share key theirs
`

func TestIKEv2Keys(t *testing.T) {
	c := compileText(t, keyringText)
	ip := func(a string) PeerID { return PeerID{Type: wire.IDIPv4Addr, Addr: netip.MustParseAddr(a)} }
	for _, test := range []struct {
		profile, peer string
		id            PeerID // Type 0: we initiate
		block         string
		local, remote string
		keyring       bool
		reason        string
	}{
		{"P", "192.0.2.1", PeerID{}, "HOST", "host", "host", true, "Matched peer block 'HOST': address 192.0.2.1"},
		{"P", "192.0.2.7", PeerID{}, "NET", "net-mine", "net-theirs", true, "Matched peer block 'NET': address 192.0.2.0 255.255.255.0"},
		{"P", "203.0.113.1", PeerID{}, "ANY", "any", "any", true, "Matched peer block 'ANY': address 0.0.0.0"},
		{"P", "192.0.2.5", PeerID{}, "NAMED", "\x0a\x0b", "\x0a\x0b", true, "Matched peer block 'NAMED': hostname R5"},
		{"P", "2001:db8::7", PeerID{}, "V6", "v6", "v6", true, "Matched peer block 'V6': address 2001:db8::/32"},
		{"P", "2001:db9::7", PeerID{}, "", "", "", false, "keyring KR has no peer block for 2001:db9::7"},
		{"P", "198.51.100.1", PeerID{}, "HALF", "half", "", true, "Matched peer block 'HALF': address 198.51.100.1"},
		{"P", "10.0.0.1", PeerID{}, "ANY", "any", "any", true, "Matched peer block 'ANY': address 0.0.0.0"}, // its identity is not known
		{"P", "192.0.2.1", fqdn("r2.cisco.com"), "ID", "id", "id", true, "Matched peer block 'ID': identity fqdn R2.cisco.com"},
		{"P", "192.0.2.1", fqdn("r3.cisco.com"), "DOMAIN", "domain", "domain", true, "Matched peer block 'DOMAIN': identity fqdn domain cisco.com"},
		{"P", "192.0.2.1", fqdn("r3.example"), "HOST", "host", "host", true, "Matched peer block 'HOST': address 192.0.2.1"},
		{"P", "192.0.2.1", ip("10.0.0.1"), "ADDRESS", "address", "address", true, "Matched peer block 'ADDRESS': identity address 10.0.0.1"},
		{"P", "192.0.2.5", ip("192.0.2.5"), "NET", "net-mine", "net-theirs", true, "Matched peer block 'NET': address 192.0.2.0 255.255.255.0"},
		{"FEW", "192.0.2.9", fqdn("x.y"), "", "", "", false, "keyring FEW has no peer block for x.y"},
		{"OWN", "192.0.2.1", PeerID{}, "R2", "mine", "few", true, "Matched peer block 'R2': address 192.0.2.1"},
		{"OWN", "192.0.2.9", PeerID{}, "", "mine", "", false, "keyring FEW has no peer block for 192.0.2.9"},
		{"NONE", "192.0.2.1", ip("192.0.2.1"), "", "mine", "theirs", false, "profile NONE names no keyring"},
	} {
		p, peer := c.IKEv2Profile(test.profile), netip.MustParseAddr(test.peer)
		k := p.InitiatorKeys(peer)
		if test.id.Type != 0 {
			k = c.ResponderKeys(p, test.id, peer)
		}
		block := ""
		if k.Peer != nil {
			block = k.Peer.Name
		}
		if block != test.block || string(k.Local) != test.local || string(k.Remote) != test.remote || (k.Keyring != nil) != test.keyring || k.Reason != test.reason {
			t.Errorf("%s, %s %s: block %q, keys %q and %q, %s", test.profile, test.peer, test.id, block, []byte(k.Local), []byte(k.Remote), k.Reason)
		}
	}
}

func TestIKEv2KeyAlsoRans(t *testing.T) {
	c := compileText(t, keyringText)
	k := c.ResponderKeys(c.IKEv2Profile("P"), fqdn("r2.cisco.com"), netip.MustParseAddr("192.0.2.1"))
	var why []string
	for _, a := range k.AlsoRans {
		why = append(why, a.Peer.Name+": "+a.Why)
	}
	want := "ANY: it says less of the peer than peer block NET|NET: it says less of the peer than peer block HOST|TWIN: it stands after peer block HOST|" +
		"HOST: it says less of the peer than peer block ID|DOMAIN: it says less of the peer than peer block ID"
	if got := strings.Join(why, "|"); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

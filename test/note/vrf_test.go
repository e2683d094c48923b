//go:build vm

package note

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// vrfHub is a router with two front doors and a VRF behind each: both doors and both
// VRFs have the same addresses, and so have the peers.
const vrfHub = `hostname R1
vrf definition WAN
 rd 1:1
 address-family ipv4
 exit-address-family
vrf definition WAN2
 rd 1:2
vrf definition RED
 !obol vrf-table 1001
 rd 2:1
vrf definition BLUE
 rd 2:2
crypto isakmp policy 10
 encr aes
 hash sha256
 authentication pre-share
 group 19
crypto keyring TWO vrf WAN2
 pre-shared-key address 192.168.0.2 key cisco
crypto isakmp profile TWO
 keyring TWO
 match identity address 192.168.0.2 255.255.255.255 WAN2
crypto ikev2 keyring ONE
 peer R2
  address 192.168.0.2
  pre-shared-key cisco
crypto ikev2 profile ONE
 match fvrf WAN
 match identity remote address 192.168.0.2
 authentication local pre-share
 authentication remote pre-share
 keyring local ONE
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile ONE
 set transform-set TS
 set ikev2-profile ONE
crypto ipsec profile TWO
 set transform-set TS
 set isakmp-profile TWO
interface Loopback0
 vrf forwarding RED
 ip address 192.168.100.1 255.255.255.0
interface Tunnel1
 vrf forwarding RED
 ip address 10.0.0.1 255.255.255.252
 tunnel source Ethernet0/0
 tunnel mode ipsec ipv4
 tunnel destination 192.168.0.2
 tunnel vrf WAN
 tunnel protection ipsec profile ONE
interface Tunnel2
 vrf forwarding BLUE
 ip address 10.0.0.1 255.255.255.252
 tunnel source Ethernet0/1
 tunnel mode ipsec ipv4
 tunnel destination 192.168.0.2
 tunnel vrf WAN2
 tunnel protection ipsec profile TWO
interface Ethernet0/0
 vrf forwarding WAN
 ip address 192.168.0.1 255.255.255.0
 !obol linux-device e0
interface Ethernet0/1
 vrf forwarding WAN2
 ip address 192.168.0.1 255.255.255.0
 !obol linux-device e1
ip route vrf RED 192.168.200.0 255.255.255.0 Tunnel1
ip route vrf BLUE 192.168.200.0 255.255.255.0 10.0.0.2
`

// vrfPeer is either peer; it knows of no VRF.
func vrfPeer(mode, profile string) string {
	return `hostname R2
crypto isakmp policy 10
 encr aes
 hash sha256
 authentication pre-share
 group 19
crypto isakmp key cisco address 192.168.0.1
crypto isakmp profile TWO
 keyring default
 match identity address 192.168.0.1
crypto ikev2 keyring ONE
 peer R1
  address 192.168.0.1
  pre-shared-key cisco
crypto ikev2 profile ONE
 match identity remote address 192.168.0.1
 authentication local pre-share
 authentication remote pre-share
 keyring local ONE
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile P
 set transform-set TS
 set ` + profile + `
interface Loopback0
 ip address 192.168.200.1 255.255.255.0
interface Tunnel1
 ip address 10.0.0.2 255.255.255.252
 tunnel source 192.168.0.2
 tunnel mode ` + mode + `
 tunnel destination 192.168.0.1
 tunnel protection ipsec profile P
interface Ethernet0/0
 ip address 192.168.0.2 255.255.255.0
ip route 192.168.100.0 255.255.255.0 Tunnel1
`
}

// vrfGRE is R1 with a GRE tunnel of IKEv1 by one front door.
var vrfGRE = strings.NewReplacer(
	" tunnel mode ipsec ipv4\n tunnel destination 192.168.0.2\n tunnel vrf WAN\n", " tunnel mode gre ip\n tunnel destination 192.168.0.2\n tunnel vrf WAN\n",
	"profile ONE\ninterface Tunnel2\n", "profile TWO\ninterface Tunnel2\n shutdown\n",
	"crypto keyring TWO vrf WAN2", "crypto keyring TWO vrf WAN",
	"255.255.255.255 WAN2", "255.255.255.255 WAN",
	"interface Ethernet0/1\n", "interface Ethernet0/1\n shutdown\n",
).Replace(vrfHub)

func pair(t *testing.T, config1, config2 string) *routers.Pair {
	t.Helper()
	dir := t.TempDir()
	paths := [2]string{filepath.Join(dir, "R1.cfg"), filepath.Join(dir, "R2.cfg")}
	must(t, os.WriteFile(paths[0], []byte(config1), 0o600))
	must(t, os.WriteFile(paths[1], []byte(config2), 0o600))
	p, err := routers.NewNumbered(int(pairs.Add(1)), root+"/bin", paths[0], paths[1])
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
		}
		must(t, p.Close())
	})
	return p
}

// Two tunnels between the same addresses, each by a front door of its own and into a VRF
// of its own, with IKEv2 and with IKEv1: what goes into one comes out of it, and both
// stand again after each end has begun.
func TestVRF(t *testing.T) {
	t.Parallel()
	one := pair(t, vrfHub, vrfPeer("ipsec ipv4", "ikev2-profile ONE"))
	two := pair(t, vrfHub, vrfPeer("ipsec ipv4", "isakmp-profile TWO"))
	r1, r2, r3 := one.R1, one.R2, two.R2
	for _, line := range []string{
		"ip -n " + r1.NS + " link add WAN type vrf table 100",
		"ip -n " + r1.NS + " link add WAN2 type vrf table 101",
		"ip -n " + r1.NS + " link set WAN up",
		"ip -n " + r1.NS + " link set WAN2 up",
		"ip -n " + r1.NS + " link set e0 master WAN",
		"ip -n " + two.R1.NS + " link set e0 netns " + r1.NS + " name e1",
		"ip -n " + r1.NS + " link set e1 master WAN2",
		"ip -n " + r1.NS + " address add 192.168.0.1/24 dev e1",
		"ip -n " + r1.NS + " link set e1 up",
	} {
		sh(t, r1, strings.Fields(line)...)
	}
	for _, r := range []*routers.Router{r1, r2, r3} {
		must(t, r.Start("--initiate", "manual"))
	}
	want(t, "RED", sh(t, r1, "ip", "-d", "link", "show", "RED"), "vrf table 1001", "alias obol:RED")
	obol(t, r1, "initiate", "Tunnel1", "--wait", "60s")
	obol(t, r3, "initiate", "Tunnel1", "--wait", "60s")
	carried := func(r *routers.Router) (n int) {
		states := sh(t, r, "ip", "-s", "xfrm", "state")
		for _, id := range spis(states) {
			n += packetsOf(states, id)
		}
		return n
	}
	for _, by := range []struct {
		vrf         string
		peer, other *routers.Router
	}{{"RED", r2, r3}, {"BLUE", r3, r2}} {
		before := carried(by.other)
		sh(t, r1, "ping", "-c", "3", "-i", "0.2", "-I", by.vrf, "192.168.200.1")
		if n := carried(by.peer); n < 6 || carried(by.other) != before {
			t.Errorf("%s: its peer has %d packets, the other one %d and then %d", by.vrf, n, before, carried(by.other))
		}
	}
	want(t, "routes of RED", sh(t, r1, "ip", "route", "show", "vrf", "RED"), "192.168.200.0/24 dev Tunnel1")
	want(t, "session", obol(t, r1, "show", "crypto", "session", "detail"), "fvrf: WAN ivrf: RED", "fvrf: WAN2 ivrf: BLUE")

	// The other end begins, in either version, and SAs are rekeyed.
	obol(t, r1, "clear", "crypto", "session")
	eventually(t, 30*time.Second, "no SA is left", func() bool { return len(standing(t, r1)) == 0 })
	obol(t, r2, "initiate", "Tunnel1", "--wait", "60s")
	obol(t, r1, "initiate", "Tunnel2", "--wait", "60s")
	obol(t, r1, "rekey", "ipsec", "Tunnel1")
	obol(t, r1, "rekey", "ipsec", "Tunnel2")
	for _, vrf := range []string{"RED", "BLUE"} {
		sh(t, r1, "ping", "-c", "3", "-i", "0.2", "-I", vrf, "192.168.200.1")
	}

	must(t, r1.Stop())
	gone(t, r1)
	if left := standing(t, r1); len(left) > 0 {
		t.Errorf("SAs are left: %v", left)
	}
	want(t, "the host's own VRF", sh(t, r1, "ip", "-d", "link", "show", "WAN"), "vrf table 100")
}

// GRE by a front door and into a VRF.
func TestGREinVRF(t *testing.T) {
	t.Parallel()
	p := pair(t, vrfGRE, vrfPeer("gre ip", "isakmp-profile TWO"))
	for _, line := range []string{"ip link add WAN type vrf table 100", "ip link set WAN up", "ip link set e0 master WAN"} {
		sh(t, p.R1, strings.Fields(line)...)
	}
	start(t, p, "--initiate", "manual")
	obol(t, p.R1, "initiate", "Tunnel1", "--wait", "60s")
	sh(t, p.R1, "ping", "-c", "3", "-i", "0.2", "-I", "RED", "192.168.200.1")
	want(t, "link", sh(t, p.R1, "ip", "-d", "link", "show", "Tunnel1"), "master RED", "dev WAN")
	if states := sh(t, p.R2, "ip", "-s", "xfrm", "state"); len(spis(states)) != 2 || packetsOf(states, spis(states)[0]) < 3 {
		t.Errorf("R2 has\n%s", states)
	}
	must(t, p.R1.Stop())
	gone(t, p.R1)
}

package scenario

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/sim"
)

// While an IKE SA is being renewed there are two with the one peer, which has one
// mapping: a packet of a child SA of one moves both, and no more than these.
func TestRebindingMovesEveryIKESA(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/natt-renewal.txtar")
	if err != nil {
		t.Fatal(err)
	}
	archive.Comment = []byte("start\nnat 192.168.0.1 R1\ninitiate R1 Tunnel1\nwait up 5s\nadvance 580s\nwant isakmp R2 2\nrebind\nmark\nflow R1 Tunnel1 R2 Tunnel1 1s\n")
	r := newRun(archive, 1)
	if err := r.all(); err != nil {
		t.Fatal(err)
	}
	r2, _ := r.router("R2")
	ports := map[uint16]int{}
	for _, s := range r2.Views().Sessions {
		ports[s.Remote.Port()]++
	}
	if len(ports) != 1 || ports[1026] > 0 {
		t.Errorf("R2's IKE SAs go to ports %v", ports)
	}
	if n := strings.Count(strings.Join(log(r2), "\n"), "Detected port floating"); n != 2 {
		t.Errorf("%d moves", n)
	}
}

// The NATs of two peers exchange their addresses. Each tunnel goes on with its own
// peer, and no link has another's ends; then they change back.
func TestAddressesSwapped(t *testing.T) {
	for name, mode := range map[string]string{"VTI": " tunnel mode ipsec ipv4\n", "GRE": ""} {
		t.Run(name, func(t *testing.T) { addressesSwapped(t, mode) })
	}
}

func addressesSwapped(t *testing.T, mode string) {
	const peer = `hostname R%[1]d
crypto ikev2 keyring KR
 peer HUB
  address 192.0.2.1
  pre-shared-key key%[1]d
crypto ikev2 profile P
 match identity remote address 192.0.2.1 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
 dpd 10 2 periodic
crypto ipsec profile I
 set ikev2-profile P
interface Tunnel1
 ip address 10.0.%[1]d.2 255.255.255.0
 tunnel source Ethernet0/0
%[2]s tunnel destination 192.0.2.1
 tunnel protection ipsec profile I
interface Ethernet0/0
 ip address 172.16.%[1]d.1 255.255.255.0
`
	const ofHub = `crypto ikev2 keyring K%[1]d
 peer R%[1]d
  address 203.0.113.%[1]d
  pre-shared-key key%[1]d
crypto ikev2 profile P%[1]d
 match identity remote address 172.16.%[1]d.1 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local K%[1]d
crypto ipsec profile I%[1]d
 set ikev2-profile P%[1]d
interface Tunnel%[1]d
 ip address 10.0.%[1]d.1 255.255.255.0
 tunnel source Ethernet0/0
%[2]s tunnel destination 203.0.113.%[1]d
 tunnel protection ipsec profile I%[1]d
ip route 10.1.%[1]d.0 255.255.255.0 Tunnel%[1]d
`
	hub := "hostname HUB\ninterface Ethernet0/0\n ip address 192.0.2.1 255.255.255.0\n" + fmt.Sprintf(ofHub, 1, mode) + fmt.Sprintf(ofHub, 2, mode)
	for seed := range uint64(5) {
		r := newRun(&txtar.Archive{
			Comment: []byte("start auto\n"),
			Files: []txtar.File{
				{Name: "HUB.cfg", Data: []byte(hub)}, {Name: "R1.cfg", Data: fmt.Appendf(nil, peer, 1, mode)}, {Name: "R2.cfg", Data: fmt.Appendf(nil, peer, 2, mode)},
			},
		}, seed)
		if err := r.all(); err != nil {
			t.Fatal(err)
		}
		var nats []*sim.NAT
		for _, x := range r.routers[1:] {
			nats = append(nats, r.world.Masquerade(netip.MustParseAddr("203.0.113."+x.name[1:]), x.Router))
		}
		for turn, script := range []string{"wait up 90s\nadvance 1s\n", "advance 40s\n", "advance 40s\n"} {
			if turn > 0 {
				a, b := nats[0].Outside, nats[1].Outside
				r.world.Readdress(nats[0], b)
				r.world.Readdress(nats[1], a)
			}
			r.archive.Comment = []byte(script + "want carries R1 Tunnel1 HUB Tunnel1\nwant carries R2 Tunnel1 HUB Tunnel2\nwant sa R1 1\nwant sa R2 1\nwant sa HUB 2\nwant ikev2 HUB 2\n" +
				"want route HUB 10.1.1.0/24\nwant route HUB 10.1.2.0/24\n")
			if err := r.all(); err != nil {
				t.Fatalf("seed %d, turn %d: %v\n%s", seed, turn, err, strings.Join(log(r.routers[0]), "\n"))
			}
		}
		links := map[netip.Addr]string{}
		for _, l := range r.routers[0].Dataplane.Links {
			if other := links[l.Remote]; other != "" {
				t.Errorf("%s and %s go to %s", l.Name, other, l.Remote)
			}
			links[l.Remote] = l.Name
		}
	}
}

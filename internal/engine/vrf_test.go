package engine

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// A tunnel of a front-door VRF begins there, and what comes by another VRF between the
// same addresses is not its peer's, in either version.
func TestFrontDoor(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	own, peer := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	for version, edit := range map[string]string{
		"IKEv2": "crypto ikev2 profile prof1\n match fvrf any\n",
		"IKEv1": "crypto keyring K vrf WAN\n pre-shared-key address 0.0.0.0 0.0.0.0 key cisco\ncrypto isakmp policy 1\n authentication pre-share\n group 19\n" +
			"crypto isakmp profile K\n keyring K\n match identity address 192.0.2.2 255.255.255.255 WAN\ncrypto ipsec profile prof1\n no set ikev2-profile\n set isakmp-profile K\n",
	} {
		text := routerV2Text(own, " vrf forwarding WAN\n", peer) + " tunnel vrf WAN\nvrf definition WAN\n" + edit
		c, errs := policy.Compile(policy.Source{Name: "R", Text: []byte(text)})
		if errs != nil {
			t.Fatal(version, errs)
		}
		e := New(now, ike.Env{Config: c, PKI: pki.NewSnapshot(nil), Rand: rand.NewChaCha8([32]byte{1})}, Options{tunnel.Options{Manual: true}})
		sent := func() (list []ike.Datagram) {
			for o, ok := e.Poll(); ok; o, ok = e.Poll() {
				if s, is := o.(ike.Send); is {
					list = append(list, s.Datagram)
				}
			}
			return list
		}
		sent()
		if err := e.Command(now, ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
			t.Fatal(version, err)
		}
		list := sent()
		if len(list) != 1 || list[0].VRF != "WAN" || list[0].Remote.Addr() != peer {
			t.Fatalf("%s: sent %+v", version, list)
		}
		x := e.sessions.all[0]
		between := ike.Ends{VRF: "WAN", Local: own, Remote: peer}
		if got := e.sessions.at(between); len(got) != 1 || got[0] != x {
			t.Errorf("%s: between the ends are %v", version, got)
		}
		between.VRF = ""
		if got := e.sessions.at(between); len(got) != 0 {
			t.Errorf("%s: the global VRF has %v", version, got)
		}
		answer := bytes.Clone(list[0].Data)
		answer[8] = 1 // the responder's cookie, or SPI
		if version == "IKEv2" {
			answer[19] = byte(wire.FlagResponse)
		}
		h, err := wire.ParseHeader(answer)
		if err != nil {
			t.Fatal(err)
		}
		if e.sessions.find(h, "WAN", peer) != x || e.sessions.find(h, "", peer) != nil {
			t.Errorf("%s: found in WAN %v, in the global VRF %v", version, e.sessions.find(h, "WAN", peer), e.sessions.find(h, "", peer))
		}
		before := e.counters.UnknownSA + e.counters.Malformed
		e.HandleDatagram(now, ike.Datagram{Local: list[0].Local, Remote: list[0].Remote, Data: answer})
		if len(e.sessions.all) != 1 || e.counters.UnknownSA+e.counters.Malformed != before+1 {
			t.Errorf("%s: an answer by another VRF: %+v", version, e.counters)
		}
	}
}

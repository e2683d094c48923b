package engine

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// routerV2 is a configuration of IKEv2 with pre-shared keys for everybody and
// tunnels to those peers.
func routerV2(tb testing.TB, own netip.Addr, more string, peers ...netip.Addr) *policy.Config {
	c, errs := policy.Compile(policy.Source{Name: "R", Text: []byte(routerV2Text(own, more, peers...))})
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	return c
}

func routerV2Text(own netip.Addr, more string, peers ...netip.Addr) string {
	var text strings.Builder
	fmt.Fprintf(&text, `
crypto ikev2 proposal P
 encryption aes-cbc-256
 integrity sha256
 group 19
crypto ikev2 policy P
 proposal P
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key cisco
crypto ikev2 profile prof1
 match identity remote address 0.0.0.0
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
crypto ipsec profile prof1
 set transform-set TS
 set ikev2-profile prof1
interface Ethernet0/0
 ip address %s 255.255.255.0
%s`, own, more)
	for i, peer := range peers {
		fmt.Fprintf(&text, `interface Tunnel%d
 ip address 172.16.%d.%d 255.255.255.252
 tunnel source %s
 tunnel destination %s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
`, i+1, i/64, i%64*4+1, own, peer)
	}
	return text.String()
}

const generous = "crypto call admission limit ike in-negotiation-sa 99999\ncrypto ikev2 limit max-in-negotation-sa 9999 incoming\n"

// stranger is an initiator beside the engine: what it sends and takes is the
// test's affair.
type stranger struct {
	*ikev2.Session
	tb testing.TB
	at netip.AddrPort
}

// strange begins a session with the target from an address.
func strange(tb testing.TB, from netip.Addr, seed byte) *stranger {
	return strangeWith(tb, "", from, seed)
}

// strangeWith is one with more in its configuration.
func strangeWith(tb testing.TB, more string, from netip.Addr, seed byte) *stranger {
	return strangeOf(tb, routerV2(tb, from, more, hubAddr), pki.NewSnapshot(nil), from, seed)
}

// strangeOf is one of a configuration and a store.
func strangeOf(tb testing.TB, c *policy.Config, store *pki.Snapshot, from netip.Addr, seed byte) *stranger {
	spi := uint32(0x1000)
	env := &ike.Env{
		Config: c, PKI: store,
		Rand:        rand.NewChaCha8([32]byte{1, seed, from.AsSlice()[2], from.AsSlice()[3]}),
		Established: func(ike.Ends) bool { return true }, // no INITIAL_CONTACT
		NewSPI:      func() uint32 { spi++; return spi },
		Hold:        func(netip.Addr, int) bool { return true },
	}
	s := ikev2.Initiate(start, env, 1, env.Config.Interface("Tunnel1"))
	return &stranger{Session: s, tb: tb, at: netip.AddrPortFrom(from, 500)}
}

// says gives what the stranger sends now, its data plane answered.
func (s *stranger) says() (sent [][]byte) {
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		switch o := o.(type) {
		case ike.Send:
			sent = append(sent, o.Datagram.Data)
		case ike.InstallSA:
			s.HandleKernel(start, ipsec.Installed{SAID: o.SA.SAID})
		}
	}
	return sent
}

func (s *stranger) hears(now time.Time, datagrams ...ike.Datagram) {
	for _, d := range datagrams {
		s.Handle(now, ike.Datagram{Local: s.at, Remote: d.Local, Data: d.Data})
	}
}

// carry takes the stranger's messages to the target and back until neither has
// more to say, or the stranger is about to send its n-th; 0: to the end.
func (s *stranger) carry(r *target, n int) (left [][]byte) {
	for i := 1; ; i++ {
		sent := s.says()
		if len(sent) == 0 || i == n {
			return sent
		}
		r.sent = nil
		for _, data := range sent {
			r.HandleDatagram(r.now, ike.Datagram{Local: netip.AddrPortFrom(hubAddr, 500), Remote: s.at, Data: data})
			r.drain()
		}
		s.hears(r.now, r.sent...)
	}
}

func newTargetV2(tb testing.TB, more string, peers ...netip.Addr) *target {
	c := routerV2(tb, hubAddr, more, peers...)
	return targetOf(tb, c)
}

// IKE SAs of either version have numbers of their own, as on IOS.
func TestNumbers(t *testing.T) {
	r := newTargetV2(t, "", peerAddr(0), peerAddr(1))
	for i := range byte(2) {
		strange(t, peerAddr(int(i)), i).carry(r, 2)
	}
	v := r.Views(r.now)
	if len(v.IKEv2) != 2 || v.IKEv2[0].ConnID != 1 || v.IKEv2[1].ConnID != 2 {
		t.Errorf("%d sessions, the first two %+v", len(v.IKEv2), v.IKEv2)
	}
	if x := r.sessions.ofTunnelID(2); x == nil || x != r.sessions.all[1] || r.sessions.ofTunnelID(3) != nil {
		t.Error("not found by the number")
	}
	if err := r.Command(r.now, ike.ClearIKEv2{ConnID: 1}); err != nil || len(r.Views(r.now).IKEv2) != 1 {
		t.Errorf("cleared: %v, %d are left", err, len(r.Views(r.now).IKEv2))
	}
	if id := r.sessions.nextConnID(); id != 1001 {
		t.Errorf("the first of version 1 would be %d", id)
	}
}

// A session is found by our SPI from wherever the message comes: it judges that
// itself. Its first message is known again by the peer's SPI and address.
func TestFindV2(t *testing.T) {
	peer := peerAddr(0)
	r := newTargetV2(t, "", peer)
	s := strange(t, peer, 0)
	first := s.says()
	r.receive(peer, first[0])
	if len(r.sent) != 1 || len(r.sessions.all) != 1 || r.halfOpen.v2 != 1 {
		t.Fatalf("%d answers, %d sessions, %d half-open", len(r.sent), len(r.sessions.all), r.halfOpen.v2)
	}
	answer := r.sent[0]
	r.receive(peer, first[0])
	if len(r.sessions.all) != 1 || len(r.sent) != 2 || !bytes.Equal(answer.Data, r.sent[1].Data) {
		t.Error("a repetition is not answered with the same octets")
	}
	r.receive(peerAddr(1), first[0])
	if len(r.sessions.all) != 2 {
		t.Error("the SPI of another address is the same peer's")
	}
	s.hears(start, answer)
	s.carry(r, 0)
	if !s.Established() || r.counters.Established != 1 || r.counters.Children != 1 {
		t.Fatalf("%+v", r.counters)
	}
	found := r.sessions.all[0]
	for _, from := range []netip.Addr{peer, peerAddr(5)} {
		h := wire.Header{InitiatorSPI: wire.SPI(first[0]), ResponderSPI: found.v2.SPIs()[0], Version: wire.V2, Exchange: wire.ExchangeInformationalV2, Flags: wire.FlagInitiator, MessageID: 2}
		if r.sessions.find(h, "", from) != found {
			t.Errorf("not found from %s", from)
		}
		h.Version = 0x2f // RFC 7296 section 2.5: "implementations MUST ignore the minor version"
		if r.sessions.find(h, "", from) != found {
			t.Error("not found with a minor version")
		}
		h.Version = wire.V1
		if r.sessions.find(h, "", from) != nil {
			t.Error("found by version 1")
		}
	}
	s.Delete(start, "test")
	s.carry(r, 0)
	r.pass(10 * time.Minute)
	r.empty()
}

// What belongs to no session of version 2 gets no answer and costs nothing.
func TestNoStateV2(t *testing.T) {
	r := newTargetV2(t, "", peerAddr(0))
	n := 0
	for x := range 256 {
		for _, responder := range []byte{0, 9} {
			for flags := range wire.Flags(64) {
				for _, id := range []uint32{0, 1} {
					h := wire.Header{InitiatorSPI: wire.SPI{7}, ResponderSPI: wire.SPI{responder}, Version: wire.V2, Exchange: wire.ExchangeType(x), Flags: flags, MessageID: id}
					b := wire.NewBuilder(nil, h)
					b.Add(wire.PayloadNonceV2, wire.Raw(make([]byte, 36)))
					r.receive(peerAddr(0), b.Bytes())
					n++
				}
			}
		}
	}
	if len(r.sent) != 0 {
		t.Errorf("%d answers to %d messages", len(r.sent), n)
	}
	if c := r.counters; c.UnknownSA == 0 || c.Malformed == 0 || c.Sessions != 0 {
		t.Errorf("%+v", c)
	}
	r.empty()
}

// A major version above ours is told what we speak, once in a while.
func TestMajorVersion(t *testing.T) {
	r := newTargetV2(t, "", peerAddr(0))
	for range 1000 {
		b := wire.NewBuilder(nil, wire.Header{InitiatorSPI: wire.SPI{7}, Version: 0x30, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator})
		r.receive(peerAddr(0), b.Bytes())
	}
	if len(r.sent) != muteAfter || r.counters.Unsupported != 1000 {
		t.Errorf("%d answers, %d counted", len(r.sent), r.counters.Unsupported)
	}
	m, err := wire.Parse(r.sent[0].Data)
	if err != nil || m.Version != wire.V2 || len(m.Payloads) != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	r.empty()
}

// With so many half-open SAs a first message is worth a cookie and no more: who
// receives what is sent to him goes on, and a forger has cost nothing.
func TestCookieChallenge(t *testing.T) {
	r := newTargetV2(t, "crypto ikev2 cookie-challenge 3\n"+generous, peerAddr(0))
	for i := range 3 {
		r.receive(peerAddr(i+1), strange(t, peerAddr(i+1), 0).says()[0])
	}
	if r.halfOpen.v2 != 3 || r.stats.Challenged != 0 {
		t.Fatalf("%d half-open, %d challenged", r.halfOpen.v2, r.stats.Challenged)
	}
	r.sent = nil
	for i := range 200 {
		r.receive(peerAddr(i+10), strange(t, peerAddr(i+10), 0).says()[0])
	}
	if r.halfOpen.v2 != 3 || r.stats.Challenged != 200 || len(r.sent) != 200 {
		t.Errorf("%d half-open, %d challenged, %d answers", r.halfOpen.v2, r.stats.Challenged, len(r.sent))
	}
	s := strange(t, peerAddr(0), 0)
	s.carry(r, 0)
	if !s.Established() || r.counters.Established != 1 {
		t.Errorf("%+v", r.counters)
	}
	r.pass(10 * time.Minute)
	if r.halfOpen.total != 0 {
		t.Errorf("%d half-open", r.halfOpen.total)
	}
}

// The limits of crypto ikev2 limit, and that of both versions, hold.
func TestLimitsV2(t *testing.T) {
	for what, more := range map[string]string{
		"in negotiation": "crypto ikev2 limit max-in-negotation-sa 10 incoming\n",
		"of version 2":   "crypto ikev2 limit max-sa 10\n",
		"in all":         "crypto call admission limit ike in-negotiation-sa 10\n",
	} {
		r := newTargetV2(t, more, peerAddr(0))
		for i := range 20 {
			r.receive(peerAddr(i), strange(t, peerAddr(i), 0).says()[0])
		}
		if len(r.sent) != 10 || len(r.sessions.all) != 10 || r.counters.HalfOpenDrops != 10 {
			t.Errorf("%s: %d answers, %d sessions, %d dropped", what, len(r.sent), len(r.sessions.all), r.counters.HalfOpenDrops)
		}
		r.pass(10 * time.Minute)
		r.empty()
	}
	r := newTargetV2(t, "crypto ikev2 limit max-in-negotation-sa 1 outgoing\n", peerAddr(0), peerAddr(1))
	for _, name := range []string{"Tunnel1", "Tunnel2"} {
		if err := r.Command(start, ike.Initiate{Tunnel: name}); err != nil {
			t.Fatal(err)
		}
	}
	if v := r.Views(start); len(v.IKEv2) != 1 || v.Tunnels[1].Negotiating || !strings.Contains(v.Tunnels[1].Failure, "crypto ikev2 limit") {
		t.Errorf("%d sessions, %+v", len(v.IKEv2), v.Tunnels[1])
	}
}

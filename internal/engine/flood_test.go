package engine

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// target is a responder with a pre-shared key for everybody, in the defaults of
// its limits, and what it sends.
type target struct {
	*Engine
	tb   testing.TB
	now  time.Time
	sent []ike.Datagram
	told int // ends and failures, each a line in the daemon's log

	reasons []string // of failures
	lookups []ike.Lookup
}

const targetConfig = `
crypto isakmp policy 10
 encr aes
 authentication pre-share
 group 19
crypto isakmp key cisco address 0.0.0.0
crypto isakmp profile prof1
 match identity address 0.0.0.0
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile prof1
 set transform-set TS
 set isakmp-profile prof1
interface Ethernet0/0
 ip address 192.168.0.2 255.255.255.0
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source 192.168.0.2
 tunnel destination 192.168.0.1
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
`

func newTarget(tb testing.TB, config string) *target {
	c, errs := policy.Compile(policy.Source{Name: "R2", Text: []byte(config)})
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	return targetOf(tb, c)
}

func targetOf(tb testing.TB, c *policy.Config) *target {
	env := ike.Env{Config: c, PKI: pki.NewSnapshot(nil), Rand: rand.NewChaCha8([32]byte{})}
	return &target{Engine: New(start, env, Options{Options: tunnel.Options{Manual: true}}), tb: tb, now: start}
}

// drain keeps what is sent since, and answers for the data plane.
func (t *target) drain() {
	for o, ok := t.Poll(); ok; o, ok = t.Poll() {
		switch o := o.(type) {
		case ike.Send:
			t.sent = append(t.sent, o.Datagram)
		case ike.InstallSA:
			t.HandleKernel(t.now, ipsec.Installed{SAID: o.SA.SAID})
		case ike.Report:
			switch event := o.Event.(type) {
			case ike.NegotiationFailed:
				t.told++
				t.reasons = append(t.reasons, event.Reason)
			case ike.SessionDown:
				t.told++
			}
		case ike.Lookup:
			t.lookups = append(t.lookups, o)
		}
	}
}

// receive gives the responder a datagram from an address.
func (t *target) receive(from netip.Addr, data []byte) {
	t.HandleDatagram(t.now, ike.Datagram{Local: netip.AddrPortFrom(hubAddr, 500), Remote: netip.AddrPortFrom(from, 500), Data: data})
	t.drain()
}

// pass lets time go by.
func (t *target) pass(d time.Duration) {
	for end := t.now.Add(d); ; {
		next, _ := t.NextTimeout()
		if next.IsZero() || next.After(end) {
			t.now = end
			return
		}
		t.now = next
		t.HandleTimeout(t.now)
		t.drain()
	}
}

// empty says that nothing of a peer's is left.
func (t *target) empty() {
	t.tb.Helper()
	s := &t.sessions
	if n := len(s.all) + len(s.pairs) + len(s.ours) + len(s.theirs) + len(s.own) + len(s.first) + len(s.between) + s.v2 + t.halfOpen.v2 + len(t.deadlines) + len(t.children.of) + len(t.children.spis) + t.halfOpen.total + len(t.halfOpen.peers); n != 0 {
		t.tb.Errorf("left: %d sessions, %d and %d by cookies, %d deadlines, %d SAs, %d half-open of %d peers",
			len(s.all), len(s.pairs), len(s.theirs), len(t.deadlines), len(t.children.of), t.halfOpen.total, len(t.halfOpen.peers))
	}
}

// offerOf is an SA payload with the target's policy, or another cipher.
func offerOf(cipher uint64) wire.SAV1 {
	return wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: []wire.ProposalV1{{
		Number: 1, Protocol: wire.ProtocolISAKMP, Transforms: []wire.TransformV1{{Number: 1, ID: wire.TransformKeyIKE, Attributes: []wire.Attribute{
			{Type: wire.AttrEncr, Value: cipher}, {Type: wire.AttrKeyLength, Value: 128}, {Type: wire.AttrHash, Value: 2}, {Type: wire.AttrGroup, Value: 19},
			{Type: wire.AttrAuth, Value: 1}, {Type: wire.AttrLifeType, Value: 1}, {Type: wire.AttrLifeDuration, Value: 86400},
		}}},
	}}}
}

const aes, idea = 7, 2

// firstOf begins a message of the initiator's n-th cookie.
func firstOf(x wire.ExchangeType, n uint64) *wire.Builder {
	h := wire.Header{Version: wire.V1, Exchange: x}
	binary.BigEndian.PutUint64(h.InitiatorSPI[:], n+1)
	return wire.NewBuilder(nil, h)
}

func mm1(n, cipher uint64) []byte {
	b := firstOf(wire.ExchangeMainMode, n)
	b.Add(wire.PayloadSA, offerOf(cipher))
	return b.Bytes()
}

// point is a public value of group 19.
var point = func() []byte {
	g, _ := suite.GroupByNumber(19)
	key, err := g.Generate(rand.NewChaCha8([32]byte{}))
	if err != nil {
		panic(err)
	}
	return key.Public()
}()

func ag1(n, cipher uint64) []byte {
	b := firstOf(wire.ExchangeAggressive, n)
	b.Add(wire.PayloadSA, offerOf(cipher))
	b.Add(wire.PayloadKE, wire.Raw(point))
	b.Add(wire.PayloadNonce, wire.Raw(make([]byte, 20)))
	b.Add(wire.PayloadID, wire.IDV1{Type: wire.IDIPv4Addr, Protocol: 17, Port: 500, Data: []byte{192, 168, 0, 1}})
	return b.Bytes()
}

// Row 26 of the hostile inputs: 100,000 first messages of as many forged
// addresses, or of one, leave no more half-open SAs than the limits say, none a
// minute later, and the memory of before. The forger cannot keep us from what
// stands either: nothing of it is touched.
func TestFlood(t *testing.T) {
	const flood = 100_000
	for _, c := range []struct {
		name  string
		first func(n, cipher uint64) []byte
		peers int
		left  int
		each  int64 // octets; behind an AG2 in group 19 are the keys that exist then
	}{
		{"MM1 of forged addresses", mm1, flood, 1000, halfOpenLimit},
		{"MM1 of one address", mm1, 1, 64, halfOpenLimit},
		{"AG1 of forged addresses", ag1, flood, 1000, halfOpenLimit},
		{"AG1 of one address", ag1, 1, 64, halfOpenLimit},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newTarget(t, targetConfig)
			before := live()
			for n := range flood {
				from := netip.AddrFrom4([4]byte{100, byte(n % c.peers >> 16), byte(n % c.peers >> 8), byte(n % c.peers)})
				r.receive(from, c.first(uint64(n), aes))
				if len(r.sent) > c.left {
					t.Fatalf("%d answers after %d messages", len(r.sent), n+1)
				}
			}
			if n := len(r.sessions.all); n != c.left || r.halfOpen.total != c.left {
				t.Errorf("%d sessions, %d half-open, want %d", n, r.halfOpen.total, c.left)
			}
			if n := r.counters.HalfOpenDrops; n != uint64(flood-c.left) {
				t.Errorf("%d dropped", n)
			}
			r.sent = nil
			got, most := int64(live())-int64(before), c.each*int64(c.left)
			if got > most {
				t.Errorf("%d octets live, at most %d", got, most)
			}
			t.Logf("%d octets live, %d a session", got, got/int64(c.left))
			r.pass(2 * time.Minute)
			r.sent = nil
			r.empty()
			if most := 2 * 3 * muteAfter; r.told > most {
				t.Errorf("%d ends are told, at most %d", r.told, most)
			}
			if got, most := int64(live())-int64(before), int64(512<<10); got > most {
				t.Errorf("%d octets are left, at most %d", got, most)
			}
		})
	}
}

// Row 25: what a forged MM1 makes us send to the victim is IOS's six MM2, each
// no longer than the message was, or six AG2 of at most twice AG1; and 64 half-open
// SAs bound it for one victim.
func TestAmplification(t *testing.T) {
	r := newTarget(t, "crypto isakmp fragmentation\n"+targetConfig)
	victim := netip.MustParseAddr("203.0.113.9")
	first := mm1(0, aes)
	r.receive(victim, first)
	r.pass(3 * time.Minute)
	if len(r.sent) != 6 {
		t.Errorf("%d answers, want IOS's 6", len(r.sent))
	}
	for i, d := range r.sent {
		if len(d.Data) > len(first) || d.Remote.Addr() != victim {
			t.Errorf("answer %d has %d octets to %s, the message had %d", i, len(d.Data), d.Remote, len(first))
		}
	}
	r.sent = nil
	r.receive(victim, ag1(0, aes))
	r.pass(3 * time.Minute)
	if n := len(r.sent[0].Data); len(r.sent) != 6 || n > 2*len(ag1(0, aes)) {
		t.Errorf("%d answers of %d octets to AG1 of %d", len(r.sent), n, len(ag1(0, aes)))
	}
	r.sent = nil
	for n := range 10_000 {
		r.receive(victim, mm1(uint64(n+1), aes))
	}
	r.pass(3 * time.Minute)
	if len(r.sent) != 64*6 {
		t.Errorf("10,000 messages made us send %d", len(r.sent))
	}
	r.sent = nil
	for n := range 100 { // refused: told once, nothing is kept
		r.receive(victim, mm1(uint64(20_000+n), idea))
	}
	r.pass(3 * time.Minute)
	if len(r.sent) != 100 {
		t.Errorf("100 refused offers made us send %d", len(r.sent))
	}
	r.empty()
}

// BenchmarkRefusedFirst is what a refused MM1 costs a responder of a thousand
// peers, whose SAs are two thousand.
func BenchmarkRefusedFirst(b *testing.B) {
	r := newTarget(b, targetConfig)
	for i := range 2000 {
		r.enter(&entry{}, ipsec.SAID{Protocol: ipsec.ESP, SPI: uint32(0x1000 + i)})
	}
	peer, first := netip.MustParseAddr("192.168.0.1"), mm1(0, idea)
	for b.Loop() {
		r.receive(peer, first)
		r.sent = nil
	}
}

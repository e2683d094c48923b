package ikev2

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// A couple are two sessions whose IKE SA and first child SA stand, a network
// between them that takes its time, loses and repeats, and a flow of packets both
// ways, each on the newest outbound SA, as the kernel sends.
type couple struct {
	t      *testing.T
	lines  string // of both ipsec profiles
	rng    *rand.Rand
	now    time.Time
	ends   [2]*end
	flight []delivery
	serial int
	// What the network does to a datagram: probabilities in percent.
	lose, repeat int
	least, most  time.Duration // of its delay
	drop         func(from *end, h wire.Header) bool
	lost         int // packets of the flow that no SA received
}

// end is one of the two.
type end struct {
	name    string
	env     *ike.Env
	session *Session
	itf     *policy.Interface
	sas     map[ipsec.SAID]ipsec.SA // that stand
	newest  []ipsec.SAID            // outbound ones, the newest last
	packets map[ipsec.SAID]uint64   // received
	early   map[uint32]bool         // SPIs of SAs that are expected
	refuse  func(ipsec.SA) error
	events  []ike.Event
	sent    []wire.Header
}

// delivery is something under way: a datagram, or a packet of the flow.
type delivery struct {
	at     time.Time
	serial int
	to     int
	data   []byte
	spi    uint32 // of a packet
}

const coupleConfig = `crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
` + groups + `crypto ikev2 policy POL
 proposal P
crypto ikev2 keyring K
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key key
crypto ikev2 profile PROF
 match identity remote address 0.0.0.0
 authentication remote pre-share
 authentication local pre-share
 keyring local K
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
 mode tunnel
crypto ipsec profile IP
 set transform-set TS
 set ikev2-profile PROF
%[3]sinterface Tunnel1
 ip address 10.0.0.%[1]d 255.255.255.0
 tunnel source 192.0.2.%[1]d
 tunnel destination 192.0.2.%[2]d
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile IP
`

var noon = time.Date(2013, 6, 20, 12, 0, 0, 0, time.UTC)

// text is the configuration of an end.
func (c *couple) text(i int) string { return fmt.Sprintf(coupleConfig, i+1, 2-i, c.lines) }

// newCouple brings both up. lines go into both ipsec profiles.
func newCouple(t *testing.T, seed uint64, lines string) *couple {
	c := &couple{t: t, lines: lines, rng: rand.New(rand.NewPCG(seed, 2)), now: noon, least: time.Millisecond, most: 20 * time.Millisecond}
	for i, host := range []string{"1", "2"} {
		other := []string{"2", "1"}[i]
		cfg := compile(t, c.text(i))
		e := &end{name: "R" + host, sas: map[ipsec.SAID]ipsec.SA{}, packets: map[ipsec.SAID]uint64{}, early: map[uint32]bool{}, itf: cfg.Interface("Tunnel1")}
		var key [32]byte
		copy(key[:], fmt.Sprint(host, seed))
		spi := uint32(i+1) << 20
		e.env = &ike.Env{Config: cfg, Rand: rand.NewChaCha8(key), NewSPI: func() uint32 { spi++; return spi }}
		e.session = newSession(c.now, e.env, uint32(i+1), "")
		e.session.local = netip.MustParseAddrPort("192.0.2." + host + ":500")
		e.session.remote = netip.MustParseAddrPort("192.0.2." + other + ":500")
		e.session.profile = cfg.IKEv2.Profiles[0]
		c.ends[i] = e
	}
	integ, _ := suite.IntegrityV2(12)
	prf, _ := suite.HashV2(5)
	x := algorithms{encr: suite.AES, bits: 128, prf: prf, integ: integ, group: group(t, 19)}
	ni, nr, gir := []byte("nonce of the initiator"), []byte("nonce of the responder"), []byte("secret")
	for i, e := range c.ends {
		sa := newIKESA([]Role{Initiator, Responder}[i])
		sa.agreed, sa.spiI, sa.spiR, sa.window, sa.takes = x, wire.SPI{1}, wire.SPI{2}, 5, 5
		if err := sa.key(DeriveKeys(prf, SKEYSEED(prf, ni, nr, gir), ni, nr, sa.spiI, sa.spiR, x.lengths())); err != nil {
			t.Fatal(err)
		}
		s := e.session
		s.ike, s.all = sa, []*ikeSA{sa}
		s.up, s.state = &established{home: s.remote.Addr(), lifetime: 24 * time.Hour}, Ready
		s.up.schedule(c.now, sa.role)
		n := negotiated{
			itf: e.itf, set: e.itf.Tunnel.Protection.Transforms[0], mode: ipsec.Tunnel, own: uint32(i+1) << 20, peer: uint32(2-i) << 20,
			selector: e.itf.Tunnel.Selector(), initiator: i == 0, begun: c.now, keyExchanges: keyExchanges{ni: ni, nr: nr},
		}
		in, out := s.pair(sa, n)
		child := newChild(n, in, out)
		s.install(child, in, out, func(err error) { s.childUp(child) })
		c.collect(i)
	}
	return c
}

// groups are those of a couple's proposal.
const groups = " group 19 14\n"

// proposes gives an end a configuration with other lines for its groups.
func (c *couple) proposes(i int, lines string) {
	c.ends[i].env.Config = compile(c.t, strings.Replace(c.text(i), groups, lines, 1))
}

// hybrid lets ML-KEM-768 follow on whatever key exchange both make from now on.
func (c *couple) hybrid() {
	more := []*suite.Group{group(c.t, 36)}
	for i, e := range c.ends {
		c.proposes(i, groups+" additional-key-exchange ml-kem-768\n")
		e.session.ike.agreed.additional = more
	}
}

// collect takes an end's outputs and answers for its data plane.
func (c *couple) collect(i int) {
	e := c.ends[i]
	for {
		o, ok := e.session.Poll()
		if !ok {
			return
		}
		switch o := o.(type) {
		case ike.Send:
			c.send(i, o.Datagram.Data)
		case ike.ExpectSA:
			e.early[o.SAID.SPI] = true
		case ike.InstallSA:
			var err error
			if e.refuse != nil {
				err = e.refuse(o.SA)
			}
			if _, there := e.sas[o.SA.SAID]; there {
				c.t.Errorf("%s installs SPI %#x twice", e.name, o.SA.SPI)
			}
			if err == nil {
				e.sas[o.SA.SAID] = o.SA
				delete(e.early, o.SA.SPI)
				if o.SA.Direction == ipsec.Out {
					e.newest = append(e.newest, o.SA.SAID)
				}
			}
			e.session.HandleKernel(c.now, ipsec.Installed{SAID: o.SA.SAID, Err: err})
		case ike.RemoveSA:
			delete(e.sas, o.SAID)
			delete(e.early, o.SAID.SPI)
			e.newest = slices.DeleteFunc(e.newest, func(id ipsec.SAID) bool { return id == o.SAID })
		case ike.QuerySA:
			e.session.HandleKernel(c.now, ipsec.Queried{SAID: o.SAID, Counters: ipsec.Counters{Packets: e.packets[o.SAID]}})
		case ike.Report:
			e.events = append(e.events, o.Event)
		}
	}
}

func (c *couple) send(from int, data []byte) {
	h, err := wire.ParseHeader(data)
	if err != nil {
		c.t.Fatal(err)
	}
	c.ends[from].sent = append(c.ends[from].sent, h)
	if c.drop != nil && c.drop(c.ends[from], h) {
		return
	}
	for copies := 1 + c.chance(c.repeat); copies > 0; copies-- {
		if c.chance(c.lose) == 0 {
			c.launch(delivery{to: 1 - from, data: bytes.Clone(data)})
		}
	}
}

func (c *couple) chance(percent int) int {
	if c.rng.IntN(100) < percent {
		return 1
	}
	return 0
}

func (c *couple) launch(d delivery) {
	c.serial++
	d.serial, d.at = c.serial, c.now.Add(c.least+time.Duration(c.rng.Int64N(int64(c.most-c.least)+1)))
	c.flight = append(c.flight, d)
}

// advance lets time pass. every is the pace of the flow, 0 for none.
func (c *couple) advance(d, every time.Duration) {
	end, packet := c.now.Add(d), c.now
	for steps := 0; ; steps++ {
		if steps > 200000 {
			c.t.Fatal("the two do not come to rest")
		}
		at, what := end, func() {}
		if every > 0 && packet.Before(at) {
			at, what = packet, func() { packet = packet.Add(every); c.flow() }
		}
		for i, e := range c.ends {
			if t, why := e.session.NextTimeout(); !t.IsZero() && t.Before(at) {
				at, what = t, func() {
					e.session.HandleTimeout(c.now)
					c.collect(i)
					if t, again := e.session.NextTimeout(); !t.IsZero() && !t.After(c.now) && again == why {
						c.t.Fatalf("%s: timer %q is still due", e.name, why)
					}
				}
			}
		}
		slices.SortFunc(c.flight, func(a, b delivery) int { return cmp.Or(a.at.Compare(b.at), a.serial-b.serial) })
		if len(c.flight) > 0 && !c.flight[0].at.After(at) {
			at, what = c.flight[0].at, c.deliver
		}
		if at.After(c.now) {
			c.now = at
		}
		if !c.now.Before(end) {
			return
		}
		what()
	}
}

func (c *couple) deliver() {
	d := c.flight[0]
	c.flight = c.flight[1:]
	to, from := c.ends[d.to], c.ends[1-d.to]
	if d.data == nil {
		for id := range to.sas {
			if id.SPI == d.spi && id.Dst == to.session.local.Addr() {
				to.packets[id]++
				return
			}
		}
		c.lost++
		return
	}
	to.session.Handle(c.now, ike.Datagram{Local: to.session.local, Remote: from.session.local, Data: d.data})
	c.collect(d.to)
}

// flow sends one packet each way.
func (c *couple) flow() {
	for i, e := range c.ends {
		if len(e.newest) == 0 {
			c.lost++
			continue
		}
		c.launch(delivery{to: 1 - i, spi: e.newest[len(e.newest)-1].SPI})
	}
}

// agreed checks that both have one IKE SA and one pair, the same, and that nothing
// else is left of anything.
func (c *couple) agreed() {
	c.t.Helper()
	a, b := c.ends[0].session, c.ends[1].session
	for _, e := range c.ends {
		s := e.session
		if !s.Established() || len(s.all) != 1 || len(s.children) != 1 || len(e.sas) != 2 || len(e.newest) != 1 || len(e.early) != 0 {
			c.t.Fatalf("%s: established %v, %d IKE SAs, %d pairs, %d SAs in the data plane, %d outbound, %d expected", e.name, s.Established(), len(s.all), len(s.children), len(e.sas), len(e.newest), len(e.early))
		}
		x, k := s.ike, s.children[0]
		if s.rekeying != nil || len(s.requests)+len(s.pending)+len(s.awaiting)+len(s.waiting)+len(x.flights)+len(x.queue) > 0 || k.mute || k.retired || k.handover != nil || x.closing {
			c.t.Fatalf("%s: something is under way: %+v, %+v", e.name, x, k)
		}
		if k.soft.IsZero() || s.up.renew.IsZero() || k.replaced {
			c.t.Fatalf("%s: the pair is rekeyed at %v, replaced %v; the IKE SA at %v", e.name, k.soft, k.replaced, s.up.renew)
		}
	}
	if a.ike.spiI != b.ike.spiI || a.ike.spiR != b.ike.spiR || a.ike.role == b.ike.role || !bytes.Equal(a.ike.d, b.ike.d) {
		c.t.Fatalf("IKE SAs %s %s and %s %s", a.ike.spiI, a.ike.spiR, b.ike.spiI, b.ike.spiR)
	}
	if p, q := a.children[0], b.children[0]; p.in.SPI != q.out.SPI || p.out.SPI != q.in.SPI {
		c.t.Fatalf("pairs %#x %#x and %#x %#x", p.in.SPI, p.out.SPI, q.in.SPI, q.out.SPI)
	}
	c.sameKeys()
}

// sameKeys holds the keys of both data planes against each other.
func (c *couple) sameKeys() {
	c.t.Helper()
	for id, sa := range c.ends[0].sas {
		other, ok := c.ends[1].sas[id]
		if !ok || !bytes.Equal(sa.EncrKey, other.EncrKey) || !bytes.Equal(sa.IntegKey, other.IntegKey) || len(sa.EncrKey) == 0 {
			c.t.Fatalf("SPI %#x has not the same keys at both ends", id.SPI)
		}
	}
}

// counted counts an end's events of one type.
func counted[E ike.Event](e *end) (n int) {
	for _, ev := range e.events {
		if _, ok := ev.(E); ok {
			n++
		}
	}
	return n
}

// rekeyChild and the others begin things at an end, as a timer or the engine does.
func (c *couple) rekeyChild(i int) {
	s := c.ends[i].session
	s.now = c.now
	if len(s.children) > 0 && !s.children[0].replaced {
		s.rekeyChild(s.children[0])
	}
	c.collect(i)
}

func (c *couple) rekeyIKE(i int) {
	s := c.ends[i].session
	s.now = c.now
	if s.Established() {
		s.renew()
	}
	c.collect(i)
}

func (c *couple) deleteChild(i int) {
	s := c.ends[i].session
	if len(s.children) > 0 {
		s.DeleteChild(c.now, s.children[0].in.SPI, "cleared")
	}
	c.collect(i)
}

func (c *couple) startChild(i int) {
	c.ends[i].session.StartChild(c.now, c.ends[i].itf)
	c.collect(i)
}

func (c *couple) end(i int) {
	c.ends[i].session.Delete(c.now, "cleared")
	c.collect(i)
}

// gone checks that nothing is left of either.
func (c *couple) gone() {
	c.t.Helper()
	for _, e := range c.ends {
		s := e.session
		if !s.Done() || s.Alive() || len(e.sas)+len(e.early) != 0 || s.rekeying != nil || len(s.requests)+len(s.pending)+len(s.awaiting)+len(s.waiting) > 0 {
			c.t.Fatalf("%s: %d IKE SAs, %d pairs, %d SAs in the data plane, %d expected, rekeying %v", e.name, len(s.all), len(s.children), len(e.sas), len(e.early), s.rekeying)
		}
		if n := counted[ike.SessionDown](e); n != 1 {
			c.t.Fatalf("%s went down %d times", e.name, n)
		}
	}
}

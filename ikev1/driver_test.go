package ikev1

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

var note = testca.NewNote()

// epoch is the note's day.
var epoch = time.Date(2013, 6, 20, 13, 0, 0, 0, time.UTC)

// party is one router: a session at a time, its outputs, a data plane that
// installs what it is told.
type party struct {
	t       testing.TB
	name    string
	env     *ike.Env
	addr    netip.AddrPort
	session *Session
	itf     *policy.Interface

	sent    [][]byte       // datagrams not delivered yet
	waiting []ike.Datagram // the same with their addresses, for who asks for these
	updates []ipsec.SA
	last    []byte // datagram sent
	lens    []int  // of every datagram sent
	events  []ike.Event
	sas     map[ipsec.SAID]ipsec.SA // that stand
	refuse  func(ipsec.SA) error    // nil: everything installs
	stall   bool                    // the data plane does not answer
	packets map[ipsec.SAID]uint64   // that the data plane counts
	held    int                     // octets of fragments
	early   map[uint32]bool         // SPIs of SAs that are expected
	orders  []string                // "expect", "in", "out", "-expect", "-in", "-out", "send", in order
	limits  []volume                // of the SAs ordered
	queries []pki.Query             // to servers
}

// volume is what an SA was installed with.
type volume struct{ soft, hard uint64 }

// pairOf are the note's two routers.
type pairOf struct {
	t      testing.TB
	now    time.Time
	r1, r2 *party
}

// option changes a router's configuration.
type option func(name string, c *policy.Config)

func newPair(t testing.TB, options ...option) *pairOf {
	p := &pairOf{t: t, now: epoch}
	p.r1 = newParty(t, "R1", "192.168.0.1", "192.168.0.2", note.R1(), options)
	p.r2 = newParty(t, "R2", "192.168.0.2", "192.168.0.1", note.R2(), options)
	return p
}

// noteConfig is the note's configuration, compiled: R1 names ca trust-point
// IOSCA1, R2 none.
func noteConfig(name, local, remote string) *policy.Config {
	peer := map[string]string{"R1": "R2", "R2": "R1"}[name]
	group, _ := suite.GroupByNumber(2)
	profile := &policy.ISAKMPProfile{
		Name: "prof1", SelfIdentity: policy.IdentityFQDN,
		Matches: []policy.Match{{Kind: policy.MatchHost, Value: peer + ".cisco.com"}},
	}
	if name == "R1" {
		profile.Trustpoints = []string{"IOSCA1"}
	}
	set := &policy.TransformSet{Name: "TS", Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA256, Mode: ipsec.Tunnel}
	protection := &policy.IPsecProfile{
		Name: "prof1", Transforms: []*policy.TransformSet{set}, ISAKMPProfile: profile,
		Lifetime: ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}, Replay: 64,
	}
	tunnel := &policy.Interface{Name: "Tunnel1", Kind: policy.TunnelInterface, Number: 1, Tunnel: &policy.Tunnel{
		Source: netip.MustParseAddr(local), Destination: netip.MustParseAddr(remote), Protection: protection, ReqID: ipsec.ReqIDBase + 1,
	}}
	return &policy.Config{
		Hostname: name, Domain: "cisco.com", Serial: "100",
		ISAKMP:   policy.ISAKMP{HalfOpenTimeout: time.Minute},
		Policies: []*policy.ISAKMPPolicy{{Priority: 10, Encr: suite.TripleDES, Hash: suite.MD5, Auth: policy.RSASig, Group: group, Lifetime: 24 * time.Hour}},
		Profiles: []*policy.ISAKMPProfile{profile}, Transforms: []*policy.TransformSet{set},
		IPsec: []*policy.IPsecProfile{protection}, Interfaces: []*policy.Interface{tunnel},
	}
}

func newParty(t testing.TB, name, local, remote string, snapshot *pki.Snapshot, options []option) *party {
	c := noteConfig(name, local, remote)
	for _, o := range options {
		o(name, c)
	}
	p := &party{t: t, name: name, addr: netip.AddrPortFrom(netip.MustParseAddr(local), 500), itf: c.Interfaces[0], sas: map[ipsec.SAID]ipsec.SA{}, early: map[uint32]bool{}}
	var seed [32]byte
	copy(seed[:], name)
	spi := uint32(0x1000)
	p.env = &ike.Env{
		Config: c, PKI: snapshot, Rand: rand.NewChaCha8(seed),
		Established: func(ike.Ends) bool { return p.session != nil && p.session.Established() },
		Hold:        func(_ netip.Addr, n int) bool { p.held += n; return true },
		NewSPI:      func() uint32 { spi++; return spi + uint32(name[1])<<16 },
	}
	return p
}

// collect takes the session's outputs and answers for the data plane.
func (r *party) collect(now time.Time) {
	for {
		o, ok := r.session.Poll()
		if !ok {
			return
		}
		switch o := o.(type) {
		case ike.Send:
			if o.Datagram.Local.Addr() != r.addr.Addr() {
				r.t.Errorf("%s sends from %s", r.name, o.Datagram.Local)
			}
			r.waiting = append(r.waiting, o.Datagram)
			r.sent, r.lens = append(r.sent, o.Datagram.Data), append(r.lens, len(o.Datagram.Data))
			r.last = o.Datagram.Data
			r.orders = append(r.orders, "send")
		case ike.ExpectSA:
			r.orders = append(r.orders, "expect")
			r.early[o.SAID.SPI] = true
		case ike.InstallSA:
			r.orders = append(r.orders, o.SA.Direction.String())
			r.limits = append(r.limits, volume{o.SA.Soft.Kilobytes, o.SA.Hard.Kilobytes})
			if r.stall {
				continue
			}
			var err error
			if r.refuse != nil {
				err = r.refuse(o.SA)
			}
			if err == nil {
				r.sas[o.SA.SAID] = o.SA
				delete(r.early, o.SA.SPI)
			}
			r.session.HandleKernel(now, ipsec.Installed{SAID: o.SA.SAID, Err: err})
		case ike.Inquire:
			r.queries = append(r.queries, o.Queries...)
		case ike.UpdateSA:
			r.updates = append(r.updates, o.SA)
		case ike.QuerySA:
			r.session.HandleKernel(now, ipsec.Queried{SAID: o.SAID, Counters: ipsec.Counters{Packets: r.packets[o.SAID]}})
		case ike.RemoveSA:
			what := r.sas[o.SAID].Direction.String()
			if r.early[o.SAID.SPI] {
				what = "expect"
			}
			r.orders = append(r.orders, "-"+what)
			delete(r.early, o.SAID.SPI)
			delete(r.sas, o.SAID)
		case ike.Report:
			if o.At != now {
				r.t.Errorf("%s reports %T at %s, it is %s", r.name, o.Event, o.At, now)
			}
			r.events = append(r.events, o.Event)
		}
	}
}

// initiate begins main mode of R1's or R2's tunnel.
func (p *pairOf) initiate(r *party) {
	r.session = Initiate(p.now, r.env, 1001, r.itf)
	r.collect(p.now)
}

func (p *pairOf) other(r *party) *party {
	if r == p.r1 {
		return p.r2
	}
	return p.r1
}

// deliver hands a datagram to a router.
func (p *pairOf) deliver(to *party, data []byte) {
	from := p.other(to)
	d := ike.Datagram{Local: to.addr, Remote: from.addr, Data: bytes.Clone(data)}
	if to.session == nil || to.session.Done() {
		s, err := Respond(p.now, to.env, 1001, d)
		if err != nil {
			return
		}
		to.session = s
	} else {
		to.session.Handle(p.now, d)
	}
	to.collect(p.now)
}

// next takes the oldest undelivered datagram of a router.
func (r *party) next() []byte {
	r.t.Helper()
	if len(r.sent) == 0 {
		r.t.Fatalf("%s sent nothing", r.name)
	}
	d := r.sent[0]
	r.sent = r.sent[1:]
	return d
}

// step delivers one datagram of r and returns it.
func (p *pairOf) step(r *party) []byte {
	p.t.Helper()
	d := r.next()
	p.deliver(p.other(r), d)
	return d
}

// settle delivers until both are silent.
func (p *pairOf) settle() {
	for n := 0; len(p.r1.sent)+len(p.r2.sent) > 0; n++ {
		if n > 1000 {
			p.t.Fatal("the routers do not stop talking")
		}
		for _, r := range []*party{p.r1, p.r2} {
			if len(r.sent) > 0 {
				p.step(r)
			}
		}
	}
}

// advance lets time pass, serving every timer on the way, and delivers what is
// sent unless lose says no.
func (p *pairOf) advance(d time.Duration, lose func(from *party, data []byte) bool) {
	end := p.now.Add(d)
	for {
		at, who := end, (*party)(nil)
		for _, r := range []*party{p.r1, p.r2} {
			if r.session == nil {
				continue
			}
			if t, _ := r.session.NextTimeout(); !t.IsZero() && !t.After(at) && (who == nil || t.Before(at)) {
				at, who = t, r
			}
		}
		if at.After(p.now) {
			p.now = at
		}
		if who == nil {
			return
		}
		who.session.HandleTimeout(p.now)
		who.collect(p.now)
		if t, why := who.session.NextTimeout(); !t.IsZero() && !t.After(p.now) {
			p.t.Fatalf("%s: timer %q is still due", who.name, why)
		}
		for len(p.r1.sent)+len(p.r2.sent) > 0 {
			for _, r := range []*party{p.r1, p.r2} {
				if len(r.sent) == 0 {
					continue
				}
				data := r.next()
				if lose == nil || !lose(r, data) {
					p.deliver(p.other(r), data)
				}
			}
		}
	}
}

// up establishes main mode and quick mode from r.
func (p *pairOf) up(r *party) {
	p.t.Helper()
	p.initiate(r)
	p.settle()
	for _, x := range []*party{p.r1, p.r2} {
		if !x.session.Established() || len(x.sas) != 2 {
			p.t.Fatalf("%s is not up: %d SAs\n%s", x.name, len(x.sas), x.story())
		}
	}
}

// last is the last event of a type.
func last[E ike.Event](r *party) (E, bool) {
	for i := len(r.events) - 1; i >= 0; i-- {
		if e, ok := r.events[i].(E); ok {
			return e, true
		}
	}
	var none E
	return none, false
}

// all are the events of a type.
func all[E ike.Event](r *party) []E {
	var out []E
	for _, e := range r.events {
		if e, ok := e.(E); ok {
			out = append(out, e)
		}
	}
	return out
}

// want asserts the last event of a type.
func want[E ike.Event](t testing.TB, r *party, check func(E) bool) {
	t.Helper()
	e, ok := last[E](r)
	if !ok {
		t.Fatalf("%s: no %T\n%s", r.name, e, r.story())
	}
	if check != nil && !check(e) {
		t.Fatalf("%s: %+v", r.name, e)
	}
}

// wantIdle asserts that nothing is left: no SA, no timer, no datagram.
func (r *party) wantIdle() {
	r.t.Helper()
	if r.session != nil && !r.session.Done() {
		r.t.Errorf("%s: the session is not done: %s", r.name, r.session.phase)
	}
	if at, why := r.session.NextTimeout(); !at.IsZero() {
		r.t.Errorf("%s: timer %q is left", r.name, why)
	}
	if len(r.sas)+len(r.early) != 0 {
		r.t.Errorf("%s: %d SAs are left, %d are expected", r.name, len(r.sas), len(r.early))
	}
	if len(r.sent) != 0 {
		r.t.Errorf("%s: %d datagrams are left", r.name, len(r.sent))
	}
}

// story is what happened, for failures.
func (r *party) story() string {
	var b strings.Builder
	for _, e := range r.events {
		fmt.Fprintf(&b, "%s %T %.150v\n", r.name, e, fmt.Sprintf("%+v", e))
	}
	return b.String()
}

// fingerprint is the state of a session as far as messages can change it.
func fingerprint(s *Session) string {
	return fmt.Sprintf("%v %v %v %v %v %v %v %v %d %d %d %x", s.spiR, reflect.TypeOf(s.main), s.phase, s.state, s.up != nil, s.agreed.policy != nil,
		s.crypt != nil, s.profileName(), len(s.quickModes()), len(s.pairs()), used(s), chain(s))
}

func used(s *Session) int {
	if s.up == nil {
		return 0
	}
	return len(s.up.used)
}

func chain(s *Session) iv {
	if s.crypt == nil {
		return iv{}
	}
	return s.crypt.iv
}

// forge is a message that the peer's authenticated session could send: encrypted,
// with a valid HASH(1).
func (r *party) forge(x wire.ExchangeType, id uint32, payloads ...wire.Payload) []byte {
	c := r.session.crypt
	h := r.session.header(x, id)
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadHash, wire.Raw(make([]byte, c.hash.Size)))
	for _, p := range payloads {
		b.Add(p.Type, wire.Raw(p.Body))
	}
	c.putHash(b, id, nil)
	data, _ := c.seal(h, b, c.exchangeIV(id))
	return data
}

// payload is a payload to be sent.
func payload(t wire.PayloadType, body wire.Appender) wire.Payload {
	return wire.Payload{Type: t, Body: body.Append(nil)}
}

// netip32 is a host's prefix.
func netip32(s string) netip.Prefix { return netip.PrefixFrom(netip.MustParseAddr(s), 32) }

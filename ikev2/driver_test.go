package ikev2

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// epoch is the note's day.
var epoch = time.Date(2013, 7, 17, 9, 23, 48, 0, time.UTC)

var ca1, ca2 = testca.New("CA1", 0), testca.New("CA2", 1)

// party is one router: a session at a time, its outputs, a data plane that
// installs what it is told.
type party struct {
	t       testing.TB
	name    string
	env     *ike.Env
	addr    netip.AddrPort
	session *Session
	itf     *policy.Interface

	sent    []ike.Datagram // not delivered yet
	events  []ike.Event
	sas     map[ipsec.SAID]ipsec.SA // that stand
	refuse  func(ipsec.SA) error    // nil: everything installs
	stall   bool                    // the data plane does not answer
	packets map[ipsec.SAID]uint64   // that the data plane counts
	orders  []string                // "in", "out", "-in", "-out", "send", in order
	updates []ipsec.SA
	held    int               // octets of fragments
	web     map[string][]byte // what is at each URL
	lookups []ike.Lookup      // that wait for the test, which has no web
	asked   []pki.Query       // of servers
}

// pairOf are two routers.
type pairOf struct {
	t      testing.TB
	now    time.Time
	r1, r2 *party
	// nat changes the addresses of a datagram on its way, nil: none does.
	nat func(from *party, d ike.Datagram) ike.Datagram
}

// psk is a configuration with pre-shared keys; both routers have it, each with the
// addresses turned round.
const psk = `
crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group 19
crypto ikev2 policy P
 proposal P
crypto ikev2 keyring K
 peer OTHER
  address REMOTE
  pre-shared-key cisco123
crypto ikev2 profile V2
 match identity remote address REMOTE
 authentication remote pre-share
 authentication local pre-share
 keyring local K
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
 mode tunnel
crypto ipsec profile V2
 set transform-set TS
 set ikev2-profile V2
`

const tunnel = `
interface Ethernet0/0
 ip address LOCAL 255.255.255.0
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source Ethernet0/0
 tunnel destination REMOTE
 tunnel protection ipsec profile V2
`

// newPair makes R1 and R2 of configurations, with the words LOCAL and REMOTE for
// their addresses.
func newPair(t testing.TB, r1, r2 string) *pairOf {
	return &pairOf{
		t: t, now: epoch,
		r1: newParty(t, "R1", "192.168.0.1", "192.168.0.2", r1),
		r2: newParty(t, "R2", "192.168.0.2", "192.168.0.1", r2),
	}
}

// pskPair is one with pre-shared keys, changed by old, new pairs.
func pskPair(t testing.TB, replace ...string) *pairOf {
	text := replaced(psk+tunnel, replace...)
	return newPair(t, text, text)
}

func newParty(t testing.TB, name, local, remote, text string) *party {
	t.Helper()
	c := compile(t, replaced(text, "LOCAL", local, "REMOTE", remote))
	p := &party{t: t, name: name, addr: netip.AddrPortFrom(netip.MustParseAddr(local), 500), sas: map[ipsec.SAID]ipsec.SA{}}
	for _, i := range c.Interfaces {
		if i.Kind == policy.TunnelInterface {
			p.itf = i
		}
	}
	if p.itf == nil || p.itf.Tunnel == nil {
		t.Fatalf("%s has no tunnel: %v", name, c.Warnings)
	}
	var seed [32]byte
	copy(seed[:], name)
	spi := uint32(0x1000)
	p.env = &ike.Env{
		Config: c, PKI: pki.NewSnapshot(nil), Rand: rand.NewChaCha8(seed),
		Established: func(ike.Ends) bool { return p.session != nil && p.session.Established() },
		Hold:        func(_ netip.Addr, n int) bool { p.held += n; return true },
		NewSPI:      func() uint32 { spi++; return spi + uint32(name[1])<<16 },
	}
	return p
}

// trust gives a router trustpoints, the first enrolled last.
func (r *party) trust(tps ...*pki.Trustpoint) { r.env.PKI = pki.NewSnapshot(tps) }

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
			r.sent = append(r.sent, o.Datagram)
			r.orders = append(r.orders, "send")
		case ike.InstallSA:
			r.orders = append(r.orders, o.SA.Direction.String())
			if r.stall {
				continue
			}
			var err error
			if r.refuse != nil {
				err = r.refuse(o.SA)
			}
			if err == nil {
				r.sas[o.SA.SAID] = o.SA
			}
			r.session.HandleKernel(now, ipsec.Installed{SAID: o.SA.SAID, Err: err})
		case ike.Inquire:
			r.asked = append(r.asked, o.Queries...)
		case ike.UpdateSA:
			r.updates = append(r.updates, o.SA)
		case ike.QuerySA:
			r.session.HandleKernel(now, ipsec.Queried{SAID: o.SAID, Counters: ipsec.Counters{Packets: r.packets[o.SAID]}})
		case ike.Lookup:
			if r.web == nil {
				r.lookups = append(r.lookups, o)
				continue
			}
			answer := ike.Answer{Data: r.web[o.URL]}
			if answer.Data == nil {
				answer.Err = errors.New("the server answers 404")
			}
			r.session.HandleLookup(now, o.ID, answer)
		case ike.RemoveSA:
			r.orders = append(r.orders, "-"+r.sas[o.SAID].Direction.String())
			delete(r.sas, o.SAID)
		case ike.Report:
			if o.At != now {
				r.t.Errorf("%s reports %T at %s, it is %s", r.name, o.Event, o.At, now)
			}
			r.events = append(r.events, o.Event)
		}
	}
}

// initiate begins a session for a router's tunnel.
func (p *pairOf) initiate(r *party) {
	r.session = Initiate(p.now, r.env, 1, r.itf)
	r.collect(p.now)
}

func (p *pairOf) other(r *party) *party {
	if r == p.r1 {
		return p.r2
	}
	return p.r1
}

// deliver hands a datagram of r to the other router.
func (p *pairOf) deliver(r *party, d ike.Datagram) {
	to := p.other(r)
	if d.NATKeepalive() {
		return
	}
	if p.nat != nil {
		if d = p.nat(r, d); d.NATKeepalive() {
			return
		}
	}
	d = ike.Datagram{Local: d.Remote, Remote: d.Local, Data: bytes.Clone(d.Data)}
	h, _ := wire.ParseHeader(d.Data)
	if first := h.Exchange == wire.ExchangeSAInit && h.ResponderSPI.IsZero() && h.Flags&wire.FlagResponse == 0; first &&
		(to.session == nil || to.session.Done() || !knows(to.session, h)) {
		s, err := Respond(p.now, to.env, 1, d)
		if err != nil {
			p.t.Logf("%s: %v", to.name, err)
			return
		}
		to.session = s
	} else if to.session != nil {
		to.session.Handle(p.now, d)
	}
	if to.session != nil {
		to.collect(p.now)
	}
}

func knows(s *Session, h wire.Header) bool {
	spi, ok := s.Origin()
	return ok && spi == h.InitiatorSPI
}

// next takes the oldest undelivered datagram of a router.
func (r *party) next() ike.Datagram {
	r.t.Helper()
	if len(r.sent) == 0 {
		r.t.Fatalf("%s sent nothing\n%s", r.name, r.story())
	}
	d := r.sent[0]
	r.sent = r.sent[1:]
	return d
}

// step delivers one datagram of r and returns it.
func (p *pairOf) step(r *party) ike.Datagram {
	p.t.Helper()
	d := r.next()
	p.deliver(r, d)
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
// sent unless lose says yes.
func (p *pairOf) advance(d time.Duration, lose func(from *party, d ike.Datagram) bool) {
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
				d := r.next()
				if lose == nil || !lose(r, d) {
					p.deliver(r, d)
				}
			}
		}
	}
}

// up establishes an IKE SA and a child from r.
func (p *pairOf) up(r *party) {
	p.t.Helper()
	p.initiate(r)
	p.settle()
	p.wantUp()
}

func (p *pairOf) wantUp() {
	p.t.Helper()
	for _, x := range []*party{p.r1, p.r2} {
		if x.session == nil || !x.session.Established() || len(x.sas) != 2 || len(x.session.children) != 1 {
			p.t.Fatalf("%s is not up: %d SAs\n%s\n%s", x.name, len(x.sas), p.r1.story(), p.r2.story())
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
		t.Fatalf("%s: %+v\n%s", r.name, e, r.story())
	}
}

// wantIdle asserts that nothing is left: no SA, no timer, no datagram.
func (r *party) wantIdle() {
	r.t.Helper()
	if r.session != nil && !r.session.Done() {
		r.t.Errorf("%s: the session is not done: %s", r.name, r.session.state)
	}
	if at, why := r.session.NextTimeout(); !at.IsZero() {
		r.t.Errorf("%s: timer %q is left", r.name, why)
	}
	if len(r.sas) != 0 {
		r.t.Errorf("%s: %d SAs are left", r.name, len(r.sas))
	}
	if len(r.sent) != 0 {
		r.t.Errorf("%s: %d datagrams are left", r.name, len(r.sent))
	}
	if r.held != 0 {
		r.t.Errorf("%s: %d octets are held", r.name, r.held)
	}
}

// story is what happened, for failures.
func (r *party) story() string {
	var b strings.Builder
	for _, e := range r.events {
		fmt.Fprintf(&b, "%s %T %.200v\n", r.name, e, fmt.Sprintf("%+v", e))
	}
	return b.String()
}

// replaced is text with old, new pairs replaced.
func replaced(text string, pairs ...string) string {
	return strings.NewReplacer(pairs...).Replace(text)
}

// fragmentPair authenticates by certificates, whose messages are long.
func fragmentPair(t testing.TB, r1, r2 string) *pairOf {
	text := replaced(psk, "pre-shared-key", "pre-shared-key", "remote pre-share", "remote rsa-sig", "local pre-share", "local rsa-sig", "keyring local K", "pki trustpoint TP") +
		"crypto pki trustpoint TP\n revocation-check none\n" + tunnel
	p := newPair(t, r1+text, r2+text)
	p.r1.trust(testca.Trustpoint("TP", ca1.Enroll("R1", "192.168.0.1", "1", 2), 1))
	p.r2.trust(testca.Trustpoint("TP", ca1.Enroll("R2", "192.168.0.2", "1", 3), 1))
	return p
}

// settleBut delivers until both are silent, what a router sends at a time as
// change leaves it.
func (p *pairOf) settleBut(change func(r *party, list []ike.Datagram) []ike.Datagram) {
	for len(p.r1.sent)+len(p.r2.sent) > 0 {
		for _, r := range []*party{p.r1, p.r2} {
			list := r.sent
			r.sent = nil
			for _, d := range change(r, list) {
				p.deliver(r, d)
			}
		}
	}
}

package ikev2

import (
	"fmt"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/state"
	"github.com/obol-ike/obol/internal/suite"
)

// Limits of a state: more than a session ever has.
const (
	maxExchanges = 64   // requests or answers of one IKE SA
	maxPairsHeld = 4096 // child SAs of a session
)

// Quiet says that nothing is under way whose loss the peer would notice. Of an
// established session an exchange that makes SAs is; what is asked or told otherwise
// is exported as it is. Without an IKE SA it is our deletion that the peer has not
// confirmed; a handshake can begin again.
func (s *Session) Quiet() bool {
	switch {
	case s.up == nil:
		return true
	case s.ike == nil:
		return !slices.ContainsFunc(s.all, func(x *ikeSA) bool { return len(x.flights) > 0 })
	case s.creating() || s.rekeying != nil || s.awaitsSuccessor() || s.doomed != "":
		return false
	}
	return !slices.ContainsFunc(s.all, func(x *ikeSA) bool {
		return slices.ContainsFunc(x.flights, func(f *flight) bool { return kindOf(f.request) == 0 }) ||
			slices.ContainsFunc(x.queue, func(r request) bool { return kindOf(r) == 0 }) ||
			slices.ContainsFunc(x.answers, func(a *answer) bool { return a.datagrams == nil })
	})
}

// Standing are the SAs that the data plane has.
func (s *Session) Standing() (list []ipsec.SA) {
	if s.rests() {
		return nil
	}
	for _, c := range s.children {
		for _, sa := range []ipsec.SA{c.in, c.out} {
			if slices.Contains(c.standing(), sa.SAID) {
				list = append(list, sa)
			}
		}
	}
	return list
}

// Export writes an established session that is quiet, with all its keys. What is here
// of a message in fragments is left out: the peer sends it again.
func (s *Session) Export(c *state.Codec) { s.export(c) }

// Restore reads one that Export wrote, and goes on with it under the configuration of
// env. A tunnel or a profile that is there no more is a name only: the caller deletes
// what was made for it.
func Restore(now time.Time, env *ike.Env, c *state.Codec) (*Session, error) {
	s := newSession(now, env, 0, "")
	s.export(c)
	if err := c.Err(); err != nil {
		return nil, fmt.Errorf("state of an IKEv2 SA: %w", err)
	}
	s.config = env.Config.In(s.vrf)
	return s, nil
}

// export describes a session, either way.
func (s *Session) export(c *state.Codec) {
	state.Number(c, &s.connID)
	c.AddrPort(&s.local)
	c.AddrPort(&s.remote)
	state.String(c, &s.vrf)
	c.Time(&s.begun)
	s.env.Config.StateInterface(c, &s.tunnel)
	s.profileState(c)
	c.Bool(&s.path.able)
	c.Bool(&s.path.self)
	c.Bool(&s.path.peer)
	state.Pointers(c, &s.all, maxIKESAs, func(x *ikeSA) { x.export(c) })
	used := max(0, slices.Index(s.all, s.ike))
	c.Int(&used)
	state.Pointers(c, &s.children, maxPairsHeld, func(p *child) { p.export(c, s.env.Config) })
	for _, p := range s.children {
		p.exportHandover(c, s)
	}
	if c.Reading() {
		c.Want(used < len(s.all), "IKE SA in use")
		if c.Err() != nil {
			return
		}
		s.ike, s.phase, s.state, s.up = s.all[used], nil, Ready, &established{}
	}
	s.up.export(c)
}

// profileState describes the profile by its name.
func (s *Session) profileState(c *state.Codec) {
	name := s.profileName()
	state.String(c, &name)
	if !c.Reading() {
		return
	}
	if s.profile = s.env.Config.IKEv2Profile(name); s.profile == nil {
		s.profile = &policy.IKEv2Profile{Name: name}
	}
}

func (u *established) export(c *state.Codec) {
	c.Addr(&u.home)
	state.String(c, &u.localID)
	state.String(c, &u.peerID)
	state.String(c, &u.sign)
	state.String(c, &u.verify)
	c.Time(&u.since)
	c.Time(&u.expires)
	c.Time(&u.renew)
	c.Time(&u.stuck)
	c.Duration(&u.lifetime)
	u.live.Keepalive.State(c)
	c.Time(&u.live.heard)
	c.Time(&u.live.next)
	c.Bool(&u.live.asking)
	c.Time(&u.nat.sent)
	c.Time(&u.nat.next)
	u.nat.asked.State(c)
	state.Number(c, &u.nat.packets)
}

func (x *ikeSA) export(c *state.Codec) {
	if c.Reading() {
		x.exchanges = &exchanges{}
	}
	state.Number(c, &x.role)
	c.Fixed(x.spiI[:])
	c.Fixed(x.spiR[:])
	c.Bool(&x.fragments)
	x.agreed.export(c)
	for _, n := range []*uint32{&x.next, &x.window, &x.expected, &x.takes} {
		state.Number(c, n)
	}
	x.exportKeys(c)
	state.Pointers(c, &x.flights, maxExchanges, func(f *flight) { f.export(c) })
	state.List(c, &x.queue, maxExchanges, func(r *request) { exportRequest(c, r) })
	state.Pointers(c, &x.answers, maxExchanges, func(a *answer) { a.export(c) })
	c.Bool(&x.closing)
	c.Time(&x.until)
	c.Want(x.role == Initiator || x.role == Responder, "role in an IKE SA")
	c.Want(x.window > 0 && x.takes > 0, "window of an IKE SA")
}

func (a *algorithms) export(c *state.Codec) {
	suite.StateCipher(c, &a.encr)
	c.Int(&a.bits)
	suite.StateHash(c, &a.prf)
	suite.StateIntegrity(c, &a.integ)
	suite.StateGroup(c, &a.group)
	state.List(c, &a.additional, maxExchanges, func(g **suite.Group) {
		suite.StateGroup(c, g)
		c.Want(*g != nil, "additional group")
	})
	c.Want(a.encr != nil && a.encr != suite.Null && a.prf != nil && a.group != nil, "algorithms of an IKE SA")
	c.Want(a.encr == nil || a.encr.Combined() == (a.integ == nil), "integrity algorithm of an IKE SA")
}

// exportKeys describes SK_d and both directions. How many messages were sealed goes
// along: a combined cipher may never use a vector twice.
func (x *ikeSA) exportKeys(c *state.Codec) {
	if c.Reading() {
		x.in, x.out = &direction{}, &direction{}
	}
	state.Octets(c, &x.d)
	for _, d := range []**direction{&x.in, &x.out} {
		encr, integ, count := (*d).secret, (*d).key, (*d).count
		state.Octets(c, &encr)
		state.Octets(c, &integ)
		state.Number(c, &count)
		if !c.Reading() || c.Err() != nil {
			continue
		}
		made, err := newDirection(x.agreed.encr, encr, x.agreed.integ, integ)
		c.Want(err == nil, "key of an IKE SA")
		if err == nil {
			made.count, *d = count, made
		}
	}
	c.Want(len(x.d) > 0, "SK_d")
}

func (a *answer) export(c *state.Codec) {
	state.Number(c, &a.id)
	state.List(c, &a.datagrams, maxFragments, func(b *[]byte) { state.Octets(c, b) })
	c.Time(&a.until)
	c.Want(len(a.datagrams) > 0, "datagram of a response")
}

func (f *flight) export(c *state.Codec) {
	state.Number(c, &f.id)
	exportRequest(c, &f.request)
	state.List(c, &f.datagrams, maxFragments, func(b *[]byte) { state.Octets(c, b) })
	c.AddrPort(&f.to)
	c.Time(&f.last)
	c.Int(&f.count)
	state.List(c, &f.after, maxExchanges, func(d *time.Duration) { c.Duration(d) })
	c.Want(len(f.datagrams) > 0 && f.count < len(f.after), "datagram of a request")
}

// The kinds of requests that are exported.
const (
	kindProbe = iota + 1
	kindDeletion
	kindForgotten
)

// kindOf is that of a request, 0 for one that is not exported.
func kindOf(r request) uint8 {
	switch r.(type) {
	case probe:
		return kindProbe
	case *deletion:
		return kindDeletion
	case forgotten:
		return kindForgotten
	}
	return 0
}

func exportRequest(c *state.Codec, r *request) {
	kind := kindOf(*r)
	state.Number(c, &kind)
	switch kind {
	case kindProbe:
		p, _ := (*r).(probe)
		c.Duration(&p.retry)
		*r = p
	case kindDeletion:
		d, _ := (*r).(*deletion)
		if d == nil {
			d = &deletion{}
		}
		d.export(c)
		*r = d
	case kindForgotten:
		f, _ := (*r).(forgotten)
		state.Number(c, &f.of)
		*r = f
	default:
		c.Want(false, "request of such a kind")
	}
}

func (d *deletion) export(c *state.Codec) {
	state.Number(c, &d.protocol)
	state.List(c, &d.spis, maxPairsHeld, func(spi *uint32) { state.Number(c, spi) })
	state.List(c, &d.peers, maxPairsHeld, func(spi *uint32) { state.Number(c, spi) })
	state.Number(c, &d.notify)
}

func (c *child) export(st *state.Codec, cfg *policy.Config) {
	c.in.State(st)
	c.out.State(st)
	cfg.StateInterface(st, &c.itf)
	suite.StateGroup(st, &c.pfs)
	st.Time(&c.installed)
	c.lifetime.State(st)
	st.Time(&c.soft)
	st.Time(&c.expires)
	st.Bool(&c.initiator)
	st.Time(&c.begun)
	state.Number(st, &c.rekeys)
	st.Bool(&c.replaced)
	st.Bool(&c.retired)
	st.Bool(&c.mute)
	state.Number(st, &c.packetsIn)
	state.Number(st, &c.packetsOut)
	st.Want(c.itf != nil, "tunnel of an IPsec SA")
	st.Want(c.in.Direction == ipsec.In && c.out.Direction == ipsec.Out, "direction of an IPsec SA")
}

// exportHandover describes what a pair that does not send yet waits for. When the data
// plane was asked, it is asked again.
func (c *child) exportHandover(st *state.Codec, s *Session) {
	state.Some(st, &c.handover, func(h *handover) {
		h.out.State(st)
		old := slices.Index(s.children, h.old) + 1
		st.Int(&old)
		st.Time(&h.look)
		if !st.Reading() {
			return
		}
		st.Want(old <= len(s.children), "pair before this one")
		if st.Err() == nil && old > 0 {
			h.old = s.children[old-1]
		}
		if h.look.IsZero() {
			h.look = s.now
		}
	})
}

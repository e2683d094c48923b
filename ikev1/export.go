package ikev1

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

// maxPairsHeld is a limit of a state: more than a session ever has.
const maxPairsHeld = 4096

// Quiet says that nothing is under way whose loss the peer would notice. Of an
// authenticated session a quick mode is, and an SA on its way into the data plane; a
// pair that waits for its turn is exported as it is. A main mode can begin again.
func (s *Session) Quiet() bool {
	if s.up == nil {
		return true
	}
	if _, over := s.main.(complete); s.main != nil && !over {
		return false
	}
	return !s.Busy() && !slices.ContainsFunc(s.pairs(), func(c *child) bool {
		return c.handover != nil && c.handover.at.IsZero() && c.handover.end.IsZero()
	})
}

// Standing are the SAs that the data plane has.
func (s *Session) Standing() (list []ipsec.SA) {
	for _, c := range s.pairs() {
		for _, sa := range []ipsec.SA{c.in, c.out} {
			if slices.Contains(c.standing(), sa.SAID) {
				list = append(list, sa)
			}
		}
	}
	return list
}

// Export writes an authenticated session that is quiet, with all its keys; its IKE SA
// may have ended. What is here of a message in fragments is left out: the peer sends it
// again.
func (s *Session) Export(c *state.Codec) { s.export(c) }

// Restore reads one that Export wrote, and goes on with it under the configuration of
// env. A tunnel or a profile that is there no more is a name only: the caller deletes
// what was made for it.
func Restore(now time.Time, env *ike.Env, c *state.Codec) (*Session, error) {
	s := newSession(now, env, 0, Initiator, "")
	s.up = &established{}
	s.export(c)
	if err := c.Err(); err != nil {
		return nil, fmt.Errorf("state of an ISAKMP SA: %w", err)
	}
	s.config = env.Config.In(s.vrf)
	return s, nil
}

// export describes a session, either way.
func (s *Session) export(c *state.Codec) {
	state.Number(c, &s.connID)
	state.Number(c, &s.role)
	state.Number(c, &s.exchange)
	c.Bool(&s.knows.dpd)
	c.Bool(&s.knows.fragments)
	c.AddrPort(&s.local)
	c.AddrPort(&s.remote)
	state.String(c, &s.vrf)
	c.Fixed(s.spiI[:])
	c.Fixed(s.spiR[:])
	c.Time(&s.begun)
	s.env.Config.StateInterface(c, &s.tunnel)
	s.exportProfile(c)
	state.Number(c, &s.phase)
	state.Number(c, &s.state)
	s.resend.export(c)
	s.agreed.export(c)
	s.nat.export(c)
	alive := s.main != nil
	if c.Bool(&alive); c.Reading() && alive {
		s.main = complete{}
	}
	s.exportKeys(c)
	s.up.export(c, s.env.Config)
	for _, pair := range s.pairs() {
		pair.exportHandover(c, s)
	}
	c.Want(s.role == Initiator || s.role == Responder, "role in an ISAKMP SA")
	c.Want(int(s.phase) < len(phases) && int(s.state) < len(states), "state of an ISAKMP SA")
}

// exportProfile describes the profile by its name.
func (s *Session) exportProfile(c *state.Codec) {
	name := s.profileName()
	state.String(c, &name)
	if !c.Reading() || name == "" {
		return
	}
	if s.profile = s.env.Config.Profile(name); s.profile == nil {
		s.profile = &policy.ISAKMPProfile{Name: name}
	}
}

// exportKeys describes the keys of an ISAKMP SA; there are none any more when it has
// ended.
func (s *Session) exportKeys(c *state.Codec) {
	if c.Reading() {
		s.crypt = &protection{}
	}
	p := s.crypt
	suite.StateHash(c, &p.hash)
	suite.StateCipher(c, &p.encr)
	state.Octets(c, &p.secret)
	c.Fixed(p.iv[:])
	c.Want(p.hash != nil, "hash of an ISAKMP SA")
	if !c.Reading() || s.main == nil || c.Err() != nil {
		return
	}
	p.lasting = uint16(min(len(p.secret), 1<<16-1))
	c.Want(p.encr != nil && p.encr.V1 != 0 && len(p.secret) > 2*p.hash.Size, "keys of an ISAKMP SA")
	if c.Err() != nil {
		return
	}
	_, err := p.encr.NewCBC(p.e())
	c.Want(err == nil, "key of an ISAKMP SA")
}

func (r *retransmission) export(c *state.Codec) {
	state.Octets(c, &r.datagram)
	c.Time(&r.first)
	c.Duration(&r.last)
	state.Number(c, &r.count)
	c.Bool(&r.awaiting)
	c.Fixed(r.accepted[:])
	c.Want(!r.awaiting || r.datagram != nil, "datagram to repeat")
}

func (a *agreement) export(c *state.Codec) {
	if c.Reading() {
		a.policy = &policy.ISAKMPPolicy{}
	}
	p := a.policy
	c.Int(&p.Priority)
	suite.StateCipher(c, &p.Encr)
	c.Int(&p.KeyBits)
	suite.StateHash(c, &p.Hash)
	state.Number(c, &p.Auth)
	suite.StateGroup(c, &p.Group)
	c.Duration(&p.Lifetime)
	c.Duration(&a.lifetime)
	c.Want(p.Encr != nil && p.Hash != nil && p.Group != nil, "algorithms of an ISAKMP SA")
}

func (n *nat) export(c *state.Codec) {
	method := 0 // from 1, 0: none
	for i := range natMethods {
		if n.method == &natMethods[i] {
			method = i + 1
		}
	}
	c.Int(&method)
	c.Bool(&n.self)
	c.Bool(&n.peer)
	c.Want(method <= len(natMethods), "such NAT traversal")
	if c.Reading() && c.Err() == nil && method > 0 {
		n.method = &natMethods[method-1]
	}
}

func (u *established) export(c *state.Codec, cfg *policy.Config) {
	state.String(c, &u.peerID)
	c.Time(&u.since)
	c.Time(&u.expires)
	c.Time(&u.renew)
	c.Bool(&u.alone)
	u.dpd.export(c)
	c.Time(&u.keepalive.sent)
	c.Time(&u.keepalive.next)
	u.keepalive.asked.State(c)
	state.Number(c, &u.keepalive.packets)
	for _, n := range []*uint32{&u.ids.first, &u.ids.step, &u.ids.inverse, &u.ids.drawn} {
		state.Number(c, n)
	}
	u.exportUsed(c)
	state.Pointers(c, &u.quick, 2*maxQuickModes, func(q *quickMode) { q.export(c, cfg) })
	state.Pointers(c, &u.children, maxPairsHeld, func(pair *child) { pair.export(c, cfg) })
}

// exportUsed describes the message ids of the peer's exchanges: none may be replayed.
func (u *established) exportUsed(c *state.Codec) {
	var ids []uint32
	for id := range u.used {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	state.List(c, &ids, maxExchanges, func(id *uint32) { state.Number(c, id) })
	if !c.Reading() || len(ids) == 0 {
		return
	}
	u.used = make(map[uint32]struct{}, len(ids))
	for _, id := range ids {
		u.used[id] = struct{}{}
	}
}

func (d *deadPeer) export(c *state.Codec) {
	d.Keepalive.State(c)
	state.Number(c, &d.ours)
	state.Number(c, &d.acked)
	c.Int(&d.open)
	c.Time(&d.heard)
	c.Time(&d.next)
	c.Bool(&d.asked)
	state.Number(c, &d.theirs)
}

// export describes a quick mode that is over.
func (q *quickMode) export(c *state.Codec, cfg *policy.Config) {
	if c.Reading() {
		q.state, q.config = over{}, cfg
	}
	state.Number(c, &q.id)
	c.Bool(&q.initiator)
	cfg.StateInterface(c, &q.itf)
	state.Number(c, &q.phase)
	q.resend.export(c)
	c.Fixed(q.iv[:])
	c.Time(&q.begun)
	state.Number(c, &q.spi)
	state.Number(c, &q.peer.protocol)
	state.Number(c, &q.peer.spi)
	state.Number(c, &q.peer.ah)
	c.Want(q.itf != nil && int(q.phase) < len(phases), "tunnel of a quick mode")
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
	st.Bool(&c.replaced)
	st.Bool(&c.retired)
	st.Time(&c.exhausted)
	state.Number(st, &c.packetsIn)
	state.Number(st, &c.packetsOut)
	st.Want(c.itf != nil, "tunnel of an IPsec SA")
	st.Want(c.in.Direction == ipsec.In && c.out.Direction == ipsec.Out, "direction of an IPsec SA")
	st.Want(!c.retired || !c.expires.IsZero(), "end of an IPsec SA")
}

// exportHandover describes the rest of a rekey. The quick mode that made the pair, or
// its message id where it is over for long, is what QM2 would be repeated in.
func (c *child) exportHandover(st *state.Codec, s *Session) {
	state.Some(st, &c.handover, func(h *handover) {
		if st.Reading() {
			h.q = &quickMode{}
		}
		pending := c.pending()
		if st.Bool(&pending); pending {
			h.out.State(st)
		}
		state.Number(st, &h.q.id)
		st.Time(&h.at)
		st.Time(&h.end)
		var replaces []int
		for _, old := range h.replaces {
			if i := slices.Index(s.pairs(), old); i >= 0 {
				replaces = append(replaces, i)
			}
		}
		state.List(st, &replaces, maxPairsHeld, st.Int)
		if !st.Reading() {
			return
		}
		for _, i := range replaces {
			st.Want(i < len(s.pairs()), "pair before this one")
			if st.Err() == nil {
				h.replaces = append(h.replaces, s.pairs()[i])
			}
		}
		st.Want(pending == !h.at.IsZero() && h.at.IsZero() != h.end.IsZero(), "time of a handover")
		if h.q.itf = c.itf; s.node(h.q.id) != nil {
			h.q = s.node(h.q.id)
		}
	})
}

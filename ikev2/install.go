package ikev2

import (
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// installation is a pair on its way into the data plane: the inbound SA is
// ordered first, the outbound one when it stands.
type installation struct {
	child   *child
	one     bool     // it is about one direction only
	out     ipsec.SA // with its keys, empty once it is ordered
	ordered []ipsec.SAID
	// done is told when both stand, or why they do not; then nothing is left of
	// them.
	done func(error)
}

// install orders a pair.
func (s *Session) install(c *child, in, out ipsec.SA, done func(error)) {
	p := &installation{child: c, out: out, done: done}
	s.pending = append(s.pending, p)
	s.order(p, in)
}

// installOne orders one SA of a pair.
func (s *Session) installOne(c *child, sa ipsec.SA, done func(error)) {
	p := &installation{child: c, one: true, done: done}
	s.pending = append(s.pending, p)
	s.order(p, sa)
}

func (s *Session) order(p *installation, sa ipsec.SA) {
	s.aim(&sa) // the ports may have changed since it was negotiated
	p.ordered = append(p.ordered, sa.SAID)
	s.out = append(s.out, ike.InstallSA{SA: sa})
}

// installed takes the data plane's answer.
func (s *Session) installed(ev ipsec.Installed) {
	i := slices.IndexFunc(s.pending, func(p *installation) bool { return slices.Contains(p.ordered, ev.SAID) })
	if i < 0 {
		return
	}
	p := s.pending[i]
	sa := p.child.in
	if ev.SAID == p.child.out.SAID {
		sa = p.child.out
	}
	s.report(ChildInstalled{SA: s.sa(s.ike), Child: sa, Tunnel: p.child.itf.Name, Err: ev.Err})
	switch {
	case ev.Err != nil:
		s.withdraw(p)
		p.done(ev.Err)
	case ev.SAID == p.child.in.SAID && !p.one:
		out := p.out
		p.out = ipsec.SA{}
		s.order(p, out)
	default:
		s.pending = slices.Delete(s.pending, i, i+1)
		p.done(nil)
	}
}

// withdraw takes out of the data plane what was ordered of a pair.
func (s *Session) withdraw(p *installation) {
	s.pending = slices.DeleteFunc(s.pending, func(o *installation) bool { return o == p })
	for _, id := range p.ordered {
		s.out = append(s.out, ike.RemoveSA{SAID: id})
	}
	wipeKeys(p.out)
}

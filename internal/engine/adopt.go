package engine

import (
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
)

// adopt goes over to a new configuration, a new state of the store, or both.
func (e *Engine) adopt(now time.Time, cmd ike.Adopt) error {
	if cmd.Config != nil && e.trial != nil {
		return ErrTrial
	}
	if cmd.PKI != nil {
		e.env.PKI = cmd.PKI
	}
	if cmd.Config == nil {
		return nil
	}
	before := e.env.Config
	touched := newTouched(before, cmd.Config)
	for _, t := range e.tunnels.All() {
		if touched.names[t.Interface().ClonedFrom] {
			touched.names[t.Name()] = true
		}
	}
	e.abandon(now, touched)
	e.env.Config = cmd.Config
	e.certificates.bound(cmd.Config.IKEv2.CertificateCache)
	e.errors.bound(cmd.Config.IKEv2.DiagnoseErrors)
	e.tunnels.Adopt(now, cmd.Config, e.opts.Options)
	e.flush()
	e.switchISAKMP(now)
	e.report(now, Configured{From: cmd.Config.File()})
	if cmd.Revert > 0 {
		e.try(now, before, cmd.Revert)
	}
	return nil
}

// Configured is %SYS-5-CONFIG_I: another configuration holds.
type Configured struct{ From string }

// IsEvent makes it an event.
func (Configured) IsEvent() {}

// touched is what a new configuration makes anew or removes: tunnels, by name, and
// between which addresses they are and were.
type touched struct {
	names map[string]bool
	ends  map[ike.Ends]bool
}

func newTouched(old, cfg *policy.Config) touched {
	t := touched{names: map[string]bool{}, ends: map[ike.Ends]bool{}}
	for _, c := range policy.Compare(old, cfg).Interfaces {
		if !c.Tunnel || c.Fate < policy.Renegotiated {
			continue
		}
		t.names[c.Name] = true
		for _, itf := range []*policy.Interface{old.Interface(c.Name), cfg.Interface(c.Name)} {
			if itf != nil && itf.Tunnel != nil {
				t.ends[endsOfTunnel(itf.Tunnel)] = true
			}
		}
	}
	return t
}

// abandon deletes the SAs of tunnels that are removed or made anew, and what is being
// negotiated for them. An IKE SA that carries no other tunnel goes too: what it was
// authenticated by may be what changed.
func (e *Engine) abandon(now time.Time, t touched) {
	if len(t.names) == 0 {
		return
	}
	for _, x := range slices.Clone(e.sessions.all) {
		concerned := t.ends[x.home()] || t.names[x.Tunnel()] || slices.ContainsFunc(x.wanted(), func(name string) bool { return t.names[name] })
		children := x.Brief().Children
		gone := slices.DeleteFunc(slices.Clone(children), func(c ike.BriefChild) bool { return !t.names[c.Tunnel] })
		if (concerned || len(gone) > 0) && len(gone) == len(children) {
			e.clear(now, x, tunnel.Obsolete)
			continue
		}
		for _, c := range gone {
			x.DeleteChild(now, c.InSPI, tunnel.Obsolete)
		}
		e.settle(now, x)
	}
}

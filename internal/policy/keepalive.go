package policy

import (
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/state"
)

// Keepalive is what a router does to find out that a peer is dead (RFC 3706).
type Keepalive struct {
	Interval time.Duration // 0: it does not ask; it answers all the same
	Retry    time.Duration // between questions that stay unanswered
	Periodic bool          // it asks every Interval, else only when there is traffic
}

// State describes it.
func (k *Keepalive) State(c *state.Codec) {
	c.Duration(&k.Interval)
	c.Duration(&k.Retry)
	c.Bool(&k.Periodic)
}

// defaultKeepaliveRetry is IOS's.
const defaultKeepaliveRetry = 2 * time.Second

// Commands of dead peer detection. Those of an isakmp profile go before the
// global ones, but have no word for the mode: it is the global command's.
var (
	isakmpKeepaliveCommand = ios.Command[*builder]{
		Syntax: "crypto isakmp keepalive interval:<10-3600> [retry:<2-60>] [periodic | on-demand]",
		Do:     func(b *builder, m *ios.Match) { b.cfg.ISAKMP.Keepalive = readKeepalive(m, "retry") },
	}
	profileKeepaliveCommand = ios.Command[*builder]{
		Syntax: "keepalive interval:<10-3600> [retry seconds:<2-60>]",
		Do:     func(b *builder, m *ios.Match) { b.isakmpProfile.Keepalive = readKeepalive(m, "seconds") },
	}
)

func readKeepalive(m *ios.Match, retry string) (k Keepalive) {
	if m.Form != ios.Set {
		return k
	}
	k.Interval = time.Duration(m.Int("interval")) * time.Second
	k.Retry, k.Periodic = defaultKeepaliveRetry, m.Has("periodic")
	if n := m.Int(retry); n > 0 {
		k.Retry = time.Duration(n) * time.Second
	}
	return k
}

// resolve makes a profile's keepalive whole with the global one.
func (k Keepalive) resolve(global Keepalive) Keepalive {
	if k.Interval == 0 {
		return global
	}
	k.Periodic = global.Periodic
	return k
}

// Keepalive is that of an IKE SA whose isakmp profile is p, nil for none.
func (c *Config) Keepalive(p *ISAKMPProfile) Keepalive {
	if p == nil {
		return c.ISAKMP.Keepalive
	}
	return p.Keepalive
}

package lab

import (
	"fmt"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/trace"
)

// rung is one message of an exchange: an arrow between the two routers, with what
// either decided when it wrote or read it.
type rung struct {
	trace.Message
	At      time.Duration // since the first message
	Left    bool          // the first router of the pair sends it
	Lost    bool
	Refused bool          // here the direction ended
	Beside  [2][]decision // of the first router, of the second
}

// decision is a sentence of a router's account.
type decision struct {
	at      time.Time
	Text    string
	written bool // taken for a message of its own, not about one of the peer's
	Refusal bool
}

// ladder is the exchange of a direction, a rung a message.
func (p *Pair) ladder(d *Direction) []rung {
	x := d.Exchange
	if x == nil || len(x.World.Sent) == 0 {
		return nil
	}
	reader := trace.NewReader(x.World.Keys)
	begin := x.World.Sent[0].At
	var rungs []rung
	for _, s := range x.World.Sent {
		rungs = append(rungs, rung{Message: reader.Read(s.Datagram), At: s.At.Sub(begin), Left: s.From == x.World.Routers[0], Lost: s.Lost})
	}
	refused := false
	for i := range p.Routers {
		for _, c := range p.decisions(x, i) {
			c.Refusal = c.Refusal && d.Result == Down
			r := &rungs[rungOf(rungs, i, c, c.at.Sub(begin))]
			r.Beside[i] = append(r.Beside[i], c)
			r.Refused = r.Refused || c.Refusal
			refused = refused || c.Refusal
		}
	}
	if d.Result == Down && !refused {
		rungs[len(rungs)-1].Refused = true
	}
	return rungs
}

// rungOf is the rung that a decision belongs to: what a router wrote next, or what it
// had read last.
func rungOf(rungs []rung, router int, c decision, at time.Duration) int {
	read, wrote := -1, -1
	for i, r := range rungs {
		switch own := r.Left == (router == 0); {
		case own && r.At >= at && wrote < 0:
			wrote = i
		case !own && r.At < at:
			read = i
		}
	}
	if c.written && wrote >= 0 || read < 0 {
		return max(wrote, 0)
	}
	return read
}

// decisions are those of one router, as its reports tell them.
func (p *Pair) decisions(x *Exchange, router int) (all []decision) {
	r := x.World.Routers[router]
	a := &account{router: p.Routers[router], peer: p.Routers[1-router], initiator: r == x.Initiator}
	for _, report := range r.Reports {
		take := func(written bool, hear func()) {
			told, innocent := len(a.side.Why), a.reason == nil
			hear()
			for _, text := range a.side.Why[told:] {
				all = append(all, decision{at: report.At, Text: text, written: written, Refusal: innocent && a.reason != nil})
			}
		}
		if _, ok := report.Event.(ikev1.CertReqBuilt); !ok {
			take(true, a.flush)
		}
		take(writes(report.Event), func() { a.hear(report.Event) })
	}
	return all
}

// writes says of a report that is told whether it is about a message that the router
// makes.
func writes(e ike.Event) bool {
	switch e := e.(type) {
	case ikev1.SARequested, ikev1.CertReqBuilt, ikev1.AuthenticationBegun, ikev2.SARequested, ikev2.IdentityBuilt:
		return true
	case ikev1.IDPayload:
		return e.Sent
	}
	return false
}

// listed are the payloads of a rung, those that come several times in a row once:
// CERT_REQ×7.
func (r rung) listed() []string {
	var list []string
	for i := 0; i < len(r.Payloads); {
		n := 1
		for i+n < len(r.Payloads) && r.Payloads[i+n] == r.Payloads[i] {
			n++
		}
		name := r.Payloads[i]
		if n > 1 {
			name = fmt.Sprintf("%s×%d", name, n)
		}
		list = append(list, name)
		i += n
	}
	return list
}

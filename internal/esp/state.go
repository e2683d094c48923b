package esp

import "github.com/obol-ike/obol/internal/state"

// State describes what an SA has carried, either way; what is read belongs to an SA that
// was made anew with the same keys. Nothing may be sealed once it is written: a combined
// cipher may never see a sequence number twice (RFC 4106 section 3.1).
func (o *Outbound) State(c *state.Codec) {
	o.account.state(c)
	last := o.sequence.Load()
	state.Number(c, &last)
	o.sequence.Store(last)
}

// State describes what an SA has carried and which packets it will not take again, either
// way. What is opened after it was written has to be dropped.
func (i *Inbound) State(c *state.Codec) {
	i.account.state(c)
	i.mu.Lock()
	defer i.mu.Unlock()
	words := len(i.window.ring)
	state.Number(c, &i.window.top)
	state.List(c, &i.window.ring, words, func(word *uint64) { state.Number(c, word) })
	c.Want(len(i.window.ring) == words, "anti-replay window of its size")
}

// state leaves the drops out: they are the process's.
func (a *account) state(c *state.Codec) {
	packets, octets, used := a.packets.Load(), a.octets.Load(), uint64(a.used.Load())
	l := a.limits.Load()
	soft, hard := l.softTold.Load(), l.hardTold.Load()
	state.Number(c, &packets)
	state.Number(c, &octets)
	state.Number(c, &used)
	c.Time(&a.added)
	c.Bool(&soft)
	c.Bool(&hard)
	if !c.Reading() {
		return
	}
	a.packets.Store(packets)
	a.octets.Store(octets)
	a.used.Store(int64(used))
	l.softTold.Store(soft)
	l.hardTold.Store(hard)
}

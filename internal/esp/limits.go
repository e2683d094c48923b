package esp

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// An account is what an SA has carried, and how much and how long it may. It is
// safe for several goroutines.
type account struct {
	// Drops by kind.
	Drops
	packets, octets atomic.Uint64
	used            atomic.Int64 // last, after added; nanoseconds, 0: never
	added           time.Time
	limits          atomic.Pointer[limits]
}

// limits of an SA. That of sequence numbers is one of packets: a new SA is asked
// for before the last.
type limits struct {
	soft, hard         limit
	softTold, hardTold atomic.Bool
}

type limit struct {
	packets, octets uint64
	duration        time.Duration
}

func newLimit(l ipsec.Lifetime) limit {
	n := limit{packets: math.MaxUint64, octets: math.MaxUint64, duration: math.MaxInt64}
	if l.Packets > 0 {
		n.packets = l.Packets
	}
	if l.Kilobytes > 0 && l.Kilobytes <= math.MaxUint64/1024 {
		n.octets = 1024 * l.Kilobytes
	}
	if l.Duration > 0 {
		n.duration = l.Duration
	}
	return n
}

func (l *limit) reached(packets, octets uint64, age time.Duration) bool {
	return packets >= l.packets || octets >= l.octets || age >= l.duration
}

// beforeExhausted is how many packets before the last sequence number a new SA is
// asked for.
const beforeExhausted = 1 << 24

func (a *account) begin(sa ipsec.SA, now time.Time) {
	a.added = now
	a.Update(sa)
}

// Update takes the limits of an SA anew, as the kernel does: they count from its
// installation.
func (a *account) Update(sa ipsec.SA) {
	l := &limits{soft: newLimit(sa.Soft), hard: newLimit(sa.Hard)}
	if !sa.ESN {
		l.hard.packets = min(l.hard.packets, math.MaxUint32)
		l.soft.packets = min(l.soft.packets, math.MaxUint32-beforeExhausted)
	}
	a.limits.Store(l)
}

// admit is false once a hard limit is reached. The packet that reaches it has
// gone through.
func (a *account) admit(now time.Time) bool {
	return !a.limits.Load().hard.reached(a.packets.Load(), a.octets.Load(), now.Sub(a.added))
}

// take counts a packet by what ESP carries of it, as the kernel does.
func (a *account) take(octets int, now time.Time) {
	a.packets.Add(1)
	a.octets.Add(uint64(octets))
	if used := max(1, int64(now.Sub(a.added))); a.used.Load() != used {
		a.used.Store(used)
	}
}

// Refuse counts a packet that was opened, or was to be sealed, and went no further for
// a reason that the SA does not know: a Drop.
func (a *account) Refuse(why error) {
	if kind, ok := why.(Drop); ok {
		a.count(kind)
	}
}

// Reached says which limits were reached since it was asked last: the soft one
// once, the hard one once and then the SA is of no use any more. To be asked after
// packets, and at NextLimit.
func (a *account) Reached(now time.Time) (soft, hard bool) {
	l := a.limits.Load()
	packets, octets, age := a.packets.Load(), a.octets.Load(), now.Sub(a.added)
	switch {
	case l.hard.reached(packets, octets, age):
		return false, l.hardTold.CompareAndSwap(false, true)
	case l.soft.reached(packets, octets, age):
		return l.softTold.CompareAndSwap(false, true), false
	}
	return false, false
}

// NextLimit is when time alone reaches a limit that has not been told; zero:
// never.
func (a *account) NextLimit() time.Time {
	l := a.limits.Load()
	switch {
	case l.hardTold.Load(): // the soft one, if it was passed by, tells no more
	case l.soft.duration < l.hard.duration && !l.softTold.Load():
		return a.added.Add(l.soft.duration)
	case l.hard.duration < math.MaxInt64:
		return a.added.Add(l.hard.duration)
	}
	return time.Time{}
}

// Counters as the kernel has them.
func (a *account) Counters() ipsec.Counters {
	c := ipsec.Counters{
		Packets: a.packets.Load(), Octets: a.octets.Load(), Added: a.added,
		ReplayErrors: a.Of(Replayed), IntegrityErrors: a.Of(Integrity), LengthErrors: a.Of(Truncated),
		ProtocolErrors: a.Of(Next), SelectorErrors: a.Of(Outside), LifetimeErrors: a.Of(Expired), SequenceErrors: a.Of(Exhausted),
	}
	for _, kind := range [...]Drop{Malformed, Padding, Congested, GREHeader, GREChecksum, GREKey, TooLong, NoTunnel, Refused, Looped} {
		c.FormErrors += a.Of(kind)
	}
	if used := a.used.Load(); used > 0 {
		c.LastUsed = a.added.Add(time.Duration(used))
	}
	return c
}

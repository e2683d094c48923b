// Package sim runs several routers in one process: their engines, a network that
// loses, delays, duplicates and reorders, data planes that record, and a clock
// that moves only when there is nothing left to do. The same seed gives the same
// octets.
package sim

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

// Epoch is when every world begins: the day of the note.
var Epoch = time.Date(2013, time.June, 20, 13, 0, 0, 0, time.UTC)

// Conditions of the network, the same in every direction.
type Conditions struct {
	Delay     time.Duration // of every datagram; 0 is taken for a millisecond
	Jitter    time.Duration // at most this much more: datagrams overtake each other
	Loss      float64       // share of datagrams that are lost
	Duplicate float64       // share that arrives twice
	MTU       int           // a larger packet is lost, as where a firewall drops IP fragments; 0: none is
}

// Sent is a datagram that a router sent.
type Sent struct {
	At       time.Time
	From     *Router
	Datagram ike.Datagram
	Lost     bool // or nobody has the address
}

// World is the routers, the network between them, and the time.
type World struct {
	Conditions
	Now     time.Time
	Routers []*Router
	Sent    []Sent
	Keys    []ike.Keys        // of every IKE SA, as either end made them
	Web     map[string][]byte // what is at each URL

	Servers map[string]func(request []byte) []byte // what answers about revocation
	Hanging map[string]bool                        // servers that take connections and send nothing

	seed     uint64
	rng      *rand.Rand
	queue    queue
	sequence uint64
	owners   map[netip.Addr]*Router
	nats     map[netip.Addr]*NAT // by outer address
	behind   map[*Router]*NAT
}

// New makes an empty world at Epoch.
func New(seed uint64) *World {
	return &World{
		Now: Epoch, seed: seed, rng: rand.New(rand.NewPCG(seed, 0x6f626f6c)),
		owners: map[netip.Addr]*Router{}, nats: map[netip.Addr]*NAT{}, behind: map[*Router]*NAT{},
	}
}

// random is a router's source of randomness.
func (w *World) random(name string) *rand.ChaCha8 {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], w.seed)
	copy(seed[8:], name)
	return rand.NewChaCha8(seed)
}

// Run lets time pass and does everything that is due in it.
func (w *World) Run(d time.Duration) {
	w.Until(d, func() bool { return false })
}

// Until lets time pass until something is so, at most for a duration. It says
// whether it came to be.
func (w *World) Until(limit time.Duration, so func() bool) bool {
	end := w.Now.Add(limit)
	for !so() {
		at, ok := w.next()
		if !ok || at.After(end) {
			w.Now = end
			return so()
		}
		w.step(at)
	}
	return true
}

// spin is how many events one instant may have: more is a machine that does
// not come to rest.
const spin = 100_000

// next is when the next thing happens.
func (w *World) next() (time.Time, bool) {
	var at time.Time
	if len(w.queue) > 0 {
		at = w.queue[0].at
	}
	for _, r := range w.Routers {
		if t, _ := r.timeout(); !t.IsZero() && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at, !at.IsZero()
}

// step does one thing: what is in flight comes before timers of the same
// instant.
func (w *World) step(at time.Time) {
	if at.After(w.Now) {
		w.Now = at
	}
	if len(w.queue) > 0 && !w.queue[0].at.After(w.Now) {
		e := heap.Pop(&w.queue).(*happening)
		e.do()
		return
	}
	for _, r := range w.Routers {
		if t, why := r.timeout(); !t.IsZero() && !t.After(w.Now) {
			r.tick(why)
			return
		}
	}
}

// send puts a datagram on the network.
func (w *World) send(from *Router, d ike.Datagram) {
	to, src, dst := w.cross(from, d.Local, d.Remote)
	lost := to == nil || w.rng.Float64() < w.Loss || w.MTU > 0 && len(d.Data)+headers > w.MTU
	w.Sent = append(w.Sent, Sent{At: w.Now, From: from, Datagram: d, Lost: lost})
	twice := w.rng.Float64() < w.Duplicate
	if lost {
		return
	}
	in := ike.Datagram{Local: dst, Remote: src, VRF: to.door(dst.Addr()), Data: append([]byte(nil), d.Data...)}
	w.arrive(to, in)
	if twice {
		w.arrive(to, in)
	}
}

// headers stand before a datagram in its packet: IPv4 and UDP.
const headers = 20 + 8

func (w *World) arrive(to *Router, in ike.Datagram) {
	w.later(w.transit(), func() { to.receive(in) })
}

// transit is how long a packet is under way.
func (w *World) transit() time.Duration {
	delay := w.Delay
	if delay == 0 {
		delay = time.Millisecond
	}
	if w.Jitter > 0 {
		delay += time.Duration(w.rng.Int64N(int64(w.Jitter)))
	}
	return delay
}

// Inject gives a router a datagram from anywhere.
func (w *World) Inject(to *Router, d ike.Datagram) { w.later(0, func() { to.receive(d) }) }

// fetch looks into the web.
func (w *World) fetch(url string) ike.Answer {
	data, ok := w.Web[url]
	if !ok {
		return ike.Answer{Err: errors.New("the server answers 404")}
	}
	return ike.Answer{Data: data}
}

func (w *World) later(d time.Duration, do func()) {
	w.sequence++
	heap.Push(&w.queue, &happening{at: w.Now.Add(d), sequence: w.sequence, do: do})
}

package daemon

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/policy"
)

// errStopped answers calls to a shard that has ended.
var errStopped = errors.New("obold is stopping")

// A shard is an engine and what it works on. Whoever brings it something runs it:
// the reader of a socket handles what it has read, without waking anybody. One
// turn at a time; every turn ends with the engine's outputs carried out.
type shard struct {
	kernel  *kernelQueue
	socket  *netio.Doors
	hub     *hub
	log     *zap.Logger
	fetcher *fetcher
	changes changes
	start   start

	mu      sync.Mutex // held for a turn
	engine  *engine.Engine
	timer   *time.Timer // calls HandleTimeout
	rings   time.Time   // when timer does so; zero: it has, or is as it was made
	stopped bool
	quiet   chan struct{}  // closed when nothing is under way that a handover waits for; nil: none does
	sending []ike.Datagram // of one turn
	reports []ike.Report   // likewise
}

// changes is what the engine wants of the store and of the configuration, and the data
// plane of whoever compares it with what has to stand: no work for a turn.
type changes interface {
	keepCRL(ike.StoreCRL)
	reinstate(*policy.Config)
	reconcile()
}

func newShard(first *engine.Engine, kernel *kernelQueue, socket *netio.Doors, hub *hub, log *zap.Logger, changes changes) *shard {
	s := &shard{
		engine: first,
		kernel: kernel, socket: socket, hub: hub, log: log,
		fetcher: newFetcher(), changes: changes,
	}
	s.timer = time.AfterFunc(time.Hour, func() { s.turn(s.rung) })
	return s
}

// begin carries out what the engine wants first, the interfaces, and follows what
// the data plane tells by itself.
func (s *shard) begin() {
	s.turn(func(time.Time) {})
	go func() {
		for event := range s.kernel.plane.Events() {
			if _, lost := event.(ipsec.Overflow); lost {
				s.changes.reconcile()
				continue
			}
			s.turn(func(now time.Time) { s.engine.HandleKernel(now, event) })
		}
	}()
}

// turn runs f and carries out what the engine wants then; not when the shard has
// been stopped.
func (s *shard) turn(f func(now time.Time)) (ran bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return false
	}
	f(time.Now())
	s.applyAll()
	if s.quiet != nil && s.engine.Quiet() {
		close(s.quiet)
		s.quiet = nil
	}
	s.wind()
	return true
}

// wind sets the timer, unless it rings early enough as it is: a call that comes
// before its time is harmless, and to set a timer wakes a thread.
func (s *shard) wind() {
	at, _ := s.engine.NextTimeout()
	if at.IsZero() || !s.rings.IsZero() && !at.Before(s.rings) {
		return
	}
	s.rings = at
	s.timer.Reset(time.Until(at))
}

func (s *shard) rung(now time.Time) {
	s.rings = time.Time{}
	s.engine.HandleTimeout(now)
}

// deliver takes datagrams.
func (s *shard) deliver(batch []ike.Datagram) {
	s.turn(func(now time.Time) {
		for _, d := range batch {
			s.engine.HandleDatagram(now, d)
		}
	})
}

// answer is deliver for the kernel queue.
func (s *shard) answer(e ipsec.Event) {
	s.turn(func(now time.Time) { s.engine.HandleKernel(now, e) })
}

// fetched is deliver for the fetcher.
func (s *shard) fetched(id ike.LookupID, a ike.Answer) {
	s.turn(func(now time.Time) { s.engine.HandleLookup(now, id, a) })
}

// call runs f and returns when the outputs that it caused are carried out, or are
// in the kernel queue.
func (s *shard) call(f func(*engine.Engine, time.Time)) error {
	if !s.turn(func(now time.Time) { f(s.engine, now) }) {
		return errStopped
	}
	return nil
}

// handOver begins nothing more, and tells when nothing is under way.
func (s *shard) handOver() <-chan struct{} {
	quiet := make(chan struct{})
	s.turn(func(now time.Time) {
		if err := s.engine.Command(now, ike.HandOver{}); err != nil {
			s.log.Error("handing over", zap.Error(err))
		}
		s.quiet = quiet
	})
	return quiet
}

// stop ends the turns.
func (s *shard) stop() {
	s.mu.Lock()
	s.stopped = true
	s.timer.Stop()
	s.mu.Unlock()
	s.fetcher.close()
}

package daemon

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

// errStopped answers calls to a shard that has ended.
var errStopped = errors.New("obold is stopping")

// A shard is the goroutine that owns an engine. Whatever wants something of the
// engine comes through its channels.
type shard struct {
	engine *engine.Engine
	kernel *kernelQueue
	socket *netio.Sockets
	hub    *hub
	log    *zap.Logger

	fetcher   *fetcher
	datagrams chan []ike.Datagram
	answers   chan ipsec.Event // of the kernel queue
	calls     chan func(time.Time)
	quit      chan struct{}
	done      chan struct{}

	sending []ike.Datagram // of one turn
	reports []ike.Report   // likewise

	start start
}

func newShard(env ike.Env, options engine.Options, kernel *kernelQueue, socket *netio.Sockets, hub *hub, log *zap.Logger) *shard {
	return &shard{
		engine: engine.New(time.Now(), env, options),
		kernel: kernel, socket: socket, hub: hub, log: log,
		fetcher:   newFetcher(),
		datagrams: make(chan []ike.Datagram, 64),
		answers:   make(chan ipsec.Event, 64),
		calls:     make(chan func(time.Time)),
		quit:      make(chan struct{}),
		done:      make(chan struct{}),
	}
}

// run is the loop. Every turn ends with the engine's outputs carried out.
func (s *shard) run() {
	defer close(s.done)
	events := s.kernel.plane.Events()
	timer := time.NewTimer(0)
	for {
		select {
		case batch := <-s.datagrams:
			now := time.Now()
			for _, d := range batch {
				s.engine.HandleDatagram(now, d)
			}
		case answer := <-s.answers:
			now := time.Now()
			s.engine.HandleKernel(now, answer)
			for n := len(s.answers); n > 0; n-- { // what else is there, in the same turn
				s.engine.HandleKernel(now, <-s.answers)
			}
		case event, open := <-events:
			if !open {
				events = nil
				continue
			}
			s.engine.HandleKernel(time.Now(), event)
		case call := <-s.calls:
			call(time.Now())
		case <-timer.C:
			s.engine.HandleTimeout(time.Now())
		case <-s.quit:
			return
		}
		s.applyAll()
		if at, _ := s.engine.NextTimeout(); at.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(time.Until(at))
		}
	}
}

// deliver hands datagrams over; it blocks while the shard is busy.
func (s *shard) deliver(batch []ike.Datagram) {
	select {
	case s.datagrams <- batch:
	case <-s.done:
	}
}

// answer is deliver for the kernel queue.
func (s *shard) answer(e ipsec.Event) {
	select {
	case s.answers <- e:
	case <-s.done:
	}
}

// fetched is deliver for the fetcher.
func (s *shard) fetched(id ike.LookupID, a ike.Answer) {
	select {
	case s.calls <- func(now time.Time) { s.engine.HandleLookup(now, id, a) }:
	case <-s.done:
	}
}

// call runs f in the loop and returns when the outputs that it caused are
// carried out, or are in the kernel queue.
func (s *shard) call(ctx context.Context, f func(*engine.Engine, time.Time)) error {
	ran := make(chan struct{})
	turn := func(now time.Time) {
		defer close(ran)
		f(s.engine, now)
		s.applyAll()
	}
	select {
	case s.calls <- turn:
		<-ran
		return nil
	case <-s.done:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop ends the loop.
func (s *shard) stop() {
	close(s.quit)
	<-s.done
	s.fetcher.close()
}

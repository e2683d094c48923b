package userspace

import (
	"slices"
	"sync"

	"github.com/obol-ike/obol/internal/ipsec"
)

// events go to whoever reads them, without a worker ever waiting for him. They are
// few: an SA tells each limit once, and a tunnel asks once. Of the addresses that an SA's
// packets come from the newest waits: where replays are not refused, they may be many.
type events struct {
	out    chan ipsec.Event
	mu     sync.Mutex
	queue  []ipsec.Event
	more   chan struct{} // a token: the queue is not empty
	closed chan struct{}
}

func newEvents() *events {
	e := &events{out: make(chan ipsec.Event), more: make(chan struct{}, 1), closed: make(chan struct{})}
	go e.run()
	return e
}

func (e *events) put(event ipsec.Event) {
	e.mu.Lock()
	i := -1
	if m, ok := event.(ipsec.Mapped); ok {
		i = slices.IndexFunc(e.queue, func(other ipsec.Event) bool {
			before, ok := other.(ipsec.Mapped)
			return ok && before.SAID == m.SAID
		})
	}
	if i >= 0 {
		e.queue[i] = event
	} else {
		e.queue = append(e.queue, event)
	}
	e.mu.Unlock()
	select {
	case e.more <- struct{}{}:
	default:
	}
}

// run closes the channel at the end.
func (e *events) run() {
	defer close(e.out)
	for {
		select {
		case <-e.more:
		case <-e.closed:
			return
		}
		e.mu.Lock()
		queue := e.queue
		e.queue = nil
		e.mu.Unlock()
		for _, event := range queue {
			select {
			case e.out <- event:
			case <-e.closed:
				return
			}
		}
	}
}

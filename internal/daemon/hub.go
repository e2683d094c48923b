package daemon

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/obol-ike/obol/internal/ike"
)

// A hub hands reports to whoever wants them: the log, debug, a waiting
// initiate. Publishing never blocks; who reads too slowly loses reports and
// learns how many.
type hub struct {
	mu          sync.Mutex
	subscribers []*subscription
	closed      bool
}

// A subscription is one reader's bounded queue.
type subscription struct {
	reports chan ike.Report // closed when nothing more will come
	wants   func(ike.Event) bool
	lost    atomic.Uint64
	hub     *hub
}

// everything is what a reader of debug lines wants.
func everything(ike.Event) bool { return true }

func newHub() *hub { return &hub{} }

// subscribe begins a subscription to the reports whose event is wanted. The
// shard itself asks wants, so it must be quick.
func (h *hub) subscribe(size int, wants func(ike.Event) bool) *subscription {
	s := &subscription{reports: make(chan ike.Report, size), wants: wants, hub: h}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(s.reports)
	} else {
		h.subscribers = append(h.subscribers, s)
	}
	return s
}

// publish hands over the reports of one turn together: a reader that waits for
// one finds the others there, and is woken once.
func (h *hub) publish(reports []ike.Report) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subscribers {
		for _, r := range reports {
			if !s.wants(r.Event) {
				continue
			}
			select {
			case s.reports <- r:
			default:
				s.lost.Add(1)
			}
		}
	}
}

// close ends all subscriptions; what is in their queues can still be read.
func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, s := range h.subscribers {
		close(s.reports)
	}
	h.subscribers = nil
}

// Reports, Lost and Close make a subscription what package control reads.
func (s *subscription) Reports() <-chan ike.Report { return s.reports }

// Lost is how many reports did not fit since the last call.
func (s *subscription) Lost() uint64 { return s.lost.Swap(0) }

// Close ends the subscription.
func (s *subscription) Close() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if i := slices.Index(s.hub.subscribers, s); i >= 0 {
		s.hub.subscribers = slices.Delete(s.hub.subscribers, i, i+1)
		close(s.reports)
	}
}

package daemon

import (
	"context"
	"sync"

	"github.com/obol-ike/obol/internal/ipsec"
)

// A kernelQueue carries out orders to the data plane, one after the other, in
// a goroutine of its own: the data plane blocks until the kernel has answered,
// and the loop must not. What was ordered first stands first; a policy before
// its link, a link before its route.
type kernelQueue struct {
	plane ipsec.Dataplane

	mu     sync.Mutex
	orders []func(ipsec.Dataplane)
	closed bool
	more   chan struct{} // a token: orders is not empty, or closed
	done   chan struct{} // run has returned
}

func newKernelQueue(plane ipsec.Dataplane) *kernelQueue {
	q := &kernelQueue{plane: plane, more: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// put appends an order and never blocks. After close it does nothing.
func (q *kernelQueue) put(order func(ipsec.Dataplane)) {
	q.mu.Lock()
	if !q.closed {
		q.orders = append(q.orders, order)
	}
	q.mu.Unlock()
	q.wake()
}

func (q *kernelQueue) wake() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

func (q *kernelQueue) run() {
	defer close(q.done)
	for range q.more {
		for {
			q.mu.Lock()
			orders, closed := q.orders, q.closed
			q.orders = nil
			q.mu.Unlock()
			for _, order := range orders {
				order(q.plane)
			}
			if len(orders) == 0 {
				if closed {
					return
				}
				break
			}
		}
	}
}

// flush waits until everything ordered so far is carried out.
func (q *kernelQueue) flush(ctx context.Context) error {
	reached := make(chan struct{})
	q.put(func(ipsec.Dataplane) { close(reached) })
	select {
	case <-reached:
		return nil
	case <-q.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close carries out what is left and ends the goroutine. It waits no longer
// than ctx.
func (q *kernelQueue) close(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wake()
	select {
	case <-q.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

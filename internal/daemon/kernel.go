package daemon

import (
	"context"
	"sync"

	"github.com/obol-ike/obol/internal/ipsec"
)

// A kernelQueue carries out orders to the data plane, one after the other, in
// a goroutine of its own: the data plane blocks until the kernel has answered,
// and a turn must not. What was ordered first stands first; a policy before
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
			order, closed := q.next()
			if order != nil {
				order(q.plane)
				continue
			}
			if closed {
				return
			}
			break
		}
	}
}

// next takes the first order, nil when there is none.
func (q *kernelQueue) next() (order func(ipsec.Dataplane), closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.orders) > 0 {
		order = q.orders[0]
		q.orders[0] = nil // it may hold keys
		q.orders = q.orders[1:]
	}
	return order, q.closed
}

// drop forgets every order that is not yet being carried out.
func (q *kernelQueue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.orders)
	q.orders = nil
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

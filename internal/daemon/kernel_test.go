package daemon

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

func TestOrdersAreCarriedOutInOrderAndNeverBlock(t *testing.T) {
	q := newKernelQueue(newMemory())
	hold := make(chan struct{})
	q.put(func(ipsec.Dataplane) { <-hold }) // a kernel that takes its time
	var got []int
	const orders = 10000
	for i := range orders { // blocks for ever if put did
		q.put(func(ipsec.Dataplane) { got = append(got, i) })
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := q.flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("flush of a queue that stands: %v", err)
	}
	close(hold)
	if err := q.flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	if len(got) != orders || !slices.IsSorted(got) {
		t.Errorf("%d orders carried out, in order: %v", len(got), slices.IsSorted(got))
	}
	if err := q.close(context.Background()); err != nil {
		t.Error(err)
	}
	q.put(func(ipsec.Dataplane) { t.Error("an order after close") })
	if err := q.flush(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestCloseCarriesOutWhatIsLeft(t *testing.T) {
	for range 100 {
		q := newKernelQueue(newMemory())
		done := 0
		for range 10 {
			q.put(func(ipsec.Dataplane) { done++ })
		}
		if err := q.close(context.Background()); err != nil {
			t.Fatal(err)
		}
		if done != 10 {
			t.Fatalf("%d of 10 orders carried out", done)
		}
	}
}

func TestCloseDoesNotWaitForADeadKernel(t *testing.T) {
	q := newKernelQueue(newMemory())
	hold := make(chan struct{})
	defer close(hold)
	q.put(func(ipsec.Dataplane) { <-hold })
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := q.close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("close: %v", err)
	}
}

// What is dropped is never carried out; what is under way, and what comes later,
// is.
func TestDrop(t *testing.T) {
	q := newKernelQueue(newMemory())
	begun, hold := make(chan struct{}), make(chan struct{})
	q.put(func(ipsec.Dataplane) { close(begun); <-hold })
	for range 100 {
		q.put(func(ipsec.Dataplane) { t.Error("a dropped order") })
	}
	<-begun
	q.drop()
	last := false
	q.put(func(ipsec.Dataplane) { last = true })
	close(hold)
	if err := q.close(context.Background()); err != nil || !last {
		t.Errorf("close: %v; the order after the drop was carried out: %v", err, last)
	}
}

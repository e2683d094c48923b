package daemon

import (
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
)

func TestSlowReaderLosesAndLearnsHowMuch(t *testing.T) {
	h := newHub()
	slow, quick := h.subscribe(2, everything), h.subscribe(10, everything)
	h.publish(slices.Repeat([]ike.Report{{Event: ike.SessionUp{ConnID: 1001}}}, 5))
	if len(quick.reports) != 5 || quick.Lost() != 0 {
		t.Errorf("the quick one has %d and lost %d", len(quick.reports), quick.Lost())
	}
	if n := slow.Lost(); len(slow.reports) != 2 || n != 3 {
		t.Errorf("the slow one has %d and lost %d, want 2 and 3", len(slow.reports), n)
	}
	if n := slow.Lost(); n != 0 {
		t.Errorf("told twice: %d", n)
	}
}

func TestClosingEndsSubscriptions(t *testing.T) {
	h := newHub()
	one, two := h.subscribe(10, everything), h.subscribe(10, everything)
	one.Close()
	one.Close()
	h.publish([]ike.Report{{}})
	h.close()
	h.close()
	two.Close()
	if _, open := <-one.reports; open {
		t.Error("a report after Close")
	}
	if _, open := <-two.reports; !open {
		t.Error("the report before the hub's close is lost")
	}
	if _, open := <-two.reports; open {
		t.Error("open after the hub's close")
	}
	if _, open := <-h.subscribe(1, everything).reports; open {
		t.Error("open, though subscribed after the end")
	}
	h.publish([]ike.Report{{}})
}

package esp

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/state"
)

// described is what has a state.
type described interface{ State(*state.Codec) }

func written(from described, at time.Time) []byte {
	c := state.Writer(at)
	from.State(c)
	return c.Octets()
}

// Another process goes on where the first has ended: no sequence number comes again, what
// was received is refused, and the counts go on.
func TestState(t *testing.T) {
	names, sas := suites()
	for k, sa := range sas {
		out, in := pair(t, sa)
		var last []byte
		for range 100 {
			var err error
			last, err = out.Seal(nil, packet4(10), start)
			must(t, err)
			_, _, err = in.Open(bytes.Clone(last), outer4, start)
			must(t, err)
		}
		nextOut, nextIn := pair(t, sa)
		for from, to := range map[described]described{out: nextOut, in: nextIn} {
			c := state.Reader(written(from, start), start)
			to.State(c)
			must(t, c.End())
		}
		later := start.Add(time.Second)
		if _, _, err := nextIn.Open(last, outer4, later); err != Replayed {
			t.Errorf("%s: the last packet again: %v", names[k], err)
		}
		next, err := nextOut.Seal(nil, packet4(10), later)
		must(t, err)
		if n := binary.BigEndian.Uint32(next[4:]); n != 101 {
			t.Errorf("%s: sequence number %d after 100", names[k], n)
		}
		_, _, err = nextIn.Open(next, outer4, later)
		must(t, err)
		if was, is := in.Counters(), nextIn.Counters(); is.Packets != was.Packets+1 || is.Octets <= was.Octets || !is.LastUsed.Equal(later) {
			t.Errorf("%s: %+v after %+v", names[k], is, was)
		}
	}
}

// A limit that was told is not told again.
func TestStateOfLimits(t *testing.T) {
	_, sas := suites()
	sa := sas[0]
	sa.Soft.Packets = 1
	out, _ := pair(t, sa)
	_, err := out.Seal(nil, packet4(10), start)
	must(t, err)
	if soft, _ := out.Reached(start); !soft {
		t.Fatal("the soft limit is not told")
	}
	next, _ := pair(t, sa)
	next.State(state.Reader(written(out, start), start))
	if soft, hard := next.Reached(start); soft || hard {
		t.Error("it is told again")
	}
}

// A state that ends early, or has a window of another size, is refused.
func TestStateCut(t *testing.T) {
	_, sas := suites()
	_, in := pair(t, sas[0])
	whole := written(in, start)
	for n := range whole {
		_, next := pair(t, sas[0])
		c := state.Reader(whole[:n], start)
		if next.State(c); c.End() == nil {
			t.Errorf("%d octets of %d are taken", n, len(whole))
		}
	}
	sas[0].Replay = 1024
	_, next := pair(t, sas[0])
	c := state.Reader(whole, start)
	if next.State(c); c.End() == nil {
		t.Error("a window of another size is taken")
	}
}

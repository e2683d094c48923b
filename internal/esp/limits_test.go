package esp

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Limits of every kind: the soft one is told once, the hard one once, and then
// nothing goes any more, in neither direction.
func TestLimits(t *testing.T) {
	const size = 1024
	_, sas := suites()
	for name, c := range map[string]struct {
		soft, hard ipsec.Lifetime
		step       time.Duration // after each packet
	}{
		"packets": {ipsec.Lifetime{Packets: 4}, ipsec.Lifetime{Packets: 6}, 0},
		"octets":  {ipsec.Lifetime{Kilobytes: 4}, ipsec.Lifetime{Kilobytes: 6}, 0},
		"time":    {ipsec.Lifetime{Duration: 4 * time.Second}, ipsec.Lifetime{Duration: 6 * time.Second}, time.Second},
	} {
		sa := sas[0]
		sa.Soft, sa.Hard = c.soft, c.hard
		o, i := pair(t, sa)
		now := start
		for n := 1; n <= 8; n++ {
			sealed, err := o.Seal(nil, packet4(size-28), now)
			if wantErr := n > 6; (err == Expired) != wantErr || err != nil && err != Expired {
				t.Fatalf("%s: packet %d: %v", name, n, err)
			}
			if err == nil {
				if _, _, err := i.Open(sealed, outer4, now); err != nil {
					t.Fatalf("%s: packet %d arrives: %v", name, n, err)
				}
			} else if _, _, err := i.Open(make([]byte, 100), outer4, now); err != Expired {
				t.Errorf("%s: after the hard limit: %v", name, err)
			}
			now = now.Add(c.step)
			for _, a := range []*account{&o.account, &i.account} {
				if soft, hard := a.Reached(now); soft != (n == 4) || hard != (n == 6) {
					t.Errorf("%s: after packet %d: soft %v, hard %v", name, n, soft, hard)
				}
				if soft, hard := a.Reached(now); soft || hard {
					t.Errorf("%s: told twice", name)
				}
			}
		}
		if o.Of(Expired) != 2 || o.Counters().Packets != 6 || o.Counters().Octets != 6*size {
			t.Errorf("%s: %+v, %d dropped", name, o.Counters(), o.Of(Expired))
		}
	}
}

// When time alone will reach a limit, and what an update changes: limits count from
// the installation.
func TestNextLimit(t *testing.T) {
	_, sas := suites()
	sa := sas[0]
	o, _ := pair(t, sa)
	if at := o.NextLimit(); !at.IsZero() {
		t.Errorf("without limits: %v", at)
	}
	sa.Soft, sa.Hard = ipsec.Lifetime{Duration: 10 * time.Second}, ipsec.Lifetime{Duration: 20 * time.Second}
	o, _ = pair(t, sa)
	for _, step := range []struct {
		next, now  time.Duration
		soft, hard bool
	}{{10, 9, false, false}, {10, 10, true, false}, {20, 19, false, false}, {20, 20, false, true}} {
		if at := o.NextLimit(); !at.Equal(start.Add(step.next * time.Second)) {
			t.Errorf("next at %v, want %d s", at.Sub(start), step.next)
		}
		if soft, hard := o.Reached(start.Add(step.now * time.Second)); soft != step.soft || hard != step.hard {
			t.Errorf("at %d s: soft %v, hard %v", step.now, soft, hard)
		}
	}
	if at := o.NextLimit(); !at.IsZero() {
		t.Errorf("after the hard limit: %v", at)
	}
	sa.Soft.Duration, sa.Hard.Duration = 25*time.Second, 30*time.Second
	o.Update(sa)
	if at := o.NextLimit(); !at.Equal(start.Add(25 * time.Second)) {
		t.Errorf("updated: %v", at.Sub(start))
	}
	if _, err := o.Seal(nil, packet4(1), start.Add(20*time.Second)); err != nil {
		t.Errorf("updated: %v", err)
	}
}

// Where both limits have passed before anybody asks, the soft one tells no more, and time
// is of no use any more.
func TestBothLimitsAtOnce(t *testing.T) {
	_, sas := suites()
	sa := sas[0]
	sa.Soft, sa.Hard = ipsec.Lifetime{Duration: 10 * time.Second}, ipsec.Lifetime{Duration: 20 * time.Second}
	o, _ := pair(t, sa)
	if soft, hard := o.Reached(start.Add(30 * time.Second)); soft || !hard {
		t.Errorf("soft %v, hard %v", soft, hard)
	}
	if at := o.NextLimit(); !at.IsZero() {
		t.Errorf("next at %v", at.Sub(start))
	}
}

// A new SA is asked for before the sequence numbers are used up, unless they are
// extended.
func TestSequenceLimit(t *testing.T) {
	_, sas := suites()
	for _, esn := range []bool{false, true} {
		sa := sas[0]
		sa.ESN = esn
		o, _ := pair(t, sa)
		o.packets.Store(1<<32 - 1 - beforeExhausted)
		if soft, hard := o.Reached(start); soft == esn || hard {
			t.Errorf("ESN %v: soft %v, hard %v", esn, soft, hard)
		}
		o.packets.Store(1<<32 - 1)
		if soft, hard := o.Reached(start); soft || hard == esn {
			t.Errorf("ESN %v, at the end: soft %v, hard %v", esn, soft, hard)
		}
	}
}

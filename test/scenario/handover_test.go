package scenario

import (
	"fmt"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/sim"
)

// stream sends a packet each way every 10 ms and counts those that are lost.
func stream(w *sim.World, a, b *router, d time.Duration) (lost int) {
	for end := w.Now.Add(d); w.Now.Before(end); w.Run(10 * time.Millisecond) {
		for _, way := range [][2]*sim.Router{{a.Router, b.Router}, {b.Router, a.Router}} {
			if !w.Pass(way[0], way[1], "Tunnel1", "Tunnel1") {
				lost++
			}
		}
	}
	return lost
}

// Either router goes on in another process twenty times, while packets flow and both
// ends rekey both phases: nothing is lost, nobody begins anew, and both agree.
func TestHandOver(t *testing.T) {
	t.Parallel()
	for _, ike := range []string{
		"drop R1 ca trust-point IOSCA1\nadd R1 crypto isakmp policy 10 | lifetime 120 | crypto ipsec profile prof1 | set security-association lifetime seconds 120\n",
		"config ikev2-psk/\nadd R1 crypto ikev2 profile prof1 | lifetime 130 | crypto ipsec profile prof1 | set security-association lifetime seconds 120\n",
	} {
		for seed := range uint64(3) {
			r := started(t, seed, ike+"jitter 30ms\nstart auto\nwait up 20s\nadvance 1m\nmark\n")
			r1, _ := r.router("R1")
			r2, _ := r.router("R2")
			lost := 0
			for i := range 20 {
				if err := r.command(fmt.Sprintf("handover R%d", 1+i%2)); err != nil {
					t.Fatal(err)
				}
				lost += stream(r.world, r1, r2, time.Duration(7+3*i)*time.Second)
			}
			if lost > 0 {
				t.Errorf("%d packets were lost", lost)
			}
			for _, line := range []string{
				"want event R1 ChildUp", "want event R2 ChildUp", "want carries R1 Tunnel1 R2 Tunnel1", "wait agreed 60s",
				"want no event R1 NegotiationFailed", "want no event R2 NegotiationFailed", "want no event R1 LineProtocol", "want no event R2 LineProtocol",
				"shutdown R1", "advance 2s", "want empty R1",
			} {
				if err := r.command(line); err != nil {
					t.Errorf("seed %d: %s: %v", seed, line, err)
				}
			}
		}
	}
}

// What the next process is told differently ends with the peer told, and what the
// first one was about to negotiate begins again.
func TestHandOverThenAdopt(t *testing.T) {
	r := started(t, 1, "config ikev2-psk/\nstart\ninitiate R1 Tunnel1\nwait up 5s\nhandover R1\nadvance 1s\n")
	r1, _ := r.router("R1")
	changed, err := compile("R1.cfg", r1.setup.Config+"interface Tunnel1\n shutdown\n")
	if err != nil {
		t.Fatal(err)
	}
	if err := r1.Command(ike.Adopt{Config: changed}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"advance 1s", "want sa 0", "want ikev2 0", "want event R2 DeleteReceived"} {
		if err := r.command(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// A router that is in the middle of something when its patience is over deletes what
// that was about, and the next process begins at once.
func TestHandOverImpatient(t *testing.T) {
	r := started(t, 1, "config ikev2-psk/\nstart auto\nwait up 20s\nloss 100%\n")
	r1, _ := r.router("R1")
	before := r1.Views()
	if err := r1.Command(ike.ClearSA{}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"advance 1s", "handover R1", "advance 10s", "loss 0%", "wait up 2m", "wait agreed 2m"} {
		if err := r.command(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	if after := r1.Views(); after.Counters.Established <= before.Counters.Established || after.IKEv2[0].ConnID <= before.IKEv2[0].ConnID {
		t.Errorf("the numbers begin anew: %+v after %+v", after.Counters, before.Counters)
	}
}

// No state that is cut off makes an engine.
func TestRestoreCut(t *testing.T) {
	r := started(t, 1, "start\ninitiate R1 Tunnel1\nwait up 5s\n")
	r1, _ := r.router("R1")
	config, err := compile("R1.cfg", r1.setup.Config)
	if err != nil {
		t.Fatal(err)
	}
	whole := r1.Export()
	for n := range whole {
		if _, err := engine.Restore(r.world.Now, ike.Env{Config: config}, engine.Options{}, whole[:n], r.world.Now); err == nil {
			t.Fatalf("%d octets of %d are taken", n, len(whole))
		}
	}
}

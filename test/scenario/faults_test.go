package scenario

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/test/faults"
)

// faultSeeds is more in make soak: each seed has the fault come and go at another moment.
var faultSeeds = flag.Int("faults", 4, "seeds of TestFaults, each of every fault with either version")

// Configurations of TestFaults, by version: R1 asks whether R2 lives, and R2 whether R1
// does, or nobody asks.
var (
	asking = [2]string{
		"config psk/\nadd R1 crypto isakmp keepalive 10 2 periodic\nadd R2 crypto isakmp keepalive 10 2 periodic\n",
		"config ikev2-psk/\nadd R1 crypto ikev2 profile prof1 | dpd 10 2 periodic\nadd R2 crypto ikev2 profile prof1 | dpd 10 2 periodic\n",
	}
	silent = [2]string{"config psk/\n", "config ikev2-psk/\ndrop R1 dpd 10 2 on-demand\ndrop R2 dpd 10 2 on-demand\n"}
)

const bothStart = "start auto\nwait up 1m\n"

// What befalls a tunnel in virtual time. The names are those of docs/faults.md.
var befalls = []struct {
	name        string
	config      [2]string
	files       [2]string // of the scenario that has the configurations, "" for those of config
	start       string
	fault, heal string // lines of a script
	lasts       time.Duration
}{
	{name: "loss of 10 %", config: asking, start: bothStart, fault: "loss 10%", heal: "loss 0%", lasts: 10 * time.Minute},
	{name: "loss of 30 %", config: asking, start: bothStart, fault: "loss 30%", heal: "loss 0%", lasts: 10 * time.Minute},
	{name: "delay of 500 ms", config: asking, start: bothStart, fault: "delay 500ms", lasts: 10 * time.Minute},
	{name: "reordering and duplicates", config: asking, start: bothStart, fault: "duplicate 30%\njitter 2s", lasts: 10 * time.Minute},
	{name: "black hole of 1 minute, DPD", config: asking, start: bothStart, fault: "loss 100%", heal: "loss 0%", lasts: time.Minute},
	{name: "black hole of 10 minutes, DPD", config: asking, start: bothStart, fault: "loss 100%", heal: "loss 0%", lasts: 10 * time.Minute},
	{name: "black hole of 60 minutes, DPD", config: asking, start: bothStart, fault: "loss 100%", heal: "loss 0%", lasts: 60 * time.Minute},
	{name: "black hole of 10 minutes, no DPD", config: silent, start: bothStart, fault: "loss 100%", heal: "loss 0%", lasts: 10 * time.Minute},
	{name: "black hole of 60 minutes, no DPD", config: silent, start: bothStart, fault: "loss 100%", heal: "loss 0%", lasts: 60 * time.Minute},
	{name: "NAT rebinding", config: asking, files: [2]string{"natt-rebind", "ikev2-natt"}, start: "start auto R1\nnat 192.168.0.1 R1\nstart R2\nwait up 1m\n", fault: "rebind"},
	{name: "peer reboots, and begins", config: asking, start: bothStart, fault: "kill R2", heal: "boot R2", lasts: time.Minute},
	{name: "peer reboots, and waits", config: asking, start: "start R2\nstart auto R1\nwait up 1m\n", fault: "kill R2\nboot R2"},
}

// After each fault the tunnel carries again within the documented time. A while later
// both ends agree: one pair of SAs under one IKE SA, and nothing that only one of them
// has; at no time could plaintext have left.
func TestFaults(t *testing.T) {
	for _, f := range befalls {
		v1, v2 := faults.Within(t, "../..", f.name)
		for i, within := range []time.Duration{v1, v2} {
			t.Run(fmt.Sprintf("%s, IKEv%d", f.name, i+1), func(t *testing.T) {
				t.Parallel()
				var worst time.Duration
				for seed := range *faultSeeds {
					archive := &txtar.Archive{}
					script := f.config[i] + f.start
					if f.files[i] != "" {
						var err error
						if archive, err = txtar.ParseFile("testdata/" + f.files[i] + ".txtar"); err != nil {
							t.Fatal(err)
						}
						script = strings.TrimPrefix(script, "config "+strings.Fields(f.config[i])[1]+"\n")
					}
					archive.Comment = []byte(script)
					complete(t, archive)
					r := newRun(archive, uint64(seed+1))
					took, err := befall(r, uint64(seed), f.fault, f.heal, f.lasts, within)
					if err != nil {
						t.Errorf("seed %d: %v", seed+1, err)
					}
					worst = max(worst, took)
				}
				t.Logf("back after %v at the latest, %v are documented", worst.Round(time.Millisecond), within)
			})
		}
	}
}

// befall gives how long the tunnel has taken after a fault.
func befall(r *run, seed uint64, fault, heal string, lasts, within time.Duration) (took time.Duration, err error) {
	if err := r.all(); err != nil {
		return 0, err
	}
	lines := func(script string) {
		for line := range strings.Lines(script) {
			if err == nil {
				if err = r.command(strings.TrimSpace(line)); err != nil {
					err = fmt.Errorf("%s: %w", line, err)
				}
			}
		}
	}
	chance := rand.New(rand.NewPCG(seed, 0))
	r.world.Run(time.Duration(chance.Int64N(int64(2 * time.Minute))))
	lines(fault)
	r.world.Run(lasts)
	if lasts > 0 {
		r.world.Run(time.Duration(chance.Int64N(int64(time.Minute))))
	}
	lines(heal)
	began := r.world.Now
	carries := func() error { return r.command("want carries R1 Tunnel1 R2 Tunnel1") }
	if !r.world.Until(within, func() bool { return carries() == nil }) && err == nil {
		err = fmt.Errorf("not after %v: %w", within, carries())
	}
	took = r.world.Now.Sub(began)
	lines("duplicate 0%\njitter 0s\ndelay 0s\nadvance 5m\nwait agreed 70m\nwant sa 1\n")
	for _, x := range r.routers {
		if v := x.Dataplane.Violations; len(v) > 0 && err == nil {
			err = fmt.Errorf("%s: %s", x.name, strings.Join(v, "; "))
		}
	}
	return took, err
}

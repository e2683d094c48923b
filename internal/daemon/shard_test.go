package daemon

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// recording is a data plane that writes down its orders, and may refuse links
// or policies.
type recording struct {
	*memory
	mu                   sync.Mutex
	orders               []string
	refuse, refusePolicy error
}

func (r *recording) note(s string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.orders = append(r.orders, s)
}

func (r *recording) SetPolicy(p ipsec.Policy) error    { r.note("set policy"); return r.refusePolicy }
func (r *recording) RemovePolicy(p ipsec.Policy) error { r.note("remove policy"); return nil }
func (r *recording) SetLink(l ipsec.Link) error        { r.note("set " + l.Name); return r.refuse }
func (r *recording) RemoveLink(name string) error      { r.note("remove " + name); return nil }
func (r *recording) SetRoute(ipsec.Route) error        { r.note("set route"); return nil }
func (r *recording) RemoveRoute(ipsec.Route) error     { r.note("remove route"); return nil }
func (r *recording) Sweep() error                      { r.note("sweep"); return nil }

// running is a daemon on free ports with a tunnel that goes nowhere.
func running(t *testing.T, plane *recording) *Daemon {
	t.Helper()
	cfg := compile(t, tunnelFrom+"127.0.0.1\nip route 192.168.200.0 255.255.255.0 10.0.0.2\n")
	sockets, err := netio.ListenDoors(netio.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &Daemon{hub: newHub(), plane: plane, sockets: sockets, log: zap.NewNop()}
	d.config.Store(cfg)
	d.options.Stderr = &bytes.Buffer{}
	d.kernel = newKernelQueue(plane)
	env := ike.Env{Config: cfg, PKI: pki.NewSnapshot(nil), Rand: rand.Reader}
	d.shard = newShard(engine.New(time.Now(), env, engine.Options{Options: tunnel.Options{Manual: true}}), d.kernel, sockets, d.hub, d.log, d)
	return d
}

// From start to stop: interfaces stand when the daemon says that it is ready,
// policies before links, and the other way round at the end.
func TestLife(t *testing.T) {
	plane := &recording{memory: newMemory()}
	d := running(t, plane)
	ctx, stop := context.WithCancel(t.Context())
	err := d.serve(ctx, d.sockets.Receive, func(context.Context) {
		view, err := d.View(ctx)
		if err != nil || len(view.Tunnels) != 1 {
			t.Errorf("view %+v, %v", view, err)
		}
		if err := d.Command(ctx, ike.Initiate{Tunnel: "Tunnel9"}); err == nil || !strings.Contains(err.Error(), "no such tunnel") {
			t.Errorf("an unknown tunnel: %v", err)
		}
		if c, err := d.Counters(ctx, []ipsec.SAID{{SPI: 1}}); err != nil || len(c) != 0 {
			t.Errorf("counters of an unknown SA: %v, %v", c, err)
		}
		stop()
	})
	if err != nil {
		t.Error(err)
	}
	// Of the way back, what the sweep has not made needless: nothing, or some.
	there := []string{"set policy", "set policy", "set Tunnel1", "set route"}
	back := []string{"remove route", "remove Tunnel1", "remove policy", "remove policy"}
	got := plane.orders[:max(0, len(plane.orders)-1)]
	if !slices.Contains(plane.orders[len(got):], "sweep") || len(got) < len(there) || !slices.Equal(got, append(there, back...)[:len(got)]) {
		t.Errorf("orders\n%q\nwant\n%q and then of\n%q the first few, and a sweep", plane.orders, there, back)
	}
	if out := d.options.Stderr.(*bytes.Buffer).String(); out != "obold: ready\n" {
		t.Errorf("stderr %q", out)
	}
	if err := d.shard.call(nil); !errors.Is(err, errStopped) {
		t.Errorf("a call after the end: %v", err)
	}
}

func TestRefusedInterfaceIsNoStart(t *testing.T) {
	plane := &recording{memory: newMemory(), refuse: errors.New("operation not supported")}
	d := running(t, plane)
	err := d.serve(t.Context(), d.sockets.Receive, func(context.Context) { t.Error("the control socket serves") })
	refused, ok := errors.AsType[*Error](err)
	if !ok || refused.Exit != ExitSystem || err.Error() != "operation not supported" {
		t.Errorf("error %v", err)
	}
	if want := []string{"set policy", "set policy", "set Tunnel1", "sweep"}; !slices.Equal(plane.orders, want) {
		t.Errorf("orders\n%q\nwant\n%q", plane.orders, want)
	}
	if out := d.options.Stderr.(*bytes.Buffer).String(); out != "" {
		t.Errorf("stderr %q", out)
	}
}

// Without its policies a link would send in clear: it is not made.
func TestNoLinkWithoutItsPolicies(t *testing.T) {
	plane := &recording{memory: newMemory(), refusePolicy: errors.New("it exists and is not obol's")}
	d := running(t, plane)
	if err := d.serve(t.Context(), d.sockets.Receive, func(context.Context) {}); !errors.Is(err, plane.refusePolicy) {
		t.Errorf("error %v", err)
	}
	if want := []string{"set policy", "sweep"}; !slices.Equal(plane.orders, want) {
		t.Errorf("orders\n%q\nwant\n%q", plane.orders, want)
	}
}

// A signal that comes early is obeyed, and is no error.
func TestStopBeforeReady(t *testing.T) {
	d := running(t, &recording{memory: newMemory()})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if err := d.serve(ctx, d.sockets.Receive, func(context.Context) {}); err != nil {
		t.Error(err)
	}
}

// A socket that fails under way ends the daemon, and not in silence.
func TestLostSocketEndsTheDaemon(t *testing.T) {
	d := running(t, &recording{memory: newMemory()})
	lost := errors.New("UDP port 500: no buffer space available")
	err := d.serve(t.Context(), func(func([]ike.Datagram)) error { return lost }, func(ctx context.Context) { <-ctx.Done() })
	if !errors.Is(err, lost) {
		t.Errorf("error %v", err)
	}
}

func TestStopDoesNotWaitForADeadKernel(t *testing.T) {
	d := running(t, &recording{memory: newMemory()})
	d.shard.begin()
	hold := make(chan struct{})
	defer close(hold)
	d.kernel.put(func(ipsec.Dataplane) { <-hold })
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	d.stop(ctx) // for ever, if it waited
}

// The timer rings no later than the engine wants, and when it has rung it is set
// again; for a later time it is left as it is.
func TestTimerRingsInTime(t *testing.T) {
	d := running(t, &recording{memory: newMemory()})
	defer d.sockets.Close()
	s := d.shard
	wanted := func() (at time.Time) {
		s.mu.Lock()
		defer s.mu.Unlock()
		at, _ = s.engine.NextTimeout()
		return at
	}
	s.turn(func(now time.Time) {
		if err := s.engine.Command(now, ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
			t.Error(err)
		}
	})
	repeat := wanted()
	if repeat.IsZero() || !s.rings.Equal(repeat) {
		t.Fatalf("the timer rings at %v, the engine wants %v", s.rings, repeat)
	}
	s.turn(s.rung) // too early
	if !s.rings.Equal(repeat) {
		t.Errorf("after a call too early it rings at %v, not at %v", s.rings, repeat)
	}
	s.turn(func(time.Time) { s.engine.HandleTimeout(repeat) }) // sends again: the next time is later
	if later := wanted(); !later.After(repeat) || !s.rings.Equal(repeat) {
		t.Errorf("the engine wants %v, and the timer rings at %v", later, s.rings)
	}
	s.turn(s.rung)
	if !s.rings.Equal(wanted()) {
		t.Errorf("when it has rung it rings at %v, the engine wants %v", s.rings, wanted())
	}
	s.stop()
	d.kernel.close(t.Context())
}

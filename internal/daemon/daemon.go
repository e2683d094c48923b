// Package daemon is the shell around the core: the turns of one engine, which
// datagrams, time, kernel answers and commands cause, the one switch that
// carries out what the engine wants, and what stands around them: sockets,
// data plane, store, control socket, log.
//
//	netio ──datagrams──▶ ┌───────┐ ──Send──────────────▶ netio
//	timer ─────────────▶ │ shard │ ──SA, policy, link──▶ kernel queue ─▶ xfrm
//	control ──calls────▶ │       │ ──Lookup────────────▶ fetcher ─▶ HTTP
//	                     └───────┘ ──Report────────────▶ hub ─▶ log, debug
//	                         ▲                              │
//	                         └────────── Installed ─────────┘ (from the queue)
package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/enrol"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// Exit statuses of obold.
const (
	ExitStopped = 0 // stopped on request
	ExitConfig  = 1 // configuration or store unusable
	ExitUsage   = 2
	ExitSystem  = 3 // port in use, capability, no ESP
)

// stopPatience is how long an orderly stop may take. It takes a second or two
// with hundreds of tunnels; configs/obold.service allows for all of it.
const stopPatience = 20 * time.Second

// headroom are octets that the collector counts as live. It runs when the heap has
// doubled, or as GOGC and GOMEMLIMIT say: that of a few tunnels is so small that this
// is every fifty handshakes, for a tenth of the processor time. Nobody touches them,
// so they take no memory themselves; garbage may come to as much before it is
// collected. More of them save nothing: 8, 32 and 96 MB cost a handshake the same.
const headroom = 8 << 20

// Options are obold's flags.
type Options struct {
	Config            string            // path of the startup-config
	Store             string            // directory
	Socket            string            // path of the control socket
	KeyPassphraseFile string            // its first line opens and seals the store's private keys; "" when they are in the clear
	Manual            bool              // tunnels negotiate on command only
	Plane             Plane             // what carries the SAs
	Debug             []ioslog.Facility // debug lines that go to the log too
	Reload            <-chan os.Signal  // each reads Config again
	HandOver          <-chan os.Signal  // the next process goes on with what stands
	Stderr            io.Writer
	Journal           bool // Stderr is systemd's journal: the log's lines go there with their fields
}

// An Error is why the daemon could not start, and the exit status that says so.
type Error struct {
	Exit int
	Err  error
}

func (e *Error) Error() string { return e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

func refuse(exit int, err error) error { return &Error{exit, err} }

// Compile reads a startup-config and compiles it. The error holds every fault,
// one or more lines each.
func Compile(path string) (*policy.Config, error) {
	source, err := startup(path)
	if err != nil {
		return nil, refuse(ExitConfig, err)
	}
	cfg, errs := policy.Compile(source)
	if len(errs) > 0 {
		return nil, refuse(ExitConfig, errs)
	}
	return cfg, nil
}

// Remarks prints what Compile accepted without obeying, or with a warning.
func Remarks(w io.Writer, cfg *policy.Config) {
	for _, r := range cfg.Ignored {
		fmt.Fprintf(w, "%s: %s\n", r.Pos, r.Text) // "ignored: ..."
	}
	for _, r := range cfg.Warnings {
		fmt.Fprintf(w, "%s: warning: %s\n", r.Pos, r.Text)
	}
}

// Daemon is a running obold.
type Daemon struct {
	options Options
	store   *store.Store
	sockets *netio.Doors
	plane   ipsec.Dataplane
	kernel  *kernelQueue
	hub     *hub
	shard   *shard
	log     *zap.Logger

	supervisor supervisor
	enrolment  *enrol.Work
	enrolled   chan struct{} // the store has changed: holds one
	repairs    repairs

	changing sync.Mutex // one writer at the store, and one change of the configuration
	config   atomic.Pointer[policy.Config]
	snapshot atomic.Pointer[pki.Snapshot]
	paths    atomic.Pointer[paths]
}

// Run is the life of the daemon: it returns nil when ctx has ended and
// everything of ours is gone again, and an *Error when it cannot start.
//
// Whatever another obold would lose by a second start comes first: the ports
// are taken before anything in the kernel is touched.
func Run(ctx context.Context, o Options) error {
	untouched := make([]byte, headroom)
	defer runtime.KeepAlive(untouched)
	cfg, err := Compile(o.Config)
	if err != nil {
		return err
	}
	Remarks(o.Stderr, cfg)
	d := &Daemon{options: o, hub: newHub(), supervisor: environment()}
	d.config.Store(cfg)
	// Others compare it with theirs: it must not depend on the directory.
	if d.options.Store, err = filepath.Abs(o.Store); err != nil {
		return refuse(ExitConfig, err)
	}
	if d.store, err = openStore(d.options); err != nil {
		return refuse(ExitConfig, err)
	}
	snapshot, remarks, err := load(d.store, cfg)
	if err != nil {
		return refuse(ExitConfig, err)
	}
	for _, r := range remarks {
		fmt.Fprintf(o.Stderr, "%s\n", r)
	}
	d.snapshot.Store(snapshot)
	paths, err := findDevices(cfg, o.Stderr)
	if err != nil {
		return refuse(ExitSystem, err)
	}
	d.paths.Store(&paths)
	if d.options.Plane, err = choose(o.Plane, cfg, o.Stderr); err != nil {
		return refuse(ExitSystem, err)
	}
	useProcessors(d.options.Plane)
	ports := netio.Options{IKE: netio.PortIKE, NATT: netio.PortNATT, Bypass: d.options.Plane == Kernel, ESP: d.options.Plane == Userspace, Kept: d.supervisor.kept()}
	if d.sockets, err = netio.ListenDoors(ports, cfg.FrontDoors()...); err != nil {
		return refuse(ExitSystem, err)
	}
	defer d.sockets.Close()
	if d.plane, err = openDataplane(d.options.Plane, d.sockets); err != nil {
		return refuse(ExitSystem, err)
	}
	defer d.plane.Close()
	listener, err := control.Listen(o.Socket)
	if err != nil {
		return refuse(ExitSystem, err)
	}
	defer listener.Close()
	options := engine.Options{Options: tunnel.Options{Manual: o.Manual, PathMTU: d.pathMTU}}
	first, err := d.firstEngine(cfg, snapshot, options)
	if err != nil {
		return refuse(ExitSystem, err)
	}

	var ended func()
	d.log, ended = startLog(logOf(o), d.hub, o.Debug)
	defer ended()
	d.kernel = newKernelQueue(d.plane)
	d.enrolment, d.enrolled = d.newEnrolment(), make(chan struct{}, 1)
	d.shard = newShard(first, d.kernel, d.sockets, d.hub, d.log, d)
	return d.serve(ctx, d.sockets.Receive, func(ctx context.Context) {
		var working sync.WaitGroup
		working.Go(func() { d.enrol(ctx) })
		working.Go(func() { d.followReloads(ctx) })
		working.Go(func() { d.supervisor.watch(ctx, d) })
		working.Go(func() { d.reconcileAlways(ctx) })
		control.Serve(ctx, listener, control.Handle(d))
		working.Wait()
	})
}

// logOf is where lines of the log go to.
func logOf(o Options) zapcore.Core {
	if o.Journal {
		return inJournal{LevelEnabler: zapcore.DebugLevel, send: journal.Send}
	}
	return inText(o.Stderr)
}

// load reads the store and adds what only the configuration has: the blocks of
// crypto pki certificate chain. The remarks tell which of them were not used.
func load(st *store.Store, cfg *policy.Config) (*pki.Snapshot, []string, error) {
	snapshot, err := st.Load(cfg.Trustpoints)
	if err != nil {
		return nil, nil, err
	}
	var blocks []pki.ChainBlock
	for _, chain := range cfg.Chains {
		for _, c := range chain.Certificates {
			line := fmt.Sprintf("%s:%d", c.Pos.File, c.Pos.Line)
			blocks = append(blocks, pki.ChainBlock{Trustpoint: chain.Trustpoint, CA: c.CA, DER: c.DER, Line: line})
		}
	}
	snapshot, remarks := snapshot.WithPolicy(cfg.PKI).WithTrustpool(snapshot.Trustpool(), cfg.Trustpool.Settings).WithChains(blocks)
	return snapshot, remarks, nil
}

// openStore opens the store with the passphrase of its keys.
func openStore(o Options) (*store.Store, error) {
	st, err := store.Open(o.Store)
	if err != nil || o.KeyPassphraseFile == "" {
		return st, err
	}
	text, err := os.ReadFile(o.KeyPassphraseFile)
	if err != nil {
		return nil, err
	}
	defer clear(text)
	line, _, _ := bytes.Cut(text, []byte("\n"))
	if line = bytes.TrimSuffix(line, []byte("\r")); len(line) == 0 {
		return nil, fmt.Errorf("%s: the passphrase is empty", o.KeyPassphraseFile)
	}
	st.UsePassphrase(line)
	return st, nil
}

// serve runs everything until ctx ends, or until a part of it cannot go on.
// receive reads the sockets until they are closed, controlSocket answers
// commands until its context ends.
func (d *Daemon) serve(ctx context.Context, receive func(func([]ike.Datagram)) error, controlSocket func(context.Context)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	received := make(chan struct{})
	go func() {
		defer close(received)
		if err := receive(d.shard.deliver); err != nil {
			cancel(err)
		}
	}()
	d.shard.begin()
	go d.followHandOver(ctx, cancel)

	err := d.interfacesUp(ctx)
	if err == nil {
		fmt.Fprintln(d.options.Stderr, "obold: ready")
		d.supervisor.tell("READY=1")
		controlSocket(ctx)
	}
	d.supervisor.tell("STOPPING=1")
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	handsOver := errors.Is(err, errHandOver)
	if handsOver || errors.Is(err, context.Canceled) {
		err = nil // on request
	}
	stopping, done := context.WithTimeout(context.Background(), stopPatience)
	defer done()
	if handsOver {
		d.handOver(stopping)
	} else {
		d.stop(stopping)
	}
	d.sockets.Close()
	<-received
	if err != nil {
		return refuse(ExitSystem, err)
	}
	return nil
}

// interfacesUp waits for the first links, policies and routes.
func (d *Daemon) interfacesUp(ctx context.Context) error {
	if err := d.kernel.flush(ctx); err != nil {
		return err
	}
	return d.shard.start.end()
}

// stop tells the peers and takes everything of ours out of the kernel. It waits
// no longer than ctx: what a kernel that does not answer keeps is swept at the
// next start.
func (d *Daemon) stop(ctx context.Context) {
	err := d.shard.call(func(e *engine.Engine, now time.Time) {
		if err := e.Command(now, ike.Shutdown{}); err != nil {
			d.log.Error("shutting down", zap.Error(err))
		}
	})
	d.shard.stop()
	// One sweep does what the single orders would, and undoes what a start that
	// is cut short has made. It takes many links at once, and the kernel tens of
	// milliseconds for each way of taking some.
	d.kernel.drop()
	swept := make(chan error, 1)
	d.kernel.put(func(plane ipsec.Dataplane) { swept <- plane.Sweep() })
	err = errors.Join(err, d.kernel.close(ctx))
	if err == nil {
		err = <-swept
	}
	if err != nil {
		d.log.Error("something of ours stays in the kernel", zap.Error(err))
	}
	d.hub.close()
}

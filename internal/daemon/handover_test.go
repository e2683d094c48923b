package daemon

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// leaving is a daemon with a store and a directory for its legacy.
func leaving(t *testing.T, plane *recording) *Daemon {
	t.Helper()
	d := running(t, plane)
	dir := t.TempDir()
	var err error
	if d.store, err = store.Open(filepath.Join(dir, "store")); err != nil {
		t.Fatal(err)
	}
	d.options.Socket, d.options.Plane = filepath.Join(dir, "obol.sock"), None
	return d
}

// For SIGUSR2 the daemon ends without a sweep and without a link removed. The next one
// finds its configuration and its engine; it is asked once.
func TestHandOver(t *testing.T) {
	plane := &recording{memory: newMemory()}
	d := leaving(t, plane)
	d.config.Load().Sources = []policy.Source{{Name: "r1.cfg", Text: []byte(tunnelFrom + "127.0.0.1\n")}}
	signals := make(chan os.Signal, 1)
	d.options.HandOver = signals
	err := d.serve(t.Context(), d.sockets.Receive, func(ctx context.Context) {
		signals <- syscall.SIGUSR2
		<-ctx.Done()
	})
	if err != nil || slices.ContainsFunc(plane.orders, func(o string) bool { return o == "sweep" || strings.HasPrefix(o, "remove") }) {
		t.Fatalf("%v, orders %q", err, plane.orders)
	}
	if info, err := os.Stat(d.legacyPath()); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", info, err)
	}
	options := engine.Options{}
	e, err := d.restore(time.Now(), pki.NewSnapshot(nil), options)
	if err != nil || e == nil {
		t.Fatalf("the next process has no engine: %v", err)
	}
	if v := e.Views(time.Now()); len(v.Tunnels) != 1 {
		t.Errorf("%+v", v)
	}
	if e, err := d.restore(time.Now(), pki.NewSnapshot(nil), options); e != nil || err != nil {
		t.Errorf("it is there twice: %v", err)
	}
	if _, err := os.Stat(d.legacyPath()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is left behind: %v", err)
	}
}

// Systemd gets the sockets of a daemon that hands over, and what comes before the next
// one waits for it.
func TestSocketsAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	listener.SetReadDeadline(time.Now().Add(time.Minute)) // of what never comes
	d := leaving(t, &recording{memory: newMemory()})
	d.supervisor = supervisor{socket: path}
	signals := make(chan os.Signal, 1)
	d.options.HandOver = signals
	signals <- syscall.SIGUSR2
	if err := d.serve(t.Context(), d.sockets.Receive, func(ctx context.Context) { <-ctx.Done() }); err != nil {
		t.Fatal(err)
	}
	var kept []*os.File
	for range d.sockets.Conns() {
		kept = append(kept, hearSocket(t, listener))
	}
	port, natt := d.sockets.Ports()
	peer, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	if _, err := peer.Write([]byte("for the next process")); err != nil {
		t.Fatal(err)
	}
	next, err := netio.Listen(netio.Options{IKE: port, NATT: natt, Kept: kept})
	if err != nil {
		t.Fatal(err)
	}
	err = next.Receive(func(batch []ike.Datagram) {
		if got := string(batch[0].Data); got != "for the next process" {
			t.Errorf("%q", got)
		}
		next.Close()
	})
	if err != nil {
		t.Error(err)
	}
}

// hearSocket waits until systemd is given a socket.
func hearSocket(t *testing.T, listener *net.UnixConn) *os.File {
	t.Helper()
	for {
		text, rights := make([]byte, 100), make([]byte, unix.CmsgSpace(4))
		n, m, _, _, err := listener.ReadMsgUnix(text, rights)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text[:n]), "FDSTORE=1\n") {
			continue
		}
		list, err := unix.ParseSocketControlMessage(rights[:m])
		if err != nil || len(list) != 1 {
			t.Fatalf("%d control messages, %v", len(list), err)
		}
		fds, err := unix.ParseUnixRights(&list[0])
		if err != nil || len(fds) != 1 {
			t.Fatalf("%v, %v", fds, err)
		}
		return os.NewFile(uintptr(fds[0]), fdName)
	}
}

// What is not as it was left is named in one line, and the daemon starts as after a
// crash: with a sweep.
func TestLegacyRefused(t *testing.T) {
	for reason, spoil := range map[string]func(d *Daemon, l *legacy){
		"it was altered": func(d *Daemon, _ *legacy) {
			sealed, _ := os.ReadFile(d.legacyPath())
			sealed[len(sealed)/2] ^= 1
			os.WriteFile(d.legacyPath(), sealed, 0o600)
		},
		"or is of another store": func(d *Daemon, _ *legacy) { os.Truncate(d.legacyPath(), 20) },
		"the store has no key":   func(d *Daemon, _ *legacy) { d.store.TakeHandover() },
		"at most 5m0s will do":   func(d *Daemon, l *legacy) { l.at = l.at.Add(-time.Hour); d.bequeath(*l) },
		"ago":                    func(d *Daemon, l *legacy) { l.at = l.at.Add(time.Hour); d.bequeath(*l) },
		"its data plane was":     func(d *Daemon, _ *legacy) { d.options.Plane = Kernel },
		"its version is 99":      func(d *Daemon, l *legacy) { l.engine = []byte{99}; d.bequeath(*l) },
		"its version is 98":      func(d *Daemon, _ *legacy) { d.seal([]byte{98}) },
	} {
		plane := &recording{memory: newMemory()}
		d := leaving(t, plane)
		stderr := &bytes.Buffer{}
		d.options.Stderr = stderr
		l := legacy{plane: None, at: time.Now(), engine: []byte{0}, sources: []policy.Source{{Name: "r1.cfg", Text: []byte(tunnelFrom + "127.0.0.1\n")}}}
		if err := d.bequeath(l); err != nil {
			t.Fatal(err)
		}
		spoil(d, &l)
		e, err := d.firstEngine(d.Config(), pki.NewSnapshot(nil), engine.Options{})
		if err != nil || e == nil || !slices.Equal(plane.orders, []string{"sweep"}) {
			t.Errorf("%s: %v, orders %q", reason, err, plane.orders)
		}
		if out := stderr.String(); !strings.Contains(out, reason) || strings.Count(out, "\n") != 1 {
			t.Errorf("it says %q, want %q", out, reason)
		}
		if _, err := os.Stat(d.legacyPath()); err == nil {
			t.Errorf("%s: it is left behind", reason)
		}
	}
}

// carrying is a data plane in the process.
type carrying struct {
	*recording
	sas []byte
}

func (c *carrying) Export(time.Time) ([]byte, error) { return bytes.Clone(c.sas), nil }

func (c *carrying) Import(octets []byte, _ time.Time) error {
	if len(octets) == 0 {
		return errors.New("no SAs")
	}
	c.sas = bytes.Clone(octets)
	return nil
}

// What a data plane in the process knows goes over with the engine, and where it cannot go
// on with that the daemon begins anew.
func TestHandOverInUserspace(t *testing.T) {
	for _, sas := range []string{"keys and sequence numbers", ""} {
		plane := &recording{memory: newMemory()}
		d := leaving(t, plane)
		d.plane = &carrying{recording: plane, sas: []byte(sas)}
		d.config.Load().Sources = []policy.Source{{Name: "r1.cfg", Text: []byte(tunnelFrom + "127.0.0.1\n")}}
		signals := make(chan os.Signal, 1)
		d.options.HandOver = signals
		signals <- syscall.SIGUSR2
		if err := d.serve(t.Context(), d.sockets.Receive, func(ctx context.Context) { <-ctx.Done() }); err != nil {
			t.Fatal(err)
		}
		next := &carrying{recording: plane}
		d.plane, plane.orders = next, nil
		_, err := d.firstEngine(d.Config(), pki.NewSnapshot(nil), engine.Options{})
		if anew := slices.Contains(plane.orders, "sweep"); err != nil || string(next.sas) != sas || anew != (sas == "") {
			t.Errorf("%v, %q of %q, orders %q", err, next.sas, sas, plane.orders)
		}
	}
}

// A legacy is useless without the store: neither keys nor configuration stand in it.
func TestLegacySealed(t *testing.T) {
	d := leaving(t, &recording{memory: newMemory()})
	secret := []byte("crypto isakmp key cisco123")
	if err := d.bequeath(legacy{plane: None, at: time.Now(), sources: []policy.Source{{Text: secret}}, engine: secret}); err != nil {
		t.Fatal(err)
	}
	sealed, err := os.ReadFile(d.legacyPath())
	if err != nil || bytes.Contains(sealed, secret[:8]) {
		t.Errorf("%q, %v", sealed, err)
	}
	if l, err := d.inherit(); err != nil || !bytes.Equal(l.engine, secret) || !bytes.Equal(l.sources[0].Text, secret) {
		t.Errorf("%+v, %v", l, err)
	}
}

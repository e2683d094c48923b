package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// reloading is a daemon whose startup-config can be written; it has the tunnel of
// running. serve gives what it has logged.
func reloading(t *testing.T) (d *Daemon, plane *recording, log *observer.ObservedLogs) {
	t.Helper()
	plane = &recording{memory: newMemory()}
	d = running(t, plane)
	dir := t.TempDir()
	st, err := store.Open(filepath.Join(dir, "store"))
	if err != nil {
		t.Fatal(err)
	}
	core, log := observer.New(zap.InfoLevel)
	d.store, d.log, d.enrolled = st, zap.New(core), make(chan struct{}, 1)
	d.snapshot.Store(pki.NewSnapshot(nil))
	d.options.Plane, d.options.Config = None, filepath.Join(dir, "r1.cfg")
	return d, plane, log
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func lines(log *observer.ObservedLogs) (text []string) {
	for _, e := range log.TakeAll() {
		text = append(text, e.Message)
	}
	return text
}

// A signal reads the startup-config. With errors in it everything stays, and the log has
// each of them with its place.
func TestReload(t *testing.T) {
	d, plane, log := reloading(t)
	err := serving(t, d, func(ctx context.Context) {
		before := d.Config()
		write(t, d.options.Config, "interface Tunnel1\n tunnel sauce 127.0.0.1\n tunnel mode nothing\n")
		plane.take()
		d.reload(ctx)
		if got, want := lines(log), []string{":2:9: ", ":3:14: ", "the configuration is not replaced"}; len(got) != 3 ||
			!slices.EqualFunc(got, want, func(line, place string) bool { return strings.Contains(line, place) }) {
			t.Errorf("log %q, want lines with %q", got, want)
		}
		if orders := plane.take(); d.Config() != before || len(orders) > 0 {
			t.Errorf("a broken file changed something: %q", orders)
		}

		write(t, d.options.Config, tunnelFrom+"127.0.0.1\ninterface Tunnel1\n ip mtu 1300\ninterface Ethernet0/9\n ip address 192.0.2.77 255.255.255.0\n")
		d.reload(ctx)
		if orders, want := plane.take(), []string{"remove route", "set Tunnel1"}; !slices.Equal(orders, want) {
			t.Errorf("orders %q, want %q", orders, want)
		}
		if got := lines(log); len(got) != 2 || !strings.Contains(got[0], "no Linux interface has the address 192.0.2.77") && !strings.Contains(got[1], "no Linux interface has the address 192.0.2.77") {
			t.Errorf("log %q, want the remark of the text, and that it holds", got)
		}
		if d.Config() == before || d.Config().File() != d.options.Config {
			t.Error("the running configuration is the old one")
		}

		os.Remove(d.options.Config)
		d.reload(ctx)
		if got := lines(log); len(got) != 2 || !strings.Contains(got[0], "no such file") {
			t.Errorf("log %q", got)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// What is for another host, or not for this data plane, is refused before anything
// changes.
func TestReplaceRefused(t *testing.T) {
	d, plane, _ := reloading(t)
	err := serving(t, d, func(ctx context.Context) {
		plane.take()
		for text, want := range map[string]string{
			"crypto isakmp policy 10\n group 3\n": "new.cfg:2:8",
			tunnelFrom + "192.0.2.99\n":           "new.cfg:4:1: interface Tunnel1: tunnel source 192.0.2.99 is no address of this host",
		} {
			source := &policy.Source{Name: "new.cfg", Text: []byte(text)}
			_, err := d.Replace(ctx, source, 0, new(strings.Builder))
			_, foreseen := d.Compare(source, new(strings.Builder))
			if err == nil || foreseen == nil || !strings.Contains(err.Error(), want) || foreseen.Error() != err.Error() {
				t.Errorf("replace %v, diff %v, want %s", err, foreseen, want)
			}
			if faults, ok := errors.AsType[ios.Errors](err); ok && len(faults) == 0 {
				t.Error("no faults")
			}
		}
		if orders := plane.take(); len(orders) > 0 {
			t.Errorf("orders %q", orders)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// A configuration on trial goes again, with the one of before in every respect.
func TestReplaceOnTrial(t *testing.T) {
	d, plane, _ := reloading(t)
	err := serving(t, d, func(ctx context.Context) {
		before := d.Config()
		other := &policy.Source{Name: "other.cfg", Text: []byte(strings.Replace(tunnelFrom, "destination 192.0.2.2", "destination 192.0.2.3", 1) + "127.0.0.1\n")}
		foreseen, err := d.Compare(other, new(strings.Builder))
		if err != nil {
			t.Fatal(err)
		}
		done, err := d.Replace(ctx, other, 5*time.Minute, new(strings.Builder))
		if err != nil || done.String() != foreseen.String() || done.String() != "0 new, 0 removed, 1 renegotiated, 0 untouched" {
			t.Fatalf("%v, %v, foreseen %v", done, err, foreseen)
		}
		if _, err := d.Replace(ctx, other, 0, new(strings.Builder)); !errors.Is(err, engine.ErrTrial) {
			t.Errorf("a second replace during the trial: %v", err)
		}
		plane.take()
		if err := d.Command(ctx, ike.Revert{}); err != nil {
			t.Fatal(err)
		}
		d.shard.fetcher.going.Wait()
		if err := d.kernel.flush(ctx); err != nil {
			t.Fatal(err)
		}
		if orders := plane.take(); d.Config() != before || !slices.Contains(orders, "set Tunnel1") {
			t.Errorf("not back: %q", orders)
		}
		if err := d.Command(ctx, ike.Confirm{}); !errors.Is(err, engine.ErrNoTrial) {
			t.Errorf("nothing is on trial: %v", err)
		}
	})
	if err != nil {
		t.Error(err)
	}
}

// serving runs a daemon for the time of f.
func serving(t *testing.T, d *Daemon, f func(context.Context)) error {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	return d.serve(ctx, d.sockets.Receive, func(context.Context) {
		f(ctx)
		stop()
	})
}

// take gives what was ordered since the last time.
func (r *recording) take() (orders []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	orders, r.orders = r.orders, nil
	return orders
}

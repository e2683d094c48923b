package daemon

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestFindSupervisor(t *testing.T) {
	for _, test := range []struct {
		name string
		env  map[string]string
		want supervisor
	}{
		{"none", nil, supervisor{}},
		{"no watchdog", map[string]string{"NOTIFY_SOCKET": "/run/n"}, supervisor{socket: "/run/n"}},
		{"watchdog", map[string]string{"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, supervisor{"@n", 15 * time.Second}},
		{"another process's", map[string]string{"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, supervisor{socket: "@n"}},
		{"no number", map[string]string{"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "soon"}, supervisor{socket: "@n"}},
	} {
		if got := findSupervisor(func(name string) string { return test.env[name] }, 7); got != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, got, test.want)
		}
	}
}

// Systemd hears when the daemon is ready, that it lives, and that it stops.
func TestSupervised(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	// What comes is read at once, or who says it waits; what comes again is left out.
	heard := make(chan string, 3)
	go func() {
		defer close(heard)
		b, last := make([]byte, 100), ""
		for {
			n, err := listener.Read(b)
			if err != nil {
				return
			}
			if said := string(b[:n]); said != last {
				last = said
				heard <- said
			}
		}
	}()
	d := running(t, &recording{memory: newMemory()})
	d.supervisor = supervisor{path, time.Millisecond}
	ctx, stop := context.WithCancel(t.Context())
	err = d.serve(ctx, d.sockets.Receive, func(ctx context.Context) {
		if got := <-heard; got != "READY=1" {
			t.Errorf("first %q", got)
		}
		watching := make(chan struct{})
		go func() { defer close(watching); d.supervisor.watch(ctx, d) }()
		if got := <-heard; got != "WATCHDOG=1" {
			t.Errorf("then %q", got)
		}
		stop()
		<-watching
	})
	if err != nil {
		t.Error(err)
	}
	if got := <-heard; got != "STOPPING=1" {
		t.Errorf("at last %q", got)
	}
}

// Where systemd reads nothing, what is said is given up.
func TestNobodyListens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	s := supervisor{socket: path}
	for err == nil { // until its queue is full
		err = s.send(10*time.Millisecond, "WATCHDOG=1", nil)
	}
	if !errors.Is(err, unix.EAGAIN) {
		t.Error(err)
	}
}

package daemon

import (
	"context"
	"net"
	"os"
	"strconv"
	"time"
)

// A supervisor is who started the daemon and wants to hear how it is: systemd, with
// Type=notify and WatchdogSec= (sd_notify(3)). Without one it hears nothing.
type supervisor struct {
	socket string        // NOTIFY_SOCKET; "" for none, "@..." in the abstract namespace
	every  time.Duration // a sign of life is due; 0: none is
}

// findSupervisor reads what systemd passes to the process with that number.
func findSupervisor(getenv func(string) string, pid int) supervisor {
	s := supervisor{socket: getenv("NOTIFY_SOCKET")}
	microseconds, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64)
	if whose := getenv("WATCHDOG_PID"); err != nil || whose != "" && whose != strconv.Itoa(pid) {
		return s
	}
	s.every = time.Duration(microseconds) * time.Microsecond / 2
	return s
}

// tell sends a state. Who does not listen is not waited for.
func (s supervisor) tell(state string) {
	if s.socket == "" {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: s.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(state))
}

// watch gives signs of life until ctx ends, each after a turn of the shard and a turn
// of the data plane's queue: where one of them hangs none follows, and systemd restarts
// the daemon.
func (s supervisor) watch(ctx context.Context, d *Daemon) {
	if s.socket == "" || s.every <= 0 {
		return
	}
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if d.shard.turn(func(time.Time) {}) && d.kernel.flush(ctx) == nil {
				s.tell("WATCHDOG=1")
			}
		}
	}
}

// environment is systemd's word to this process.
func environment() supervisor { return findSupervisor(os.Getenv, os.Getpid()) }

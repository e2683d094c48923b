package daemon

import (
	"context"
	"errors"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
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

// supervisorPatience is how long what is said may wait for room in a queue that systemd
// does not read: the tunnels matter more.
const supervisorPatience = 5 * time.Second

// tell sends a state. Who does not listen is not waited for.
func (s supervisor) tell(state string) {
	if s.socket != "" {
		s.send(supervisorPatience, state, nil)
	}
}

// send sends a state, and the rights to sockets with it. EAGAIN: there was no room for it.
func (s supervisor) send(patience time.Duration, state string, rights []byte) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &limit); err != nil {
		return err
	}
	for {
		err := unix.Sendmsg(fd, []byte(state), rights, &unix.SockaddrUnix{Name: s.socket}, unix.MSG_NOSIGNAL)
		if err != unix.EINTR {
			return err
		}
	}
}

// fdName is what systemd calls the sockets that it keeps.
const fdName = "ike"

// keep leaves sockets with systemd: it opens them to the next process of the service
// (sd_notify(3), FDSTORE=1), and closes them where none follows.
func (s supervisor) keep(sockets []syscall.Conn) error {
	if s.socket == "" {
		return nil
	}
	var errs []error
	for _, socket := range sockets {
		raw, err := socket.SyscallConn()
		if err == nil {
			err = raw.Control(func(fd uintptr) {
				errs = append(errs, s.send(supervisorPatience, "FDSTORE=1\nFDPOLL=0\nFDNAME="+fdName, unix.UnixRights(int(fd))))
			})
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// kept are the sockets that systemd has kept. They are this process's then.
func (s supervisor) kept() []*os.File {
	files := activation.Files(true)
	if len(files) > 0 {
		s.tell("FDSTOREREMOVE=1\nFDNAME=" + fdName)
	}
	return files
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

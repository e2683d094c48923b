// Package netlab makes small networks of Linux network namespaces, for tests
// that run as root (as a rule in the virtual machine of test/vm).
//
//	a [e0 192.0.2.1]----veth----[e0 192.0.2.2] b
package netlab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netns"
)

// Host is a network namespace. It has a name below /run/netns, so that "ip
// netns exec NAME" and tcpdump reach it too.
type Host struct {
	Name string
	ns   netns.NsHandle
	t    testing.TB
}

// New makes a namespace with its loopback up, and removes it when the test is
// over. One of that name which an earlier test left behind is replaced.
func New(t testing.TB, name string) *Host {
	t.Helper()
	if _, err := os.Stat("/run/netns/" + name); err == nil {
		ip(t, "", "netns", "del", name)
	}
	ip(t, "", "netns", "add", name)
	ns, err := netns.GetFromName(name)
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{Name: name, ns: ns, t: t}
	t.Cleanup(func() {
		ns.Close()
		ip(t, "", "netns", "del", name)
	})
	h.IP("link set lo up")
	return h
}

// Join joins two hosts by a veth pair with the given names.
func Join(a *Host, aLink string, b *Host, bLink string) {
	a.t.Helper()
	a.IP("link add " + aLink + " type veth peer name " + bLink + " netns " + b.Name)
}

// Pair makes the hosts a and b joined by a veth named e0 on both, with the
// given addresses (with prefix lengths).
func Pair(t testing.TB, aAddr, bAddr string) (a, b *Host) {
	t.Helper()
	a, b = New(t, "a"), New(t, "b")
	Join(a, "e0", b, "e0")
	a.Addr("e0", aAddr)
	b.Addr("e0", bAddr)
	return a, b
}

// Addr gives the link an address and sets it up.
func (h *Host) Addr(link, cidr string) {
	h.t.Helper()
	add := "address add " + cidr + " dev " + link
	if strings.Contains(cidr, ":") {
		add += " nodad" // usable at once
	}
	h.IP(add, "link set "+link+" up")
}

// IP carries out ip commands in the namespace, all by one process.
func (h *Host) IP(commands ...string) {
	h.t.Helper()
	ip(h.t, strings.Join(commands, "\n")+"\n", "-n", h.Name, "-batch", "-")
}

// Do runs f on a thread inside the namespace. Sockets keep the namespace they
// were made in; goroutines which f starts do not inherit it.
func (h *Host) Do(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := netns.Set(h.ns); err != nil {
			result <- err
			return
		}
		result <- f()
	}()
	return <-result
}

// UDP opens a socket in the namespace, and closes it when the test is over.
func (h *Host) UDP(addr string) *net.UDPConn {
	h.t.Helper()
	var c *net.UDPConn
	err := h.Do(func() error {
		a, err := net.ResolveUDPAddr("udp", addr)
		if err != nil {
			return err
		}
		c, err = net.ListenUDP("udp", a)
		return err
	})
	if err != nil {
		h.t.Fatalf("%s: %v", h.Name, err)
	}
	h.t.Cleanup(func() { c.Close() })
	return c
}

// Command is a command to be run in the namespace.
func (h *Host) Command(args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", h.Name}, args...)...)
}

// Try runs a command in the namespace and returns all that it prints.
func (h *Host) Try(args ...string) (string, error) {
	out, err := h.Command(args...).CombinedOutput()
	if err != nil {
		err = fmt.Errorf("%s: %s: %w: %s", h.Name, strings.Join(args, " "), err, out)
	}
	return string(out), err
}

// Run is Try for commands that must succeed.
func (h *Host) Run(args ...string) string {
	h.t.Helper()
	out, err := h.Try(args...)
	if err != nil {
		h.t.Fatal(err)
	}
	return out
}

// Sh runs a shell script that must succeed.
func (h *Host) Sh(script string) string {
	h.t.Helper()
	return h.Run("sh", "-c", script)
}

func ip(t testing.TB, stdin string, args ...string) {
	t.Helper()
	cmd := exec.Command("ip", args...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s%s", strings.Join(args, " "), err, out, stdin)
	}
}

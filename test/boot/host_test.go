//go:build boot

package boot

import (
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// Ports of the hosts' own words to each other, on the outer network.
const (
	rpcPort  = ":7001"
	bootTime = 5 * time.Minute // until the other has booted too
)

// TestMain runs in both machines: they serve each other, and the first tests.
func TestMain(m *testing.M) {
	if err := serve(os.Getenv("VM_MACHINE")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if os.Getenv("VM_MACHINE") == "1" {
		os.Exit(m.Run())
	}
	select {} // the pair ends with the first
}

// serve gives this machine its addresses and carries out what the test wants.
func serve(machine string) error {
	if machine == "" {
		return errors.New("this runs in a pair of virtual machines: make soak-boot")
	}
	for _, command := range []string{
		"ip addr add 192.168.0." + machine + "/24 dev eth0",
		"ip addr add 192.168.1." + machine + "/24 dev eth0",
		"ip link set eth0 up",
	} {
		if err := (Host{}).Run(strings.Fields(command), new(string)); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", "192.168.0."+machine+rpcPort)
	if err != nil {
		return err
	}
	if err := rpc.Register(Host{}); err != nil {
		return err
	}
	go rpc.Accept(listener)
	return nil
}

// Host is what a machine does for the test.
type Host struct{}

// Run runs a command and gives what it prints.
func (Host) Run(args []string, out *string) error {
	b, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	*out = string(b)
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, b)
	}
	return nil
}

// A File is written with Mode.
type File struct {
	Path string
	Text []byte
	Mode os.FileMode
}

// Write writes a file.
func (Host) Write(f File, _ *struct{}) error { return os.WriteFile(f.Path, f.Text, f.Mode) }

// Echo sends back what comes of a flow to an address of this machine.
func (Host) Echo(address string, _ *struct{}) error {
	socket, err := net.ListenPacket("udp4", net.JoinHostPort(address, strconv.Itoa(routers.FlowPort)))
	if err != nil {
		return err
	}
	go func() {
		datagram := make([]byte, 1<<16)
		for {
			n, from, err := socket.ReadFrom(datagram)
			if err != nil {
				return
			}
			socket.WriteTo(datagram[:n], from) // lost, where that fails: the flow sees it
		}
	}()
	return nil
}

// A router is a machine as the test sees it.
type router struct {
	t    *testing.T
	name string
	rpc  *rpc.Client
}

// dial waits until a machine has booted.
func dial(t *testing.T, name, address string) *router {
	t.Helper()
	r := &router{t: t, name: name}
	eventually(t, bootTime, name+" answers", func() (err error) {
		r.rpc, err = rpc.Dial("tcp", address+rpcPort)
		return err
	})
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s: %s", name, r.try("journalctl", "--no-pager", "-u", "obold"))
		}
		r.rpc.Close()
	})
	return r
}

// sh runs a command that has to succeed; its words have no spaces in them.
func (r *router) sh(command string) string {
	r.t.Helper()
	var out string
	if err := r.rpc.Call("Host.Run", strings.Fields(command), &out); err != nil {
		r.t.Fatalf("%s: %v", r.name, err)
	}
	return strings.TrimSpace(out)
}

// try runs a command, and gives the error where it fails.
func (r *router) try(args ...string) string {
	var out string
	if err := r.rpc.Call("Host.Run", args, &out); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(out)
}

func (r *router) write(path string, mode os.FileMode, text string) {
	r.t.Helper()
	if err := r.rpc.Call("Host.Write", File{path, []byte(text), mode}, &struct{}{}); err != nil {
		r.t.Fatalf("%s: %v", r.name, err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until ok gives no error, at most d.
func eventually(t *testing.T, d time.Duration, what string, ok func() error) {
	t.Helper()
	for end := time.Now().Add(d); ; time.Sleep(100 * time.Millisecond) {
		err := ok()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s: %v", d, what, err)
		}
	}
}

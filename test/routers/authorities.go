package routers

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"strings"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/test/scepserver"
	"github.com/obol-ike/obol/test/testca"
)

// Authorities are the note's CAs as its routers find them: each a SCEP server that has
// its CRL too, on port 80 of an address of the routers' own network, in a namespace
// behind both routers.
//
//	R1 ── ca ══ ca1 (obol-ca: 192.168.0.3, 192.168.0.4) ca2 ══ ca ── R2
type Authorities struct {
	CA1, CA2 *scepserver.Server

	ns      string
	servers []*http.Server
}

// Addresses of the note's CAs.
const (
	Address1 = "192.168.0.3"
	Address2 = "192.168.0.4"
)

// Serve starts both CAs. They end with Close of the pair.
func (p *Pair) Serve() (*Authorities, error) {
	server := func(name string, key int, address string) *scepserver.Server {
		return &scepserver.Server{CA: testca.New(name, key), Capabilities: scepserver.DefaultCapabilities, CRLURL: "http://" + address + "/" + name + ".crl"}
	}
	a := &Authorities{
		CA1: server("CA1", 0, Address1), CA2: server("CA2", 1, Address2),
		ns: "obol-ca" + strings.TrimPrefix(p.R1.NS, "obol-r1"),
	}
	p.also = append(p.also, a.close)
	if err := clearAway(a.ns); err != nil {
		return nil, err
	}
	lines := []string{
		"ip netns add " + a.ns,
		"ip -n " + a.ns + " link set lo up",
		"ip -n " + a.ns + " address add " + Address1 + "/32 dev lo",
		"ip -n " + a.ns + " address add " + Address2 + "/32 dev lo",
	}
	for i, r := range []*Router{p.R1, p.R2} {
		link := fmt.Sprintf("ca%d", i+1)
		lines = append(lines,
			"ip link add ca netns "+r.NS+" type veth peer name "+link+" netns "+a.ns,
			"ip -n "+r.NS+" link set ca up",
			"ip -n "+a.ns+" link set "+link+" up",
			"ip -n "+a.ns+" route add "+r.Address+"/32 dev "+link+" src "+Address1,
			"ip -n "+r.NS+" route add "+Address1+"/32 dev ca src "+r.Address,
			"ip -n "+r.NS+" route add "+Address2+"/32 dev ca src "+r.Address,
		)
	}
	for _, line := range lines {
		if _, err := run(strings.Fields(line)...); err != nil {
			return nil, err
		}
	}
	return a, errors.Join(a.serve(Address1, a.CA1), a.serve(Address2, a.CA2))
}

func (a *Authorities) serve(address string, handler http.Handler) error {
	l, err := ListenIn(a.ns, address+":80")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler}
	a.servers = append(a.servers, server)
	go server.Serve(l) // ends with close
	return nil
}

func (a *Authorities) close() error {
	var errs []error
	for _, s := range a.servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, clearAway(a.ns))...)
}

// ListenIn listens on a TCP address of a namespace.
func ListenIn(name, address string) (l net.Listener, err error) {
	err = in(name, func() (err error) {
		l, err = net.Listen("tcp4", address)
		return err
	})
	return l, err
}

// DialIn connects to a TCP address from within a namespace.
func DialIn(name, address string) (c net.Conn, err error) {
	err = in(name, func() (err error) {
		c, err = net.Dial("tcp4", address)
		return err
	})
	return c, err
}

// in runs f in a namespace. What it opens stays there.
func in(name string, f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if unix.Gettid() == unix.Getpid() {
			// The main thread does not end. It would stay in the namespace, and with it
			// who looks for the processes there finds this one.
			done <- in(name, f) // by another thread, as this one is held
			runtime.UnlockOSThread()
			return
		}
		ns, err := netns.GetFromName(name)
		if err == nil {
			err = errors.Join(netns.Set(ns), ns.Close())
		}
		if err == nil {
			err = f()
		}
		done <- err
	}()
	return <-done
}

// Authenticate has the router accept the CAs of its trustpoints, and gives what the
// dialogues have shown.
func (r *Router) Authenticate(trustpoints ...string) (string, error) {
	return r.dialogues("authenticate", trustpoints)
}

// Enroll has the router enrol with the CAs of its trustpoints, oldest first.
func (r *Router) Enroll(trustpoints ...string) (string, error) {
	return r.dialogues("enroll", trustpoints)
}

func (r *Router) dialogues(word string, trustpoints []string) (shown string, err error) {
	for _, name := range trustpoints {
		out, err := r.Obol("crypto", "pki", word, name, "--yes")
		shown += out
		if err != nil {
			return shown, err
		}
	}
	return shown, nil
}

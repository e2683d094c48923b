//go:build vm

// Package interop puts obold beside other people's IKE daemons, as Debian ships
// them, each in a namespace of the virtual machine with the kernel's ESP.
package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A peer is a running daemon in R2's namespace.
type peer interface {
	initiate() // main mode and quick mode; it stands when this returns
	rekey()    // begins a quick mode in place of the one that stands
	remove()   // ends the quick mode's SAs and the ISAKMP SA
	knows() string
}

// A life is what the peer is told of the lifetime of a quick mode's SAs and of
// its phase 1.
type life struct{ hard, rekey, ike int } // seconds

// long is a lifetime that no test lives to see the end of.
var long = life{3600, 3000, 3600}

// A suite is what both ends are told to use: in main mode, in quick mode, and
// for quick mode's own exchange of keys. The first words are IOS's.
type suite struct {
	encryption, hash, group string
	transforms, pfs         string
	ike, esp                string // the peer's words for the same
	kernelEncr, kernelInteg string // as ip xfrm state names them
}

func (s suite) String() string { return s.encryption + "-" + s.hash + "-group" + s.group }

// The daemons, each with the suites that it can do.
var daemons = []struct {
	name   string
	start  func(*lab, suite, life) peer
	stand  func(*stand) loader
	suites []suite
	links  []link
}{
	{"charon", startCharon, standCharon, charonSuites, []link{vti, gre}},
	{"pluto", startPluto, standPluto, plutoSuites, []link{vti}},
}

// Each end starts, traffic passes both ways, and whoever deletes is understood.
// The peer rekeys what it began (pluto, told to rekey what we began, would begin
// again after we deleted it), and nothing is lost.
func TestTunnel(t *testing.T) {
	for _, d := range daemons {
		for _, l := range d.links {
			t.Run(fmt.Sprintf("%s/%s", d.name, l.name), func(t *testing.T) {
				s := d.suites[1] // TestMatrix goes through all of them
				b := newLab(t, s, l)
				p := d.start(b, s, long)
				t.Run("obold starts", func(t *testing.T) { b.oboldStarts(t, s, p) })
				t.Run("the peer starts", func(t *testing.T) { b.peerStarts(t, s, p) })
			})
		}
	}
}

// oboldStarts brings the tunnel up from R1 and takes it down there.
func (b *lab) oboldStarts(t *testing.T, s suite, p peer) {
	b.t = t
	b.initiate()
	// Nothing tells the initiator of IKEv1 that the responder has read QM3, and a kernel
	// in a VM loads its modules at the first SA.
	eventually(t, 10*time.Second, "the peer has its SAs", func() bool { return len(b.spis(b.R2)) >= 2 })
	b.passes(s)
	if out, err := b.R1.Obol("clear", "crypto", "session"); err != nil {
		t.Fatal(out, err)
	}
	b.gone(p)
}

// peerStarts brings the tunnel up from the peer and takes it down there.
func (b *lab) peerStarts(t *testing.T, s suite, p peer) {
	b.t = t
	p.initiate()
	b.passes(s)
	b.rekeyed(p.rekey)
	p.remove()
	b.gone(p)
}

// initiate brings the tunnel up from R1.
func (b *lab) initiate() {
	b.t.Helper()
	if out, err := b.R1.Obol("initiate", "Tunnel1", "--wait", "30s"); err != nil {
		b.t.Fatalf("%s%v\n%s", out, err, b.R1.Log())
	}
}

// passes pings both ways through SAs of the suite.
func (b *lab) passes(s suite) {
	b.t.Helper()
	for _, args := range [][]string{{"10.0.0.1", "10.0.0.2"}, {"10.0.0.2", "10.0.0.1"}} {
		r := b.R1
		if args[0] == "10.0.0.2" {
			r = b.R2
		}
		out, err := r.Run("ping", "-c", "5", "-i", "0.1", "-W", "3", "-I", args[0], args[1])
		if err != nil || !strings.Contains(out, " 0% packet loss") {
			b.t.Fatalf("%s: %v\n%s", args[0], err, out)
		}
	}
	kernel := b.R1
	if b.plane == "userspace" {
		kernel = b.R2
	}
	states, err := kernel.Run("ip", "xfrm", "state")
	must(b.t, err)
	if !strings.Contains(states, s.kernelEncr) || !strings.Contains(states, s.kernelInteg) {
		b.t.Errorf("the kernel's SAs are not %s with %s:\n%s", s.kernelEncr, s.kernelInteg, states)
	}
}

// rekeyed lets the peer rekey under a flow of pings: a second pair of SAs stands
// on both ends, and no ping is lost. Peers keep the first pair until it expires.
func (b *lab) rekeyed(start func()) {
	b.t.Helper()
	before := b.spis(b.R1)
	flow := b.flow(4 * time.Second)
	time.Sleep(500 * time.Millisecond)
	start()
	eventually(b.t, 10*time.Second, "another pair of SAs", func() bool { return b.shared(before) == 2 })
	if err := <-flow; err != nil {
		b.t.Error(err)
	}
}

// shared counts the SAs that both ends have and that are not old.
func (b *lab) shared(old map[string]bool) int {
	b.t.Helper()
	n, theirs := 0, b.spis(b.R2)
	for spi := range b.spis(b.R1) {
		if theirs[spi] && !old[spi] {
			n++
		}
	}
	return n
}

// flow sends 50 pings a second and tells in the end which were lost.
func (b *lab) flow(d time.Duration) <-chan error { return b.pings(d, "0.02") }

// pings sends pings from R1 through the tunnel until d has passed, and tells in the
// end which were lost, if any.
func (b *lab) pings(d time.Duration, interval string) <-chan error {
	return b.R1.Pings(d, interval, "10.0.0.1", "10.0.0.2")
}

// gone waits until no SA is left on either end, nor known to either daemon.
func (b *lab) gone(p peer) {
	b.t.Helper()
	b.left(p)
	out, err := b.R1.Obol("show", "crypto", "isakmp", "sa")
	must(b.t, err)
	if strings.Contains(out, "QM_IDLE") && strings.Contains(out, "ACTIVE") {
		b.t.Errorf("R1 still has\n%s", out)
	}
}

// left waits until no SA is left on either end, nor known to the peer.
func (b *lab) left(p peer) {
	b.t.Helper()
	eventually(b.t, 15*time.Second, "no SA on either end", func() bool { return len(b.spis(b.R1))+len(b.spis(b.R2)) == 0 })
	if list := p.knows(); list != "" {
		b.t.Errorf("the peer still has\n%s", list)
	}
}

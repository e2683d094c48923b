//go:build vm

package xfrm

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
)

// Nothing leaves in clear: not before the SAs stand, not while they do, not
// after they are gone, and not while everything is taken down.
func TestNothingInClear(t *testing.T) {
	for _, tun := range []tunnel{vtiTunnel(), greTunnel()} {
		t.Run(tun.kind.String(), func(t *testing.T) {
			r1, r2 := routers(t)
			sent := []*netlab.Capture{r1.Sent("e0"), r2.Sent("e0")}
			inner2 := r2.inner.Addr().String()
			refused := func(when string) {
				t.Helper()
				if out, err := r1.Try("ping", "-c", "2", "-i", "0.2", "-W", "1", inner2); err == nil {
					t.Errorf("%s a ping is answered: %s", when, out)
				}
			}
			both(r1, r2, func(r *router) { r.raise(tun) })
			refused("before the SAs stand")
			if n := len(sent[0].Packets()); n != 0 {
				t.Errorf("before the SAs stand:\n%s", sent[0])
			}
			both(r1, r2, func(r *router) { r.keyUp(tun, nil) })
			exchange(t, r1, r2, 5)
			r1.must(r1.RemoveSA(r1.sa(tun, ipsec.Out, spi12).SAID))
			refused("after the SA is removed")
			r1.must(r1.InstallSA(r1.sa(tun, ipsec.Out, spi12+0x100)))
			r2.must(r2.InstallSA(r2.sa(tun, ipsec.In, spi12+0x100)))
			exchange(t, r1, r2, 5)

			for _, flood := range []*exec.Cmd{
				r1.Command("ping", "-q", "-i", "0.005", "-W", "1", inner2),
				r2.Command("ping", "-q", "-i", "0.005", "-W", "1", r1.inner.Addr().String()),
			} {
				if err := flood.Start(); err != nil {
					t.Fatal(err)
				}
				defer flood.Wait()
				defer flood.Process.Kill()
			}
			flowing := func() int { return len(sent[0].Packets()) }
			for n, deadline := flowing(), time.Now().Add(20*time.Second); flowing() < n+20; {
				if time.Now().After(deadline) {
					t.Fatal("the ping does not flow")
				}
			}
			r1.must(r1.Sweep())
			time.Sleep(300 * time.Millisecond) // r2 goes on
			r2.must(r2.Sweep())
			time.Sleep(300 * time.Millisecond)
			onlyESP(t, sent[0], 30)
			onlyESP(t, sent[1], 10)
		})
	}
}

// What the peer, or somebody with the peer's address, sends in clear is
// dropped, with and without SAs: GRE for a GRE tunnel, IP in IP for a VTI.
func TestClearFromPeerDropped(t *testing.T) {
	for _, c := range []struct {
		tun  tunnel
		kind string // of the forger's interface
	}{{greTunnel(), "gre"}, {vtiTunnel(), "ipip"}} {
		t.Run(c.tun.kind.String(), func(t *testing.T) {
			r1, forger := routers(t)
			r1.must(r1.SetLink(r1.link(c.tun)))
			forger.Sh("ip link add forged type " + c.kind + " local 192.0.2.2 remote 192.0.2.1 ttl 64 && ip link set forged up && ip address add 10.0.0.2/30 dev forged")
			ping := func() bool {
				_, err := forger.Try("ping", "-c", "2", "-i", "0.2", "-W", "1", "10.0.0.1")
				return err == nil
			}
			if c.tun.kind == ipsec.GREIP && !ping() {
				t.Error("without a policy the forged GRE must arrive, else this test shows nothing")
			}
			r1.raise(c.tun)
			answers := r1.Sent("e0")
			if ping() {
				t.Error("answered while there is no SA")
			}
			r1.keyUp(c.tun, nil)
			if ping() {
				t.Error("answered while SAs stand")
			}
			for _, p := range answers.Packets() {
				if p.Protocol() != 1 { // ICMP errors about the forged packets are no leak
					t.Errorf("an answer left:\n%s", answers)
				}
			}
			if stat := r1.Sh("cat /proc/net/xfrm_stat"); c.tun.kind == ipsec.GREIP && !strings.Contains(stat, "XfrmInTmplMismatch") {
				t.Errorf("no such counter:\n%s", stat)
			} else if c.tun.kind == ipsec.GREIP && counter(stat, "XfrmInTmplMismatch") < 4 {
				t.Errorf("the policy did not drop the packets:\n%s", stat)
			}
		})
	}
}

// counter reads a line of /proc/net/xfrm_stat.
func counter(stat, name string) (n int) {
	for line := range strings.Lines(stat) {
		f := strings.Fields(line)
		if len(f) == 2 && f[0] == name {
			for _, digit := range f[1] {
				n = 10*n + int(digit-'0')
			}
		}
	}
	return n
}

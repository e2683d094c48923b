//go:build vm

package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// obold carries ESP itself, beside peers whose kernel does: either side starts,
// traffic passes both ways, the peer rekeys under a flow without a loss, and whoever
// deletes is understood. With and without UDP encapsulation.
func TestUserspace(t *testing.T) {
	for _, d := range daemons {
		for _, l := range d.links {
			t.Run(fmt.Sprintf("%s/IKEv1 %s", d.name, l.name), func(t *testing.T) {
				s := d.suites[1]
				b := newLabBehind(t, s, l, func(b *lab) { b.plane = "userspace" })
				p := d.start(b, s, long)
				t.Run("obold starts", func(t *testing.T) { b.oboldStarts(t, s, p) })
				t.Run("the peer starts", func(t *testing.T) { b.peerStarts(t, s, p) })
			})
		}
	}
	for _, d := range daemonsV2 {
		t.Run(d.name+"/IKEv2 VTI", func(t *testing.T) {
			b := newLabV2(t, func(b *lab) { b.plane = "userspace" })
			b.peer = d.start(b)
			cases := []caseV2{{suite: suitesV2[0], auth: "pre-share"}, {suite: suitesV2[3], auth: "pre-share"}}
			if d.name == "charon" {
				cases = append(cases, caseV2{suite: suitesV2[3], auth: "pre-share", charon: "encap = yes"})
			}
			for _, c := range cases {
				t.Run(strings.TrimSpace(c.suite.name+" "+c.charon), func(t *testing.T) {
					b.begin(t, c)
					b.initiate()
					b.passes(c.suite.kernel)
					b.stream()
					b.clear()
					b.begin(t, c)
					b.peer.initiate()
					b.passes(c.suite.kernel)
					flow := b.flood(10 * time.Second)
					b.rekeyedBy(b.peer)
					b.lostNone(<-flow)
					b.peer.remove()
					b.gone()
				})
			}
		})
	}
}

// stream carries 5 MB of TCP each way.
func (b *lab) stream() {
	b.t.Helper()
	for _, flag := range []string{"--forceflush", "-R"} {
		done := make(chan error, 1)
		go func() {
			_, err := b.R2.Run("timeout", "60", "iperf3", "-s", "-B", "10.0.0.2", "-1")
			done <- err
		}()
		eventually(b.t, 60*time.Second, "5 MB of TCP "+flag, func() bool {
			_, err := b.R1.Run("timeout", "50", "iperf3", "-c", "10.0.0.2", "-B", "10.0.0.1", "-n", "5M", flag)
			return err == nil
		})
		must(b.t, <-done)
	}
}

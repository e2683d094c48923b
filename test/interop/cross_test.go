//go:build vm

package interop

import (
	"flag"
	"maps"
	"testing"
	"time"
)

// crossings is more in make soak.
var crossings = flag.Int("crossings", 3, "times that both ends of TestIKEv2RekeysCross rekey at once; every third time the IKE SA too")

// obold and charon rekey the same SAs at the same time, again and again, under a flow both
// ways: no packet is lost, and each time both kernels come to hold the same pair, under one
// IKE SA. (charon lets go of a pair that it has replaced after five seconds, and forgets to
// where the IKE SA is another by then: each time waits for that.)
func TestIKEv2RekeysCross(t *testing.T) {
	b := newLabV2(t, func(*lab) {})
	b.peer = charonForV2(b)
	b.begin(t, caseV2{suite: suitesV2[0], auth: "pre-share"})
	b.initiate()
	b.agree()
	flow, err := b.Flow("10.0.0.1", "10.0.0.2", 1)
	must(t, err)
	both := func(what string, theirs func()) {
		t.Helper()
		ours := make(chan error, 1)
		go func() {
			_, err := b.R1.Obol("rekey", what, "Tunnel1", "--wait", "60s")
			ours <- err
		}()
		theirs()
		if err := <-ours; err != nil {
			t.Error(err)
		}
	}
	seen := map[string]bool{}
	for i := range *crossings {
		maps.Copy(seen, b.spis(b.R1))
		both("ipsec", b.peer.rekey)
		eventually(t, time.Minute, "both kernels hold the same SAs, and a new pair", func() bool {
			return maps.Equal(b.spis(b.R1), b.spis(b.R2)) && b.shared(seen) > 0
		})
		if i%3 == 2 {
			both("ike", b.peer.rekeyIKE)
		}
	}
	b.lostNone(flow.End())
	b.agree()
	t.Logf("%d datagrams, %d SAs before the last", flow.Sent(), len(seen))
	if len(seen) < 2**crossings {
		t.Errorf("%d SAs were seen before the last, want %d or more", len(seen), 2**crossings)
	}
	b.clear()
}

//go:build vm

package interop

import (
	"slices"
	"testing"
	"time"
)

// Both kinds of SAs are rekeyed by either side under a flow of 200 packets a
// second, and none is lost. In the end both kernels hold the same pair, and the
// peer one IKE SA.
func TestIKEv2Rekey(t *testing.T) {
	for _, d := range daemonsV2 {
		t.Run(d.name, func(t *testing.T) {
			b := newLabV2(t, func(*lab) {})
			b.peer = d.start(b)
			// The peer is told to, several times over.
			t.Run("the peer rekeys", func(t *testing.T) {
				b.begin(t, caseV2{suite: suitesV2[0], auth: "rsa-sig"})
				b.peer.initiate()
				b.agree()
				flow := b.flood(25 * time.Second)
				for range 3 {
					b.rekeyedBy(b.peer)
				}
				b.lostNone(<-flow)
				b.agree()
				b.peer.remove()
				b.gone()
			})
			// R1's lifetimes are of two minutes, the shortest that IOS takes: both kinds
			// of SAs are due at once, half a minute before.
			t.Run("obold rekeys", func(t *testing.T) {
				b.begin(t, caseV2{suite: suitesV2[2], auth: "rsa-sig", profile: " lifetime 120\n", protection: " set security-association lifetime seconds 120\n"})
				b.initiate()
				b.agree()
				pair, ike := b.spis(b.R1), b.peer.ikeSAs()
				b.lostNone(<-b.flood(200 * time.Second))
				b.agree()
				if n := b.shared(pair); n != 2 {
					t.Errorf("%d SAs are new after their lifetime, not 2", n)
				}
				if slices.Equal(ike, b.peer.ikeSAs()) {
					t.Error("the IKE SA is the first one after its lifetime")
				}
				b.clear()
			})
		})
	}
}

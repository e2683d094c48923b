//go:build vm

package xfrm

import (
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

// The next process goes on with what stands, and loses no packet of it. Others of ours
// go, a foreign SA stays. What came to an end or to a limit while nobody listened is
// told, once.
func TestAdopt(t *testing.T) {
	r1, r2 := routers(t)
	r1.Sh(`ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x99 reqid 7 mode tunnel auth 'hmac(sha1)' 0x0102030405060708090a0b0c0d0e0f1011121314 enc 'ecb(cipher_null)' ''`)
	tun := plane.VTI()
	both(r1, r2, func(r *router) {
		r.Raise(tun)
		r.KeyUp(tun, nil)
	})
	plane.Exchange(t, r1.Router, r2.Router, 20)

	in, out := r1.SA(tun, ipsec.In), r1.SA(tun, ipsec.Out)
	out.Soft.Packets = 20 // has been reached
	lost, idle, stray := r1.withSPI(tun, ipsec.Out, 0x5001), r1.withSPI(tun, ipsec.In, 0x5002), r1.withSPI(tun, ipsec.In, 0x5003)
	idle.Soft.Packets = 20
	r1.Must(r1.InstallSA(idle))
	r1.Must(r1.InstallSA(stray))

	next := r1.open(New)
	missed, err := next.Adopt([]ipsec.SA{in, out, lost, idle})
	r1.Must(err)
	for _, e := range []ipsec.Expired{{SAID: lost.SAID, Hard: true}, {SAID: out.SAID}} {
		if !slices.Contains(missed, e) {
			t.Errorf("not told: %+v", e)
		}
	}
	if len(missed) != 2 {
		t.Errorf("told: %+v", missed)
	}
	states := r1.Sh("ip xfrm state")
	for spi, want := range map[string]bool{"0x00000099": true, "0x00005002": true, "0x00005003": false} {
		if strings.Contains(states, spi) != want {
			t.Errorf("SA %s stands: %v, want %v:\n%s", spi, !want, want, states)
		}
	}
	plane.Exchange(t, r1.Router, r2.Router, 20)
	r1.Must(next.Sweep())
	if states := r1.Sh("ip xfrm state"); strings.Count(states, "proto esp") != 1 {
		t.Errorf("more than the foreign SA is left:\n%s", states)
	}
}

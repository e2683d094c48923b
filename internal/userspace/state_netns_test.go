//go:build netns

package userspace

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/plane"
)

// The next process goes on with the SAs and the TUN devices of the one before, and with
// those only that are to stand: a peer with an anti-replay window takes what it sends.
func TestHandOver(t *testing.T) {
	combined := plane.VTI()
	combined.Cipher, combined.Integ = suite.AESGCM16, nil
	for name, tun := range map[string]plane.Tunnel{"VTI": plane.VTI(), "GRE": plane.GRE(), "GCM": combined} {
		t.Run(name, func(t *testing.T) {
			r1, r2 := plane.Plane{Open: openHere}.Routers(t)
			plane.Both(r1, r2, func(r *plane.Router) {
				r.Raise(tun)
				r.KeyUp(tun, nil)
			})
			plane.Exchange(t, r1, r2, 20)
			in, out := r1.SA(tun, ipsec.In), r1.SA(tun, ipsec.Out)
			stray, lost := in, out
			stray.SPI, lost.SPI = 0x5001, 0x5002
			r1.Must(r1.InstallSA(stray))
			index := r1.Sh("cat /sys/class/net/Tunnel1/ifindex")

			before, now := r1.Dataplane.(inHost), time.Now()
			octets, err := before.Export(now)
			r1.Must(err)
			r1.Must(before.Close())
			r1.Dataplane = r1.Open(openHere)
			next := r1.Dataplane.(inHost)
			r1.Must(next.Import(octets, now))
			gone, err := next.Adopt([]ipsec.SA{in.Public(), out.Public(), lost.Public()})
			r1.Must(err)
			if len(gone) != 1 || gone[0] != (ipsec.Expired{SAID: lost.SAID, Hard: true}) {
				t.Errorf("told: %+v", gone)
			}
			if _, err := r1.QuerySA(stray.SAID); err == nil {
				t.Error("an SA stands that is not to")
			}
			r1.Raise(tun)
			plane.Exchange(t, r1, r2, 20)
			if got := r1.Sh("cat /sys/class/net/Tunnel1/ifindex"); got != index {
				t.Errorf("interface %s is another one, %s", index, got)
			}
			if c, err := r1.QuerySA(out.SAID); err != nil || c.Packets != 40 {
				t.Errorf("%+v, %v", c, err)
			}
			if c, err := r2.QuerySA(r2.SA(tun, ipsec.In).SAID); err != nil || c.ReplayErrors != 0 {
				t.Errorf("%+v, %v", c, err)
			}
			// And what it has left goes with a sweep of who does not go on with it.
			_, err = next.Export(now)
			r1.Must(err)
			r1.Must(next.Close())
			r1.Dataplane = r1.Open(openHere)
			r1.Must(r1.Sweep())
			if _, err := r1.Try("ip", "link", "show", "Tunnel1"); err == nil {
				t.Error("the device is left")
			}
		})
	}
}

//go:build netns

package userspace

import (
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/plane"
)

// An interface of somebody else that has the name by now is left as it is, with its
// addresses, and that is said.
func TestNameOfAnother(t *testing.T) {
	for how, take := range map[string]string{
		"renamed": "ip link set Tunnel1 down; ip link set Tunnel1 name aside",
		"removed": "ip link del Tunnel1",
	} {
		t.Run(how, func(t *testing.T) {
			r1, _ := plane.Plane{Open: openHere}.Routers(t)
			tun := plane.VTI()
			r1.Raise(tun)
			r1.Sh(take + "; ip link add Tunnel1 type veth peer name other; ip addr add 10.9.9.9/24 dev Tunnel1; ip link set Tunnel1 alias theirs")
			theirs := func() string { return r1.Run("ip", "address", "show", "dev", "Tunnel1") }
			before := theirs()
			l := r1.Link(tun)
			l.MTU = 1300
			for range 2 {
				if err := r1.SetLink(l); err == nil || !strings.Contains(err.Error(), "exists and is not obol's") {
					t.Errorf("SetLink: %v", err)
				}
			}
			r1.RemoveLink("Tunnel1")
			r1.Must(r1.Sweep())
			if after := theirs(); after != before {
				t.Errorf("before:\n%safter:\n%s", before, after)
			}
		})
	}
}

// A TUN device that somebody removes is reported, and set again it carries as before.
func TestLinkLost(t *testing.T) {
	for _, tun := range []plane.Tunnel{plane.VTI(), plane.GRE()} {
		t.Run(tun.Kind.String(), func(t *testing.T) {
			r1, r2 := plane.Plane{Open: openHere}.Routers(t)
			plane.Both(r1, r2, func(r *plane.Router) { r.Raise(tun) })
			plane.Both(r1, r2, func(r *plane.Router) { r.KeyUp(tun, nil) })
			r1.Sh("ip link del Tunnel1")
			plane.Expect(t, r1.Dataplane, time.Minute, ipsec.LinkLost{Name: "Tunnel1"})
			r1.Must(r1.SetLink(r1.Link(tun)))
			plane.Exchange(t, r1, r2, 3)
			r1.Must(r1.RemoveLink("Tunnel1"))
			plane.Expect(t, r1.Dataplane, 100*time.Millisecond)
		})
	}
}

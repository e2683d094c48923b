package tunnel

import (
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// inVRFs is the note's configuration with a front door WAN and everything inside in RED.
func inVRFs() *policy.Config {
	c := note(policy.IPsecIPv4)
	c.VRFs = []policy.VRF{{Name: "WAN", Table: 100}, {Name: "RED", Table: 101}, {Name: "IDLE", Table: 102}}
	c.Interface("Loopback0").VRF, c.Interface("Tunnel1").VRF, c.Interface("Ethernet0/0").VRF = "RED", "RED", "WAN"
	tu := tunnelOf(c)
	tu.VRF, tu.Mark, tu.IfID = "WAN", 0, uint32(tu.ReqID)
	c.Routes[0].VRF = "RED"
	return c
}

// links gives the links that a set wants made or removed, in order.
func links(s *Set) (made, removed []ipsec.Link) {
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		switch o := o.(type) {
		case ike.SetLink:
			if o.Remove {
				removed = append(removed, o.Link)
			} else {
				made = append(made, o.Link)
			}
		}
	}
	return made, removed
}

func names(links []ipsec.Link) (list []string) {
	for _, l := range links {
		list = append(list, l.Name)
	}
	return list
}

// The VRFs in use stand before anything is in them and go after it; a tunnel knows both
// its sides, and a route its VRF.
func TestVRF(t *testing.T) {
	var s Set
	s.Adopt(start, inVRFs(), Options{Manual: true})
	made, _ := links(&s)
	if !slices.Equal(names(made), []string{"WAN", "RED", "Loopback0", "Tunnel1"}) {
		t.Fatal(names(made))
	}
	if l := made[0]; l.Kind != ipsec.VRF || l.Key != 100 || !l.Up {
		t.Errorf("%+v", l)
	}
	if l := made[3]; l.Kind != ipsec.XFRM || l.VRF != "RED" || l.Door != "WAN" || made[2].VRF != "RED" {
		t.Errorf("%+v %+v", made[2], l)
	}
	up := pair(1, 2, true)
	up.In.IfID, up.Out.IfID = 0x6f620001, 0x6f620001
	s.ChildUp(start, up)
	links(&s)
	if routes := s.Intent().Routes; len(routes) != 1 || routes[0].VRF != "RED" || routes[0].Dev != "Tunnel1" {
		t.Errorf("%+v", routes)
	}
	if list := s.Intent().Links; !slices.Equal(names(list), []string{"WAN", "RED", "Loopback0", "Tunnel1"}) {
		t.Error(names(list))
	}

	// A network of another VRF is no way, in it the destination is no recursion.
	c := inVRFs()
	c.Interface("Tunnel1").Addresses = append(c.Interface("Tunnel1").Addresses, prefix("192.168.0.9/29"))
	c.Routes = append(c.Routes, policy.StaticRoute{Dst: prefix("10.9.0.0/16"), Device: "Tunnel1", Distance: 1})
	s.Adopt(start, c, Options{Manual: true})
	links(&s)
	if tu := s.Lookup("Tunnel1"); tu.Refusal() != "" || len(s.Intent().Routes) != 1 {
		t.Errorf("%q %+v", tu.Refusal(), s.Intent().Routes)
	}

	// Out of the VRFs again, and at last nothing is left.
	s.Adopt(start, note(policy.IPsecIPv4), Options{Manual: true})
	if made, removed := links(&s); !slices.Equal(names(removed), []string{"Tunnel1", "WAN", "RED"}) || !slices.Equal(names(made), []string{"Loopback0", "Tunnel1"}) {
		t.Errorf("made %q, removed %q", names(made), names(removed))
	}
	s.Adopt(start, inVRFs(), Options{Manual: true})
	links(&s)
	s.Remove(start)
	if _, removed := links(&s); !slices.Equal(names(removed), []string{"Tunnel1", "Loopback0", "WAN", "RED"}) {
		t.Error(names(removed))
	}
}

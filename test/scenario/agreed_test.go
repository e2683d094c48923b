package scenario

import (
	"errors"
	"fmt"

	"github.com/obol-ike/obol/internal/ipsec"
)

// agreed says what one of two routers has that the other has not: an IKE SA
// or an SA in the kernel. Their tunnels have one pair each, which carries.
func (r *run) agreed() error {
	if len(r.routers) != 2 {
		return errors.New("agreement is of two routers")
	}
	var errs []error
	ikeSAs, v2 := [2]int{}, [2][]string{}
	for i, x := range r.routers {
		y := r.routers[1-i]
		v := x.Views()
		for _, s := range v.Sessions {
			switch {
			case s.Status == "ACTIVE" && !s.Established.IsZero():
				ikeSAs[i]++
			case len(s.Children) == 0:
				errs = append(errs, fmt.Errorf("%s: IKE SA %d in %s", x.name, s.ConnID, s.State))
			}
		}
		for _, s := range v.IKEv2 {
			if s.Status != "DELETE" { // which is only there to repeat what it said last
				v2[i] = append(v2[i], fmt.Sprintf("%s %s %s", s.Status, s.SPIi, s.SPIr))
			}
		}
		for _, t := range v.Tunnels {
			if len(t.Children) != 1 || t.Negotiating {
				errs = append(errs, fmt.Errorf("%s: %s has %d pairs, negotiates %v", x.name, t.Name, len(t.Children), t.Negotiating))
			}
			errs = append(errs, r.world.Carries(x.Router, y.Router, t.Name, t.Name))
		}
		for id := range x.Dataplane.SAs {
			if !has(y, id) {
				errs = append(errs, fmt.Errorf("%s alone has SPI %#x", x.name, id.SPI))
			}
		}
	}
	if ikeSAs[0] != ikeSAs[1] {
		errs = append(errs, fmt.Errorf("%d and %d IKE SAs", ikeSAs[0], ikeSAs[1]))
	}
	if fmt.Sprint(v2[0]) != fmt.Sprint(v2[1]) || len(v2[0]) > 1 {
		errs = append(errs, fmt.Errorf("IKE SAs of version 2: %v and %v", v2[0], v2[1]))
	}
	return errors.Join(errs...)
}

// has says whether a router has the other end of an SA. Marks are its own, and
// behind a NAT so is one of the addresses.
func has(x *router, id ipsec.SAID) bool {
	for other := range x.Dataplane.SAs {
		if other.SPI == id.SPI && (other.Src == id.Src || other.Dst == id.Dst) {
			return true
		}
	}
	return false
}

package tunnel

import (
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// What has to stand follows the tunnel: the link's state, and the routes with it.
func TestIntent(t *testing.T) {
	var s Set
	intent := func(what string, up bool, routes int) {
		t.Helper()
		i := s.Intent()
		if len(i.Policies) != 3 || len(i.Links) != 2 || i.Links[0].Kind != ipsec.Dummy || i.Links[1].Up != up || len(i.Routes) != routes {
			t.Errorf("%s: %+v", what, i)
		}
	}
	s.Adopt(start, note(policy.IPsecIPv4), Options{})
	intent("without an SA", false, 0)
	s.ChildUp(start, marked(1000, 2000))
	intent("up", true, 1)
	s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1000})
	intent("down again", false, 0)
	s.Remove(start)
	if i := s.Intent(); len(i.Policies)+len(i.Links)+len(i.Routes) != 0 {
		t.Errorf("removed: %+v", i)
	}
}

package tunnel

import (
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/state"
)

// natted is a pair of Tunnel1 where that is a VTI whose peer is behind a NAT.
func natted(in, out uint32) ike.ChildUp {
	up := pair(in, out, true)
	up.In.IfID, up.Out.IfID = 0x6f620001, 0x6f620001
	return up
}

// kinds renders policies, links and routes, an order a line.
func kinds(s *Set) (lines []string) {
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		line := ""
		switch o := o.(type) {
		case ike.SetPolicy:
			if o.Policy.Direction != ipsec.Forward {
				continue
			}
			line = "policy of a mark"
			if o.Policy.IfID == 0x6f620001 && o.Policy.Mark == 0 {
				line = "policy of an if_id"
			}
			if o.Remove {
				line = "-" + line
			}
		case ike.SetLink:
			if o.Link.Kind == ipsec.Dummy {
				continue
			}
			line = o.Link.Kind.String() + map[bool]string{true: " up", false: " down"}[o.Link.Up]
		case ike.SetRoute:
			line = map[bool]string{true: "-"}[o.Remove] + "route"
		default:
			continue
		}
		lines = append(lines, line)
	}
	return lines
}

func wantKinds(t *testing.T, s *Set, lines ...string) {
	t.Helper()
	if got := kinds(s); !slices.Equal(got, lines) {
		t.Errorf("got %q, want %q", got, lines)
	}
}

var (
	becomesXFRM = []string{"policy of an if_id", "xfrm up", "route", "-policy of a mark"}
	becomesVTI  = []string{"policy of a mark", "vti up", "route", "-policy of an if_id"}
)

// A VTI whose peer turns out to be behind a NAT is an XFRM interface before its line
// protocol comes up. That it stays, with other pairs and with none, and for the next
// process.
func TestPeerBehindNAT(t *testing.T) {
	var s Set
	cfg := note(policy.IPsecIPv4)
	s.Adopt(start, cfg, Options{})
	kinds(&s)
	s.ChildUp(start, natted(1000, 2000))
	wantKinds(t, &s, becomesXFRM...)
	s.ChildUp(start, natted(1001, 2001))
	s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1000})
	wantKinds(t, &s)

	standing := inherited(t, &s, cfg)
	wantKinds(t, standing, "policy of an if_id", "xfrm up", "route")
	s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1001})
	wantKinds(t, &s, "-route", "xfrm down")
	wantKinds(t, inherited(t, &s, cfg), "policy of an if_id", "xfrm down")

	// Another definition begins as a VTI, and so does the peer that is behind none.
	s.ChildUp(start, marked(1002, 2002))
	wantKinds(t, &s, becomesVTI...)
	s.ChildUp(start, natted(1003, 2003))
	s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1002})
	kinds(&s)
	other := note(policy.IPsecIPv4)
	tunnelOf(other).Source = addr("192.168.0.9")
	s.Adopt(start, other, Options{})
	wantKinds(t, &s, "-route", "xfrm up", "-policy of an if_id", "policy of a mark", "vti down")
	s.Remove(start)
	wantKinds(t, &s, "vti down", "-policy of a mark")
}

// The latest pair says what the link is, where it is another than the one before: routes
// go with the old link and come with the new.
func TestNATBetweenPairs(t *testing.T) {
	var s Set
	s.Adopt(start, note(policy.IPsecIPv4), Options{})
	s.ChildUp(start, marked(1000, 2000))
	kinds(&s)
	s.ChildUp(start, natted(1001, 2001))
	wantKinds(t, &s, slices.Insert(slices.Clone(becomesXFRM), 1, "-route")...)
	s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1001})
	wantKinds(t, &s, slices.Insert(slices.Clone(becomesVTI), 1, "-route")...)
}

// A pair is the tunnel's with its mark or with its if_id, and not with both or neither.
func TestBinding(t *testing.T) {
	for what, mode := range map[string]policy.TunnelMode{"VTI": policy.IPsecIPv4, "GRE": policy.GREIP} {
		for how, up := range map[string]ike.ChildUp{"none": pair(1, 2, true), "mark": marked(1, 2), "if_id": natted(1, 2)} {
			takes := how == "none" && what == "GRE" || how != "none" && what == "VTI"
			if got := begun(note(mode)).Lookup("Tunnel1").takes(up.In); got != takes {
				t.Errorf("%s takes SAs with %s: %v", what, how, got)
			}
		}
	}
	both := natted(1, 2).In
	both.Mark = 0x6f620001
	if begun(note(policy.IPsecIPv4)).Lookup("Tunnel1").takes(both) {
		t.Error("takes SAs with both")
	}
}

func begun(cfg *policy.Config) *Set {
	s := &Set{}
	s.Adopt(start, cfg, Options{})
	return s
}

// inherited is what the next process goes on with.
func inherited(t *testing.T, s *Set, cfg *policy.Config) *Set {
	t.Helper()
	c := state.Writer(start)
	s.Export(c)
	next := &Set{}
	r := state.Reader(c.Octets(), start.Add(time.Second))
	next.Inherit(start.Add(time.Second), cfg, Options{}, r)
	if err := r.End(); err != nil {
		t.Fatal(err)
	}
	return next
}

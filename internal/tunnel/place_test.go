package tunnel

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// places renders where policies and links are put, an order a line.
func places(s *Set) (lines []string) {
	for {
		o, ok := s.Poll()
		if !ok {
			return lines
		}
		switch o := o.(type) {
		case ike.SetPolicy:
			if o.Policy.Direction == ipsec.Out {
				lines = append(lines, map[bool]string{true: "-"}[o.Remove]+"policy "+o.Policy.Selector.Remote.String()+" to "+o.Policy.Remote.String())
			}
		case ike.SetLink:
			lines = append(lines, map[bool]string{true: "-"}[o.Remove]+o.Link.Name+" "+o.Link.Remote.String())
		case ike.SetRoute:
			lines = append(lines, map[bool]string{true: "-"}[o.Remove]+"route "+o.Route.Dst.String())
		}
	}
}

func wantPlaces(t *testing.T, s *Set, lines ...string) {
	t.Helper()
	if got := places(s); !slices.Equal(got, lines) {
		t.Errorf("got %q, want %q", got, lines)
	}
}

// at is a pair whose peer is at an address.
func at(up ike.ChildUp, address string) ike.ChildUp {
	up.In.Src, up.Out.Dst = addr(address), addr(address)
	return up
}

// Policies and link go where the latest pair is, and back when there is none any more.
// GRE in tunnel mode stays between the addresses that it knows: only the packets around
// go elsewhere.
func TestMoved(t *testing.T) {
	t.Run("VTI", func(t *testing.T) {
		var s Set
		s.Adopt(start, note(policy.IPsecIPv4), Options{})
		s.ChildUp(start, natted(1000, 2000))
		places(&s)
		s.ChildUp(start, at(natted(1001, 2001), "203.0.113.7"))
		wantPlaces(t, &s, "policy 0.0.0.0/0 to 203.0.113.7", "Tunnel1 203.0.113.7")
		s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1000})
		wantPlaces(t, &s)
		s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1001})
		wantPlaces(t, &s, "policy 0.0.0.0/0 to 192.168.0.2", "-route 192.168.200.0/24", "Tunnel1 192.168.0.2")
	})
	t.Run("GRE, transport mode", func(t *testing.T) {
		c := note(policy.GREIP)
		tunnelOf(c).Protection.Transforms[0].Mode = ipsec.Transport
		var s Set
		s.Adopt(start, c, Options{})
		places(&s)
		up := at(pair(1000, 2000, true), "203.0.113.7")
		up.In.Mode, up.Out.Mode = ipsec.Transport, ipsec.Transport
		s.ChildUp(start, up)
		wantPlaces(t, &s, "policy 203.0.113.7/32 to 203.0.113.7", "Tunnel1 203.0.113.7", "-policy 192.168.0.2/32 to 192.168.0.2")
		s.Remove(start)
		wantPlaces(t, &s, "-route 192.168.200.0/24", "-Tunnel1 203.0.113.7", "-Loopback0 invalid IP", "-policy 203.0.113.7/32 to 203.0.113.7")
	})
	t.Run("GRE, tunnel mode", func(t *testing.T) {
		var s Set
		s.Adopt(start, note(policy.GREIP), Options{})
		places(&s)
		s.ChildUp(start, at(pair(1000, 2000, true), "203.0.113.7"))
		wantPlaces(t, &s, "policy 192.168.0.2/32 to 203.0.113.7")
	})
}

// threeTunnels go to 192.168.0.2, .3 and .4.
func threeTunnels() *policy.Config {
	c := note(policy.GREIP)
	c.Routes, tunnelOf(c).Protection.Transforms[0].Mode = nil, ipsec.Transport
	for n := uint32(2); n <= 3; n++ {
		itf, tu := *c.Interface("Tunnel1"), *tunnelOf(c)
		itf.Name, itf.Tunnel = "Tunnel"+string(rune('0'+n)), &tu
		tu.Destination = netip.AddrFrom4([4]byte{192, 168, 0, byte(1 + n)})
		tu.ReqID = ipsec.ReqIDBase + ipsec.ReqID(n)
		c.Interfaces = append(c.Interfaces, &itf)
	}
	return c
}

// Of two GRE links with the same ends nobody could tell whose a packet is: who comes to where
// another is waits, and those that want each other's place make way.
func TestPlacesExchanged(t *testing.T) {
	up := func(n uint32, spi uint32, address string) ike.ChildUp {
		u := at(pair(spi, spi+1000, true), address)
		u.Tunnel = "Tunnel" + string(rune('0'+n))
		for _, sa := range []*ipsec.SA{&u.In, &u.Out} {
			sa.ReqID, sa.Mode = ipsec.ReqIDBase+ipsec.ReqID(n), ipsec.Transport
		}
		return u
	}
	begin := func() *Set {
		var s Set
		s.Adopt(start, threeTunnels(), Options{})
		for n := uint32(1); n <= 3; n++ {
			s.ChildUp(start, up(n, 1000*n, "192.168.0."+string(rune('1'+n))))
		}
		places(&s)
		return &s
	}
	t.Run("to a place that is taken", func(t *testing.T) {
		s := begin()
		s.ChildUp(start, up(1, 1001, "192.168.0.3"))
		wantPlaces(t, s)
		s.ChildUp(start, up(2, 2001, "203.0.113.7"))
		wantPlaces(t, s, "policy 203.0.113.7/32 to 203.0.113.7", "Tunnel2 203.0.113.7", "-policy 192.168.0.3/32 to 192.168.0.3",
			"policy 192.168.0.3/32 to 192.168.0.3", "Tunnel1 192.168.0.3", "-policy 192.168.0.2/32 to 192.168.0.2")
	})
	t.Run("two", func(t *testing.T) {
		s := begin()
		s.ChildUp(start, up(1, 1001, "192.168.0.3"))
		s.ChildUp(start, up(2, 2001, "192.168.0.2"))
		wantPlaces(t, s, "-Tunnel1 192.168.0.2", "-policy 192.168.0.2/32 to 192.168.0.2",
			"policy 192.168.0.2/32 to 192.168.0.2", "Tunnel2 192.168.0.2", "-policy 192.168.0.3/32 to 192.168.0.3",
			"policy 192.168.0.3/32 to 192.168.0.3", "Tunnel1 192.168.0.3")
	})
	t.Run("three", func(t *testing.T) {
		s := begin()
		s.ChildUp(start, up(1, 1001, "192.168.0.3"))
		s.ChildUp(start, up(2, 2001, "192.168.0.4"))
		s.ChildUp(start, up(3, 3001, "192.168.0.2"))
		for n, want := range map[string]string{"Tunnel1": "192.168.0.3", "Tunnel2": "192.168.0.4", "Tunnel3": "192.168.0.2"} {
			if u := s.Lookup(n); u.link.Remote != addr(want) || !u.link.Up {
				t.Errorf("%s: %+v", n, u.link)
			}
		}
	})
	t.Run("and its own goes", func(t *testing.T) {
		s := begin()
		s.ChildUp(start, up(1, 1001, "192.168.0.3"))
		s.ChildUp(start, up(2, 2001, "192.168.0.4"))
		s.ChildUp(start, up(3, 3001, "192.168.0.3")) // where Tunnel1 is to be, whom it makes wait
		s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1001})
		s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1000})
		if u := s.Lookup("Tunnel1"); u.link.Remote != addr("192.168.0.2") || !u.link.Up {
			t.Errorf("%+v", u.link)
		}
		s.Remove(start)
		places(s)
		if len(s.All()) != 0 {
			t.Error("something is left")
		}
	})
}

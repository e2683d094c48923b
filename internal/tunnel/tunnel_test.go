package tunnel

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
)

var start = time.Date(2013, 6, 20, 13, 0, 0, 0, time.UTC)

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// note is R1's configuration, as compiled.
func note(mode policy.TunnelMode) *policy.Config {
	ts := &policy.TransformSet{Name: "TS", Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA256, Mode: ipsec.Tunnel}
	tu := &policy.Tunnel{
		Source: addr("192.168.0.1"), SourceInterface: "Ethernet0/0", Destination: addr("192.168.0.2"),
		Mode: mode, ReqID: ipsec.ReqIDBase + 1,
		Protection: &policy.IPsecProfile{Name: "prof1", Transforms: []*policy.TransformSet{ts}},
	}
	if mode == policy.IPsecIPv4 {
		tu.Mark = 0x6f620001
	}
	return &policy.Config{
		Transforms: []*policy.TransformSet{ts}, IPsec: []*policy.IPsecProfile{tu.Protection},
		Interfaces: []*policy.Interface{
			{Name: "Loopback0", Kind: policy.Loopback, Addresses: []netip.Prefix{prefix("192.168.100.1/24")}},
			{Name: "Tunnel1", Kind: policy.TunnelInterface, Number: 1, Addresses: []netip.Prefix{prefix("10.0.0.1/24")}, Tunnel: tu},
			{Name: "Ethernet0/0", Kind: policy.Physical, Addresses: []netip.Prefix{prefix("192.168.0.1/24")}},
		},
		Routes: []policy.StaticRoute{{Dst: prefix("192.168.200.0/24"), Via: addr("10.0.0.2"), Distance: 1}},
	}
}

func tunnelOf(c *policy.Config) *policy.Tunnel { return c.Interface("Tunnel1").Tunnel }

// orders renders what a set wants done, a line each.
func orders(s *Set) []string {
	var lines []string
	for {
		o, ok := s.Poll()
		if !ok {
			return lines
		}
		verb := func(remove bool) string {
			if remove {
				return "del"
			}
			return "set"
		}
		switch o := o.(type) {
		case ike.SetPolicy:
			lines = append(lines, fmt.Sprintf("%s policy %v mark %#x %v", verb(o.Remove), o.Policy.Direction, o.Policy.Mark, o.Policy.Mode))
		case ike.SetLink:
			lines = append(lines, fmt.Sprintf("%s link %s %v up=%v mtu=%d", verb(o.Remove), o.Link.Name, o.Link.Kind, o.Link.Up, o.Link.MTU))
		case ike.SetRoute:
			lines = append(lines, fmt.Sprintf("%s route %v via %v dev %s", verb(o.Remove), o.Route.Dst, o.Route.Via, o.Route.Dev))
		case ike.Report:
			lines = append(lines, fmt.Sprintf("report %+v", o.Event))
		}
	}
}

func want(t *testing.T, s *Set, lines ...string) {
	t.Helper()
	got := orders(s)
	if !slices.Equal(got, lines) {
		t.Errorf("orders:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(lines, "\n\t"))
	}
}

// pair is a child SA pair of Tunnel1 where that is GRE.
func pair(in, out uint32, initiator bool) ike.ChildUp {
	sa := func(spi uint32, d ipsec.Direction) ipsec.SA {
		return ipsec.SA{SAID: ipsec.SAID{Dst: addr("192.168.0.2"), SPI: spi, Protocol: ipsec.ESP}, ReqID: ipsec.ReqIDBase + 1, Direction: d, Mode: ipsec.Tunnel, Encr: suite.AES, Integ: suite.HMACSHA256}
	}
	return ike.ChildUp{Tunnel: "Tunnel1", In: sa(in, ipsec.In), Out: sa(out, ipsec.Out), Initiator: initiator}
}

// marked is a pair of Tunnel1 where that is a VTI.
func marked(in, out uint32) ike.ChildUp {
	up := pair(in, out, true)
	up.In.Mark, up.Out.Mark = 0x6f620001, 0x6f620001
	return up
}

func TestGRE(t *testing.T) {
	var s Set
	s.Adopt(start, note(policy.GREIP), Options{})
	// The policies stand before the link, and GRE is up without an SA.
	want(t, &s,
		"set link Loopback0 dummy up=true mtu=0",
		"set policy in mark 0x0 Tunnel",
		"set policy out mark 0x0 Tunnel",
		"set link Tunnel1 gre up=true mtu=1414",
		"report {Interface:Tunnel1 Up:true Reason:}",
		"set route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
	)
	s.ChildUp(start, pair(1000, 2000, true))
	want(t, &s)
	s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1000})
	want(t, &s)
	s.Remove(start)
	want(t, &s,
		"del route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
		"del link Tunnel1 gre up=true mtu=1414",
		"del link Loopback0 dummy up=true mtu=0",
		"del policy in mark 0x0 Tunnel",
		"del policy out mark 0x0 Tunnel",
	)
}

func TestVTI(t *testing.T) {
	var s Set
	s.Adopt(start, note(policy.IPsecIPv4), Options{})
	want(t, &s,
		"set link Loopback0 dummy up=true mtu=0",
		"set policy in mark 0x6f620001 Tunnel",
		"set policy out mark 0x6f620001 Tunnel",
		"set policy fwd mark 0x6f620001 Tunnel",
		"set link Tunnel1 vti up=false mtu=1438",
		"report {Interface:Tunnel1 Up:false Reason:no IPsec SA}",
	)
	for range 2 { // the route comes back every time the link does
		s.ChildUp(start, marked(1000, 2000))
		want(t, &s,
			"set link Tunnel1 vti up=true mtu=1438",
			"report {Interface:Tunnel1 Up:true Reason:}",
			"set route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
		)
		s.ChildUp(start.Add(time.Hour), marked(1001, 2001))
		s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1000})
		want(t, &s) // a second pair stands
		s.ChildDown(start, ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1001})
		want(t, &s,
			"del route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
			"set link Tunnel1 vti up=false mtu=1438",
			"report {Interface:Tunnel1 Up:false Reason:no IPsec SA}",
		)
	}
}

func TestLineProtocolReasons(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*policy.Config)
		up     bool
		reason string
	}{
		{"plain GRE needs no SA", func(c *policy.Config) { tunnelOf(c).Protection = nil }, true, ""},
		{"unprotected VTI", func(c *policy.Config) { tunnelOf(c).Mode = policy.IPsecIPv4; tunnelOf(c).Protection = nil }, false, "tunnel mode ipsec ipv4 needs tunnel protection"},
		{"shutdown", func(c *policy.Config) { c.Interface("Tunnel1").Shutdown = true }, false, "administratively down"},
		{"no source", func(c *policy.Config) {
			c.Interface("Tunnel1").Tunnel, c.Interface("Tunnel1").Unable = nil, "it has no tunnel source"
		}, false, "it has no tunnel source"},
		{"destination through itself", func(c *policy.Config) {
			tunnelOf(c).Destination = addr("192.168.200.7")
		}, false, "temporarily disabled due to recursive routing"},
		{"destination through another and back", func(c *policy.Config) {
			tunnelOf(c).Destination = addr("172.16.0.7")
			other := *tunnelOf(c)
			other.Destination = addr("10.0.0.7")
			c.Interfaces = append(c.Interfaces, &policy.Interface{Name: "Tunnel2", Kind: policy.TunnelInterface, Number: 2, Addresses: []netip.Prefix{prefix("172.16.0.1/24")}, Tunnel: &other})
		}, false, "temporarily disabled due to recursive routing"},
		{"destination through another", func(c *policy.Config) {
			other := *tunnelOf(c)
			tunnelOf(c).Destination = addr("172.16.0.7")
			c.Interfaces = append(c.Interfaces, &policy.Interface{Name: "Tunnel2", Kind: policy.TunnelInterface, Number: 2, Addresses: []netip.Prefix{prefix("172.16.0.1/24")}, Tunnel: &other})
		}, true, ""},
		{"default route through itself, destination connected", func(c *policy.Config) {
			c.Routes = []policy.StaticRoute{{Dst: prefix("0.0.0.0/0"), Device: "Tunnel1", Distance: 1}}
		}, true, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := note(policy.GREIP)
			test.change(c)
			var s Set
			s.Adopt(start, c, Options{})
			v := s.Views()[0]
			if v.LineProtocol != test.up || v.Reason != test.reason {
				t.Errorf("line protocol %v, reason %q; want %v, %q", v.LineProtocol, v.Reason, test.up, test.reason)
			}
			for _, line := range orders(&s) {
				if !test.up && strings.Contains(line, "route") && strings.HasPrefix(line, "set") {
					t.Errorf("a route through a tunnel that is down: %s", line)
				}
			}
		})
	}
}

// A link that somebody has removed is made again with its routes; one of another name
// is none of ours.
func TestRestore(t *testing.T) {
	var s Set
	s.Adopt(start, note(policy.GREIP), Options{})
	s.ChildUp(start, pair(1000, 2000, true))
	orders(&s)
	s.Restore(start, "Tunnel9")
	want(t, &s)
	s.Restore(start, "Tunnel1")
	want(t, &s,
		"report {Interface:Tunnel1}",
		"del route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
		"set link Tunnel1 gre up=true mtu=1414",
		"set route 192.168.200.0/24 via 10.0.0.2 dev Tunnel1",
	)
}

// A pair that was negotiated for what the tunnel was before has to go.
func TestStrangePair(t *testing.T) {
	var s Set
	s.Adopt(start, note(policy.GREIP), Options{})
	if loser, why := s.ChildUp(start, marked(1000, 2000)); why != Obsolete || loser != 1000 {
		t.Errorf("a VTI's pair in a GRE tunnel: %d %q", loser, why)
	}
	up := pair(1000, 2000, true)
	up.Tunnel = "Tunnel2"
	if loser, why := s.ChildUp(start, up); why != Obsolete || loser != 1000 {
		t.Errorf("a pair of no tunnel: %d %q", loser, why)
	}
	if s.Lookup("Tunnel1").Up() {
		t.Error("up")
	}
}

func TestRetry(t *testing.T) {
	var s Set
	s.Adopt(start, note(policy.GREIP), Options{})
	tu := s.Lookup("Tunnel1")
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	due := func(seconds int, want bool) {
		t.Helper()
		if got := tu.Due(at(seconds)); got != want {
			t.Errorf("after %d s: due %v, want %v", seconds, got, want)
		}
	}
	due(0, true)
	tu.Begin(at(0))
	due(60, false) // something is being negotiated
	tu.Failed(at(60), "MM2: no answer")
	due(89, false)
	due(90, true)
	tu.Begin(at(90))
	s.ChildUp(at(91), pair(1000, 2000, true))
	due(1000, false)
	s.ChildDown(at(2000), ike.ChildDown{Tunnel: "Tunnel1", InSPI: 1000})
	due(2029, false)
	due(2030, true)
	tu.Restart(at(2001))
	due(2001, true)
}

func TestNeverByItself(t *testing.T) {
	for _, test := range []struct {
		name   string
		opts   Options
		change func(*policy.Config)
	}{
		{"manual", Options{Manual: true}, func(*policy.Config) {}},
		{"responder-only", Options{}, func(c *policy.Config) { tunnelOf(c).Protection.ResponderOnly = true }},
		{"shutdown", Options{}, func(c *policy.Config) { c.Interface("Tunnel1").Shutdown = true }},
		{"unprotected", Options{}, func(c *policy.Config) { tunnelOf(c).Protection = nil }},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := note(policy.GREIP)
			test.change(c)
			var s Set
			s.Adopt(start, c, test.opts)
			tu := s.Lookup("Tunnel1")
			tu.Failed(start, "no answer")
			tu.Restart(start)
			if tu.Due(start.Add(time.Hour)) || !tu.Next().IsZero() {
				t.Error("negotiates by itself")
			}
		})
	}
}

func TestSimultaneous(t *testing.T) {
	// A pair that side A begins, and one that side B begins, with the time at
	// which each began and ended, in seconds.
	type exchange struct {
		begun, up  int
		spiA, spiB uint32 // inbound at A, at B
	}
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	for _, test := range []struct {
		name    string
		ofA     exchange
		ofB     exchange
		atA     uint32 // A's inbound SPI of the pair that it gives up, 0: none
		atB     uint32
		rekeysA uint32 // the pair of B's that A's replaces
	}{
		{"A's has the lowest", exchange{0, 2, 1000, 4000}, exchange{1, 3, 2000, 3000}, 1000, 4000, 0},
		{"B's has the lowest", exchange{0, 2, 4000, 2000}, exchange{1, 3, 3000, 1000}, 3000, 1000, 0},
		{"B's first, A's long under way", exchange{0, 50, 1000, 4000}, exchange{1, 3, 2000, 3000}, 1000, 4000, 0},
		{"one after the other", exchange{0, 2, 1000, 4000}, exchange{5, 7, 2000, 3000}, 0, 0, 0},
		{"its first message was on the way", exchange{0, 2, 1000, 4000}, exchange{3, 7, 2000, 3000}, 1000, 4000, 0},
		{"rekeyed soon by the other side", exchange{6, 8, 1000, 4000}, exchange{0, 3, 2000, 3000}, 0, 0, 2000},
	} {
		t.Run(test.name, func(t *testing.T) {
			up := func(x exchange, ofA, seenByA bool) ike.ChildUp {
				in, out := x.spiA, x.spiB
				if !seenByA {
					in, out = out, in
				}
				c := pair(in, out, ofA == seenByA)
				c.Begun = at(x.begun)
				if ofA && seenByA {
					c.Rekeys = test.rekeysA
				}
				return c
			}
			for _, side := range []struct {
				isA  bool
				want uint32
			}{{true, test.atA}, {false, test.atB}} {
				var s Set
				s.Adopt(start, note(policy.GREIP), Options{})
				var given uint32
				for second := range 60 {
					for _, x := range []exchange{test.ofA, test.ofB} {
						if x.up == second {
							if loser, why := s.ChildUp(at(second), up(x, x == test.ofA, side.isA)); why == Simultaneous {
								given = loser
							}
						}
					}
				}
				if given != side.want {
					t.Errorf("side A %v gives up %d, want %d", side.isA, given, side.want)
				}
			}
		})
	}
}

// Two rekeyings of one pair that crossed: neither goes, and the end that began the one with
// the higher SPIs rekeys it.
func TestCrossed(t *testing.T) {
	for _, test := range []struct {
		ours, theirs uint32 // our inbound SPIs; the peer's are 1000 more
		rekeyed      uint32
	}{{3000, 2000, 3000}, {2000, 3000, 0}} {
		for _, oursFirst := range []bool{true, false} {
			var s Set
			s.Adopt(start, note(policy.GREIP), Options{})
			s.ChildUp(start, pair(5000, 6000, true))
			at := start.Add(time.Hour)
			both := []ike.ChildUp{pair(test.ours, test.ours+1000, true), pair(test.theirs, test.theirs+1000, false)}
			for i := range both {
				both[i].Begun = at
			}
			if !oursFirst {
				slices.Reverse(both)
			}
			if _, why := s.ChildUp(at.Add(time.Second), both[0]); why != "" {
				t.Errorf("%+v: the first of the two: %s", test, why)
			}
			inSPI, why := s.ChildUp(at.Add(2*time.Second), both[1])
			if inSPI != test.rekeyed || (why == Crossed) != (test.rekeyed != 0) || why == Simultaneous {
				t.Errorf("%+v, ours first %v: %d %q", test, oursFirst, inSPI, why)
			}
		}
	}
}

// Our attempt began with its main mode: a pair of the peer's that came up during
// that is a simultaneous one.
func TestSimultaneousMainMode(t *testing.T) {
	var s Set
	s.Adopt(start, note(policy.GREIP), Options{})
	s.Lookup("Tunnel1").Begin(start)
	s.ChildUp(start.Add(time.Second), pair(1000, 4000, false))
	if !s.Lookup("Tunnel1").Negotiating() {
		t.Error("the peer's pair ended our attempt")
	}
	late := pair(2000, 3000, true)
	late.Begun = start.Add(10 * time.Second)
	if loser, why := s.ChildUp(start.Add(11*time.Second), late); why != Simultaneous || loser != 1000 {
		t.Errorf("%d %q, want 1000 to go", loser, why)
	}
}

// Many tunnels that fail together ask again one after the other: each after IOS's thirty
// seconds and up to a tenth more.
func TestAttemptsAreSpread(t *testing.T) {
	spread := map[time.Duration]bool{}
	for seed := range byte(100) {
		var s Set
		s.Adopt(start, note(policy.GREIP), Options{Rand: rand.NewChaCha8([32]byte{seed})})
		tu := s.Lookup("Tunnel1")
		tu.Begin(start)
		tu.Failed(start, "no answer")
		after := tu.Next().Sub(start)
		if after < RetryInterval || after >= RetryInterval*11/10 {
			t.Errorf("seed %d: asks again after %v", seed, after)
		}
		spread[after.Truncate(time.Second)] = true
	}
	if len(spread) != 3 {
		t.Errorf("in %d of 3 seconds", len(spread))
	}
	var s Set
	s.Adopt(start, note(policy.GREIP), Options{Manual: true, Rand: iotest.ErrReader(errors.New("no need for any"))})
	tu := s.Lookup("Tunnel1")
	tu.Begin(start)
	if tu.Failed(start, "no answer"); !tu.Next().IsZero() {
		t.Errorf("a manual tunnel asks again at %v", tu.Next())
	}
}

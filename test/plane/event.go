package plane

import (
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Expect waits for all the events, in any order, and for no other. Acquires and packets of
// no SA are passed over where they are not wanted: a data plane may or may not tell of them
// while an SA is on its way out.
func Expect(t *testing.T, d ipsec.Dataplane, within time.Duration, want ...ipsec.Event) {
	t.Helper()
	left := map[ipsec.Event]bool{}
	for _, e := range want {
		left[e] = true
	}
	timeout := time.After(within)
	for {
		select {
		case e, open := <-d.Events():
			switch e.(type) {
			case ipsec.Acquire, ipsec.InvalidSPI:
				if !left[e] {
					continue
				}
			}
			if !open || !left[e] {
				t.Fatalf("unexpected, or twice: %+v; wanted: %+v", e, left)
			}
			if delete(left, e); len(left) == 0 { // and nothing after it
				timeout = time.After(100 * time.Millisecond)
			}
		case <-timeout:
			if len(left) > 0 {
				t.Fatalf("no event; wanted: %+v", left)
			}
			return
		}
	}
}

// An SA reports its soft and its hard lifetime, in seconds and in kilobytes,
// under the name that it was installed with, and carries nothing after the hard
// one.
func expire(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, r2 := p.Routers(t)
		Both(r1, r2, func(r *Router) { r.Raise(tun) })

		// Lifetimes count from before the kernel loads the algorithms'
		// modules, which may take seconds there: the first SA is for that.
		first := tun
		first.SPIs[0] = 0x7000
		r1.Must(r1.InstallSA(r1.SA(first, ipsec.Out)))
		r1.Must(r1.RemoveSA(r1.SA(first, ipsec.Out).SAID))

		r2.KeyUp(tun, nil)
		start := time.Now()
		r1.KeyUp(tun, func(sa *ipsec.SA) {
			sa.Soft.Duration, sa.Hard.Duration = 1500*time.Millisecond, 10*time.Second
		})
		out, in := r1.SA(tun, ipsec.Out).SAID, r1.SA(tun, ipsec.In).SAID
		Expect(t, r1.Dataplane, patience, ipsec.Expired{SAID: out}, ipsec.Expired{SAID: in})
		if d := time.Since(start); d < 1500*time.Millisecond {
			t.Errorf("soft lifetime after %v", d)
		}
		Exchange(t, r1, r2, 3) // the SA goes on
		Expect(t, r1.Dataplane, patience, ipsec.Expired{SAID: out, Hard: true}, ipsec.Expired{SAID: in, Hard: true})
		if _, err := r1.QuerySA(out); err == nil {
			t.Error("the SA stands after its hard lifetime")
		}
		if out, ok := r1.answered(r2); ok {
			t.Errorf("a ping is answered after the hard lifetime:\n%s", out)
		}

		// 64 datagrams of 100 octets are more than 6 and less than 16 kilobytes. A
		// data plane that takes many at once may pass both limits at once.
		r1.KeyUp(tun, func(sa *ipsec.SA) { sa.Soft.Kilobytes, sa.Hard.Kilobytes = 2, 6 })
		c := r1.UDP("10.0.0.1:7777")
		for range 64 {
			c.WriteToUDPAddrPort(make([]byte, 100), netip.MustParseAddrPort("10.0.0.2:9"))
			time.Sleep(2 * time.Millisecond)
		}
		Expect(t, r1.Dataplane, patience, ipsec.Expired{SAID: out}, ipsec.Expired{SAID: out, Hard: true})
	})
}

// acquired is what traffic to 10.0.0.2, UDP port 9, asks for: a GRE packet
// between the ends, or for a VTI the inner packet itself.
func (r *Router) acquired(tun Tunnel) ipsec.Selector {
	if tun.Kind == ipsec.GREIP {
		return r.selector(tun)
	}
	return ipsec.Selector{Local: netip.MustParsePrefix("10.0.0.1/32"), Remote: netip.MustParsePrefix("10.0.0.2/32"), Protocol: 17, LocalPort: 7777, RemotePort: 9}
}

// Traffic without an SA asks for one, with our request id and what it is, or all
// that the policy protects.
func acquire(t *testing.T, p Plane) {
	kinds(t, func(t *testing.T, tun Tunnel) {
		r1, _ := p.Routers(t)
		// The link first: making a GRE link asks the kernel for an SA by itself.
		r1.Must(r1.SetLink(r1.Link(tun)))
		r1.Raise(tun)
		c := r1.UDP("10.0.0.1:7777")
		c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.0.0.2:9"))
		select {
		case e := <-r1.Events():
			if a, ok := e.(ipsec.Acquire); !ok || a.ReqID != tun.ReqID || a.Selector != r1.acquired(tun) && a.Selector != r1.selector(tun) {
				t.Errorf("got %+v, want an acquire of %v", e, r1.acquired(tun))
			}
		case <-time.After(patience):
			t.Error("no event")
		}
	})
}

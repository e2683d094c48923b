//go:build vm

package xfrm

import (
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// expect waits for all the events, in any order, and for no other. Acquires are
// passed over unless one is wanted: the kernel may or may not ask again while
// an SA is on its way out.
func expect(t *testing.T, d *Dataplane, within time.Duration, want ...ipsec.Event) {
	t.Helper()
	left := map[ipsec.Event]bool{}
	asked := false
	for _, e := range want {
		left[e] = true
		_, acquire := e.(ipsec.Acquire)
		asked = asked || acquire
	}
	timeout := time.After(within)
	for {
		select {
		case e, open := <-d.Events():
			if _, acquire := e.(ipsec.Acquire); acquire && !asked {
				continue
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
// under the name that it was installed with. SAs of others are not reported.
func TestExpire(t *testing.T) {
	for _, tun := range []tunnel{vtiTunnel(), greTunnel()} {
		t.Run(tun.kind.String(), func(t *testing.T) {
			r1, r2 := routers(t)
			both(r1, r2, func(r *router) { r.raise(tun) })
			r1.Sh("ip xfrm state add src 192.0.2.1 dst 192.0.2.9 proto esp spi 0x99 reqid 7 mode tunnel auth 'hmac(sha1)' 0x0102030405060708090a0b0c0d0e0f1011121314 enc 'ecb(cipher_null)' '' limit time-soft 1 limit time-hard 2")

			// Lifetimes count from before the kernel loads the algorithms'
			// modules, which may take seconds here: the first SA is for that.
			first := r1.sa(tun, ipsec.Out, 0x7000)
			r1.must(r1.InstallSA(first))
			r1.must(r1.RemoveSA(first.SAID))

			start := time.Now()
			r1.keyUp(tun, func(sa *ipsec.SA) {
				sa.Soft.Duration, sa.Hard.Duration = 1500*time.Millisecond, 4*time.Second
			})
			out, in := r1.sa(tun, ipsec.Out, spi12).SAID, r1.sa(tun, ipsec.In, spi21).SAID
			expect(t, r1.Dataplane, 5*time.Second, ipsec.Expired{SAID: out}, ipsec.Expired{SAID: in})
			if d := time.Since(start); d < 1500*time.Millisecond {
				t.Errorf("soft lifetime after %v", d)
			}
			expect(t, r1.Dataplane, 8*time.Second, ipsec.Expired{SAID: out, Hard: true}, ipsec.Expired{SAID: in, Hard: true})
			if _, err := r1.QuerySA(out); err == nil {
				t.Error("the SA stands after its hard lifetime")
			}

			// 64 datagrams of 100 octets are more than 6 and less than 16 kilobytes.
			volume := func(sa *ipsec.SA) { sa.Soft.Kilobytes, sa.Hard.Kilobytes = 2, 6 }
			r1.keyUp(tun, volume)
			r2.keyUp(tun, nil)
			c := r1.UDP("10.0.0.1:7777")
			for range 64 {
				c.WriteToUDPAddrPort(make([]byte, 100), netip.MustParseAddrPort("10.0.0.2:9"))
			}
			expect(t, r1.Dataplane, 5*time.Second, ipsec.Expired{SAID: out}, ipsec.Expired{SAID: out, Hard: true})
		})
	}
}

// acquired is what traffic to 10.0.0.2, UDP port 9, asks for: a GRE packet
// between the ends, or for a VTI the inner packet itself.
func acquired(tun tunnel) ipsec.Selector {
	if tun.kind == ipsec.GREIP {
		return ipsec.Selector{Local: netip.PrefixFrom(addr1, 32), Remote: netip.PrefixFrom(addr2, 32), Protocol: ipsec.GRE}
	}
	return ipsec.Selector{Local: netip.MustParsePrefix("10.0.0.1/32"), Remote: netip.MustParsePrefix("10.0.0.2/32"), Protocol: 17, LocalPort: 7777, RemotePort: 9}
}

// Traffic without an SA asks for one, with our request id and what it is.
func TestAcquire(t *testing.T) {
	for _, tun := range []tunnel{vtiTunnel(), greTunnel()} {
		t.Run(tun.kind.String(), func(t *testing.T) {
			r1, _ := routers(t)
			// The link first: making a GRE link asks for an SA by itself.
			r1.must(r1.SetLink(r1.link(tun)))
			r1.raise(tun)
			c := r1.UDP("10.0.0.1:7777")
			c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort("10.0.0.2:9"))
			expect(t, r1.Dataplane, 5*time.Second, ipsec.Acquire{ReqID: tun.reqID, Selector: acquired(tun)})
		})
	}
}

// When more expires at once than the kernel's queue for us holds, nothing is
// lost all the same.
func TestOverflow(t *testing.T) {
	r1, _ := routers(t)
	tun := vtiTunnel()
	slow := r1.open(func() (*Dataplane, error) { return open(1) }) // the kernel's smallest queue
	const n = 200
	want := make([]ipsec.Event, 0, 2*n)
	for i := range uint32(n) {
		sa := r1.sa(tun, ipsec.Out, 0x5000+i)
		sa.Soft.Duration = time.Second
		if i%2 == 0 {
			sa.Soft.Duration, sa.Hard.Duration = 0, 2*time.Second
		}
		r1.must(slow.InstallSA(sa))
		want = append(want, ipsec.Expired{SAID: sa.SAID, Hard: i%2 == 0})
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(200 * time.Millisecond) {
		list, err := slow.states()
		r1.must(err)
		if len(list) == n/2 {
			break // all hard ones have expired, and so have the soft ones
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d SAs stand", len(list))
		}
	}
	go slow.watch.run(slow)
	expect(t, slow, 10*time.Second, want...)
}

// Close ends the events, also when nobody reads them.
func TestClose(t *testing.T) {
	r1, _ := routers(t)
	tun := vtiTunnel()
	d := r1.open(New)
	for i := range uint32(100) { // more than the channel holds
		sa := r1.sa(tun, ipsec.Out, 0x5000+i)
		sa.Hard.Duration = time.Second
		r1.must(d.InstallSA(sa))
	}
	time.Sleep(2 * time.Second)
	r1.must(d.Close())
	for deadline := time.After(5 * time.Second); ; {
		select {
		case _, open := <-d.Events():
			if !open {
				return
			}
		case <-deadline:
			t.Fatal("the events did not end")
		}
	}
}

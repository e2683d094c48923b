package ikev2

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// behind is a pair that is up, R1 behind a NAT.
func behind(t *testing.T, lines ...string) (*pairOf, *mapping) {
	p := pskPair(t, lines...)
	nat := &mapping{base: 10000}
	p.nat = nat.change(p)
	p.up(p.r1)
	return p, nat
}

// speaks has a router ask something.
func (p *pairOf) speaks(r *party) {
	r.session.now = p.now
	r.session.ask(r.session.ike, forgotten{wire.ExchangeInformationalV2})
	r.collect(p.now)
}

// wantAt wants R2, and its one pair, to go to an address. Of a VTI it is an XFRM
// interface's, as its peer is behind a NAT, and R1's is that of the VTI.
func (p *pairOf) wantAt(address string) {
	p.t.Helper()
	a := netip.MustParseAddr(address)
	if _, remote := p.r2.session.Addresses(); remote.Addr() != a {
		p.t.Errorf("R2 is with %s, not %s", remote, a)
	}
	p.wantUp()
	if c := p.r2.session.children[0]; c.in.Src != a || c.out.Dst != a || c.in.Encap == nil {
		p.t.Errorf("the pair goes to %s and comes from %s, not %s; UDP %v", c.out.Dst, c.in.Src, a, c.in.Encap)
	}
	for r, natted := range map[*party]bool{p.r1: false, p.r2: true} {
		tu, in := r.session.children[0].itf.Tunnel, r.session.children[0].in
		if xfrm := natted && tu.Mode.VTI(); xfrm != (in.IfID == uint32(tu.ReqID)) || xfrm != (in.Mark != tu.Mark) {
			p.t.Errorf("SAs of %s have mark %#x and if_id %#x", tu.Mode, in.Mark, in.IfID)
		}
	}
	for id := range p.r2.sas {
		if id.Src != a && id.Dst != a {
			p.t.Errorf("an SA of %s to %s is left", id.Src, id.Dst)
		}
	}
}

var outside = netip.MustParseAddr("203.0.113.7")

// The NAT gets another address: what R1 sends from there is followed, requests and
// answers go there, and the pair has a successor there; also on the way back.
func TestMoved(t *testing.T) {
	for what, lines := range map[string][]string{
		"GRE":            nil,
		"GRE, transport": {"mode tunnel", "mode transport"},
		"VTI":            {" tunnel destination", " tunnel mode ipsec ipv4\n tunnel destination"},
		"responder-only": {" set ikev2-profile V2\n", " set ikev2-profile V2\n responder-only\n"},
	} {
		t.Run(what, func(t *testing.T) {
			p, nat := behind(t, lines...)
			before := p.r2.session.children[0].in.SPI
			for _, at := range []netip.Addr{outside, netip.MustParseAddr("203.0.113.8"), p.r1.addr.Addr()} {
				nat.outside = at
				p.speaks(p.r1)
				p.settle()
				if _, remote := p.r2.session.Addresses(); remote != netip.AddrPortFrom(at, 14500) {
					t.Fatalf("R2 is with %s", remote)
				}
				p.advance(rekeyPause+drainTime+time.Second, nil)
				p.wantAt(at.String())
				if now := p.r2.session.children[0].in.SPI; now == before {
					t.Error("the pair is the one of before")
				} else {
					before = now
				}
				p.speaks(p.r2) // is answered there
				p.settle()
				if len(p.r2.session.ike.flights) > 0 {
					t.Error("no answer")
				}
			}
			if what == "responder-only" {
				return
			}
			// R1 may begin as well: the tunnel is still the one to its first address.
			nat.outside = outside
			p.r1.session.rekeyChild(p.r1.session.children[0])
			p.r1.collect(p.now)
			p.settle()
			p.r1.packets = map[ipsec.SAID]uint64{}
			p.advance(2*drainTime+3*time.Second, nil)
			p.wantAt(outside.String())
		})
	}
}

// The data plane's word about a packet of the peer is as good as a message; but where
// it does not look for replays it may be of an old one.
func TestMovedByESP(t *testing.T) {
	for replay, followed := range map[string]bool{"64": true, "disable": false} {
		p, nat := behind(t, "set ikev2-profile V2", "set ikev2-profile V2\n set security-association replay "+map[bool]string{true: "window-size 64", false: "disable"}[followed])
		nat.outside = outside
		p.r2.session.HandleKernel(p.now, ipsec.Mapped{SAID: p.r2.session.children[0].in.SAID, Remote: netip.AddrPortFrom(outside, 14500)})
		p.r2.collect(p.now)
		if _, remote := p.r2.session.Addresses(); (remote.Addr() == outside) != followed {
			t.Errorf("replay %s: R2 is with %s", replay, remote)
		}
	}
}

// Whatever does not show where the peer is now leads nowhere.
func TestNotLedAway(t *testing.T) {
	elsewhere := netip.MustParseAddrPort("198.51.100.66:4500")
	from := func(d ike.Datagram) ike.Datagram {
		return ike.Datagram{Local: elsewhere, Remote: d.Remote, Data: bytes.Clone(d.Data)}
	}
	for what, attack := range map[string]func(p *pairOf){
		"a repeated request": func(p *pairOf) {
			p.speaks(p.r1)
			old := p.step(p.r1)
			p.settle()
			p.nat = nil
			p.deliver(p.r1, from(old))
			if d := p.r2.next(); d.Remote != elsewhere {
				p.t.Errorf("answered to %s, not to where it came from", d.Remote)
			}
		},
		"one that was changed": func(p *pairOf) {
			p.speaks(p.r1)
			p.nat = nil
			d := from(p.r1.next())
			d.Data[len(d.Data)-1] ^= 1
			p.deliver(p.r1, d)
		},
		"a request that was held up": func(p *pairOf) {
			x := p.r1.session.ike
			first := p.r1.forge(wire.ExchangeInformationalV2, x.next, false)
			second := p.r1.forge(wire.ExchangeInformationalV2, x.next+1, false)
			p.deliver(p.r1, second)
			p.nat = nil
			p.deliver(p.r1, from(first))
			p.r2.sent = nil
		},
		"a response that was held up": func(p *pairOf) {
			p.speaks(p.r2)
			p.step(p.r2)
			held := p.r1.next()
			p.nat = (&mapping{base: 20000}).change(p)
			p.speaks(p.r1)
			p.settle()
			p.nat = nil
			p.deliver(p.r1, from(held))
			if _, remote := p.r2.session.Addresses(); remote.Port() != 24500 {
				p.t.Errorf("R2 is with %s", remote)
			}
		},
		"what belongs to the IKE SA of before": func(p *pairOf) {
			p.r1.session.renew()
			p.r1.collect(p.now)
			p.step(p.r1)
			p.step(p.r2)
			d := from(p.r1.next()) // the deletion
			p.nat = nil
			p.deliver(p.r1, d)
			p.r2.sent = nil
		},
		"the first of several fragments": func(p *pairOf) {
			p.nat = nil
			d := from(p.r1.next())
			p.deliver(p.r1, d)
			p.deliver(p.r1, d)
			if p.r2.held == 0 {
				p.t.Error("nothing is held")
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			var p *pairOf
			nat := &mapping{base: 10000}
			if what == "the first of several fragments" {
				p = fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "crypto ikev2 fragmentation mtu 576\n")
				p.nat = nat.change(p)
				p.up(p.r1)
				p.longRequest()
			} else {
				p = pskPair(t)
				p.nat = nat.change(p)
				p.up(p.r1)
			}
			attack(p)
			if _, remote := p.r2.session.Addresses(); remote.Addr() != p.r1.addr.Addr() {
				t.Errorf("led away to %s", remote)
			}
		})
	}
}

// longRequest has R1 ask something that goes in several fragments.
func (p *pairOf) longRequest() {
	p.r1.session.ask(p.r1.session.ike, long{})
	p.r1.collect(p.now)
}

// long is a question with much that means nothing.
type long struct{ forgotten }

func (long) exchange() wire.ExchangeType { return wire.ExchangeInformationalV2 }
func (long) build(_ *Session, _ *ikeSA, b *wire.Builder) error {
	b.Add(wire.PayloadVendorIDV2, wire.Raw(make([]byte, 1500)))
	return nil
}

// What has come of a message in fragments is given back to the account of the address
// that it came from.
func TestMovedWithFragments(t *testing.T) {
	p := fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "crypto ikev2 fragmentation mtu 576\n")
	nat := &mapping{base: 10000}
	p.nat = nat.change(p)
	p.up(p.r1)
	held := map[netip.Addr]int{}
	p.r2.env.Hold = func(a netip.Addr, n int) bool { held[a] += n; return true }
	p.longRequest()
	p.step(p.r1)
	if held[p.r1.addr.Addr()] == 0 {
		t.Fatal("nothing is held")
	}
	rest := p.r1.sent
	p.r1.sent = nil
	nat.outside = outside
	p.speaks(p.r1)
	p.settle()
	for _, d := range rest {
		p.deliver(p.r1, d)
	}
	p.advance(time.Minute, nil)
	for a, n := range held {
		if n != 0 {
			t.Errorf("%d octets are held for %s", n, a)
		}
	}
	p.wantAt(outside.String())
}

// Who sits behind a NAT itself stays where the peer was, and so does who has a peer
// that does not.
func TestBothBehindNAT(t *testing.T) {
	for what, path := range map[string]natFound{"both": {able: true, self: true, peer: true}, "none": {able: true}} {
		p, _ := behind(t)
		p.r2.session.path = path
		p.nat = nil
		for _, a := range []string{"198.51.100.66:4500", "192.168.0.1:33333"} {
			d := p.r1.forge(wire.ExchangeInformationalV2, p.r1.session.ike.next, false)
			d.Local = netip.MustParseAddrPort(a)
			p.deliver(p.r1, d)
			p.r2.session.HandleKernel(p.now, ipsec.Mapped{SAID: p.r2.session.children[0].in.SAID, Remote: d.Local})
			p.r2.collect(p.now)
		}
		if _, remote := p.r2.session.Addresses(); remote != netip.MustParseAddrPort("192.168.0.1:14500") || len(p.r2.sent) > 0 {
			t.Errorf("%s: R2 is with %s and sends %d", what, remote, len(p.r2.sent))
		}
	}
}

// A NAT that gives every packet another address has its peer begin one exchange a
// second, and no more.
func TestRestlessNAT(t *testing.T) {
	p, nat := behind(t)
	requests := 0
	p.nat = func(r *party, d ike.Datagram) ike.Datagram {
		if x, response := exchangeOf(d); r == p.r2 && x == wire.ExchangeCreateChildSA && !response {
			requests++
		}
		if r == p.r1 {
			nat.outside = netip.AddrFrom4([4]byte{203, 0, 113, byte(len(p.r2.events))})
		}
		return nat.change(p)(r, d)
	}
	for range 20 {
		p.speaks(p.r1)
		p.advance(500*time.Millisecond, nil)
	}
	if requests == 0 || requests > 11 {
		t.Errorf("%d requests in 10 s", requests)
	}
	p.nat = nat.change(p)
	p.speaks(p.r1)
	p.advance(time.Minute, nil)
	p.wantAt(nat.outside.String())
}

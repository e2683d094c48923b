package ikev2

import (
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// mapping is a NAT in front of R1 that changes its ports, to as many above the base,
// and its address; the zero address keeps that.
type mapping struct {
	base    uint16
	outside netip.Addr
}

// nowhere is what is sent to where nobody is any more.
var nowhere = ike.Datagram{Data: []byte{0xff}}

func (n *mapping) change(p *pairOf) func(*party, ike.Datagram) ike.Datagram {
	return func(from *party, d ike.Datagram) ike.Datagram {
		if from == p.r1 {
			d.Local = netip.AddrPortFrom(n.address(p), d.Local.Port()+n.base)
			return d
		}
		if d.Remote.Port() < n.base {
			p.t.Fatalf("to %s, where nothing is", d.Remote)
		}
		if d.Remote.Addr() != n.address(p) {
			return nowhere
		}
		d.Remote = netip.AddrPortFrom(p.r1.addr.Addr(), d.Remote.Port()-n.base)
		return d
	}
}

func (n *mapping) address(p *pairOf) netip.Addr {
	if n.outside.IsValid() {
		return n.outside
	}
	return p.r1.addr.Addr()
}

// A NAT on the way moves both ends to port 4500, and ESP into UDP. When the NAT
// changes its mapping the responder follows.
func TestNAT(t *testing.T) {
	p := pskPair(t)
	nat := &mapping{base: 10000}
	p.nat = nat.change(p)
	p.up(p.r1)
	want(t, p.r1, func(e NATChecked) bool { return e.Self && !e.Peer })
	want(t, p.r2, func(e NATChecked) bool { return !e.Self && e.Peer })
	if !p.r2.session.Floated() || p.r1.session.Floated() {
		t.Error("who floated?")
	}
	wantEncap := func(r *party, local, remote uint16) {
		t.Helper()
		for _, c := range []ipsec.SA{r.session.children[0].in, r.session.children[0].out} {
			if c.Encap == nil || *c.Encap != (ipsec.Encap{LocalPort: local, RemotePort: remote}) {
				t.Errorf("%s: %+v", r.name, c.Encap)
			}
		}
	}
	wantEncap(p.r1, 4500, 4500)
	wantEncap(p.r2, 4500, 14500)

	nat.base = 20000
	p.r1.session.ask(p.r1.session.ike, probe{time.Second})
	p.r1.collect(p.now)
	p.settle()
	wantEncap(p.r2, 4500, 24500)
	if len(p.r2.updates) != 2 {
		t.Errorf("%d updates", len(p.r2.updates))
	}
	p.r2.session.HandleKernel(p.now, ipsec.Mapped{SAID: p.r2.session.children[0].in.SAID, Remote: netip.MustParseAddrPort("192.168.0.1:34500")})
	p.r2.collect(p.now)
	wantEncap(p.r2, 4500, 34500)
}

// Without a NAT, and from another address at all, nobody is followed; a repeated
// request that comes from elsewhere is no reason either.
func TestNotFollowed(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	d := p.r1.forge(wire.ExchangeInformationalV2, p.r1.session.ike.next, false)
	for _, from := range []string{"192.168.0.1:4500", "192.168.0.9:500"} {
		d.Local = netip.MustParseAddrPort(from)
		p.deliver(p.r1, d)
	}
	if len(p.r2.sent) != 0 {
		t.Error("answered")
	}
	q := pskPair(t)
	nat := &mapping{base: 10000}
	q.nat = nat.change(q)
	q.up(q.r1)
	q.r1.session.ask(q.r1.session.ike, probe{time.Second})
	q.r1.collect(q.now)
	old := q.step(q.r1)
	q.settle()
	nat.base = 20000
	q.deliver(q.r1, old)
	if _, remote := q.r2.session.Addresses(); remote.Port() != 14500 {
		t.Errorf("followed a replay to %s", remote)
	}
}

// Who is behind a NAT keeps its mapping alive when nothing else does.
func TestNATKeepalive(t *testing.T) {
	p := pskPair(t, "keyring local K", "keyring local K\n nat keepalive 20")
	p.nat = (&mapping{base: 10000}).change(p)
	p.up(p.r1)
	out := p.r1.session.children[0].out.SAID
	n := 0
	count := func(r *party, d ike.Datagram) bool {
		if d.NATKeepalive() {
			if r != p.r1 {
				t.Error("R2 is behind no NAT")
			}
			n++
		}
		return false
	}
	p.advance(65*time.Second, count)
	if n != 3 {
		t.Errorf("%d keepalives in 65 s", n)
	}
	p.r1.packets = map[ipsec.SAID]uint64{out: 5}
	p.advance(20*time.Second, count)
	if n != 3 {
		t.Error("a keepalive beside ESP")
	}
}

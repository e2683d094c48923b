package ikev1

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// natted are the note's routers with VTIs, and R1 behind a NAT.
type natted struct {
	*pairOf
	outside netip.Addr
	ports   map[uint16]uint16                  // of R1, at the NAT
	change  func(from *party, b []byte) []byte // what the NAT, or somebody, does to a datagram
}

func newNatted(t *testing.T, options ...option) *natted {
	n := &natted{pairOf: &pairOf{t: t, now: epoch}, outside: netip.MustParseAddr("192.0.2.1"), ports: map[uint16]uint16{500: 1025, 4500: 1026}}
	options = append(options, func(_ string, c *policy.Config) { c.Interfaces[0].Tunnel.Mode = policy.IPsecIPv4 })
	n.r1 = newParty(t, "R1", "192.168.0.1", "192.168.0.2", note.R1(), options)
	n.r2 = newParty(t, "R2", "192.168.0.2", "192.0.2.1", note.R2(), options)
	return n
}

// carry takes a datagram of a router to the other one, through the NAT.
func (n *natted) carry(from *party, d ike.Datagram) {
	to := n.other(from)
	in := ike.Datagram{Local: d.Remote, Remote: d.Local, Data: bytes.Clone(d.Data)}
	if n.change != nil {
		in.Data = n.change(from, in.Data)
	}
	if from == n.r1 {
		in.Remote = netip.AddrPortFrom(n.outside, n.ports[d.Local.Port()])
	} else {
		for inside, port := range n.ports {
			if port == d.Remote.Port() {
				in.Local = netip.AddrPortFrom(n.r1.addr.Addr(), inside)
			}
		}
		if in.Local.Addr() != n.r1.addr.Addr() {
			return // the NAT knows no such port
		}
	}
	n.handle(to, in)
}

func (n *natted) handle(to *party, d ike.Datagram) {
	n.t.Helper()
	if to.session == nil {
		s, err := Respond(n.now, to.env, 1001, d)
		if err != nil {
			n.t.Fatal(err)
		}
		to.session = s
	} else {
		to.session.Handle(n.now, d)
	}
	n.collect(to)
}

// collect takes what a router sends, with its addresses.
func (n *natted) collect(r *party) {
	r.collect(n.now)
	r.sent = nil
}

// settle delivers until both are silent, or until stop says so.
func (n *natted) settle(stop func() bool) {
	for len(n.r1.waiting)+len(n.r2.waiting) > 0 {
		for _, r := range []*party{n.r1, n.r2} {
			if len(r.waiting) == 0 {
				continue
			}
			d := r.waiting[0]
			r.waiting = r.waiting[1:]
			n.carry(r, d)
			if stop != nil && stop() {
				return
			}
		}
	}
}

func (n *natted) initiate() {
	n.r1.session = Initiate(n.now, n.r1.env, 1001, n.r1.itf)
	n.collect(n.r1)
}

// up brings main mode and quick mode up from R1.
func (n *natted) up() {
	n.t.Helper()
	n.initiate()
	n.settle(nil)
	for _, r := range []*party{n.r1, n.r2} {
		if r.session == nil || !r.session.Established() || len(r.sas) != 2 {
			n.t.Fatalf("%s is not up: %d SAs\n%s", r.name, len(r.sas), r.story())
		}
	}
}

// where asserts the far port of R2's session and of its SAs in the data plane.
func (n *natted) where(port uint16) {
	n.t.Helper()
	if want := netip.AddrPortFrom(n.outside, port); n.r2.session.remote != want || n.r2.session.local.Port() != 4500 {
		n.t.Errorf("R2 talks from %v to %v, want port %d", n.r2.session.local, n.r2.session.remote, port)
	}
	now := map[ipsec.SAID]ipsec.SA{}
	for id, sa := range n.r2.sas {
		now[id] = sa
	}
	for _, sa := range n.r2.updates {
		now[sa.SAID] = sa
	}
	for _, sa := range now {
		if sa.Encap == nil || *sa.Encap != (ipsec.Encap{LocalPort: 4500, RemotePort: port}) {
			n.t.Errorf("%v SA has %v, want port %d", sa.Direction, sa.Encap, port)
		}
	}
}

// only leaves one vendor id of NAT traversal in MM1.
func only(vendor []byte) func(*party, []byte) []byte {
	return func(_ *party, data []byte) []byte {
		m, err := wire.Parse(data)
		if err != nil || m.Exchange != wire.ExchangeMainMode || !m.ResponderSPI.IsZero() {
			return data
		}
		b := wire.NewBuilder(nil, m.Header)
		for _, p := range m.Payloads {
			if p.Type != wire.PayloadVendorID {
				b.Add(p.Type, wire.Raw(p.Body))
			}
		}
		if vendor != nil {
			b.Add(wire.PayloadVendorID, wire.Raw(vendor))
		}
		return b.Bytes()
	}
}

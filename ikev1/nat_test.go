package ikev1

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// Whatever version of NAT traversal the initiator announces, the responder
// answers with it, and both use its payloads and its numbers.
func TestNATMethods(t *testing.T) {
	for _, test := range []struct {
		name   string
		vendor []byte
		natD   wire.PayloadType
		encaps uint16
	}{
		{"RFC 3947", wire.VendorRFC3947, 20, 3},
		{"draft 07", wire.VendorDraft07, 15, 3},
		{"draft 03", wire.VendorDraft03, 130, 61443},
		{"draft 02 with a newline", wire.VendorDraft02, 130, 61443},
		{"draft 02", wire.VendorDraft02Plain, 130, 61443},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := newNatted(t)
			n.change = only(test.vendor)
			n.up()
			n.where(1026)
			ids := all[VendorIDBuilt](n.r2)
			if len(ids) == 0 || !bytes.Equal(ids[0].VendorID, test.vendor) {
				t.Errorf("answered with %x", ids)
			}
			for _, r := range []*party{n.r1, n.r2} {
				want(t, r, func(e NATDRead) bool { return e.Payload == test.natD && e.Self == (r == n.r1) && e.Peer == (r == n.r2) })
				want(t, r, func(e IPsecTransformChecked) bool {
					a, _ := e.Transform.Attribute(wire.IPsecAttrEncaps)
					return e.Refusal == "" && a.Value == uint64(test.encaps)
				})
			}
			want(t, n.r2, func(e IDPayload) bool { return e.ID.Protocol == 17 && e.ID.Port == 0 })
			for _, sa := range n.r1.sas {
				if *sa.Encap != (ipsec.Encap{LocalPort: 4500, RemotePort: 4500}) {
					t.Errorf("R1's SA has %v", sa.Encap)
				}
			}
			if !n.r1.session.View(n.now).NAT || !n.r2.session.View(n.now).NAT {
				t.Error("it does not show")
			}
		})
	}
}

// A peer that announces none, or a router that may not: nobody looks for a NAT.
func TestWithoutNATTraversal(t *testing.T) {
	forbidden := func(_ string, c *policy.Config) { c.NoNATTransparency = true }
	for name, n := range map[string]*natted{"no vendor id": newNatted(t), "forbidden": newNatted(t, forbidden)} {
		if name == "no vendor id" {
			n.change = only(nil)
		}
		n.up()
		for _, r := range []*party{n.r1, n.r2} {
			if len(all[NATDRead](r)) > 0 || r.session.local.Port() != 500 || r.session.remote.Port() == 4500 {
				t.Errorf("%s: %s looks for a NAT", name, r.name)
			}
			for _, e := range all[VendorIDBuilt](r) {
				if r == n.r2 && slices.ContainsFunc(natMethods, func(m natMethod) bool { return bytes.Equal(m.vendor, e.VendorID) }) {
					t.Errorf("%s: announced", name)
				}
			}
			for _, sa := range r.sas {
				if sa.Encap != nil {
					t.Errorf("%s: encapsulated", name)
				}
			}
		}
	}
}

// Nothing but an authenticated message, or packet, of the peer moves an SA: not
// garbage, not a replay, not what comes from another address.
func TestRebinding(t *testing.T) {
	n := newNatted(t)
	n.up()
	var old ike.Datagram
	for _, answer := range []bool{false, true} { // an informational exchange, and a quick mode that R2 answers
		if answer {
			n.r1.session.StartChild(n.now, n.r1.itf)
		} else {
			n.r1.session.sendDPD(wire.NotifyDPDRUThere, 7)
		}
		n.collect(n.r1)
		genuine := n.r1.waiting[0]
		n.r1.waiting = nil
		n.now = n.now.Add(5 * time.Second)
		from := func(port uint16, data []byte) ike.Datagram {
			return ike.Datagram{Local: genuine.Remote, Remote: netip.AddrPortFrom(n.outside, port), Data: data}
		}
		port := n.r2.session.remote.Port()
		forged := bytes.Clone(genuine.Data)
		forged[len(forged)-1] ^= 1
		n.handle(n.r2, from(2000, forged))
		if old.Data != nil {
			n.handle(n.r2, from(2000, old.Data))
		}
		n.handle(n.r2, ike.Datagram{Local: genuine.Remote, Remote: netip.MustParseAddrPort("203.0.113.1:4500"), Data: genuine.Data})
		n.handle(n.r2, ike.Datagram{Local: netip.MustParseAddrPort("192.168.0.2:500"), Remote: netip.AddrPortFrom(n.outside, 2000), Data: genuine.Data})
		n.where(port)
		n.r2.waiting = nil

		port += 1000
		n.ports[4500] = port
		n.handle(n.r2, from(port, genuine.Data))
		n.where(port)
		want(t, n.r2, func(e PortFloated) bool { return e.Before.Port() == port-1000 && e.Remote.Port() == port })
		if len(n.r2.waiting) != 1 || n.r2.waiting[0].Remote.Port() != port {
			t.Errorf("the answer goes to %v", n.r2.waiting)
		}
		// Once more, from elsewhere: it may be answered, but to the peer.
		n.now = n.now.Add(5 * time.Second)
		n.handle(n.r2, from(3000, genuine.Data))
		n.where(port)
		for _, d := range n.r2.waiting {
			if d.Remote.Port() != port {
				t.Errorf("a replay is answered to %v", d.Remote)
			}
		}
		old = genuine
		n.r2.waiting = n.r2.waiting[:1]
		n.settle(nil)
	}
	in := n.r2.session.pairs()[0].in.SAID
	n.r2.session.HandleKernel(n.now, ipsec.Mapped{SAID: in, Remote: netip.MustParseAddrPort("203.0.113.1:4500")})
	n.collect(n.r2)
	n.where(3026)
	n.r2.session.HandleKernel(n.now, ipsec.Mapped{SAID: in, Remote: netip.AddrPortFrom(n.outside, 4026)})
	n.collect(n.r2)
	n.where(4026)
}

// In the middle of a quick mode: the inbound SA stands and is told, the outbound
// one is installed with the new port.
func TestRebindingInQuickMode(t *testing.T) {
	n := newNatted(t)
	n.up()
	n.r1.session.StartChild(n.now, n.r1.itf)
	n.collect(n.r1)
	n.settle(func() bool { return len(n.r1.waiting) > 0 }) // QM3 is under way
	if _, ok := n.r2.session.quickModes()[len(n.r2.session.quickModes())-1].state.(sentQM2); !ok {
		t.Fatal("R2 does not wait for QM3")
	}
	n.ports[4500] = 1077
	n.settle(nil)
	if len(n.r2.session.pairs()) != 2 {
		t.Fatalf("%d pairs\n%s", len(n.r2.session.pairs()), n.r2.story())
	}
	n.where(1077)
	for _, c := range n.r2.session.pairs() {
		if c.in.Encap.RemotePort != 1077 || c.out.Encap.RemotePort != 1077 {
			t.Errorf("shown with %v and %v", c.in.Encap, c.out.Encap)
		}
	}
}

// With anti-replay disabled an old packet of ESP, sent again from elsewhere, is
// authentic to the data plane; it does not lead us away. IKE's messages do.
func TestRebindingWithoutAntiReplay(t *testing.T) {
	n := newNatted(t, func(_ string, c *policy.Config) { c.IPsec[0].Replay = 0 })
	n.up()
	n.r2.session.HandleKernel(n.now, ipsec.Mapped{SAID: n.r2.session.pairs()[0].in.SAID, Remote: netip.AddrPortFrom(n.outside, 2000)})
	n.collect(n.r2)
	n.where(1026)
	n.ports[4500] = 3026
	n.r1.session.sendDPD(wire.NotifyDPDRUThere, 7)
	n.collect(n.r1)
	n.settle(nil)
	n.where(3026)
}

// Whoever is behind the NAT himself does not follow: his peer's port does not
// change, and somebody on the way would lead him off.
func TestInsideDoesNotFollow(t *testing.T) {
	n := newNatted(t)
	n.up()
	n.r2.session.sendDPD(wire.NotifyDPDRUThere, 7)
	n.collect(n.r2)
	d := n.r2.waiting[0]
	n.handle(n.r1, ike.Datagram{Local: netip.AddrPortFrom(n.r1.addr.Addr(), 4500), Remote: netip.MustParseAddrPort("192.168.0.2:4600"), Data: d.Data})
	if n.r1.session.remote != netip.MustParseAddrPort("192.168.0.2:4500") || len(n.r1.waiting) > 0 {
		t.Errorf("R1 goes to %v", n.r1.session.remote)
	}
	want(t, n.r1, func(e MessageRejected) bool { return e.Exchange == wire.ExchangeInformational })
}

// MM5 proves where the peer is. One that proves nothing leaves main mode on the
// ports where it was, and MM4 that comes again is answered with MM5 on the new ones.
func TestFloatingWantsProof(t *testing.T) {
	n := newNatted(t)
	n.initiate()
	n.settle(func() bool { return n.r1.session.state == MMKeyExch })
	mm5 := n.r1.waiting[0]
	if mm5.Local.Port() != 4500 || mm5.Remote.Port() != 4500 {
		t.Fatalf("MM5 goes from %v to %v", mm5.Local, mm5.Remote)
	}
	before := fingerprint(n.r2.session)
	forged := bytes.Clone(mm5.Data)
	forged[len(forged)-40] ^= 1
	n.handle(n.r2, ike.Datagram{Local: mm5.Remote, Remote: netip.AddrPortFrom(n.outside, 2000), Data: forged})
	if fingerprint(n.r2.session) != before || n.r2.session.remote.Port() != 1025 || n.r2.session.local.Port() != 500 {
		t.Errorf("R2 is at %v with %v", n.r2.session.local, n.r2.session.remote)
	}
	n.r1.waiting = nil
	n.now = n.now.Add(10 * time.Second)
	n.r2.session.HandleTimeout(n.now)
	n.collect(n.r2)
	if mm4 := n.r2.waiting[0]; mm4.Local.Port() != 500 || mm4.Remote.Port() != 1025 {
		t.Errorf("MM4 goes again from %v to %v", mm4.Local, mm4.Remote)
	}
	n.settle(nil)
	if !n.r2.session.Established() {
		t.Fatal(n.r2.story())
	}
	n.where(1026)
}

// A new main mode with a peer behind a NAT begins where the last one is.
func TestMainModeOnFloatedPort(t *testing.T) {
	n := newNatted(t, func(_ string, c *policy.Config) { c.Profiles[0].Trustpoints = nil })
	n.up()
	if !n.r2.session.Floated() || n.r1.session.Floated() {
		t.Errorf("floated: R1 %v, R2 %v", n.r1.session.Floated(), n.r2.session.Floated())
	}
	n.r2.env.Floated = func(e ike.Ends) uint16 {
		if e.Local == n.r2.addr.Addr() && e.Remote == n.outside {
			return 1026
		}
		return 0
	}
	n.r1.session = nil
	clear(n.r1.sas)
	clear(n.r2.sas)
	n.r2.session = Initiate(n.now, n.r2.env, 1002, n.r2.itf)
	n.collect(n.r2)
	if mm1 := n.r2.waiting[0]; mm1.Local.Port() != 4500 || mm1.Remote != netip.AddrPortFrom(n.outside, 1026) {
		t.Fatalf("MM1 goes from %v to %v", mm1.Local, mm1.Remote)
	}
	n.settle(nil)
	if len(n.r1.sas) != 2 || len(n.r2.sas) != 2 {
		t.Fatalf("%s\n%s", n.r1.story(), n.r2.story())
	}
	n.where(1026)
}

// AH covers the addresses: with a NAT it is neither offered nor taken.
func TestAHThroughNAT(t *testing.T) {
	n := newNatted(t, func(_ string, c *policy.Config) {
		set := c.Transforms[0]
		set.Encr, set.KeyBits, set.Integ, set.AH = nil, 0, nil, suite.HMACSHA256
	})
	n.initiate()
	n.settle(nil)
	want(t, n.r1, func(e ike.NegotiationFailed) bool {
		return e.Stage == "QM1" && e.Reason == "AH does not pass a NAT, and no transform set is without it"
	})
	offer := quickOffer(n.r1.itf, 0x5000)
	if m := policy.MatchTransformSet(n.r2.itf.Tunnel.Protection, offer, true); m.Set != nil || m.Checks[0].Refusal != "AH does not pass a NAT" {
		t.Errorf("%+v", m.Checks)
	}
}

// NAT-OA goes with transport mode only, and what is none is refused.
func TestNATOA(t *testing.T) {
	n := newNatted(t)
	n.up()
	s := n.r2.session
	addr := wire.NATOA{Type: wire.IDIPv4Addr, Addr: n.outside}.Append(nil)
	oa := func(b []byte) wire.Payload {
		return wire.Payload{Type: wire.PayloadNATOA, Body: b, Raw: append(make([]byte, 4), b...)}
	}
	for _, test := range []struct {
		name  string
		list  []wire.Payload
		valid bool
	}{
		{"none", nil, true},
		{"two", []wire.Payload{oa(addr), oa(addr)}, true},
		{"three", []wire.Payload{oa(addr), oa(addr), oa(addr)}, false},
		{"cut", []wire.Payload{oa(addr[:7])}, false},
		{"a name", []wire.Payload{oa(append([]byte{2}, addr[1:]...))}, false},
	} {
		if err := s.checkNATOA(test.list); (err == nil) != test.valid {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	for encaps, count := range map[uint16]int{wire.EncapsUDPTransport: 2, wire.EncapsUDPTransportDraft: 2, wire.EncapsUDPTunnel: 0} {
		for _, initiator := range []bool{true, false} {
			b := wire.NewBuilder(nil, s.header(wire.ExchangeQuickMode, 1))
			s.addNATOA(b, initiator, []wire.ProposalV1{{Transforms: []wire.TransformV1{{Attributes: []wire.Attribute{{Type: wire.IPsecAttrEncaps, Value: uint64(encaps)}}}}}})
			m, err := wire.Parse(b.Bytes())
			if count == 0 {
				if m != nil && len(m.Payloads) > 0 {
					t.Errorf("NAT-OA with encaps %d", encaps)
				}
				continue
			}
			if err != nil || len(m.Payloads) != count {
				t.Fatalf("encaps %d: %v", encaps, err)
			}
			first, err := wire.ParseNATOA(m.Payloads[0].Body)
			if want := map[bool]netip.Addr{true: s.local.Addr(), false: n.outside}[initiator]; err != nil || first.Addr != want {
				t.Errorf("NAT-OAi is %v, want %v", first, want)
			}
		}
	}
}

// Keepalives are sent by the end behind the NAT only, and only while it says
// nothing else, by IKE or by ESP.
func TestNATKeepalive(t *testing.T) {
	n := newNatted(t, func(_ string, c *policy.Config) { c.ISAKMP.NATKeepalive = 20 * time.Second })
	n.up()
	if at, why := n.r2.session.NextTimeout(); why == "NAT keepalive" {
		t.Errorf("R2 is about to send one at %v", at)
	}
	out := n.r1.session.pairs()[0].out.SAID
	n.r1.packets = map[ipsec.SAID]uint64{}
	for i, step := range []struct {
		after time.Duration
		sends uint64 // packets of ESP meanwhile
		says  bool   // a message goes meanwhile
		want  int
	}{
		{19 * time.Second, 0, false, 0},
		{time.Second, 0, false, 1},
		{20 * time.Second, 0, false, 1},
		{20 * time.Second, 5, false, 0},
		{20 * time.Second, 0, false, 1},
		{15 * time.Second, 0, true, 0},
		{5 * time.Second, 0, false, 0},
		{15 * time.Second, 0, false, 1},
	} {
		n.now = n.now.Add(step.after)
		n.r1.packets[out] += step.sends
		if step.says {
			n.r1.session.now = n.now
			n.r1.session.sendDPD(wire.NotifyDPDRUThere, 7)
			n.collect(n.r1)
		}
		n.r1.waiting = nil
		n.r1.session.HandleTimeout(n.now)
		n.collect(n.r1)
		if len(n.r1.waiting) != step.want {
			t.Errorf("step %d: %d datagrams", i, len(n.r1.waiting))
		}
		for _, d := range n.r1.waiting {
			if !d.NATKeepalive() || d.Local != netip.MustParseAddrPort("192.168.0.1:4500") || d.Remote != netip.MustParseAddrPort("192.168.0.2:4500") {
				t.Errorf("step %d: %v to %v: %x", i, d.Local, d.Remote, d.Data)
			}
		}
	}
	n.r1.session.DeleteChild(n.now, n.r1.session.pairs()[0].in.SPI, "test")
	n.r1.session.Delete(n.now, "test")
	n.collect(n.r1)
	n.r1.wantIdle()
}

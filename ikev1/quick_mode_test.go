package ikev1

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// on changes the configuration of one router.
func on(router string, change func(*policy.Config)) option {
	return func(name string, c *policy.Config) {
		if name == router {
			change(c)
		}
	}
}

// A quick mode that R2 refuses: R1 learns it at once, the IKE SA stays.
func TestQuickModeRefused(t *testing.T) {
	group2, _ := suite.GroupByNumber(2)
	for _, c := range []struct {
		name   string
		change option
		reason string
	}{
		{"a VTI against GRE", on("R1", func(c *policy.Config) { vti("", c) }), "proxy identities not supported"},
		{"another isakmp-profile", on("R2", func(c *policy.Config) {
			other := *c.Profiles[0]
			other.Name, other.Matches = "prof2", []policy.Match{{Kind: policy.MatchHost, Value: "nobody"}}
			c.Profiles = append(c.Profiles, &other)
			c.IPsec[0].ISAKMPProfile = &other
		}), "map_db_check_isakmp_profile profile did not match"},
		{"another transform set", on("R2", func(c *policy.Config) { c.Transforms[0].Integ = suite.HMACSHA1 }), "transform proposal not supported for identity"},
		{"PFS missing", on("R2", func(c *policy.Config) { c.IPsec[0].PFS = group2 }), "transform proposal not supported for identity"},
		{"another key size", on("R1", func(c *policy.Config) { c.Transforms[0].KeyBits = 256 }), "transform proposal not supported for identity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, c.change)
			p.initiate(p.r1)
			p.settle()
			want(t, p.r2, func(e ike.NegotiationFailed) bool { return e.Stage == "QM1" && e.Reason == c.reason })
			want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.NotifyNoProposalChosen })
			want(t, p.r2, func(e NodeDeleted) bool { return e.Error && e.Reason == "QM rejected" })
			want(t, p.r1, func(e NodeDeleted) bool { return e.Error && e.Reason == "Delete Larval" })
			want(t, p.r1, func(e ike.NegotiationFailed) bool {
				return e.Tunnel == "Tunnel1" && e.Reason == "the peer answered PROPOSAL_NOT_CHOSEN"
			})
			for _, r := range []*party{p.r1, p.r2} {
				if !r.session.Established() || len(r.session.quickModes()) != 0 || len(r.sas) != 0 {
					t.Errorf("%s: established %v, %d quick modes, %d SAs", r.name, r.session.Established(), len(r.session.quickModes()), len(r.sas))
				}
			}
		})
	}
}

// A tunnel that names no profile takes the IKE SA of any; one that names another
// is refused before anything is sent.
func TestStartChildProfile(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	other := *p.r1.itf
	tunnel, protection := *other.Tunnel, *other.Tunnel.Protection
	protection.ISAKMPProfile = &policy.ISAKMPProfile{Name: "prof9"}
	tunnel.Protection, other.Tunnel = &protection, &tunnel
	p.r1.session.StartChild(p.now, &other)
	p.r1.collect(p.now)
	want(t, p.r1, func(e ike.NegotiationFailed) bool { return strings.HasPrefix(e.Reason, "map_db_check_isakmp_profile") })
	if len(p.r1.sent) != 0 {
		t.Error("QM1 left all the same")
	}
}

// The data plane refuses: the exchange fails on both sides, nothing is left half
// installed, the IKE SA stays.
func TestInstallFails(t *testing.T) {
	for _, router := range []string{"R1", "R2"} {
		for _, dir := range []ipsec.Direction{ipsec.In, ipsec.Out} {
			t.Run(router+" "+dir.String(), func(t *testing.T) {
				p := newPair(t)
				bad := p.r1
				if router == "R2" {
					bad = p.r2
				}
				bad.refuse = func(sa ipsec.SA) error {
					if sa.Direction == dir {
						return errors.New("no buffer space available")
					}
					return nil
				}
				p.initiate(p.r1)
				p.settle()
				want(t, bad, func(e ike.NegotiationFailed) bool { return strings.Contains(e.Reason, "no buffer space") })
				for _, r := range []*party{p.r1, p.r2} {
					if len(r.sas) != 0 || len(r.session.pairs()) != 0 || r.session.inFlight() != 0 || !r.session.Established() {
						t.Errorf("%s: %d SAs, %d children, %d quick modes\n%s", r.name, len(r.sas), len(r.session.pairs()), r.session.inFlight(), r.story())
					}
				}
			})
		}
	}
}

// While the data plane is silent QM2 and QM3 do not leave.
func TestInstallAwaited(t *testing.T) {
	p := newPair(t)
	p.r2.stall = true
	p.initiate(p.r1)
	p.settle()
	if n := len(p.r2.lens); n != 3 {
		t.Errorf("R2 sent %d datagrams, want MM2, MM4 and MM6", n)
	}
	p.advance(2*time.Minute, nil)
	want(t, p.r1, func(e ike.NegotiationFailed) bool { return e.Stage == "QM1" && e.Reason == "no answer to QM1" })
	want(t, p.r1, func(e NodeDeleted) bool { return e.Error })
}

// IDcr as a name where an address is due; a mask with holes; one ID of two.
func TestHostileProxies(t *testing.T) {
	addr := wire.IDV1{Type: wire.IDIPv4Addr, Protocol: 47, Data: []byte{192, 168, 0, 1}}
	for name, ids := range map[string][]wire.IDV1{
		"fqdn":            {addr, {Type: wire.IDFQDN, Protocol: 47, Data: []byte("R2.cisco.com")}},
		"dn":              {{Type: wire.IDDERASN1DN, Data: []byte{0x30, 0}}, addr},
		"holes":           {addr, {Type: wire.IDIPv4AddrSubnet, Protocol: 47, Data: []byte{192, 168, 0, 2, 255, 0, 255, 0}}},
		"short":           {addr, {Type: wire.IDIPv4Addr, Protocol: 47, Data: []byte{192, 168}}},
		"range":           {addr, {Type: wire.IDIPv4AddrRange, Protocol: 47, Data: make([]byte, 8)}},
		"one":             {addr},
		"three":           {addr, addr, addr},
		"two protocols":   {addr, {Type: wire.IDIPv4Addr, Protocol: 6, Data: []byte{192, 168, 0, 2}}},
		"somebody else's": {addr, {Type: wire.IDIPv4Addr, Protocol: 47, Data: []byte{10, 0, 0, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.up(p.r1)
			offer := quickOffer(p.r1.itf, 0x5000)
			payloads := []wire.Payload{
				payload(wire.PayloadSA, wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: offer}),
				payload(wire.PayloadNonce, wire.Raw(make([]byte, 20))),
			}
			for _, id := range ids {
				payloads = append(payloads, payload(wire.PayloadID, id))
			}
			p.deliver(p.r2, p.r1.forge(wire.ExchangeQuickMode, 99, payloads...))
			want(t, p.r2, func(e NodeDeleted) bool { return e.MessageID == 99 && e.Error })
			p.settle()
			if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 || p.r2.session.inFlight() != 0 {
				t.Errorf("%d and %d SAs, %d quick modes", len(p.r1.sas), len(p.r2.sas), p.r2.session.inFlight())
			}
		})
	}
}

// The RESPONDER_LIFETIME of a real router, which was offered seconds alone: see
// test/replayed, ios-rsa-encryption.
func TestResponderLifetimeOfIOS(t *testing.T) {
	m := policy.TransformMatch{
		Proposal: wire.ProposalV1{Protocol: wire.ProtocolESP},
		Transform: wire.TransformV1{Attributes: []wire.Attribute{
			{Type: wire.IPsecAttrLifeType, Value: uint64(wire.LifeSeconds)}, {Type: wire.IPsecAttrLifeDuration, Value: 3600},
		}},
		Lifetime: ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000},
	}
	const want = "0000000103046000" + "4589f1f1" + "800100020002000400465000"
	if got := hex.EncodeToString(quickLifetime(m, []byte{0x45, 0x89, 0xf1, 0xf1}).Append(nil)); got != want {
		t.Errorf("%s, IOS sends %s", got, want)
	}
}

// The peer repeats the SPI of a pair that stands, or a reserved one.
func TestHostileSPI(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	used := p.r2.session.pairs()[0].out.SPI
	for i, spi := range []uint32{used, 0, 255} {
		offer := quickOffer(p.r1.itf, spi)
		ids := proxyIDs(p.r1.itf.Tunnel.Selector())
		p.deliver(p.r2, p.r1.forge(wire.ExchangeQuickMode, uint32(100+i),
			payload(wire.PayloadSA, wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: offer}),
			payload(wire.PayloadNonce, wire.Raw(make([]byte, 20))),
			payload(wire.PayloadID, wire.Raw(ids[0])), payload(wire.PayloadID, wire.Raw(ids[1]))))
		want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.NotifyInvalidSPI })
	}
	if len(p.r2.sas) != 2 || len(p.r2.session.pairs()) != 1 {
		t.Error("a second pair was made")
	}
}

// More quick modes than the bound are dropped.
func TestQuickModesBounded(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.r2.stall = true
	for i := range maxQuickModes + 5 {
		p.r1.session.StartChild(p.now, p.r1.itf)
		p.r1.collect(p.now)
		for len(p.r1.sent) > 0 {
			p.step(p.r1)
		}
		if n := p.r2.session.inFlight(); n > maxQuickModes || n != min(i+1, maxQuickModes) {
			t.Fatalf("%d quick modes in flight after %d", n, i+1)
		}
	}
}

// R1's rekey: 30 s before the end there is a new pair, then the old one goes.
func TestRekey(t *testing.T) {
	p := newPair(t, func(_ string, c *policy.Config) { c.IPsec[0].Lifetime.Duration = 10 * time.Minute })
	p.up(p.r1)
	first := p.r1.session.pairs()[0].in.SPI
	var gap bool
	p.advance(9*time.Minute+29*time.Second, nil)
	if p.r1.session.pairs()[0].in.SPI != first {
		t.Fatal("rekeyed too early")
	}
	p.advance(2*time.Second, func(*party, []byte) bool { gap = gap || len(p.r1.sas) < 2 || len(p.r2.sas) < 2; return false })
	up := all[ike.ChildUp](p.r1)
	if len(up) != 2 || up[1].Rekeys != first || !up[1].Initiator {
		t.Fatalf("%+v", up)
	}
	up = all[ike.ChildUp](p.r2)
	if len(up) != 2 || up[1].Rekeys == 0 || up[1].Initiator {
		t.Fatalf("%+v", up)
	}
	if gap {
		t.Error("there was a moment without a pair")
	}
	p.advance(handoverTime+drainTime, nil)
	for _, r := range []*party{p.r1, p.r2} {
		if len(r.sas) != 2 || len(r.session.pairs()) != 1 {
			t.Errorf("%s: %d SAs, %d children", r.name, len(r.sas), len(r.session.pairs()))
		}
		want(t, r, func(e ike.ChildDown) bool { return true })
	}
	p.advance(time.Hour, nil)
	if len(p.r1.sas) != 2 || len(all[ike.ChildUp](p.r1)) < 7 {
		t.Errorf("%d SAs, %d pairs in an hour", len(p.r1.sas), len(all[ike.ChildUp](p.r1)))
	}
}

// At a rekey the responder goes on sending on the old pair until QM3 says that
// the initiator has the new one.
func TestRekeyOrder(t *testing.T) {
	p := newPair(t, func(_ string, c *policy.Config) { c.IPsec[0].Lifetime.Duration = 10 * time.Minute })
	p.up(p.r1)
	p.r2.orders = nil
	p.advance(9*time.Minute+30*time.Second+2*handoverTime, nil)
	if got, want := strings.Join(p.r2.orders, " "), "in send out -out -in"; got != want {
		t.Errorf("responder: %s, want %s", got, want)
	}
}

// After R1's rekey the peer goes on sending on the old pair until it has read the
// delete, as pluto does: R1 receives on it for a while and sends on the new one.
func TestRekeyDrains(t *testing.T) {
	p := newPair(t, func(_ string, c *policy.Config) { c.IPsec[0].Lifetime.Duration = 10 * time.Minute })
	p.up(p.r1)
	old := p.r1.session.pairs()[0]
	p.advance(9*time.Minute+30*time.Second+2*handoverTime, nil)
	_, in := p.r1.sas[old.in.SAID]
	_, out := p.r1.sas[old.out.SAID]
	if !in || out || len(p.r1.sas) != 3 || len(p.r2.sas) != 2 {
		t.Errorf("after the rekey: old inbound %v, old outbound %v, %d and %d SAs", in, out, len(p.r1.sas), len(p.r2.sas))
	}
	p.r1.orders = nil
	p.advance(drainTime, nil)
	if got := strings.Join(p.r1.orders, " "); got != "-in" || len(p.r1.sas) != 2 {
		t.Errorf("when drained: %s, %d SAs are left", got, len(p.r1.sas))
	}
	want(t, p.r1, func(e ike.ChildDown) bool { return e.InSPI == old.in.SPI && e.Reason == "rekeyed" })
}

// QM3 is lost for good: the responder gives up and says so, and neither side keeps
// half a pair.
func TestQM3Lost(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	for len(p.r1.session.pairs()) == 0 {
		if len(p.r1.sent) > 0 {
			p.step(p.r1)
		} else {
			p.step(p.r2)
		}
	}
	id := p.r1.next() // QM3
	p.advance(90*time.Second, func(from *party, data []byte) bool { return from == p.r1 && bytes.Equal(data, id) })
	want(t, p.r2, func(e ike.NegotiationFailed) bool { return e.Reason == "no answer to QM2" })
	for _, r := range []*party{p.r1, p.r2} {
		if len(r.sas) != 0 || len(r.session.pairs()) != 0 || !r.session.Established() {
			t.Errorf("%s: %d SAs, %d children\n%s", r.name, len(r.sas), len(r.session.pairs()), r.story())
		}
	}
}

// When the initiator may not rekey the responder does, a little later.
func TestResponderRekeys(t *testing.T) {
	p := newPair(t, on("R1", func(c *policy.Config) { c.IPsec[0].ResponderOnly = true }))
	p.up(p.r1)
	p.advance(59*time.Minute+40*time.Second+2*handoverTime+drainTime, nil)
	up := all[ike.ChildUp](p.r2)
	if len(up) != 2 || !up[1].Initiator || up[1].Rekeys == 0 {
		t.Fatalf("%+v", up)
	}
	if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
		t.Errorf("%d and %d SAs", len(p.r1.sas), len(p.r2.sas))
	}
}

// The data plane's volume limit: soft rekeys, hard ends.
func TestVolume(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	old := p.r1.session.pairs()[0]
	p.r1.session.HandleKernel(p.now, ipsec.Expired{SAID: old.out.SAID})
	p.r1.collect(p.now)
	p.settle()
	p.advance(2*handoverTime+drainTime, nil)
	if c := p.r1.session.pairs(); len(c) != 1 || c[0] == old {
		t.Fatal("not rekeyed")
	}
	p.r1.session.HandleKernel(p.now, ipsec.Expired{SAID: p.r1.session.pairs()[0].in.SAID, Hard: true})
	p.r1.collect(p.now)
	p.settle()
	if len(p.r1.sas) != 0 || len(p.r2.sas) != 0 {
		t.Errorf("%d and %d SAs", len(p.r1.sas), len(p.r2.sas))
	}
	p.r1.session.HandleKernel(p.now, ipsec.Expired{SAID: ipsec.SAID{SPI: 1}, Hard: true})
}

// The peer does not answer the rekey: it is tried until the end of the pair.
func TestRekeyUnanswered(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.advance(2*time.Hour, func(*party, []byte) bool { return true })
	if len(p.r1.sas) != 0 || len(p.r2.sas) != 0 {
		t.Errorf("%d and %d SAs after their lifetime", len(p.r1.sas), len(p.r2.sas))
	}
	want(t, p.r1, func(e ike.ChildDown) bool { return e.Reason == "IPsec SA lifetime expired" })
}

// The lower lifetime of both holds; a responder that has it says so.
func TestResponderLifetime(t *testing.T) {
	short := func(c *policy.Config) {
		c.IPsec[0].Lifetime.Duration, c.Policies[0].Lifetime = 20*time.Minute, 2*time.Hour
	}
	for _, router := range []string{"R1", "R2"} {
		p := newPair(t, on(router, short))
		p.up(p.r1)
		for _, r := range []*party{p.r1, p.r2} {
			v := r.session.View(p.now)
			if v.Remaining != 2*time.Hour || v.Children[0].Expires != p.now.Add(20*time.Minute) {
				t.Errorf("%s short, %s: %s, %s", router, r.name, v.Remaining, v.Children[0].Expires.Sub(p.now))
			}
		}
		told := slices.ContainsFunc(all[NotifyReceived](p.r1), func(e NotifyReceived) bool { return e.Type == wire.NotifyResponderLifetime })
		if told != (router == "R2") {
			t.Errorf("%s short: told %v", router, told)
		}
	}
}

// What QM2 may not change: an altered choice, or other proxies, fail the exchange.
func TestQM2Changed(t *testing.T) {
	for name, change := range map[string]func(p *wire.ProposalV1, ids *[2][]byte){
		"another transform": func(p *wire.ProposalV1, _ *[2][]byte) { p.Transforms[0].ID = 3 },
		"a shorter life":    func(p *wire.ProposalV1, _ *[2][]byte) { p.Transforms[0].Attributes[2].Value = 600 },
		"IDcr":              func(_ *wire.ProposalV1, ids *[2][]byte) { ids[1] = ids[0] },
		"IDci":              func(_ *wire.ProposalV1, ids *[2][]byte) { ids[0] = ids[1] },
		"no IDs":            func(_ *wire.ProposalV1, ids *[2][]byte) { *ids = [2][]byte{} },
		"a reserved SPI":    func(p *wire.ProposalV1, _ *[2][]byte) { p.SPI = []byte{0, 0, 0, 9} },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.initiate(p.r1)
			for len(p.r1.lens) < 4 {
				for _, r := range []*party{p.r1, p.r2} {
					if len(r.sent) > 0 {
						p.step(r)
					}
				}
			}
			q := p.r1.session.quickModes()[0]
			st := q.state.(sentQM1)
			offer := quickOffer(p.r1.itf, 0x7777)
			ids := st.ids
			change(&offer[0], &ids)
			b := p.r2.session.quickMessage(&quickMode{id: q.id}, offer, make([]byte, 20), nil, ids)
			p.r2.session.crypt.putHash(b, q.id, q.ni)
			data, _ := p.r2.session.crypt.seal(p.r2.session.header(wire.ExchangeQuickMode, q.id), b, q.iv)
			p.deliver(p.r1, data)
			want(t, p.r1, func(e ike.NegotiationFailed) bool { return e.Stage == "QM2" })
			if len(p.r1.sas) != 0 || len(p.r1.session.quickModes()) != 0 {
				t.Error("something is left")
			}
		})
	}
}

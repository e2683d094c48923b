package ikev1

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// refusedFirst gives R2 a first message. It must lead to no session that waits.
func (p *pairOf) refusedFirst(data []byte, what string) {
	p.t.Helper()
	s, err := Respond(p.now, p.r2.env, 1001, ike.Datagram{Local: p.r2.addr, Remote: p.r1.addr, Data: data})
	if err == nil && !s.Done() {
		p.t.Errorf("%s began a session in %s", what, s.phase)
	}
}

// behind is a message with payloads behind those that it has.
func behind(t *testing.T, data []byte, more ...wire.Payload) []byte {
	m, err := wire.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	return rebuild(t, data, func(p wire.Payload) []wire.Payload {
		if n++; n < len(m.Payloads) {
			return []wire.Payload{p}
		}
		return append([]wire.Payload{p}, more...)
	})
}

// Row 1: every payload type that only IKEv2 has, in every clear message of both
// modes and behind a valid HASH. A payload that nobody has is passed over.
func TestPayloadsOfIKEv2(t *testing.T) {
	for _, options := range [][]option{{psk}, {psk, aggressively}} {
		p := newPair(t, options...)
		p.initiate(p.r1)
		first := p.r1.sent[0]
		for v2 := wire.PayloadType(33); v2 < 128; v2++ {
			p.refusedFirst(behind(t, first, wire.Payload{Type: v2, Body: make([]byte, 8)}), fmt.Sprintf("payload type %d", v2))
		}
		p.step(p.r1)
		for p.r1.session.up == nil || p.r2.session.up == nil {
			for _, r := range []*party{p.r2, p.r1} {
				if len(r.sent) == 0 {
					continue
				}
				if m, err := wire.Parse(r.sent[0]); err == nil && !m.Encrypted() {
					for v2 := wire.PayloadType(33); v2 < 128; v2++ {
						p.unharmed(p.other(r), behind(t, r.sent[0], wire.Payload{Type: v2, Body: make([]byte, 8)}), fmt.Sprintf("payload type %d", v2))
					}
				}
				p.step(r)
			}
		}
		p.settle()
		for i, v2 := range []wire.PayloadType{33, 39, 46, 53, 127} {
			p.unharmed(p.r2, p.r1.forge(wire.ExchangeInformational, uint32(500+i), wire.Payload{Type: v2, Body: make([]byte, 8)}), "a payload of IKEv2 behind HASH")
		}
		if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
			t.Error("not up")
		}
	}
	p := newPair(t)
	p.initiate(p.r1)
	p.deliver(p.r2, behind(t, p.r1.sent[0], wire.Payload{Type: 250, Body: make([]byte, 8)}))
	if p.r2.session == nil || p.r2.session.phase != RMM2 {
		t.Error("a private payload stood in the way")
	}
}

// badPublic are public values that are none of a group: wrong lengths, zero, one,
// p - 1 and what is no point of the curve.
func badPublic(g *suite.Group) map[string][]byte {
	n := g.PublicLen
	out := map[string][]byte{
		"nothing": nil, "an octet": {4}, "zero": make([]byte, n), "all ones": bytes.Repeat([]byte{0xff}, n),
		"one": append(make([]byte, n-1), 1), "too short": bytes.Repeat([]byte{7}, n-1), "too long": bytes.Repeat([]byte{7}, n+1), "far too long": bytes.Repeat([]byte{7}, 20000),
	}
	if g.Number == 19 {
		out["no point of the curve"] = bytes.Repeat([]byte{7}, n)
		out["a point in X9.62's form"] = append([]byte{4}, bytes.Repeat([]byte{7}, n-1)...)
	}
	return out
}

func inGroup(number uint16) option {
	return func(_ string, c *policy.Config) {
		g, _ := suite.GroupByNumber(number)
		c.Policies[0].Group, c.IPsec[0].PFS = g, g
	}
}

// Row 3: public values that are none of the group, in all three modes.
func TestBadPublicValues(t *testing.T) {
	for _, number := range []uint16{14, 19} {
		g, _ := suite.GroupByNumber(number)
		for name, bad := range badPublic(g) {
			ke := func(p wire.Payload) []wire.Payload {
				if p.Type == wire.PayloadKE {
					p.Body = bad
				}
				return []wire.Payload{p}
			}
			what := fmt.Sprintf("group %d, %s", number, name)

			p := newPair(t, psk, inGroup(number))
			p.initiate(p.r1)
			p.step(p.r1)
			p.step(p.r2)
			p.unharmed(p.r2, rebuild(t, p.r1.sent[0], ke), "MM3: "+what)
			p.step(p.r1)
			p.unharmed(p.r1, rebuild(t, p.r2.sent[0], ke), "MM4: "+what)
			p.settle()
			before := len(p.r2.sas)
			p.deliver(p.r2, p.r1.forgeQuick(t, 77, 0x6000, payload(wire.PayloadKE, wire.Raw(bad))))
			if len(p.r2.sas) != before || p.r2.session.inFlight() != 0 || before != 2 {
				t.Errorf("QM1: %s: %d SAs, were %d", what, len(p.r2.sas), before)
			}

			a := newPair(t, psk, aggressively, inGroup(number))
			a.initiate(a.r1)
			a.refusedFirst(rebuild(t, a.r1.sent[0], ke), "AG1: "+what)
			a.step(a.r1)
			a.unharmed(a.r1, rebuild(t, a.r2.sent[0], ke), "AG2: "+what)
		}
	}
}

// counted counts the octets that are drawn.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

// Rows 3 and 26: for a bad public value no key of ours is made. A flood of them is
// not held up by the limit of half-open SAs: none is left of a refused AG1.
func TestBadPublicValueMakesNoKey(t *testing.T) {
	for _, number := range []uint16{2, 14, 19} {
		g, _ := suite.GroupByNumber(number)
		bad := func(p wire.Payload) []wire.Payload {
			if p.Type == wire.PayloadKE {
				p.Body = bytes.Repeat([]byte{0xff}, g.PublicLen)
			}
			return []wire.Payload{p}
		}
		p := newPair(t, psk, inGroup(number))
		p.initiate(p.r1)
		p.step(p.r1)
		p.step(p.r2)
		drawn := &counted{Reader: p.r2.env.Rand}
		p.r2.env.Rand = drawn
		p.unharmed(p.r2, rebuild(t, p.r1.sent[0], bad), "MM3")
		if drawn.n != 0 {
			t.Errorf("group %d: %d random octets for MM3", number, drawn.n)
		}
		a := newPair(t, psk, aggressively, inGroup(number))
		a.initiate(a.r1)
		drawn = &counted{Reader: a.r2.env.Rand}
		a.r2.env.Rand = drawn
		a.refusedFirst(rebuild(t, a.r1.sent[0], bad), "AG1")
		if drawn.n != len(wire.SPI{}) {
			t.Errorf("group %d: %d random octets for AG1, want a cookie's", number, drawn.n)
		}
	}
}

// forgeQuick is a QM1 for the tunnel of R1, with payloads behind the nonce.
func (r *party) forgeQuick(t *testing.T, id, spi uint32, more ...wire.Payload) []byte {
	t.Helper()
	return r.forgeOffer(id, quickOffer(r.itf, spi), more...)
}

func (r *party) forgeOffer(id uint32, offer []wire.ProposalV1, more ...wire.Payload) []byte {
	ids := proxyIDs(r.itf.Tunnel.Selector())
	payloads := append([]wire.Payload{
		payload(wire.PayloadSA, wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: offer}),
		payload(wire.PayloadNonce, wire.Raw(make([]byte, 20))),
	}, more...)
	return r.forge(wire.ExchangeQuickMode, id, append(payloads, payload(wire.PayloadID, wire.Raw(ids[0])), payload(wire.PayloadID, wire.Raw(ids[1])))...)
}

// A badOffer bends the attributes of a transform. Of those that are taken the
// lifetime must be one to live with.
type badOffer struct {
	name  string
	taken bool
	bend  func(life uint16, a []wire.Attribute) []wire.Attribute
}

func add(more ...wire.Attribute) func(uint16, []wire.Attribute) []wire.Attribute {
	return func(_ uint16, a []wire.Attribute) []wire.Attribute { return append(a, more...) }
}

// lifetime bends every life duration.
func lifetime(value uint64, octets []byte) func(uint16, []wire.Attribute) []wire.Attribute {
	return func(life uint16, a []wire.Attribute) []wire.Attribute {
		for i := range a {
			if a[i].Type == life {
				a[i].Value, a[i].Bytes = value, octets
			}
		}
		return a
	}
}

// Row 5: attributes that contradict each other, stand twice, or say a lifetime of
// nothing, of more than 64 bits, or of more than time.Duration holds.
var badOffers = []badOffer{
	{"a lifetime of 0", false, lifetime(0, nil)},
	{"a lifetime of no octets", false, lifetime(0, []byte{})},
	{"a lifetime of 72 bits", false, lifetime(1, append([]byte{1}, make([]byte, 8)...))},
	{"a lifetime of 20,000 octets", false, lifetime(1, make([]byte, 20000))},
	{"a lifetime of 2^64 - 1", true, lifetime(0, bytes.Repeat([]byte{0xff}, 8))},
	{"a lifetime of 2^63", true, lifetime(0, []byte{0x80, 0, 0, 0, 0, 0, 0, 0})},
	{"two ciphers", false, add(wire.Attribute{Type: 1, Value: 1})},
	{"an attribute that nobody knows", false, add(wire.Attribute{Type: 16000, Value: 1})},
	{"a duration without a type", false, func(life uint16, a []wire.Attribute) []wire.Attribute {
		return append(a, wire.Attribute{Type: life, Value: 60})
	}},
	{"a type without a duration", false, func(life uint16, a []wire.Attribute) []wire.Attribute {
		return append(a, wire.Attribute{Type: life - 1, Value: 1})
	}},
	{"two lifetimes", false, func(life uint16, a []wire.Attribute) []wire.Attribute {
		return append(a, wire.Attribute{Type: life - 1, Value: 1}, wire.Attribute{Type: life, Value: 60})
	}},
	{"no attributes", false, func(uint16, []wire.Attribute) []wire.Attribute { return nil }},
	{"33 attributes", false, func(_ uint16, a []wire.Attribute) []wire.Attribute {
		for len(a) < wire.MaxAttributes+1 {
			a = append(a, a[0])
		}
		return a
	}},
}

func TestHostileAttributes(t *testing.T) {
	for _, c := range badOffers {
		t.Run("phase 1, "+c.name, func(t *testing.T) {
			p := newPair(t, psk)
			p.initiate(p.r1)
			bad := rebuild(t, p.r1.sent[0], func(pl wire.Payload) []wire.Payload {
				if pl.Type == wire.PayloadSA {
					sa, err := wire.ParseSAV1(pl.Body)
					if err != nil {
						t.Fatal(err)
					}
					tr := &sa.Proposals[0].Transforms[0]
					tr.Attributes = c.bend(wire.AttrLifeDuration, tr.Attributes)
					pl.Body = sa.Append(nil)
				}
				return []wire.Payload{pl}
			})
			p.r1.sent = nil
			p.deliver(p.r2, bad)
			taken := p.r2.session != nil && !p.r2.session.Done()
			if taken != c.taken {
				t.Fatalf("taken: %v\n%s", taken, p.r2.story())
			}
			if taken && p.r2.session.agreed.lifetime != 24*time.Hour {
				t.Errorf("lifetime %s", p.r2.session.agreed.lifetime)
			}
		})
		t.Run("phase 2, "+c.name, func(t *testing.T) {
			p := newPair(t)
			p.up(p.r1)
			offer := quickOffer(p.r1.itf, 0x6000)
			tr := &offer[0].Transforms[0]
			tr.Attributes = c.bend(wire.IPsecAttrLifeDuration, tr.Attributes)
			p.deliver(p.r2, p.r1.forgeOffer(77, offer))
			taken := p.r2.session.inFlight() == 1
			if taken != c.taken {
				t.Fatalf("taken: %v\n%s", taken, p.r2.story())
			}
			if want := map[bool]int{false: 2, true: 3}[taken]; len(p.r2.sas) != want {
				t.Errorf("%d SAs, want %d", len(p.r2.sas), want)
			}
			p.advance(3*time.Minute, func(*party, []byte) bool { return true }) // QM3 does not come
			if len(p.r2.sas) != 2 || len(p.r2.session.pairs()) != 1 {
				t.Errorf("%d SAs are left of a half made pair", len(p.r2.sas))
			}
		})
	}
}

// Row 10: each message of a whole exchange comes before its turn, in every state,
// as it would come in its turn: the exchange is the same octets every time. It is
// refused, and in its turn it is taken.
func TestBeforeItsTurn(t *testing.T) {
	pfs := inGroup(19)
	for name, options := range map[string][]option{"main mode": {pfs}, "pre-shared key": {psk, pfs}, "aggressive mode": {psk, aggressively, pfs}} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t, options...)
			p.initiate(p.r1)
			type sent struct {
				from string
				data []byte
			}
			var whole []sent
			for len(p.r1.sent)+len(p.r2.sent) > 0 {
				for _, r := range []*party{p.r1, p.r2} {
					if len(r.sent) > 0 {
						whole = append(whole, sent{r.name, bytes.Clone(r.sent[0])})
						p.step(r)
					}
				}
			}
			if len(p.r1.sas) != 2 {
				t.Fatal("not up")
			}
			q := newPair(t, options...)
			q.initiate(q.r1)
			for i, m := range whole {
				from := map[string]*party{"R1": q.r1, "R2": q.r2}[m.from]
				if !bytes.Equal(from.sent[0], m.data) {
					t.Fatalf("message %d is not the same", i)
				}
				due := map[string]bool{} // whose next message was seen: that one is in its turn
				for _, early := range whole[i:] {
					to := map[string]*party{"R1": q.r2, "R2": q.r1}[early.from]
					if to.session != nil && due[early.from] {
						q.unharmed(to, early.data, fmt.Sprintf("a message of %d octets before message %d", len(early.data), i))
					}
					due[early.from] = true
				}
				q.step(from)
			}
			if len(q.r1.sas) != 2 || len(q.r2.sas) != 2 {
				t.Error("not up in the end")
			}
		})
	}
}

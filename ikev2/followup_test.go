package ikev2

import (
	"bytes"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// A rekeying under an IKE SA with ML-KEM has ML-KEM again, whoever begins it, and
// loses no packet.
func TestFollowup(t *testing.T) {
	for what, rekey := range map[string]func(c *couple, who int){"the child": (*couple).rekeyChild, "the IKE SA": (*couple).rekeyIKE} {
		for who := range 2 {
			c := newCouple(t, 1, " set pfs group19\n")
			c.hybrid()
			c.advance(time.Second, 10*time.Millisecond)
			rekey(c, who)
			c.advance(time.Minute, 10*time.Millisecond)
			c.agreed()
			if n := c.count(who, wire.ExchangeFollowupKE); n != 1 || c.count(1-who, wire.ExchangeFollowupKE) != 1 || c.lost > 0 {
				t.Errorf("%s by R%d: %d IKE_FOLLOWUP_KE, %d packets lost", what, who+1, n, c.lost)
			}
			if x := c.ends[1-who].session.ike; len(x.agreed.additional) != 1 {
				t.Errorf("%s by R%d: %+v", what, who+1, x.agreed)
			}
			c.rekeyIKE(1 - who) // under what was made
			c.advance(time.Minute, 10*time.Millisecond)
			c.agreed()
		}
	}
}

// count counts the messages of an exchange that an end has sent.
func (c *couple) count(who int, x wire.ExchangeType) (n int) {
	for _, h := range c.ends[who].sent {
		if h.Exchange == x {
			n++
		}
	}
	return n
}

// inSeries is a couple of which the first has begun something, and the second waits for
// the IKE_FOLLOWUP_KE, which does not come.
func inSeries(t *testing.T, begin func(c *couple, who int)) (*couple, *awaited) {
	t.Helper()
	c := newCouple(t, 1, " set pfs group19\n")
	c.hybrid()
	c.drop = func(_ *end, h wire.Header) bool { return h.Exchange == wire.ExchangeFollowupKE }
	begin(c, 0)
	c.advance(100*time.Millisecond, 0)
	s := c.ends[1].session
	if len(s.awaiting) != 1 {
		t.Fatalf("%d series", len(s.awaiting))
	}
	return c, s.awaiting[0]
}

// The secret of the additional key exchange is in the keys.
func TestFollowupSecret(t *testing.T) {
	c, a := inSeries(t, (*couple).rekeyIKE)
	finish := a.finish
	a.finish = func(m *message, r *reply) error {
		if len(a.keys.more) != 1 || len(a.keys.more[0]) != 32 {
			t.Errorf("%d secrets", len(a.keys.more))
		}
		a.keys.more[0][0] ^= 1
		return finish(m, r)
	}
	c.drop = nil
	c.advance(3*time.Second, 0)
	if one, two := c.ends[0].session.ike, c.ends[1].session.ike; one.spiI != two.spiI || bytes.Equal(one.d, two.d) {
		t.Error("another secret, and the same keys")
	}

	c, a = inSeries(t, (*couple).rekeyChild)
	more := a.finish
	a.finish = func(m *message, r *reply) error {
		a.keys.more[0][0] ^= 1
		return more(m, r)
	}
	c.drop = nil
	c.advance(3*time.Second, 0)
	k := c.ends[0].session.children
	in := k[len(k)-1].in.SAID
	if one, two := c.ends[0].sas[in], c.ends[1].sas[in]; len(two.EncrKey) == 0 && c.ends[1].session.children[len(k)-1].handover == nil || bytes.Equal(one.EncrKey, two.EncrKey) {
		t.Error("another secret, and the same keys of the pair")
	}

	h, d, p := suite.SHA256, suite.Key("SK_d"), []byte("p")
	if got, want := RekeySKEYSEED(h, d, []byte("g"), []byte("i"), []byte("r"), p, p), h.PRF(d, []byte("girpp")); !bytes.Equal(got, want) {
		t.Errorf("SKEYSEED %x, want %x", got, want)
	}
	if got, want := Keymat(h, d, []byte("g"), []byte("i"), []byte("r"), 32, p), h.PRF(d, []byte("girp\x01")); !bytes.Equal(got, want) {
		t.Errorf("KEYMAT %x, want %x", got, want)
	}
}

// A peer that does not go on: nothing of it is left after a while, what it tries then
// has no state, and both rekey later. RFC 9370 section 2.2.4: STATE_NOT_FOUND is not
// fatal to the IKE SA.
func TestFollowupTooLate(t *testing.T) {
	for what, begin := range map[string]func(c *couple, who int){
		"the child": (*couple).rekeyChild, "the IKE SA": (*couple).rekeyIKE, "a new child": (*couple).startChild,
	} {
		c, _ := inSeries(t, begin)
		s := c.ends[1].session
		if what == "the IKE SA" { // which is not to have anything new
			c.startChild(1)
			c.rekeyChild(1)
			c.rekeyIKE(1)
			if len(s.waiting) != 1 || len(s.ike.flights) > 0 {
				t.Errorf("%s: %d wait, %d requests", what, len(s.waiting), len(s.ike.flights))
			}
			s.waiting = nil
		}
		c.advance(followupTime, 0)
		if len(s.awaiting) != 0 || len(s.children) != 1 {
			t.Errorf("%s: %d series, %d pairs are left", what, len(s.awaiting), len(s.children))
		}
		c.drop = nil
		c.advance(30*time.Second, 0)
		if e, ok := lastEvent[CreateRefused](c.ends[0]); !ok || e.Type != wire.V2StateNotFound {
			t.Errorf("%s: refused with %s", what, e.Type)
		}
		c.advance(2*time.Minute, 0)
		c.agreed()
	}
}

// A peer that never has the state is out of step, as one that puts everything off.
func TestFollowupNeverFound(t *testing.T) {
	for what, begin := range map[string]func(c *couple, who int){"the child": (*couple).rekeyChild, "the IKE SA": (*couple).rekeyIKE} {
		c := newCouple(t, 1, " set pfs group19\n")
		c.hybrid()
		c.drop = func(from *end, h wire.Header) bool {
			if from == c.ends[0] && h.Exchange == wire.ExchangeFollowupKE {
				c.ends[1].session.awaiting = nil
			}
			return false
		}
		begin(c, 0)
		c.advance(4*time.Minute, 0)
		if n := counted[CreateRefused](c.ends[0]); n < 4 || !c.ends[0].session.Alive() {
			t.Fatalf("%s: given up after %d refusals", what, n)
		}
		c.advance(5*time.Minute, 0)
		c.gone()
	}
}

// A peer without it has a pair without it; for an IKE SA the policy decides.
func TestFollowupNotShared(t *testing.T) {
	for who := range 2 {
		c := newCouple(t, 1, " set pfs group19\n")
		c.hybrid()
		c.ends[1].session.ike.agreed.additional = nil
		before := c.ends[0].session.children[0].in.SPI
		c.rekeyChild(who)
		c.advance(time.Minute, 0)
		c.agreed()
		if c.count(who, wire.ExchangeFollowupKE) > 0 || c.ends[0].session.children[0].in.SPI == before {
			t.Error("no new pair, or an additional key exchange with who has none")
		}
		spi := c.ends[0].session.ike.spiI
		c.proposes(1, groups)
		c.rekeyIKE(who)
		c.advance(9*time.Second, 0)
		c.agreed()
		if e, _ := lastEvent[CreateRefused](c.ends[who]); e.Type != wire.V2NoProposalChosen || c.ends[0].session.ike.spiI != spi {
			t.Errorf("%+v", e)
		}
	}
}

// A request for what is being replaced already comes when our own exchange was agreed
// on: TEMPORARY_FAILURE.
func TestFollowupLateRival(t *testing.T) {
	for what, begin := range map[string]func(c *couple, who int){"the child": (*couple).rekeyChild, "the IKE SA": (*couple).rekeyIKE} {
		c, _ := inSeries(t, begin)
		s := c.ends[1].session
		s.awaiting = nil // R2 forgets
		for _, k := range s.children {
			k.replaced = false
		}
		begin(c, 1)
		c.advance(time.Second, 0)
		if e, _ := lastEvent[CreateRefused](c.ends[1]); e.Type != wire.V2TemporaryFailure {
			t.Errorf("%s: refused with %s", what, e.Type)
		}
		c.drop = nil
		c.advance(3*time.Minute, 0)
		c.agreed()
	}
}

// forgedFollowup is an IKE_FOLLOWUP_KE that no session of ours would send.
type forgedFollowup struct{ forged }

func (*forgedFollowup) exchange() wire.ExchangeType { return wire.ExchangeFollowupKE }

func TestForgedFollowups(t *testing.T) {
	key := func(group uint16, octets int) func(*wire.Builder) {
		return func(b *wire.Builder) {
			b.Add(wire.PayloadKEV2, wire.KEV2{Group: group, Data: make([]byte, octets)})
		}
	}
	bad := func(b *wire.Builder) {
		b.Add(wire.PayloadKEV2, wire.KEV2{Group: 36, Data: bytes.Repeat([]byte{0xff}, 1184)})
	}
	for name, v := range map[string]struct {
		ke     func(*wire.Builder)
		link   string // "right": that of the series, "": none
		notify wire.NotifyTypeV2
		ends   bool
	}{
		"no link":        {key(36, 1184), "", wire.V2StateNotFound, false},
		"another's link": {key(36, 1184), "link", wire.V2StateNotFound, false},
		"no KE":          {func(*wire.Builder) {}, "right", wire.V2InvalidSyntax, true},
		"another method": {key(35, 1184), "right", wire.V2InvalidSyntax, true},
		"a short key":    {key(36, 1183), "right", wire.V2InvalidSyntax, true},
		"no such key":    {bad, "right", wire.V2InvalidSyntax, true},
	} {
		c, a := inSeries(t, (*couple).rekeyChild)
		f := &forgedFollowup{forged{payloads: func(b *wire.Builder) {
			v.ke(b)
			if v.link == "right" {
				addLink(b, a.link)
			} else if v.link != "" {
				addLink(b, []byte(v.link))
			}
		}}}
		s := c.ends[0].session
		s.now, c.drop = c.now, nil
		s.ike.flights, s.ike.next = nil, s.ike.next-1 // in place of its own
		s.ask(s.ike, f)
		c.collect(0)
		c.advance(time.Second, 0)
		if alive := c.ends[1].session.Alive(); f.notify != v.notify || alive == v.ends {
			t.Errorf("%s: answered by %s, the IKE SA lives on: %v", name, f.notify, alive)
		}
	}
}

// An answer that leaves the series without an end that both have: the IKE SA goes, as
// the peer may have made what we cannot.
func TestForgedFollowupAnswers(t *testing.T) {
	ke := func(group uint16, octets int) wire.Payload {
		return payload(wire.PayloadKEV2, wire.KEV2{Group: group, Data: make([]byte, octets)})
	}
	for what, v := range map[string]struct {
		payloads []wire.Payload
		more     int // key exchanges that were to follow
	}{
		"no KE":          {nil, 0},
		"two":            {[]wire.Payload{ke(36, 1088), ke(36, 1088)}, 0},
		"another method": {[]wire.Payload{ke(35, 1088)}, 0},
		"a short one":    {[]wire.Payload{ke(36, 1087)}, 0},
		"no link":        {[]wire.Payload{ke(36, 1088)}, 1},
	} {
		for _, begin := range []func(c *couple, who int){(*couple).rekeyChild, (*couple).rekeyIKE} {
			c, _ := inSeries(t, begin)
			s := c.ends[0].session
			f := s.ike.flights[0]
			k := f.request.(*followup).of.exchanges()
			for range v.more {
				k.pending = append(k.pending, group(t, 36))
			}
			s.now = c.now
			s.answered(s.ike, f, &message{payloads: v.payloads})
			if s.Alive() {
				t.Errorf("%s: the IKE SA lives on", what)
			}
		}
	}
}

// A peer that begins ever more and ends nothing has so many, and no more.
func TestManySeries(t *testing.T) {
	c := newCouple(t, 1, " set pfs group19\n")
	c.hybrid()
	c.drop = func(_ *end, h wire.Header) bool { return h.Exchange == wire.ExchangeFollowupKE }
	s := c.ends[0].session
	s.ike.window = 100
	c.ends[1].session.ike.takes = 100
	for range 2 * maxPairs {
		s.requests = nil
		c.startChild(0)
		c.advance(100*time.Millisecond, 0)
	}
	if n := len(c.ends[1].session.awaiting); n != maxPairs {
		t.Errorf("%d series", n)
	}
	if e, ok := lastEvent[CreateRefused](c.ends[0]); !ok || e.Type != wire.V2TemporaryFailure {
		t.Errorf("%+v", e)
	}
	c.advance(2*followupTime, 0)
	if n := len(c.ends[1].session.awaiting); n != 0 {
		t.Errorf("%d series are left", n)
	}
}

// Two series, or a series and a whole exchange, that name the same SPI of the peer's:
// the data plane would hold two SAs of one name. What comes to its end last is refused,
// and takes nothing away from the other.
func TestFollowupSameSPI(t *testing.T) {
	c := newCouple(t, 1, " set pfs group19\n")
	c.hybrid()
	one, two := c.ends[0].session, c.ends[1].session
	const spi = 77777
	pfs, more := group(t, 19), group(t, 36)
	begin := func() {
		one.now = c.now
		one.ask(one.ike, &forged{payloads: func(b *wire.Builder) {
			b.Add(wire.PayloadSAV2, childOffer(c.ends[0].itf.Tunnel.Protection.Transforms, spi, pfs, more))
			b.Add(wire.PayloadNonceV2, wire.Raw(make([]byte, 32)))
			key, _ := pfs.Generate(c.ends[0].env.Rand)
			b.Add(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: key.Public()})
			ours, theirs := selectorsOf(c.ends[0].itf.Tunnel.Selector())
			b.Add(wire.PayloadTSi, ours)
			b.Add(wire.PayloadTSr, theirs)
		}})
		c.collect(0)
		c.advance(time.Second, 0)
	}
	begin()
	begin()
	if len(two.awaiting) != 2 {
		t.Fatalf("%d series", len(two.awaiting))
	}
	var last *forgedFollowup
	for len(two.awaiting) > 0 {
		link := two.awaiting[0].link
		last = &forgedFollowup{forged{payloads: func(b *wire.Builder) {
			key, _ := more.Generate(c.ends[0].env.Rand)
			b.Add(wire.PayloadKEV2, wire.KEV2{Group: 36, Data: key.Public()})
			addLink(b, link)
		}}}
		one.now = c.now
		one.ask(one.ike, last)
		c.collect(0)
		c.advance(time.Second, 0)
	}
	out := 0
	for id := range c.ends[1].sas {
		if id.SPI == spi {
			out++
		}
	}
	if last.notify != wire.V2NoProposalChosen || out != 1 || len(two.children) != 2 || !two.Alive() {
		t.Errorf("the last is answered by %s, %d SAs of that SPI, %d pairs", last.notify, out, len(two.children))
	}
}

// So does the initiator of a series: what the peer names an SPI for at its beginning, and
// gives something else before its end, is not made.
func TestFollowupSPITaken(t *testing.T) {
	c, _ := inSeries(t, (*couple).rekeyChild)
	one := c.ends[0].session
	old := one.children[0]
	other := *old
	other.out.SPI = one.requests[0].agreed.peer
	one.children = append(one.children, &other)
	c.drop = nil
	c.advance(3*time.Second, 0)
	out := 0
	for id := range c.ends[0].sas {
		if id.SPI == other.out.SPI {
			out++
		}
	}
	if out != 0 || len(one.children) != 2 || old.replaced || old.soft.IsZero() || !one.Alive() || len(c.ends[0].early) != 0 {
		t.Errorf("%d SAs of that SPI, %d pairs, to be rekeyed again at %v", out, len(one.children), old.soft)
	}
	if two := c.ends[1].session; len(two.children) != 1 {
		t.Errorf("the peer keeps %d pairs", len(two.children))
	}
}

// A series whose pair is given up while the last answer is under way is wanted no more.
// What the peer has made of it is deleted, though that would replace the IKE SA meanwhile.
func TestFollowupWantedNoMore(t *testing.T) {
	c, _ := inSeries(t, (*couple).rekeyChild)
	one, two := c.ends[0].session, c.ends[1].session
	one.SupersedeChild(c.now, one.children[0].in.SPI)
	c.collect(0)
	c.drop = func(from *end, h wire.Header) bool { return from == c.ends[1] && h.Exchange == wire.ExchangeFollowupKE }
	c.advance(3*time.Second, 0)
	c.rekeyIKE(1)
	c.advance(time.Second, 0)
	c.drop = nil
	c.advance(time.Minute, 0)
	if len(one.children)+len(two.children) != 0 || len(c.ends[0].sas)+len(c.ends[1].sas) != 0 || !one.Established() || !two.Established() {
		t.Errorf("%d and %d pairs are left", len(one.children), len(two.children))
	}
	if one.creating() || counted[RekeyRequested](c.ends[1]) == 0 {
		t.Error("the series is not over, or the IKE SA was not to be replaced")
	}
}

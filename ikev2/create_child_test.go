package ikev2

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// forged is a CREATE_CHILD_SA request that no session of ours would send, and the
// error that it gets.
type forged struct {
	payloads func(b *wire.Builder)
	notify   wire.NotifyTypeV2
	spi      []byte
}

func (*forged) exchange() wire.ExchangeType { return wire.ExchangeCreateChildSA }
func (f *forged) build(_ *Session, _ *ikeSA, b *wire.Builder) error {
	f.payloads(b)
	return nil
}
func (f *forged) answered(_ *Session, _ *ikeSA, m *message) error {
	notifies, err := m.notifies()
	if len(notifies) > 0 && notifies[0].Type.Error() {
		f.notify, f.spi = notifies[0].Type, notifies[0].SPI
	}
	return err
}
func (*forged) abandoned(*Session, *ikeSA, string) {}

func TestForgedRequests(t *testing.T) {
	spi := binary.BigEndian.AppendUint32(nil, 1<<20)
	rekey := func(p wire.ProtocolID, spi []byte) func(*wire.Builder) {
		return func(b *wire.Builder) {
			b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2RekeySA, Protocol: p, SPI: spi})
		}
	}
	type parts struct {
		first func(*wire.Builder)
		spi   uint32
		nonce int
		ts    bool
	}
	for name, v := range map[string]struct {
		parts
		notify wire.NotifyTypeV2
		spi    string
		ends   bool
	}{
		"REKEY_SA of no protocol":       {parts{rekey(0, spi), 77777, 32, true}, wire.V2InvalidSyntax, "", true},
		"REKEY_SA of the IKE SA":        {parts{rekey(wire.ProtocolISAKMP, spi), 77777, 32, true}, wire.V2InvalidSyntax, "", true},
		"REKEY_SA with a short SPI":     {parts{rekey(wire.ProtocolESP, spi[:3]), 77777, 32, true}, wire.V2InvalidSyntax, "", true},
		"REKEY_SA of the other's half":  {parts{rekey(wire.ProtocolESP, []byte{0, 0x20, 0, 0}), 77777, 32, true}, wire.V2ChildSANotFound, "\x00\x20\x00\x00", false},
		"REKEY_SA of nobody's SPI":      {parts{rekey(wire.ProtocolESP, []byte{1, 2, 3, 4}), 77777, 32, true}, wire.V2ChildSANotFound, "\x01\x02\x03\x04", false},
		"an SPI that he has in use":     {parts{nil, 1 << 20, 32, true}, wire.V2NoProposalChosen, "", false},
		"a reserved SPI":                {parts{nil, 255, 32, true}, wire.V2NoProposalChosen, "", false},
		"a short nonce":                 {parts{nil, 77777, 15, true}, wire.V2InvalidSyntax, "", true},
		"no traffic selectors":          {parts{nil, 77777, 32, false}, wire.V2InvalidSyntax, "", true},
		"nothing that is wrong with it": {parts{nil, 77777, 32, true}, 0, "", false},
	} {
		c := newCouple(t, 1, "")
		f := &forged{payloads: func(b *wire.Builder) {
			if v.first != nil {
				v.first(b)
			}
			p := c.ends[0].itf.Tunnel.Protection
			b.Add(wire.PayloadSAV2, childOffer(p.Transforms, v.parts.spi, nil))
			b.Add(wire.PayloadNonceV2, wire.Raw(make([]byte, v.nonce)))
			ours, theirs := selectorsOf(c.ends[0].itf.Tunnel.Selector())
			if v.ts {
				b.Add(wire.PayloadTSi, ours)
				b.Add(wire.PayloadTSr, theirs)
			}
		}}
		s := c.ends[0].session
		s.now = c.now
		s.ask(s.ike, f)
		c.collect(0)
		c.advance(time.Second, 0)
		if f.notify != v.notify || string(f.spi) != v.spi {
			t.Errorf("%s: answered by %s %x", name, f.notify, f.spi)
		}
		if alive := c.ends[1].session.Alive(); alive == v.ends {
			t.Errorf("%s: the IKE SA lives on: %v", name, alive)
		}
	}
}

// A peer that wants ever more pairs has eight; the next rekey leaves one.
func TestNoAdditionalSAs(t *testing.T) {
	c := newCouple(t, 1, "")
	for range 8 {
		c.startChild(0)
		c.advance(100*time.Millisecond, 0)
	}
	if n := len(c.ends[1].session.children); n != maxPairs {
		t.Errorf("%d pairs", n)
	}
	e, ok := lastEvent[CreateRefused](c.ends[0])
	if !ok || e.Type != wire.V2NoAdditionalSAs {
		t.Errorf("%+v", e)
	}
	c.advance(time.Minute, 0)
	c.rekeyChild(1)
	c.advance(time.Minute, 0)
	c.agreed()
}

func lastEvent[E ike.Event](e *end) (found E, ok bool) {
	for _, ev := range e.events {
		if x, is := ev.(E); is {
			found, ok = x, true
		}
	}
	return found, ok
}

// The responder of an IKE rekey prefers another group: it is asked for.
func TestRekeyWithAnotherGroup(t *testing.T) {
	c := newCouple(t, 1, "")
	c.proposes(1, " group 14\n")
	c.rekeyIKE(0)
	c.advance(time.Minute, 0)
	c.agreed()
	if g := c.ends[0].session.ike.agreed.group; g.Number != 14 || counted[SARekeyed](c.ends[0]) != 1 {
		t.Errorf("group %d", g.Number)
	}
	// And none that the two have in common: the old SA stays.
	c.proposes(1, " group 5\n")
	c.rekeyIKE(0)
	c.advance(time.Minute, 0)
	c.agreed()
	if e, _ := lastEvent[CreateRefused](c.ends[0]); e.Type != wire.V2NoProposalChosen || counted[SARekeyed](c.ends[0]) != 1 {
		t.Errorf("%+v", e)
	}
}

// A data plane that refuses an SA costs the rekeying, not the pair.
func TestRekeyNotInstalled(t *testing.T) {
	for name, v := range map[string]struct {
		who       int
		direction ipsec.Direction
	}{
		"initiator, inbound": {0, ipsec.In}, "initiator, outbound": {0, ipsec.Out}, "responder, inbound": {1, ipsec.In},
	} {
		c := newCouple(t, 1, "")
		before := c.ends[0].session.children[0].in.SPI
		c.ends[v.who].refuse = func(sa ipsec.SA) error {
			if sa.Direction == v.direction {
				return errors.New("no")
			}
			return nil
		}
		c.rekeyChild(0)
		c.advance(5*time.Second, 10*time.Millisecond)
		c.ends[v.who].refuse = nil
		if k := c.ends[0].session.children; len(k) != 1 || k[0].in.SPI != before || c.lost > 0 {
			t.Errorf("%s: %d pairs, %d packets lost", name, len(k), c.lost)
		}
		c.advance(2*time.Minute, 10*time.Millisecond)
		c.agreed()
		if c.ends[0].session.children[0].in.SPI == before || c.lost > 0 {
			t.Errorf("%s: not tried again, %d packets lost", name, c.lost)
		}
	}
}

// The responder sends on the new pair when the initiator does, even if the deletion
// of the old one is lost.
func TestHandoverByPackets(t *testing.T) {
	c := newCouple(t, 1, "")
	c.drop = func(_ *end, h wire.Header) bool { return h.Exchange == wire.ExchangeInformationalV2 }
	c.rekeyChild(0)
	c.advance(3*time.Second, 50*time.Millisecond)
	s := c.ends[1].session
	if k := s.children[len(s.children)-1]; len(s.children) != 2 || k.mute || c.ends[1].newest[len(c.ends[1].newest)-1] != k.out.SAID {
		t.Fatalf("%d pairs, %+v", len(s.children), k)
	}
	c.drop = nil
	c.advance(time.Minute, 50*time.Millisecond)
	c.agreed()
	if c.lost > 0 {
		t.Errorf("%d packets were lost", c.lost)
	}
}

// Lifetimes: both ends rekey in time, by seconds and by volume; what is over is
// deleted.
func TestLifetimes(t *testing.T) {
	c := newCouple(t, 1, " set security-association lifetime seconds 120\n")
	c.advance(10*time.Minute, 100*time.Millisecond)
	c.settled()
	if n := counted[ike.ChildUp](c.ends[0]); n < 6 || c.lost > 0 {
		t.Errorf("%d pairs in ten minutes, %d packets lost", n, c.lost)
	}
	if n := counted[ike.NegotiationFailed](c.ends[0]) + counted[ike.NegotiationFailed](c.ends[1]); n > 0 {
		t.Errorf("%d failures", n)
	}
	k := c.ends[1].session.children[0]
	sa := c.ends[1].sas[k.in.SAID]
	if sa.Soft.Kilobytes != sa.Hard.Kilobytes-256 || sa.Hard.Kilobytes > 4608000 || sa.Hard.Kilobytes < 4608000*9/10 {
		t.Errorf("volume limits %d and %d", sa.Soft.Kilobytes, sa.Hard.Kilobytes)
	}
	c.ends[1].session.HandleKernel(c.now, ipsec.Expired{SAID: k.out.SAID})
	c.collect(1)
	c.advance(20*time.Second, 100*time.Millisecond)
	c.settled()
	if k == c.ends[1].session.children[0] || c.lost > 0 {
		t.Error("no rekey by volume")
	}
	c.ends[1].session.HandleKernel(c.now, ipsec.Expired{SAID: c.ends[1].session.children[0].in.SAID, Hard: true})
	c.collect(1)
	c.advance(20*time.Second, 0)
	if n := len(c.ends[0].session.children) + len(c.ends[1].session.children) + len(c.ends[0].sas); n > 0 {
		t.Errorf("%d pairs and SAs are left", n)
	}
}

// settled waits for a rekey that may be under way.
func (c *couple) settled() {
	c.t.Helper()
	for range 30 {
		if len(c.ends[0].session.children) == 1 && len(c.ends[1].session.children) == 1 {
			break
		}
		c.advance(time.Second, 100*time.Millisecond)
	}
	c.agreed()
}

// A day: the IKE SA is rekeyed before its lifetime is over, and the child SAs stay.
func TestIKELifetime(t *testing.T) {
	c := newCouple(t, 1, "")
	c.advance(50*time.Hour, 0)
	c.settled()
	for _, e := range c.ends {
		if n := counted[SARekeyed](e); n != 2 || counted[ike.SessionDown](e) > 0 {
			t.Errorf("%s: %d IKE SAs after the first", e.name, n)
		}
	}
}

// A peer that puts everything off for minutes is out of step.
func TestOutOfStep(t *testing.T) {
	c := newCouple(t, 1, "")
	c.ends[1].session.rekeying = &ikeRekey{}
	c.rekeyChild(0)
	c.advance(4*time.Minute, 0)
	if !c.ends[0].session.Alive() {
		t.Fatal("given up too early")
	}
	c.advance(5*time.Minute, 0)
	c.ends[1].session.rekeying = nil
	c.gone()
}

// late holds the peer's answers to CREATE_CHILD_SA back from the first end while hold is
// set.
func (c *couple) late(hold *bool) {
	c.drop = func(from *end, h wire.Header) bool {
		return *hold && from == c.ends[1] && h.Exchange == wire.ExchangeCreateChildSA && h.Flags&wire.FlagResponse != 0
	}
}

// A deletion that overtakes the answer in which the peer named the pair ends it: no end
// keeps a pair that the other does not have, and where it was to replace one, that one is
// rekeyed again by either.
func TestDeletionOvertakesAnswer(t *testing.T) {
	for seed := range uint64(4) {
		for what, begin := range map[string]func(*couple){
			"a new pair":              func(c *couple) { c.startChild(0) },
			"a rekeying":              func(c *couple) { c.rekeyChild(0) },
			"rekeyings of either end": func(c *couple) { c.rekeyChild(0); c.rekeyChild(1) },
		} {
			t.Run(fmt.Sprint(what, " ", seed), func(t *testing.T) {
				c, hold := newCouple(t, seed, ""), true
				c.late(&hold)
				begin(c)
				c.advance(200*time.Millisecond, 0)
				two := c.ends[1].session
				for _, k := range slices.Clone(two.children) {
					if !k.initiator && k.installed.After(noon) {
						two.DeleteChild(c.now, k.in.SPI, "cleared")
					}
				}
				c.collect(1)
				c.advance(200*time.Millisecond, 0)
				hold = false
				c.advance(4*time.Minute, 0)
				c.agreed()
			})
		}
	}
}

// A rekeying of a pair that is given up meanwhile may bring a pair all the same, as long
// as its answer has not come. RFC 7296 section 2.25.2 has the IKE SA not replaced while a
// child SA is created, and a deletion that overtakes the answer is not missed.
func TestRekeyingGivenUp(t *testing.T) {
	c, hold := newCouple(t, 1, ""), false
	c.late(&hold)
	c.startChild(0)
	c.advance(5*time.Second, 0)
	hold = true
	c.rekeyChild(0)
	c.advance(200*time.Millisecond, 0)
	one, two := c.ends[0].session, c.ends[1].session
	one.SupersedeChild(c.now, one.children[0].in.SPI)
	c.collect(0)
	c.advance(200*time.Millisecond, 0)
	c.rekeyIKE(1)
	c.advance(200*time.Millisecond, 0)
	if e, _ := lastEvent[CreateRefused](c.ends[1]); e.Type != wire.V2TemporaryFailure {
		t.Errorf("the rekeying of the IKE SA is refused with %s", e.Type)
	}
	two.DeleteChild(c.now, two.children[len(two.children)-1].in.SPI, "cleared")
	c.collect(1)
	c.advance(200*time.Millisecond, 0)
	hold = false
	c.advance(4*time.Minute, 0)
	c.agreed()
}

// Nor does a rekeying that overtakes it, of a pair that the asking end does not know of
// yet: it is put off, and the pair is not given up as one that the peer does not have.
func TestRekeyingOvertakesAnswer(t *testing.T) {
	c, hold := newCouple(t, 1, ""), true
	c.late(&hold)
	c.rekeyChild(0)
	c.advance(200*time.Millisecond, 0)
	two := c.ends[1].session
	two.RekeyChild(c.now, two.children[len(two.children)-1].in.SPI)
	c.collect(1)
	c.advance(200*time.Millisecond, 0)
	hold = false
	c.advance(4*time.Minute, 0)
	c.agreed()
}

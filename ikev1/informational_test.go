package ikev1

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// Deleting the IKE SA: the peer follows, child SAs stay on both ends, until their
// own end.
func TestDelete(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.r1.session.Delete(p.now, "cleared by the operator")
	p.r1.collect(p.now)
	p.settle()
	want(t, p.r2, func(e DeleteReceived) bool { return e.Known && e.Protocol == wire.ProtocolISAKMP })
	for _, r := range []*party{p.r1, p.r2} {
		if r.session.Established() || r.session.Done() || len(r.sas) != 2 {
			t.Errorf("%s: established %v, done %v, %d SAs", r.name, r.session.Established(), r.session.Done(), len(r.sas))
		}
		if v := r.session.View(p.now); v.State != "MM_NO_STATE" || v.Status != "ACTIVE (deleted)" {
			t.Errorf("%s shows %s %s", r.name, v.State, v.Status)
		}
		if k := r.session.crypt.secret; len(k) == 0 || !bytes.Equal(k, make([]byte, len(k))) {
			t.Errorf("%s keeps keys", r.name)
		}
	}
	p.advance(2*time.Hour, nil)
	want(t, p.r1, func(e RekeyNeeded) bool { return e.Tunnel == "Tunnel1" })
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// Deleting a pair of SAs, by our SPI and, as some IOS releases do, by the peer's.
func TestDeleteChild(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.r1.session.DeleteChild(p.now, p.r1.session.pairs()[0].in.SPI, "cleared")
	p.r1.collect(p.now)
	p.settle()
	want(t, p.r2, func(e ike.ChildDown) bool { return e.Reason == "deleted by the peer" })
	if len(p.r1.sas)+len(p.r2.sas) != 0 || !p.r1.session.Established() || !p.r2.session.Established() {
		t.Error("the pair stands, or the IKE SA is gone")
	}

	p = newPair(t)
	p.up(p.r1)
	c := p.r1.session.pairs()[0]
	p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, 9, payload(wire.PayloadDelete, wire.DeleteV1{
		DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, SPIs: [][]byte{binary.BigEndian.AppendUint32(nil, c.out.SPI)},
	})))
	if len(p.r2.sas) != 0 {
		t.Error("a delete of the receiver's SPI was not taken")
	}
}

// Several deletes and notifies for one SA in one message, the IKE SA's among them
// first: nothing is done twice.
func TestManyDeletes(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	i, r := p.r1.session.Cookies()
	c := p.r1.session.pairs()[0]
	spi := binary.BigEndian.AppendUint32(nil, c.in.SPI)
	child := payload(wire.PayloadDelete, wire.DeleteV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, SPIs: [][]byte{spi, spi, {0, 0, 0, 1}}})
	sa := payload(wire.PayloadDelete, wire.DeleteV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, SPIs: [][]byte{concat(i[:], r[:]), concat(i[:], r[:])}})
	n := payload(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, SPI: spi, Type: wire.NotifyNoProposalChosen})
	p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, 9, child, n, sa, child, n, sa))
	if n := len(all[ike.ChildDown](p.r2)); n != 1 {
		t.Errorf("%d pairs went down", n)
	}
	if n := len(all[ike.SessionDown](p.r2)); n != 1 {
		t.Errorf("%d sessions went down", n)
	}
	p.r2.wantIdle()
}

// An informational exchange without HASH, with a wrong one, in the clear, with
// foreign cookies' SPI, and one that is replayed.
func TestInformationalIntegrity(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	i, r := p.r1.session.Cookies()
	del := payload(wire.PayloadDelete, wire.DeleteV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, SPIs: [][]byte{concat(i[:], r[:])}})
	c := p.r1.session.crypt
	h := p.r1.session.header(wire.ExchangeInformational, 11)

	without := wire.NewBuilder(nil, h)
	without.Add(del.Type, wire.Raw(del.Body))
	data, _ := c.seal(h, without, c.exchangeIV(11))
	p.unharmed(p.r2, data, "an informational exchange without HASH")

	wrong := wire.NewBuilder(nil, h)
	wrong.Add(wire.PayloadHash, wire.Raw(make([]byte, 16)))
	wrong.Add(del.Type, wire.Raw(del.Body))
	data, _ = c.seal(h, wrong, c.exchangeIV(11))
	p.unharmed(p.r2, data, "an informational exchange with a wrong HASH")

	p.unharmed(p.r2, p.r1.forge(wire.ExchangeInformational, 0, del), "message id 0")

	foreign := payload(wire.PayloadDelete, wire.DeleteV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, SPIs: [][]byte{make([]byte, 16)}})
	p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, 12, foreign))
	want(t, p.r2, func(e DeleteReceived) bool { return !e.Known })

	note := payload(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyInitialContact})
	data = p.r1.forge(wire.ExchangeInformational, 13, note)
	p.deliver(p.r2, data)
	before := len(all[InitialContact](p.r2))
	p.unharmed(p.r2, data, "a replayed informational exchange")
	if len(all[InitialContact](p.r2)) != before || before != 2 {
		t.Errorf("%d INITIAL_CONTACTs, want MM5's and one", before)
	}
	if !p.r2.session.Established() {
		t.Error("the IKE SA is gone")
	}
}

// Message ids run out some day: the IKE SA goes.
func TestExchangesBounded(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	for i := range uint32(maxExchanges) {
		p.r2.session.up.used[i] = struct{}{}
	}
	p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, maxExchanges+7, payload(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Type: wire.NotifyInitialContact})))
	if p.r2.session.Established() {
		t.Error("the IKE SA stands")
	}
}

// The lifetime of phase 1 ends the IKE SA on both ends.
func TestPhase1Lifetime(t *testing.T) {
	p := newPair(t, func(_ string, c *policy.Config) { c.Policies[0].Lifetime = 10 * time.Minute })
	p.up(p.r1)
	p.advance(10*time.Minute, nil)
	want(t, p.r1, func(e ike.SessionDown) bool { return e.Established })
	want(t, p.r2, func(e ike.SessionDown) bool { return e.Established })
	if len(p.r1.sas) != 2 {
		t.Error("the child SAs went with it")
	}
}

// INITIAL_CONTACT only when no other IKE SA stands.
func TestInitialContactOnce(t *testing.T) {
	p := newPair(t)
	p.r1.env.Established = func(ike.Ends) bool { return true }
	p.up(p.r1)
	if len(all[InitialContactSent](p.r1))+len(all[InitialContact](p.r2)) != 0 {
		t.Error("INITIAL_CONTACT beside another IKE SA")
	}
	if p.r1.lens[2] != p.r2.lens[2] {
		t.Errorf("MM5 %d, MM6 %d without it, want the same", p.r1.lens[2], p.r2.lens[2])
	}
}

// A lifetime that the peer tells for a retired pair does not keep it.
func TestRetiredLifetime(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	old := p.r1.session.pairs()[0]
	p.r1.session.rekey(old)
	p.r1.collect(p.now)
	p.settle()
	p.advance(2*handoverTime, nil)
	var data []byte
	for _, a := range []wire.Attribute{{Type: wire.IPsecAttrLifeType, Value: uint64(wire.LifeSeconds)}, {Type: wire.IPsecAttrLifeDuration, Value: 1800}} {
		data = a.Append(data)
	}
	p.deliver(p.r1, p.r2.forge(wire.ExchangeInformational, 77, payload(wire.PayloadNotify, wire.NotifyV1{
		DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, SPI: binary.BigEndian.AppendUint32(nil, old.in.SPI),
		Type: wire.NotifyResponderLifetime, Data: data,
	})))
	p.advance(drainTime+time.Second, nil)
	if len(p.r1.sas) != 2 {
		t.Errorf("%d SAs", len(p.r1.sas))
	}
}

// The delete of a pair comes before the QM3 that would complete it, through its
// own IKE SA or another one of the peer's: what was half made goes, and once it is
// made the exchange that did it is no concern of a delete.
func TestDeleteBeforeQM3(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		p := newPair(t)
		p.initiate(p.r1)
		for len(p.r1.session.pairs()) == 0 {
			if len(p.r1.sent) > 0 {
				p.step(p.r1)
			} else {
				p.step(p.r2)
			}
		}
		spi := spiBytes(p.r1.session.pairs()[0].in.SPI)
		if elsewhere {
			if !p.r2.session.DeletedElsewhere(p.now, wire.ProtocolESP, spi) {
				t.Error("not one of R2's")
			}
			p.r2.collect(p.now)
		} else {
			p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, 9, payload(wire.PayloadDelete, wire.DeleteV1{
				DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, SPIs: [][]byte{spi},
			})))
		}
		want(t, p.r2, func(e ike.NegotiationFailed) bool { return e.Reason == "deleted by the peer" })
		p.settle() // QM3
		if len(p.r2.sas) != 0 || len(p.r2.session.pairs()) != 0 || p.r2.session.Busy() || !p.r2.session.Established() {
			t.Errorf("elsewhere %v: R2 keeps %d SAs\n%s", elsewhere, len(p.r2.sas), p.r2.story())
		}
	}
	p := newPair(t)
	p.up(p.r1)
	c := p.r2.session.pairs()[0]
	p.r2.session.up.children = nil // another IKE SA has them
	if p.r2.session.DeletedElsewhere(p.now, wire.ProtocolESP, spiBytes(c.out.SPI)) {
		t.Error("a quick mode that is over has taken the delete of a pair elsewhere")
	}
}

// A delete that names no SPI of the peer's ends no quick mode: not that of which
// the peer's SPI is not known yet, and not that of another protocol.
func TestDeleteOfNothing(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.r1.session.StartChild(p.now, p.r1.itf)
	p.r1.collect(p.now)
	q := p.r1.session.quickModes()[1] // behind that of up
	for name, d := range map[string]wire.DeleteV1{
		"no SPI of ESP":       {Protocol: wire.ProtocolESP, SPIs: [][]byte{spiBytes(0)}},
		"no SPI of AH":        {Protocol: wire.ProtocolAH, SPIs: [][]byte{spiBytes(0)}},
		"the SPI of no AH":    {Protocol: wire.ProtocolAH, SPIs: [][]byte{spiBytes(0x4711)}},
		"an SPI of 16 octets": {Protocol: wire.ProtocolESP, SPIs: [][]byte{make([]byte, 16)}},
	} {
		q.peer = peerSPIs{}
		if name == "the SPI of no AH" {
			q.peer = peerSPIs{protocol: wire.ProtocolESP, spi: 0x4711}
		}
		p.r1.session.readDelete(d, 9)
		if !p.r1.session.Busy() {
			t.Fatalf("%s: the quick mode is gone", name)
		}
	}
}

// A refusal ends the quick mode of ours that it names, by our SPI or the peer's. One that
// names none, SPI 0 or nothing at all, ends the only one that there is.
func TestRefusalNames(t *testing.T) {
	refusal := func(spi []byte) wire.Payload {
		return payload(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, SPI: spi, Type: wire.NotifyNoProposalChosen})
	}
	for _, spi := range [][]byte{nil, make([]byte, 4)} {
		p := newPair(t)
		p.up(p.r1)
		s := p.r1.session
		begin := func() {
			s.StartChild(p.now, p.r1.itf)
			p.r1.collect(p.now)
			p.r1.sent = nil
		}
		begin()
		begin()
		if s.inFlight() != 2 {
			t.Fatalf("%d quick modes", s.inFlight())
		}
		second := s.quickModes()[len(s.quickModes())-1]
		p.deliver(p.r1, p.r2.forge(wire.ExchangeInformational, 9, refusal(spi)))
		if s.inFlight() != 2 {
			t.Errorf("SPI %x ends one of two", spi)
		}
		p.deliver(p.r1, p.r2.forge(wire.ExchangeInformational, 10, refusal(spiBytes(second.spi))))
		want(t, p.r1, func(e NodeDeleted) bool { return e.MessageID == second.id })
		if s.inFlight() != 1 {
			t.Errorf("%d quick modes are left", s.inFlight())
		}
		p.deliver(p.r1, p.r2.forge(wire.ExchangeInformational, 11, refusal(spi)))
		if s.inFlight() != 0 {
			t.Errorf("SPI %x does not end the only one", spi)
		}
	}
}

package ikev1

import (
	"encoding/binary"
	"testing"

	"github.com/obol-ike/obol/wire"
)

// dpd is an R_U_THERE, or an answer, that r could send.
func (r *party) dpd(t wire.NotifyType, number uint32) wire.NotifyV1 {
	s := r.session
	return wire.NotifyV1{
		DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: t,
		SPI: concat(s.spiI[:], s.spiR[:]), Data: binary.BigEndian.AppendUint32(nil, number),
	}
}

// notifies decrypts what r was sent.
func (r *party) notifies(data []byte) []wire.NotifyV1 {
	r.t.Helper()
	m, err := wire.Parse(data)
	if err != nil {
		r.t.Fatal(err)
	}
	c, err := r.session.openNew(&inbound{Message: m})
	if err != nil {
		r.t.Fatal(err)
	}
	list, err := parseNotifies(c.payloads)
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// Sequence numbers increase, within a window; what was there before, or is far
// off, is not answered. It is answered without a keepalive of our own.
func TestDPDAnswered(t *testing.T) {
	const top = 0xffff_ffff
	for _, test := range []struct {
		name     string
		numbers  []uint32
		answered []bool
	}{
		{"in order", []uint32{7, 8, 9}, []bool{true, true, true}},
		{"replayed", []uint32{7, 7, 8, 7}, []bool{true, false, true, false}},
		{"some lost", []uint32{7, 7 + dpdWindow, 9}, []bool{true, true, false}},
		{"too many lost", []uint32{7, 8 + dpdWindow, 8}, []bool{true, false, true}},
		{"zero, then one", []uint32{0, 0, 1}, []bool{true, false, true}},
		{"round the end", []uint32{top, 0, top}, []bool{true, true, false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPair(t)
			p.up(p.r1)
			for i, number := range test.numbers {
				p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, uint32(100+i), payload(wire.PayloadNotify, p.r1.dpd(wire.NotifyDPDRUThere, number))))
				if got := len(p.r2.sent) > 0; got != test.answered[i] {
					t.Fatalf("number %#x answered: %v, want %v", number, got, test.answered[i])
				}
				if !test.answered[i] {
					want(t, p.r2, func(e MessageRejected) bool { return e.MessageID == uint32(100+i) })
					continue
				}
				list := p.r1.notifies(p.r2.next())
				if n := list[0]; len(list) != 1 || n.Type != wire.NotifyDPDRUThereAck || n.Protocol != wire.ProtocolISAKMP ||
					string(n.SPI) != string(p.r1.dpd(0, 0).SPI) || binary.BigEndian.Uint32(n.Data) != number {
					t.Errorf("answered with %+v, want number %#x", list, number)
				}
				want(t, p.r2, func(e DPDReceived) bool { return e.Sequence == number })
			}
			if !p.r2.session.Established() || len(p.r2.sas) != 2 {
				t.Error("an SA is gone")
			}
		})
	}
}

// What is not a whole R_U_THERE of this SA, hashed with its keys, has no answer.
func TestDPDRefused(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	id := uint32(100)
	refused := func(what string, change func(*wire.NotifyV1)) {
		t.Helper()
		n := p.r1.dpd(wire.NotifyDPDRUThere, 7)
		change(&n)
		id++
		p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, id, payload(wire.PayloadNotify, n)))
		want(t, p.r2, func(e MessageRejected) bool { return e.MessageID == id })
		if len(p.r2.sent) > 0 || len(all[DPDReceived](p.r2)) > 0 {
			t.Errorf("%s was answered", what)
		}
	}
	refused("another SA", func(n *wire.NotifyV1) { n.SPI[3]++ })
	refused("no SPI", func(n *wire.NotifyV1) { n.SPI = nil })
	refused("one cookie", func(n *wire.NotifyV1) { n.SPI = n.SPI[:8] })
	refused("a child SA", func(n *wire.NotifyV1) { n.Protocol = wire.ProtocolESP })
	for l := range 6 {
		if l != 4 {
			refused("a number of another length", func(n *wire.NotifyV1) { n.Data = make([]byte, l) })
		}
	}
	clear := wire.NewBuilder(nil, p.r1.session.header(wire.ExchangeInformational, 200))
	clear.Add(wire.PayloadNotify, p.r1.dpd(wire.NotifyDPDRUThere, 7))
	p.unharmed(p.r2, clear.Bytes(), "an R_U_THERE in the clear")
	data := p.r1.forge(wire.ExchangeInformational, 201, payload(wire.PayloadNotify, p.r1.dpd(wire.NotifyDPDRUThere, 7)))
	data[40] ^= 1
	p.unharmed(p.r2, data, "an R_U_THERE with a wrong HASH")
	if len(p.r2.sent) > 0 || len(all[DPDReceived](p.r2)) > 0 {
		t.Error("answered")
	}
}

// The keepalives of old IOS are read and need nothing.
func TestIOSKeepaliveTolerated(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	rejections := len(all[MessageRejected](p.r2))
	for i, kind := range []wire.NotifyType{wire.NotifyIOSKeepalive, wire.NotifyIOSKeepaliveAck} {
		p.deliver(p.r2, p.r1.forge(wire.ExchangeInformational, uint32(100+i), payload(wire.PayloadNotify, p.r1.dpd(kind, 1))))
		want(t, p.r2, func(e NotifyReceived) bool { return e.Type == kind && e.Authenticated })
	}
	if !p.r2.session.Established() || len(p.r2.sent) > 0 || len(all[MessageRejected](p.r2)) > rejections {
		t.Errorf("not tolerated\n%s", p.r2.story())
	}
}

package ikev2

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// Deletions upon deletions and notifications of one SA in one message delete it
// once, and are answered once.
func TestDeletesInOneMessage(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	c := p.r1.session.children[0]
	one := payload(wire.PayloadDeleteV2, wire.DeleteV2{Protocol: wire.ProtocolESP, SPIs: []uint32{c.in.SPI, c.in.SPI, 0, 0xffffffff}})
	other := payload(wire.PayloadDeleteV2, wire.DeleteV2{Protocol: wire.ProtocolAH, SPIs: []uint32{c.in.SPI}})
	p.deliver(p.r1, p.r1.forge(wire.ExchangeInformationalV2, p.r1.session.ike.next, false,
		one, notify(wire.V2RekeySA), other, notify(wire.V2InvalidSPI), one, notify(wire.V2InitialContact)))
	if got := len(all[ike.ChildDown](p.r2)); got != 1 || len(p.r2.sas) != 0 || len(p.r2.sent) != 1 || !p.r2.session.Established() {
		t.Errorf("%d deleted, %d SAs, %d answers", got, len(p.r2.sas), len(p.r2.sent))
	}
	inner, first, err := p.r2.reopen(p.r2.sent[0])
	if err != nil {
		t.Fatal(err)
	}
	if got := names(first, inner); len(got) != 1 || got[0].Type != wire.PayloadDeleteV2 {
		t.Errorf("answered with %v", got)
	}
}

// Payloads beside the encrypted one, and encrypted ones of other kinds than were
// agreed on, are dropped before they cost anything.
func TestOuterPayloads(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	id := p.r1.session.ike.next
	good := p.r1.forge(wire.ExchangeInformationalV2, id, false)
	h, _ := wire.ParseHeader(good.Data)
	sealed := good.Data[wire.HeaderLen:]
	build := func(payloads int, last wire.PayloadType) ike.Datagram {
		b := wire.NewBuilder(nil, h)
		for range payloads {
			b.Add(99, wire.Raw("x"))
		}
		b.Add(last, wire.Raw(sealed[4:]))
		return ike.Datagram{Local: good.Local, Remote: good.Remote, Data: b.Bytes()}
	}
	for what, d := range map[string]ike.Datagram{
		"one before":          build(1, wire.PayloadSK),
		"very many":           build(60, wire.PayloadSK),
		"too many":            build(70, wire.PayloadSK),
		"a fragment":          build(0, wire.PayloadSKF),
		"many and a fragment": build(40, wire.PayloadSKF),
		"in the clear":        build(0, wire.PayloadNotifyV2),
	} {
		p.deliver(p.r1, d)
		if len(p.r2.sent) != 0 || p.r2.session.ike.expected != id || p.r2.held != 0 {
			t.Errorf("%s is taken", what)
		}
	}
	p.deliver(p.r1, good)
	if len(p.r2.sent) != 1 {
		t.Error("the true message is not")
	}
}

// A message for another SA, of another version or of nobody's size changes nothing.
func TestForeignMessages(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	good := p.r1.forge(wire.ExchangeInformationalV2, p.r1.session.ike.next, false)
	for i := range wire.HeaderLen - 4 {
		d := good
		d.Data = append([]byte(nil), good.Data...)
		d.Data[i] ^= 0x20
		p.deliver(p.r1, d)
	}
	for n := range len(good.Data) {
		d := good
		d.Data = append([]byte(nil), good.Data[:n]...)
		if n >= wire.HeaderLen {
			d.Data[26], d.Data[27] = byte(n>>8), byte(n)
		}
		p.deliver(p.r1, d)
	}
	if len(p.r2.sent) != 0 || !p.r2.session.Established() || len(p.r2.sas) != 2 {
		t.Errorf("%d answers", len(p.r2.sent))
	}
}

// A peer that has the IKE SA replaced again and again, and deletes none of the
// old ones, fills no memory.
func TestRekeyingWithoutEnd(t *testing.T) {
	p := pskPair(t)
	p.up(p.r1)
	rekey := func() {
		s := p.r1.session
		s.now, s.rekeying, s.up.stuck = p.now, &ikeRekey{}, time.Time{}
		s.ask(s.ike, s.rekeying)
		p.r1.collect(p.now)
		p.step(p.r1)
		p.step(p.r2)
		p.r1.sent = nil // the deletion of the old one
	}
	for range 3 * maxIKESAs {
		rekey()
	}
	if n := len(p.r2.session.all); n != maxIKESAs {
		t.Errorf("%d IKE SAs", n)
	}
	want(t, p.r1, func(e CreateRefused) bool { return e.Type == wire.V2TemporaryFailure })
	p.r2.session.HandleTimeout(p.now.Add(replacedTime))
	p.r2.collect(p.now.Add(replacedTime))
	if n := len(p.r2.session.all); n != 1 {
		t.Errorf("%d IKE SAs when the old ones are forgotten", n)
	}
}

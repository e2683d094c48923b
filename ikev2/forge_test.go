package ikev2

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// forge is a message that a router's session could send: encrypted with its keys.
func (r *party) forge(x wire.ExchangeType, id uint32, response bool, payloads ...wire.Payload) ike.Datagram {
	r.t.Helper()
	a := r.session.all[0]
	h := a.header(x, id, response)
	b := wire.NewBuilder(nil, h)
	for _, p := range payloads {
		b.Add(p.Type, p)
	}
	n := wire.HeaderLen + headerSK + a.out.sealedLen(len(b.Payloads()))
	h.NextPayload, h.Length = wire.PayloadSK, uint32(n)
	data := append(h.Append(nil), byte(b.First()), 0, byte((n-wire.HeaderLen)>>8), byte(n-wire.HeaderLen))
	data, err := a.out.seal(data, b.Payloads(), r.env.Rand)
	if err != nil {
		r.t.Fatal(err)
	}
	return ike.Datagram{Local: r.session.local, Remote: r.session.remote, Data: data}
}

// payload is a payload to be sent.
func payload(t wire.PayloadType, body wire.Appender) wire.Payload {
	return wire.Payload{Type: t, Body: body.Append(nil)}
}

// critical is one with the critical bit.
func critical(p wire.Payload) wire.Payload {
	p.Raw = []byte{0, 0x80, 0, byte(4 + len(p.Body))}
	return p
}

// exchangeOf is the exchange of a datagram and whether it is a response.
func exchangeOf(d ike.Datagram) (wire.ExchangeType, bool) {
	h, _ := wire.ParseHeader(d.Data)
	return h.Exchange, h.Flags&wire.FlagResponse != 0
}

// reopen decrypts what a router has sent.
func (r *party) reopen(d ike.Datagram) (inner []byte, first wire.PayloadType, err error) {
	m, err := wire.Parse(d.Data)
	if err != nil {
		return nil, 0, err
	}
	p := m.Payloads[0]
	inner, err = r.session.ike.out.open(d.Data, p.Offset+headerSK)
	return inner, wire.PayloadType(p.Raw[0]), err
}

func addr4(a, b, c, d byte) netip.Addr { return netip.AddrFrom4([4]byte{a, b, c, d}) }

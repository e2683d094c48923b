package ikev2

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// What is no fragment of the peer's is not kept, and the true ones are taken after
// it.
func TestFragmentsHostile(t *testing.T) {
	const numbers = wire.HeaderLen + 4 // where fragment number and total stand
	behindUnknown := func(d []byte, count int) []byte {
		var before []byte
		for i := range count {
			next := byte(200)
			if i == count-1 {
				next = byte(wire.PayloadSKF)
			}
			before = append(before, next, 0, 0, 4)
		}
		d = append(append(bytes.Clone(d[:wire.HeaderLen]), before...), d[wire.HeaderLen:]...)
		d[16] = 200
		binary.BigEndian.PutUint32(d[24:], uint32(len(d)))
		return d
	}
	patched := func(d []byte, number, total uint16) []byte {
		d = bytes.Clone(d)
		binary.BigEndian.PutUint16(d[numbers:], number)
		binary.BigEndian.PutUint16(d[numbers+2:], total)
		return d
	}
	for what, bend := range map[string]func(d []byte) []byte{
		"behind an unknown payload":    func(d []byte) []byte { return behindUnknown(d, 1) },
		"behind many":                  func(d []byte) []byte { return behindUnknown(d, wire.MaxPayloads+1) },
		"number 0":                     func(d []byte) []byte { return patched(d, 0, 3) },
		"of none":                      func(d []byte) []byte { return patched(d, 1, 0) },
		"behind the last":              func(d []byte) []byte { return patched(d, 4, 3) },
		"of a huge whole":              func(d []byte) []byte { return patched(d, 1, 65535) },
		"of another whole":             func(d []byte) []byte { return patched(d, 1, maxFragments) },
		"in another's place":           func(d []byte) []byte { return patched(d, 2, 3) },
		"changed":                      func(d []byte) []byte { d = bytes.Clone(d); d[len(d)-20] ^= 1; return d },
		"of another exchange":          func(d []byte) []byte { d = bytes.Clone(d); d[18] = byte(wire.ExchangeCreateChildSA); return d },
		"of a message not in its turn": func(d []byte) []byte { d = bytes.Clone(d); d[23] = 9; return d },
		"cut":                          func(d []byte) []byte { return d[:len(d)-1] },
		"cut behind its numbers": func(d []byte) []byte {
			d = bytes.Clone(d[:numbers+4])
			d[27], d[26], d[31], d[30] = byte(len(d)), 0, 8, 0
			return d
		},
		"with octets behind the payload": func(d []byte) []byte {
			d = append(bytes.Clone(d), 0)
			binary.BigEndian.PutUint32(d[24:], uint32(len(d)))
			return d
		},
	} {
		p := fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "crypto ikev2 fragmentation mtu 576\n")
		p.initiate(p.r1)
		p.step(p.r1)
		p.step(p.r2)
		d := p.r1.sent[0]
		p.deliver(p.r1, ike.Datagram{Local: d.Local, Remote: d.Remote, Data: bend(d.Data)})
		if p.r2.held != 0 || len(p.r2.sent) != 0 || !p.r2.session.rests() {
			t.Errorf("%s: %d octets held, %d answers", what, p.r2.held, len(p.r2.sent))
		}
		p.settle()
		p.wantUp()
	}
}

// A message of fragments is no place for a fragment.
func TestFragmentInFragment(t *testing.T) {
	p := fragmentPair(t, "crypto ikev2 fragmentation mtu 576\n", "crypto ikev2 fragmentation mtu 576\n")
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	p.r1.sent = nil
	p.deliver(p.r1, p.r1.forge(wire.ExchangeAuth, 1, false, payload(wire.PayloadSKF, wire.Raw{0, 1, 0, 1, 9})))
	want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.V2InvalidSyntax })
	if p.r2.session.Alive() || p.r2.held != 0 {
		t.Errorf("%d octets held, in %s", p.r2.held, p.r2.session.state)
	}
}

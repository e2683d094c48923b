package ikev2

import (
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// FuzzRespond hands any first message to a responder: no panic, and no session
// without a response.
func FuzzRespond(f *testing.F) {
	p := pskPair(f)
	p.initiate(p.r1)
	request := p.r1.next()
	f.Add(request.Data)
	f.Add(request.Data[:wire.HeaderLen])
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Respond(epoch, p.r2.env, 1, ike.Datagram{Local: request.Remote, Remote: request.Local, Data: data})
		if err != nil {
			return
		}
		drain(s)
		if st, ok := s.phase.(*answeredInit); s.Alive() && (!ok || st.ends[1] == st.ends[0]) {
			t.Error("a session that has answered nothing")
		}
	})
}

// FuzzAuthenticated gives what a peer with the keys may send, chain and all, to a
// responder before and after IKE_AUTH: no panic, and nothing is left when it ends.
func FuzzAuthenticated(f *testing.F) {
	f.Add(uint8(wire.ExchangeAuth), uint8(wire.PayloadIDi), []byte{0, 0, 0, 12, 1, 0, 0, 0, 192, 168, 0, 1})
	f.Add(uint8(wire.ExchangeInformationalV2), uint8(wire.PayloadDeleteV2), []byte{0, 0, 0, 12, 3, 4, 0, 1, 0, 49, 16, 1})
	f.Add(uint8(wire.ExchangeInformationalV2), uint8(wire.PayloadNotifyV2), []byte{0, 0x80, 0, 8, 0, 0, 0x40, 0})
	f.Add(uint8(wire.ExchangeCreateChildSA), uint8(wire.PayloadSAV2), []byte{0, 0, 0, 4})
	f.Fuzz(func(t *testing.T, x, first uint8, chain []byte) {
		for _, authenticated := range []bool{false, true} {
			p := pskPair(t)
			p.initiate(p.r1)
			p.step(p.r1)
			p.step(p.r2)
			if authenticated {
				p.settle()
			}
			a := p.r1.session.ike
			id := a.next
			if !authenticated {
				id = 1
				p.r1.sent = nil
			}
			h := a.header(wire.ExchangeType(x), id, false)
			n := wire.HeaderLen + headerSK + a.out.sealedLen(len(chain))
			if n > maxMessage {
				return
			}
			h.NextPayload, h.Length = wire.PayloadSK, uint32(n)
			data := append(h.Append(nil), first, 0, byte((n-wire.HeaderLen)>>8), byte(n-wire.HeaderLen))
			data, err := a.out.seal(data, chain, p.r1.env.Rand)
			if err != nil {
				t.Fatal(err)
			}
			p.deliver(p.r1, ike.Datagram{Local: p.r1.session.local, Remote: p.r1.session.remote, Data: data})
			if s := p.r2.session; !s.Alive() && len(p.r2.sas) != 0 {
				t.Error("SAs without an IKE SA")
			}
		}
	})
}

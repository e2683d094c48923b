package ikev2

import "testing"

// BenchmarkResponder is a responder's whole handshake with a first child SA.
func BenchmarkResponder(b *testing.B) {
	for name, p := range map[string]*pairOf{
		"x25519+PSK": pskPair(b, "group 19", "group 31"),
		"ECP+RSA":    fragmentPair(b, "", ""),
	} {
		b.Run(name, func(b *testing.B) {
			p.t = b
			for b.Loop() {
				b.StopTimer()
				p.r1.session, p.r2.session = nil, nil
				clear(p.r1.sas)
				clear(p.r2.sas)
				p.initiate(p.r1)
				request := p.r1.next()
				b.StartTimer()
				p.deliver(p.r1, request)
				b.StopTimer()
				p.step(p.r2)
				auth := p.r1.next()
				b.StartTimer()
				p.deliver(p.r1, auth)
				b.StopTimer()
				p.step(p.r2)
				if !p.r1.session.Established() || len(p.r2.sas) != 2 {
					b.Fatal("not up")
				}
				p.r1.events, p.r2.events, p.r1.orders, p.r2.orders = nil, nil, nil, nil
				b.StartTimer()
			}
		})
	}
}

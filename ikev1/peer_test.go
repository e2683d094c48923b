package ikev1

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/wire"
)

// An authenticated peer that makes pair after pair and deletes none gets no more
// than a few: neither SAs nor exchanges pile up, and the latest pair stands.
func TestPairsPileUp(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	for range 3 * maxQuickModes {
		p.r1.session.StartQuick(p.now, p.r1.itf)
		p.r1.collect(p.now)
		for len(p.r1.sent)+len(p.r2.sent) > 0 {
			for _, r := range []*party{p.r1, p.r2} {
				if len(r.sent) == 0 {
					continue
				}
				data := r.next()
				if h, err := wire.ParseHeader(data); err != nil || h.Exchange != wire.ExchangeInformational {
					p.deliver(p.other(r), data)
				}
			}
		}
		p.now = p.now.Add(time.Millisecond)
	}
	if n := len(p.r2.session.children); n != maxPairs || len(p.r2.sas) != 2*n {
		t.Errorf("%d pairs, %d SAs, want %d pairs", n, len(p.r2.sas), maxPairs)
	}
	if n := len(p.r2.session.quick); n > maxQuickModes {
		t.Errorf("%d exchanges are kept", n)
	}
	latest := p.r1.session.children[0].out.SAID
	if _, ok := p.r2.sas[latest]; !ok {
		t.Error("the latest pair is gone")
	}
}

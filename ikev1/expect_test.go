package ikev1

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// The data plane hears of the inbound SA of a rekey before the peer does, and of
// every end that is not its installation.
func TestExpect(t *testing.T) {
	refuse := func(ipsec.SA) error { return errors.New("no buffer space available") }
	for name, end := range map[string]func(*pairOf){
		"no answer": func(p *pairOf) {
			p.r1.sent = nil
			for n := 0; n < 300 && !slices.Contains(p.r1.orders, "-expect"); n++ {
				p.advance(time.Second, func(*party, []byte) bool { return true })
			}
		},
		"the peer refuses":        func(p *pairOf) { p.r2.refuse = refuse },
		"our kernel refuses":      func(p *pairOf) { p.r1.refuse = refuse },
		"the IKE SA ends":         func(p *pairOf) { p.r1.session.Delete(p.now, "test"); p.r1.collect(p.now) },
		"the peer ends it":        func(p *pairOf) { p.r1.sent = nil; p.r2.session.Delete(p.now, "test"); p.r2.collect(p.now) },
		"the peer's proposal bad": func(p *pairOf) { p.r2.env.Config.IPsec[0].Transforms = nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			p.up(p.r1)
			if slices.Contains(p.r1.orders, "expect") {
				t.Fatalf("the first pair: %s", p.r1.orders)
			}
			p.r1.orders = nil
			p.r1.session.rekey(p.r1.session.pairs()[0])
			p.r1.collect(p.now)
			if !slices.Equal(p.r1.orders, []string{"expect", "send"}) {
				t.Fatalf("%s, want expect send", p.r1.orders)
			}
			end(p)
			p.settle()
			if len(p.r1.early) != 0 || !slices.Contains(p.r1.orders, "-expect") {
				t.Errorf("%d are expected after %s\n%s", len(p.r1.early), p.r1.orders, p.r1.story())
			}
		})
	}
}

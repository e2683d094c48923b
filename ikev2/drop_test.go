package ikev2

import "testing"

// A session that is dropped tells its peer nothing, in whatever state it is.
func TestDrop(t *testing.T) {
	for steps := range 5 { // 4: established
		p := pskPair(t)
		p.initiate(p.r1)
		for n := range steps {
			p.step([]*party{p.r1, p.r2}[n%2])
		}
		if steps == 4 {
			p.settle()
			p.wantUp()
			p.r1.session.renew()
			p.r1.session.rekeyChild(p.r1.session.children[0])
			p.r1.collect(p.now)
		}
		p.r1.sent = nil
		p.r1.session.Drop(p.now, "test")
		p.r1.collect(p.now)
		p.r1.session.Drop(p.now, "again")
		p.r1.collect(p.now)
		if len(p.r1.sent) > 0 || p.r1.session.Alive() || len(p.r1.sas) > 0 {
			t.Errorf("after %d steps: %d datagrams, %d SAs, alive %v", steps, len(p.r1.sent), len(p.r1.sas), p.r1.session.Alive())
		}
		p.r2.session = nil
		p.advance(answerTime, nil)
		p.r1.wantIdle()
	}
}

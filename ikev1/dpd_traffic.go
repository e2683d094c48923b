package ikev1

import (
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// countTraffic is on-demand DPD when it is due: where nothing was heard for an
// interval, the data plane is asked what passed meanwhile. Inbound SAs come
// first, so that their answers stand when those of the outbound ones come.
func (s *Session) countTraffic() {
	d := &s.up.dpd
	if quiet := d.heard.Add(d.Interval); s.now.Before(quiet) {
		d.next = quiet
		return
	}
	d.next = s.now.Add(d.Interval)
	for _, c := range s.pairs() {
		s.out = append(s.out, ike.QuerySA{SAID: c.in.SAID})
	}
	for _, c := range s.pairs() {
		s.out = append(s.out, ike.QuerySA{SAID: c.out.SAID})
	}
}

// childCounted takes the data plane's answer. What came in is a sign of life;
// what went out unanswered is worth an R_U_THERE.
func (s *Session) childCounted(e ipsec.Queried) {
	d := &s.up.dpd
	if e.Err != nil || d.Interval == 0 {
		return
	}
	for _, c := range s.pairs() {
		switch e.SAID {
		case c.in.SAID:
			if grown(&c.packetsIn, e.Counters.Packets) {
				s.alive()
			}
		case c.out.SAID:
			silent := !s.now.Before(d.heard.Add(d.Interval))
			if grown(&c.packetsOut, e.Counters.Packets) && silent && d.open == 0 {
				if s.main == nil {
					s.probe()
					return
				}
				s.askDPD()
			}
		}
	}
}

// grown brings a count up to date.
func grown(count *uint64, now uint64) bool {
	was := *count
	*count = now
	return now > was
}

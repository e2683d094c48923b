package xfrm

import (
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Adopt goes on with the SAs that an earlier process has left and removes others of
// ours. What the kernel told while nobody listened it does not tell again: the limits
// that were reached are found as after an overflow.
func (d *Dataplane) Adopt(standing []ipsec.SA) ([]ipsec.Expired, error) {
	keep := map[ipsec.SAID]bool{}
	for _, sa := range standing {
		d.remember(sa)
		own, around := sa.Names()
		keep[own], keep[around] = true, around.SPI != 0
	}
	if err := d.sweepStates(keep); err != nil {
		return nil, err
	}
	list, err := d.states()
	if err != nil {
		return nil, err
	}
	var news []ipsec.Expired
	for _, e := range d.missed(list, time.Now()) {
		if d.expired(&e) {
			news = append(news, e)
		}
	}
	return news, nil
}

package ipsec

import "time"

// IOS rekeys 30 s before the seconds limit and 256 kilobytes before the volume
// limit. Who did not begin an SA waits a little longer, so that the two ends
// seldom meet.
const (
	rekeyMargin    = 30 * time.Second
	rekeyResponder = 10 * time.Second
	rekeyKilobytes = 256
)

// Soft is when to rekey what has this lifetime. Short lifetimes leave a quarter
// of them.
func (l Lifetime) Soft(initiator bool) Lifetime {
	margin := min(rekeyMargin, l.Duration/4)
	if !initiator {
		margin -= min(rekeyResponder, margin/3)
	}
	soft := Lifetime{Duration: l.Duration - margin}
	if l.Kilobytes > 0 {
		soft.Kilobytes = l.Kilobytes - min(rekeyKilobytes, l.Kilobytes/4)
	}
	return soft
}

package ikev2

import (
	"encoding/binary"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

const (
	// rekeyRetry is how long a rekeying that failed waits, and up to half as long
	// again: two ends that stand in each other's way shall not come back together.
	rekeyRetry = 10 * time.Second
	// rekeyPause is how long it waits for another exchange of our own.
	rekeyPause = time.Second
)

// jittered lowers a volume limit by up to a tenth, as IOS does: many pairs of one
// rate do not reach theirs at once.
func (s *Session) jittered(l ipsec.Lifetime) ipsec.Lifetime {
	var b [2]byte
	if l.Kilobytes > 0 && s.random(b[:]) == nil {
		l.Kilobytes -= l.Kilobytes / 10 * uint64(binary.BigEndian.Uint16(b[:])) / (1 << 16)
	}
	return l
}

// schedule sets both limits in seconds.
func (c *child) schedule() {
	if c.lifetime.Duration == 0 {
		return
	}
	c.expires = c.installed.Add(c.lifetime.Duration)
	c.soft = c.installed.Add(c.lifetime.Soft(c.initiator).Duration)
}

// schedule sets when an IKE SA that begins now is renewed, and when it ends.
func (u *established) schedule(now time.Time, role Role) {
	u.since, u.expires = now, now.Add(u.lifetime)
	u.renew = now.Add(ipsec.Lifetime{Duration: u.lifetime}.Soft(role == Initiator).Duration)
}

// retryAt is when to try again what did not work now; zero when there is no time
// for that before an SA expires.
func (s *Session) retryAt(expires time.Time) time.Time {
	var b [1]byte
	_ = s.random(b[:]) // without randomness it is the same time, and nothing worse
	at := s.now.Add(rekeyRetry + rekeyRetry/2*time.Duration(b[0])/256)
	if !expires.IsZero() && !at.Before(expires) {
		return time.Time{}
	}
	return at
}

package ikev2

import (
	"encoding/binary"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// IOS rekeys 30 s before the seconds limit and 256 kilobytes before the volume
// limit. Who did not begin an SA waits a little longer, so that the two ends
// seldom meet. The margins are those of IKEv1.
const (
	rekeyMargin    = 30 * time.Second
	rekeyResponder = 10 * time.Second
	rekeyKilobytes = 256
	// rekeyRetry is how long a rekeying that failed waits, and up to half as long
	// again: two ends that stand in each other's way shall not come back together.
	rekeyRetry = 10 * time.Second
	// rekeyPause is how long it waits for another exchange of our own.
	rekeyPause = time.Second
)

// softLifetime is when to rekey. Short lifetimes leave a quarter of them.
func softLifetime(l ipsec.Lifetime, initiator bool) ipsec.Lifetime {
	margin := min(rekeyMargin, l.Duration/4)
	if !initiator {
		margin -= min(rekeyResponder, margin/3)
	}
	soft := ipsec.Lifetime{Duration: l.Duration - margin}
	if l.Kilobytes > 0 {
		soft.Kilobytes = l.Kilobytes - min(rekeyKilobytes, l.Kilobytes/4)
	}
	return soft
}

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
	c.soft = c.installed.Add(softLifetime(c.lifetime, c.initiator).Duration)
}

// schedule sets when an IKE SA that begins now is renewed, and when it ends.
func (u *established) schedule(now time.Time, role Role) {
	u.since, u.expires = now, now.Add(u.lifetime)
	u.renew = now.Add(softLifetime(ipsec.Lifetime{Duration: u.lifetime}, role == Initiator).Duration)
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

package tunnel

import "time"

const (
	// strayTime is how long after a pair of SAs has gone packets of its may still come,
	// and the peer's own word on it.
	strayTime = 10 * time.Second
	// strayPause is how often at most a peer is told that it sends for no SA, as
	// anybody can send in its name.
	strayPause = time.Minute
)

// HeedsStray says whether the peer is to be told of a packet that came for no SA.
func (t *Tunnel) HeedsStray(now time.Time) bool {
	return now.Sub(t.lost) >= strayTime && now.Sub(t.answered) >= strayPause
}

// AnsweredStray notes that it was.
func (t *Tunnel) AnsweredStray(now time.Time) { t.answered = now }

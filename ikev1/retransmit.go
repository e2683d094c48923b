package ikev1

import (
	"bytes"
	"crypto/sha256"
	"time"
)

// IOS repeats a message five times, ten seconds apart. A duplicate of the
// peer's last message is answered only if our own last transmission is a second
// old: two ends that answer at once would storm.
const (
	retransmitInterval = 10 * time.Second
	retransmitLimit    = 5
	retransmitYoungest = time.Second
	exchangeTime       = (retransmitLimit + 1) * retransmitInterval
)

// retransmission is the last message of ours in an exchange, as it was sent,
// and the peer's before it. It is a stored datagram, never a rebuilt one.
type retransmission struct {
	datagram []byte // nil: nothing to repeat
	first    time.Time
	last     time.Duration // since the first
	count    uint8
	awaiting bool // an answer is due, the timer runs

	accepted digest // of the peer's message that it answers
}

// digest tells a datagram that came before from every other, in less room than
// it would take: half of its SHA-256. Zero: none came.
type digest [sha256.Size / 2]byte

func digestOf(datagram []byte) digest {
	sum := sha256.Sum256(datagram)
	return digest(sum[:])
}

// refusal is what became of the peer's last message, when it was understood. The
// same datagram is refused again without a look.
type refusal struct {
	datagram digest
	reason   string
}

// sent notes a new message of ours, without the room that building it left.
func (r *retransmission) sent(now time.Time, datagram []byte, awaiting bool) {
	r.datagram, r.awaiting = bytes.Clone(datagram), awaiting
	r.first, r.last, r.count = now, 0, 0
}

// repeated notes that the datagram left once more. The timer starts again.
func (r *retransmission) repeated(now time.Time) { r.last, r.count = now.Sub(r.first), r.count+1 }

// postponed lets the next repetition wait once more: nothing was sent.
func (r *retransmission) postponed(now time.Time) { r.last = now.Sub(r.first) }

// mayAnswer says whether a duplicate is worth our datagram again.
func (r *retransmission) mayAnswer(now time.Time) bool {
	return r.datagram != nil && r.count < retransmitLimit && now.Sub(r.first)-r.last >= retransmitYoungest
}

// deadline is the time of the next repetition, or of the end. Answers to
// duplicates use up repetitions but do not bring the end nearer, or whoever
// replays the peer's message could kill the exchange.
func (r *retransmission) deadline() time.Time {
	if !r.awaiting {
		return time.Time{}
	}
	end := r.first.Add(exchangeTime)
	if next := r.first.Add(r.last + retransmitInterval); r.count < retransmitLimit && next.Before(end) {
		return next
	}
	return end
}

// exhausted says that nothing more is sent and the peer's time is over.
func (r *retransmission) exhausted(now time.Time) bool {
	return r.awaiting && !now.Before(r.first.Add(exchangeTime))
}

package ikev2

import (
	"net/netip"
	"time"
)

// retransmitAfter are the times between the transmissions of a request; the last
// one is how long the answer to the last transmission is waited for. RFC 7296
// section 2.4: "retransmission times MUST increase exponentially to avoid flooding
// the network"; the rest it leaves open. IOS's are not known.
var retransmitAfter = []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, 32 * time.Second}

// exchangeTime is how long a request is repeated and waited for.
const exchangeTime = 94 * time.Second

// A flight is a request of ours that waits for its response: the datagrams as
// they were sent, to be sent again.
type flight struct {
	id        uint32
	request   request
	datagrams [][]byte
	to        netip.AddrPort // the peer, when it was sent first
	last      time.Time      // of the last transmission
	count     int            // of repetitions
	after     []time.Duration
}

// deadline is the time of the next repetition, or of the end.
func (f *flight) deadline() time.Time { return f.last.Add(f.after[f.count]) }

// exhausted says that no repetition is left.
func (f *flight) exhausted() bool { return f.count == len(f.after)-1 }

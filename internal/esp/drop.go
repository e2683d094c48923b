package esp

import "sync/atomic"

// A Drop is why a packet went no further. It is an error that costs nothing to
// return, and the index of its counter.
type Drop uint8

// The kinds of drops, in the order in which a packet meets them.
const (
	// Outbound and inbound.
	Expired   Drop = iota + 1 // a hard limit of the SA was reached
	Malformed                 // the packet of IP is not what its headers say
	Outside                   // it is outside the selectors of the SA
	Exhausted                 // the sequence numbers of the SA are used up
	// Inbound.
	Truncated // shorter than its transform's header and trailer, or no whole blocks
	Replayed  // its sequence number was received, or is behind the window
	Integrity // its ICV is wrong
	Padding   // its padding is not 1, 2, 3 and so on, or longer than the packet
	Dummy     // next header 59: no payload, sent to hide when there is traffic
	Next      // the next header is not what the mode of the SA has
	Congested // congestion was experienced by a packet whose sender cannot hear of it
	// GRE.
	GREHeader   // a version, a flag or a protocol that is not GRE of RFC 2784 and 2890
	GREChecksum // does not verify
	GREKey      // another key than the tunnel's, or none
	// Of tunnels.
	TooLong  // for the path, and not to be fragmented
	NoTunnel // no tunnel takes what an SA brings
	Refused  // by the tunnel's device, which is down or gone
	Looped   // a tunnel's own, by a route to its peer that leads into it
	drops    = iota + 1
)

var dropTexts = [drops]string{
	Expired: "a hard limit of the SA was reached", Malformed: "not what its IP header says", Outside: "outside the selectors of the SA",
	Exhausted: "sequence numbers are used up", Truncated: "truncated", Replayed: "replayed", Integrity: "wrong integrity check value",
	Padding: "wrong padding", Dummy: "dummy packet", Next: "unexpected next header", Congested: "congestion that its sender cannot hear of",
	GREHeader: "not GRE of RFC 2784", GREChecksum: "wrong GRE checksum", GREKey: "wrong GRE key",
	TooLong:  "too long for the path, and not to be fragmented",
	NoTunnel: "no policy and no tunnel for it", Refused: "refused by the tunnel's device", Looped: "the tunnel's own",
}

func (d Drop) Error() string { return "esp: " + dropTexts[d] }

// Drops counts by kind. It is safe for several goroutines.
type Drops [drops]atomic.Uint64

// Of is how many packets were dropped so.
func (d *Drops) Of(kind Drop) uint64 { return d[kind].Load() }

// count notes a drop and is it.
func (d *Drops) count(kind Drop) Drop {
	d[kind].Add(1)
	return kind
}

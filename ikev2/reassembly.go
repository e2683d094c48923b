package ikev2

import (
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/wire"
)

// Limits of messages in fragments. The engine limits what all sessions, and those
// of one address, hold together.
const (
	maxFragments  = 64
	maxAssemblies = 4 // messages of one IKE SA at a time, the oldest goes
	fragmentTime  = 30 * time.Second
	fragmentCost  = 64 // octets that a fragment takes beside its own
)

// A reassembly holds the messages of which some fragments are here. The zero value
// is ready.
type reassembly []*assembly

// An assembly is one of them.
type assembly struct {
	id       uint32
	flags    wire.Flags
	exchange wire.ExchangeType
	first    wire.PayloadType // of fragment 1
	pieces   [][]byte         // by number from 0, nil: not here
	missing  int
	size     int // of the pieces, octets
	held     int // of the engine's limit
	begun    time.Time
}

// A holder gives room for so many octets of a peer's unfinished messages, or takes
// it back with a negative number.
type holder func(peer netip.Addr, octets int) bool

// wants says whether a fragment has a chance to be of use, before its checksum is
// looked at. RFC 7383 section 2.6 has a fragment dropped that is here already, or
// whose total is below the one of before.
func (r reassembly) wants(h wire.Header, f wire.SKF) bool {
	a := r.find(h)
	switch {
	case f.Total > maxFragments:
		return false
	case a == nil || int(f.Total) > len(a.pieces):
		return true
	}
	return int(f.Total) == len(a.pieces) && a.pieces[f.Number-1] == nil && a.exchange == h.Exchange
}

// find is the message that a header is of.
func (r reassembly) find(h wire.Header) *assembly {
	if i := slices.IndexFunc(r, func(a *assembly) bool { return a.id == h.MessageID && a.flags == h.Flags }); i >= 0 {
		return r[i]
	}
	return nil
}

// add keeps a fragment that wants has taken and whose checksum is right; inner is
// what was sealed, first the Next Payload before it. When it was the last that was
// missing, whole is the payloads of the message and first the type of the first;
// else whole is nil.
//
// RFC 7383 section 2.6: a total above that of before is a peer that tries smaller
// fragments, and what is here of its message is forgotten.
func (r *reassembly) add(now time.Time, peer netip.Addr, h wire.Header, f wire.SKF, first wire.PayloadType, inner []byte, hold holder) (whole []byte, _ wire.PayloadType, err error) {
	a := r.find(h)
	if a != nil && int(f.Total) > len(a.pieces) {
		r.drop(a, peer, hold)
		a = nil
	}
	if a == nil {
		if len(*r) == maxAssemblies {
			r.drop((*r)[0], peer, hold)
		}
		a = &assembly{id: h.MessageID, flags: h.Flags, exchange: h.Exchange, pieces: make([][]byte, f.Total), missing: int(f.Total), begun: now}
		*r = append(*r, a)
	}
	cost := len(inner) + fragmentCost
	if a.missing == len(a.pieces) {
		cost += 24 * len(a.pieces)
	}
	switch {
	case a.size+len(inner) > maxMessage:
		r.drop(a, peer, hold)
		return nil, 0, reject(wire.V2InvalidSyntax, "fragments of more than %d octets", maxMessage)
	case !hold(peer, cost):
		r.drop(a, peer, hold)
		return nil, 0, reject(0, "too many fragments of unfinished messages")
	}
	a.held += cost
	a.size += len(inner)
	a.missing--
	a.pieces[f.Number-1] = inner[:len(inner):len(inner)]
	if f.Number == 1 {
		a.first = first
	}
	if a.missing > 0 {
		return nil, 0, nil
	}
	r.drop(a, peer, hold)
	return slices.Concat(a.pieces...), a.first, nil
}

// drop forgets a message.
func (r *reassembly) drop(a *assembly, peer netip.Addr, hold holder) {
	hold(peer, -a.held)
	*r = slices.DeleteFunc(*r, func(x *assembly) bool { return x == a })
}

// deadline is when the oldest message is given up; false: there is none.
func (r reassembly) deadline() (time.Time, bool) {
	if len(r) == 0 {
		return time.Time{}, false
	}
	return r[0].begun.Add(fragmentTime), true
}

// expire gives up what is too old.
func (r *reassembly) expire(now time.Time, peer netip.Addr, hold holder) {
	for len(*r) > 0 && !now.Before((*r)[0].begun.Add(fragmentTime)) {
		r.drop((*r)[0], peer, hold)
	}
}

// clear forgets all.
func (r *reassembly) clear(peer netip.Addr, hold holder) {
	for len(*r) > 0 {
		r.drop((*r)[0], peer, hold)
	}
}

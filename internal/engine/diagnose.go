package engine

import (
	"slices"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// Errors are what show crypto ikev2 diagnose error shows: how the last exchanges of
// version 2 failed.
type Errors struct {
	Limit   int         // how many are kept, 0: none
	Deleted uint64      // those that made room for others
	Kept    []ike.Event // oldest first
}

// note keeps an event if it is an error. These hold sentences and no messages of
// strangers, so that their number bounds the memory.
func (x *Errors) note(event ike.Event) {
	if x.Limit == 0 {
		return
	}
	switch e := event.(type) {
	case ikev2.CreateRefused, ikev2.PeerDead, ike.NegotiationFailed:
	case ikev2.MessageRejected:
		if e.Exchange < wire.ExchangeCreateChildSA || e.Exchange == wire.ExchangeIntermediate {
			return // the negotiation failed by it, or did not by a stranger's
		}
	default:
		return
	}
	x.Kept = append(x.Kept, event)
	x.bound(x.Limit)
}

// bound obeys a limit.
func (x *Errors) bound(limit int) {
	x.Limit = limit
	if more := len(x.Kept) - limit; more > 0 {
		x.Kept = slices.Delete(x.Kept, 0, more)
		x.Deleted += uint64(more)
	}
}

// copied is for a view, which outlives the next message.
func (x *Errors) copied() Errors {
	c := *x
	c.Kept = slices.Clone(x.Kept)
	return c
}

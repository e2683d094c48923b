package ikev2

import (
	"errors"

	"github.com/obol-ike/obol/wire"
)

// A refusal is the peer's: the error notify that it answered with.
type refusal struct {
	notify wire.NotifyTypeV2
	data   []byte
}

func (r *refusal) Error() string { return "the peer answered " + r.notify.String() }

// asRejection is any error as a rejection of ours. What a parser says is
// INVALID_SYNTAX; anything else is a failure of our own (no randomness, a key
// that cannot sign), of which the peer hears nothing.
func asRejection(err error) *rejection {
	if r, ok := errors.AsType[*rejection](err); ok {
		return r
	}
	r := &rejection{reason: err.Error()}
	if _, parsed := errors.AsType[*wire.ParseError](err); parsed || errors.Is(err, errPadding) {
		r.notify = wire.V2InvalidSyntax
	}
	return r
}

// refusedBy finds the error among the notifications of a response, nil for none.
func refusedBy(notifies []wire.NotifyV2) *refusal {
	for _, n := range notifies {
		if n.Type.Error() {
			return &refusal{n.Type, n.Data}
		}
	}
	return nil
}

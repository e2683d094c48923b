package ikev1

import (
	"errors"
	"fmt"

	"github.com/obol-ike/obol/wire"
)

// A rejection is our own refusal of a message: why, and the notify that RFC
// 2408 names for it. Whether that notify is sent depends on the state: main
// mode keeps silent, as IOS does.
type rejection struct {
	notify wire.NotifyType
	reason string
	// verdict says that the message was understood and refused for what
	// stands in it: a repetition of it needs no second look.
	verdict bool
}

func (r *rejection) Error() string { return r.reason }

func reject(n wire.NotifyType, format string, args ...any) *rejection {
	return &rejection{notify: n, reason: fmt.Sprintf(format, args...)}
}

func refuse(n wire.NotifyType, format string, args ...any) *rejection {
	return &rejection{notify: n, reason: fmt.Sprintf(format, args...), verdict: true}
}

// malformed turns a parse error into a rejection.
func malformed(err error) *rejection {
	r := &rejection{notify: wire.NotifyPayloadMalformed, reason: err.Error()}
	if p, ok := errors.AsType[*wire.ParseError](err); ok && p.Notify != 0 {
		r.notify = p.Notify
	}
	return r
}

// asRejection is any error as a rejection. One that neither a parser nor we
// gave is a failure of our own (no randomness, a key that cannot sign), which
// the same message would only repeat.
func asRejection(err error) *rejection {
	if r, ok := errors.AsType[*rejection](err); ok {
		return r
	}
	if _, parsed := errors.AsType[*wire.ParseError](err); parsed {
		return malformed(err)
	}
	return &rejection{reason: err.Error(), verdict: true}
}

// verdict is an error about a message whose HASH holds: the peer said so, and
// would only say it again.
func verdict(err error) error {
	r := *asRejection(err)
	r.verdict = true
	return &r
}

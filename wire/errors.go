package wire

import (
	"errors"
	"fmt"
)

// ParseError says why octets are not a message or a payload.
type ParseError struct {
	Payload PayloadType // PayloadNone: the header
	Offset  int         // of the octet at fault: in the datagram from Parse, ParseChain and ParseBody, in the body from ParseX
	Reason  string
	Notify  NotifyType // what RFC 2408 section 5 names for it; in IKEv2 it is always INVALID_SYNTAX
}

func (e *ParseError) Error() string {
	where := "header"
	if e.Payload != PayloadNone {
		where = e.Payload.String() + " payload"
	}
	return fmt.Sprintf("%s at octet %d: %s", where, e.Offset, e.Reason)
}

func malformed(t PayloadType, offset int, format string, args ...any) *ParseError {
	return refuse(t, offset, NotifyPayloadMalformed, format, args...)
}

func refuse(t PayloadType, offset int, n NotifyType, format string, args ...any) *ParseError {
	return &ParseError{Payload: t, Offset: offset, Reason: fmt.Sprintf(format, args...), Notify: n}
}

// ParseBody parses a payload's body and gives errors the offset in the
// datagram: ParseBody(p, ParseSAV1).
func ParseBody[T any](p Payload, parse func(body []byte) (T, error)) (T, error) {
	v, err := parse(p.Body)
	if bad := (*ParseError)(nil); errors.As(err, &bad) {
		moved := *bad
		moved.Offset += p.Offset + genericLen
		return v, &moved
	}
	return v, err
}

package ikev2

import (
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// AnswerVersion is the answer to a message of a major version above ours, RFC
// 7296 section 2.5: an endpoint "MUST drop the message and SHOULD send an
// unauthenticated Notify message of type INVALID_MAJOR_VERSION containing the
// highest (closest) version number it supports". Section 1.5 has it repeat the
// SPIs, the exchange and the message id. There is none to a response, nor to
// what claims a lower version.
func AnswerVersion(h wire.Header, d ike.Datagram) (ike.Datagram, bool) {
	if h.Version.Major() <= wire.V2.Major() || h.Flags&wire.FlagResponse != 0 {
		return ike.Datagram{}, false
	}
	h.Version = wire.V2
	h.Flags = wire.FlagResponse | ^h.Flags&wire.FlagInitiator
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2InvalidMajorVersion})
	return ike.Datagram{Local: d.Local, Remote: d.Remote, VRF: d.VRF, Data: b.Bytes()}, true
}

package ikev2

import (
	"fmt"

	"github.com/obol-ike/obol/wire"
)

// A rejection is our own refusal of what a peer sent: why, and the notify that
// tells him, if his message is one that is answered.
type rejection struct {
	notify wire.NotifyTypeV2 // 0: nothing is told
	data   []byte            // of the notify
	// The SA that the notify is about, if it names one.
	protocol wire.ProtocolID
	spi      []byte
	reason   string
}

func (r *rejection) Error() string { return r.reason }

func reject(n wire.NotifyTypeV2, format string, args ...any) *rejection {
	return &rejection{notify: n, reason: fmt.Sprintf(format, args...)}
}

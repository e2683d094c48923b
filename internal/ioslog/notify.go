package ioslog

import (
	"encoding/binary"
	"fmt"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/wire"
)

// spi is the number that IOS prints for an SPI: of anything but an ESP or AH
// SPI, the cookies of phase 1 for instance, it prints 0.
func spi(b []byte) uint32 {
	if len(b) != 4 {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func notifySent(e ikev1.NotifySent) []Line {
	return isakmp(":(%d):%s", e.ConnID, rows(
		fmt.Sprintf("Sending NOTIFY %s protocol %d", e.Type, e.Protocol),
		fmt.Sprintf("\tspi %d, message ID = %d", spi(e.SPI), e.MessageID)))
}

func notifyReceived(e ikev1.NotifyReceived) []Line {
	lines := isakmp(":(%d): %s", e.ConnID, rows(
		fmt.Sprintf("processing NOTIFY %s protocol %d", e.Type, e.Protocol),
		fmt.Sprintf("\tspi %d, message ID = %d", spi(e.SPI), e.MessageID)))
	// RFC 2408 section 3.14.1: types under 16384 report errors.
	if e.Authenticated && e.Type < wire.NotifyConnected {
		return join(lines, modeFailure("Informational", e.SA))
	}
	return lines
}

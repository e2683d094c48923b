package ioslog

import "github.com/obol-ike/obol/ikev1"

// Lines of dead peer detection. No capture of them was found: they are as
// remembered.

func dpdReceived(e ikev1.DPDReceived) []Line {
	return isakmp(":(%d): %s received from peer %s, sequence 0x%X", e.ConnID, e.Type, e.Remote.Addr(), e.Sequence)
}

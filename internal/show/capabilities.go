package show

import (
	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
)

// capabilities are the letters of an IKE SA that the Codes rows explain. IOS
// shows D where it asks the peer, not where both only could.
func capabilities(s ikev1.View) string {
	letters := ""
	if s.DPD {
		letters += "D"
	}
	if s.NAT {
		letters += "N"
	}
	return letters
}

// capabilitiesV2 are those of version 2, where fragments have a letter too.
func capabilitiesV2(s ikev2.View) string {
	letters := ""
	if s.DPD.Interval > 0 {
		letters += "D"
	}
	if s.NATSelf || s.NATPeer {
		letters += "N"
	}
	if s.Fragmentation {
		letters += "F"
	}
	return letters
}

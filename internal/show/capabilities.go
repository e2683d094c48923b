package show

import "github.com/obol-ike/obol/ikev1"

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

package ioslog

import (
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ipsec"
)

// ikev2SelectorsRefused: no map entry, or none of the profile, is for the peer's
// traffic selectors.
func ikev2SelectorsRefused(e ikev2.SelectorsRefused) []Line {
	var lines []Line
	if e.Profile {
		lines = ipsecLine("map_db_check_isakmp_profile profile did not match")
	}
	return join(lines, noMap(), failing(ikev2Line(e.SA, "There was no IPSEC policy found for received TS")))
}

// ikev2ChildInstalled: IOS tells of the pair by its inbound SA, which is the
// first to be installed.
func ikev2ChildInstalled(e ikev2.ChildInstalled) []Line {
	answer := ikev2Line(e.SA, "[IPsec -> IKEv2] Creation of IPsec SA into IPsec database %s", passed(e.Err == nil))
	if e.Err != nil {
		return failing(answer)
	}
	sas := sasCreated(created{e.ConnID, e.Local, e.Remote, e.Child})
	if e.Child.Direction != ipsec.In {
		return join(sas, answer)
	}
	return join(ikev2Line(e.SA, "[IKEv2 -> IPsec] Create IPsec SA into IPsec database"), mapFound(e.Tunnel, e.Child.Selector), sas)
}

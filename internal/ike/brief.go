package ike

import "time"

// Brief is what an engine asks of a session of either version, to tell the
// sessions with one peer apart.
type Brief struct {
	PeerID      string // as IOS prints it, "" until authenticated
	Profile     string // ISAKMP or IKEv2 profile, "" for none
	Begun       time.Time
	Established time.Time // zero until then
	Children    []BriefChild
}

// BriefChild names a pair of child SAs.
type BriefChild struct {
	Tunnel string
	InSPI  uint32
}

package policy

import (
	"net/netip"

	"github.com/obol-ike/obol/pki"
)

// Selection is the ISAKMP profile that a peer's identity leads to.
type Selection struct {
	Profile  *ISAKMPProfile // nil: none matches, the global settings hold
	Rule     *Match         // the rule of Profile that matched
	Reason   string
	AlsoRans []AlsoRan
}

// AlsoRan is a profile that was not taken.
type AlsoRan struct {
	Profile *ISAKMPProfile
	Why     string
}

// SelectISAKMPProfile chooses at MM5 the profile of a peer.
func (c *Config) SelectISAKMPProfile(id PeerID, cert *pki.Certificate, local netip.Addr) Selection {
	return Selection{}
}

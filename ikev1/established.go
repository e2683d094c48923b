package ikev1

import "time"

// established is what begins when the peer is authenticated: phase 2, and all that
// watches over it.
type established struct {
	peerID  string
	since   time.Time
	expires time.Time
	renew   time.Time // when to ask for a successor; zero: no more
	// alone: nothing has come under the keys yet. AG3, which nobody answers, may be
	// lost, and the peer have forgotten us.
	alone     bool
	dpd       deadPeer
	keepalive keepalives

	ids      messageIDs          // of our exchanges
	used     map[uint32]struct{} // message ids of the peer's exchanges
	quick    []*quickMode        // in flight, and those that may have to repeat their end
	children []*child
}

// pairs are the child SAs.
func (s *Session) pairs() []*child {
	if s.up == nil {
		return nil
	}
	return s.up.children
}

// quickModes are those in flight, and those that may have to repeat their end.
func (s *Session) quickModes() []*quickMode {
	if s.up == nil {
		return nil
	}
	return s.up.quick
}

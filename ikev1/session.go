package ikev1

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// Session is one IKE SA with its exchanges and child SAs.
type Session struct {
	out           []ike.Output
	local, remote netip.AddrPort
}

// Initiate begins main mode for a tunnel interface; a quick mode for it follows.
// The session may be Done at once (no usable policy): its outputs say why.
func Initiate(now time.Time, env *ike.Env, connID uint32, itf *policy.Interface) *Session { return nil }

// Respond answers a first MM1. An error means that nothing of it is worth a
// session. The session may be Done at once (offer refused): poll it all the same.
func Respond(now time.Time, env *ike.Env, connID uint32, d ike.Datagram) (*Session, error) {
	return nil, nil
}

// Handle takes a datagram of the peer.
func (s *Session) Handle(now time.Time, d ike.Datagram) {}

// HandleKernel takes an event of the data plane; one of others' SAs is ignored.
func (s *Session) HandleKernel(now time.Time, ev ipsec.Event) {}

// HandleTimeout does what is due. A spurious call is harmless.
func (s *Session) HandleTimeout(now time.Time) {}

// StartQuick begins a quick mode for a tunnel, or does so after main mode.
func (s *Session) StartQuick(now time.Time, itf *policy.Interface) {}

// DeleteChild tells the peer, if the IKE SA stands, and removes the pair.
func (s *Session) DeleteChild(now time.Time, inSPI uint32, reason string) {}

// Delete tells the peer and ends the IKE SA. Child SAs stay, as on IOS: the
// session is Done when the last of them is gone.
func (s *Session) Delete(now time.Time, reason string) {}

// Poll gives the next output. Outputs stand in order, also after Done.
func (s *Session) Poll() (ike.Output, bool) { return nil, false }

// NextTimeout is when HandleTimeout is due, and what for; zero: never.
func (s *Session) NextTimeout() (time.Time, string) { return time.Time{}, "" }

// Done says that the IKE SA and all its child SAs are gone.
func (s *Session) Done() bool { return false }

// Cookies are both SPIs of the IKE SA. The responder's is zero until MM2.
func (s *Session) Cookies() (i, r wire.SPI) { return i, r }

// Established says that the IKE SA is authenticated and stands.
func (s *Session) Established() bool { return false }

// HalfOpen says that the peer began the session and is not authenticated yet.
func (s *Session) HalfOpen() bool { return false }

// Addresses are the two ends of the IKE SA.
func (s *Session) Addresses() (local, remote netip.AddrPort) { return s.local, s.remote }

// Tunnel is the interface that the session was begun for, "" as responder.
func (s *Session) Tunnel() string { return "" }

// View copies what show commands print.
func (s *Session) View(now time.Time) View { return View{} }

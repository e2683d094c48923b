package engine

import (
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// session is what both versions of IKE have in common: IKE SAs with a peer and
// their child SAs, as ikev1.Session describes them.
type session interface {
	Poll() (ike.Output, bool)
	Handle(time.Time, ike.Datagram)
	HandleTimeout(time.Time)
	NextTimeout() (time.Time, string)
	HandleKernel(time.Time, ipsec.Event)
	HandleEvidence(time.Time)

	Done() bool
	Alive() bool
	Established() bool
	HalfOpen() bool
	Waits() bool
	Busy() bool
	Quiet() bool
	Silent() bool
	Floated() bool

	Addresses() (local, remote netip.AddrPort)
	VRF() string
	Tunnel() string
	Brief() ike.Brief
	Carries(tunnel string, in ipsec.Selector) bool
	Keeps(inSPI uint32) bool
	Standing() []ipsec.SA

	StartChild(time.Time, *policy.Interface)
	RekeyChild(now time.Time, inSPI uint32)
	DeleteChild(now time.Time, inSPI uint32, reason string)
	SupersedeChild(now time.Time, inSPI uint32)
	InvalidSPI(now time.Time, id ipsec.SAID, recovery bool)
	Delete(now time.Time, reason string)
}

// An entry is a session and what the engine notes about it.
type entry struct {
	session
	v1         *ikev1.Session // the same, or nil
	v2         *ikev2.Session // the same, or nil
	serial     uint32         // in order of their beginnings, of both versions
	connID     uint32         // of version 2 the Tunnel-id
	initiator  bool
	halfOpen   bool // counted as such
	negotiates bool // counted among those of version 2 that are
	stranger   bool // counted among those of its address
	gone       bool
	asked      bool   // servers about the peer's certificate, in a validation that is not over
	booked     uint16 // of its SAs, in the book
	// superseded: a later IKE SA with the peer shall have the child SAs.
	superseded bool
	place      int32      // in deadlines, -1: not there
	i, r       wire.SPI   // cookies of version 1, as indexed; of version 2 i is the peer's in his first message
	own        []wire.SPI // of version 2: ours, as indexed
	remote     netip.Addr // with which it began; what strangers cost is counted by it
	pair       *pair      // where it stands in sessions.between, nil: not there
	wishes     *wishes    // nil: none; a stranger has no room for them
	deadline   time.Time
}

// wishes are those that tunnels of ours, or the operator, have of a session.
type wishes struct {
	tunnels []string // that negotiate through it
	renewal string   // the tunnel whose operator waits for a new IKE SA, "" for none
	// replaces: the IKE SA of version 1 was made to replace those before it.
	replaces bool
	failure  *ike.NegotiationFailed // the last one, nil: none
	invalid  *ipsec.SAID            // INVALID_SPI is to be sent for it, nil: none
}

// want notes a tunnel that negotiates through the session.
func (x *entry) want(tunnel string) {
	if x.wishes == nil {
		x.wishes = &wishes{}
	}
	x.wishes.tunnels = append(x.wishes.tunnels, tunnel)
}

// wanted are the tunnels that do.
func (x *entry) wanted() []string {
	if x.wishes == nil {
		return nil
	}
	return x.wishes.tunnels
}

// settled says that a tunnel of ours has its answer.
func (x *entry) settled(tunnel string) bool {
	n := len(x.wanted())
	if n > 0 {
		x.wishes.tunnels = slices.DeleteFunc(x.wishes.tunnels, func(name string) bool { return name == tunnel })
	}
	return len(x.wanted()) < n
}

// strange says that a peer began the session and was never authenticated.
func (x *entry) strange() bool { return x.HalfOpen() || x.v2 != nil && x.v2.Stranger() }

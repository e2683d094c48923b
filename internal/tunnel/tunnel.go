// Package tunnel is the tunnels' own logic, sans-I/O: which links, policies and
// routes an interface Tunnel<n> wants, when it begins to negotiate and when it
// tries again, and its line protocol. It sends nothing: the engine negotiates.
//
//	           SetPolicy                     ChildUp
//	(none) ─────────────────▶ link made ─────────────────▶ line protocol up
//	   ▲                          ▲   VTI only: GRE is up        │
//	   └── link removed, then ────┘   as soon as it is made      │
//	       policies               └──────── last ChildDown ──────┘
package tunnel

import (
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// RetryInterval is what IOS's IPsec engine waits before it asks ISAKMP again
// for an SA that it did not get. With Options.Rand it is up to a tenth more.
const RetryInterval = 30 * time.Second

// Options that are not configuration.
type Options struct {
	// Manual: tunnels negotiate on command only.
	Manual bool
	// PathMTU gives the octets that an IP packet to a tunnel's destination may
	// have; nil: the ip mtu of the source interface, else 1500.
	PathMTU func(local, remote netip.Addr) int
	// Rand spreads attempts: many tunnels that failed together do not all ask again at
	// the same moment. nil: they do.
	Rand io.Reader
}

// A Tunnel is one interface Tunnel<n>.
type Tunnel struct {
	itf       *policy.Interface
	link      ipsec.Link
	remote    netip.Addr // where its peer is, zero: it is parked
	manual    bool
	rand      io.Reader
	recursive bool // its destination is routed into itself
	pathMTU   int

	children    []child              // in order of arrival
	mode        ipsec.Mode           // of the latest pair; before, of the first choice
	protocol    ipsec.Protocol       // likewise, and so are the next two
	suite       *policy.TransformSet // makes the MTU
	encap       bool
	xfrm        bool // the latest pair is of an XFRM interface, and so are the next two
	negotiating bool
	begun       time.Time // the attempt of ours that is under way
	next        time.Time // the next attempt of its own, zero: none
	failure     string    // why the last attempt failed
	failures    int       // in a row
	changed     time.Time // when line protocol changed last
	lost        time.Time // when a pair of SAs went last
	answered    time.Time // when the peer was told last that it sends for no SA
}

// child is a pair of SAs that carries the tunnel's traffic.
type child struct {
	in, out   ipsec.SA // without keys
	initiator bool
	begun     time.Time // of its quick mode, or of the attempt that led to it
	since     time.Time
}

// Name of the interface.
func (t *Tunnel) Name() string { return t.itf.Name }

// Interface is the compiled block.
func (t *Tunnel) Interface() *policy.Interface { return t.itf }

// Up says whether SAs stand.
func (t *Tunnel) Up() bool { return len(t.children) > 0 }

// Sends is the inbound SPI of the latest pair, which sends; false when there is none.
func (t *Tunnel) Sends() (inSPI uint32, up bool) {
	if !t.Up() {
		return 0, false
	}
	return t.children[len(t.children)-1].in.SPI, true
}

// Negotiating says whether an attempt of ours is under way.
func (t *Tunnel) Negotiating() bool { return t.negotiating }

// protected says whether the tunnel's traffic goes through SAs.
func (t *Tunnel) protected() bool { return t.itf.Tunnel != nil && t.itf.Tunnel.Protection != nil }

// Active says whether the tunnel keeps ISAKMP on: it is protected, and not shut
// down.
func (t *Tunnel) Active() bool { return t.protected() && !t.itf.Shutdown }

// Refusal says why the tunnel cannot be initiated, "" when it can.
func (t *Tunnel) Refusal() string {
	switch {
	case t.itf.Tunnel == nil:
		return t.itf.Unable
	case t.itf.ClonedFrom != "":
		return "its peer calls, it is a copy of " + t.itf.ClonedFrom
	case t.itf.Shutdown:
		return "administratively down"
	case !t.protected():
		return "no tunnel protection"
	case t.itf.Tunnel.Protection.ResponderOnly:
		return "responder-only"
	case t.recursive:
		return "temporarily disabled due to recursive routing"
	}
	return ""
}

// down says why line protocol is down, "" when it is up. A VTI follows its SA;
// GRE is up without one, and its policies drop what it sends.
func (t *Tunnel) down() string {
	tu := t.itf.Tunnel
	switch {
	case tu == nil:
		return t.itf.Unable
	case t.itf.Shutdown:
		return "administratively down"
	case t.recursive:
		return "temporarily disabled due to recursive routing"
	case tu.Mode.VTI() && tu.Protection == nil:
		return "tunnel mode " + tu.Mode.String() + " needs tunnel protection"
	case tu.Mode.VTI() && !t.Up():
		return "no IPsec SA"
	}
	return ""
}

// Begin marks an attempt of ours.
func (t *Tunnel) Begin(now time.Time) {
	t.negotiating, t.begun = true, now
	t.next = time.Time{}
}

// Failed ends an attempt without a child SA; the next one of our own follows
// after RetryInterval.
func (t *Tunnel) Failed(now time.Time, reason string) {
	t.negotiating = false
	t.failure = reason
	t.failures++
	t.askLater(now)
}

// askLater schedules an attempt after RetryInterval and up to a tenth more.
func (t *Tunnel) askLater(now time.Time) {
	t.schedule(now.Add(RetryInterval))
	var b [2]byte
	if t.next.IsZero() || t.rand == nil {
		return
	}
	_, _ = io.ReadFull(t.rand, b[:]) // without randomness it is the same time, and nothing worse
	t.next = t.next.Add(RetryInterval / 10 * time.Duration(binary.BigEndian.Uint16(b[:])) / (1 << 16))
}

// Restart makes a tunnel that is down try at once, where it tries by itself.
func (t *Tunnel) Restart(now time.Time) { t.schedule(now) }

func (t *Tunnel) schedule(at time.Time) {
	if t.manual || t.Up() || t.negotiating || t.Refusal() != "" {
		t.next = time.Time{}
		return
	}
	t.next = at
}

// Failures are the attempts in a row that failed.
func (t *Tunnel) Failures() int { return t.failures }

// Due says whether the tunnel wants to negotiate now.
func (t *Tunnel) Due(now time.Time) bool { return !t.next.IsZero() && !t.next.After(now) }

// takes says whether an SA was negotiated for this tunnel as it is defined now.
func (t *Tunnel) takes(sa ipsec.SA) bool {
	if !t.protected() || sa.ReqID != t.itf.Tunnel.ReqID {
		return false
	}
	mark, ifID := t.itf.Tunnel.Bind(sa.IfID != 0)
	return sa.Mark == mark && sa.IfID == ifID
}

// add takes a pair of SAs that came up, and says what is to be done where both sides
// began at the same time.
func (t *Tunnel) add(now time.Time, up ike.ChildUp) (inSPI uint32, why string) {
	c := child{in: up.In, out: up.Out, initiator: up.Initiator, begun: up.Begun, since: now}
	if up.Initiator && up.Rekeys == 0 && t.negotiating {
		c.begun = t.begun // our main mode came first
	}
	if up.Initiator {
		t.negotiating = false
	}
	if !up.Settled {
		inSPI, why = t.settle(c)
	}
	t.children = append(t.children, c)
	t.follow(up.In)
	t.failure, t.failures = "", 0
	t.next = time.Time{}
	return inSPI, why
}

// follow takes policies, MTU and kind of link from an SA that came up.
func (t *Tunnel) follow(sa ipsec.SA) {
	t.mode, t.protocol = sa.Mode, sa.Protocol
	t.suite, t.encap, t.xfrm = negotiated(sa), sa.Encap != nil, sa.IfID != 0
}

// remove takes a pair away; the peer, or its lifetime, ended it.
func (t *Tunnel) remove(now time.Time, inSPI uint32) bool {
	for i, c := range t.children {
		if c.in.SPI == inSPI {
			t.children = append(t.children[:i], t.children[i+1:]...)
			t.lost = now
			if n := len(t.children); n > 0 {
				t.follow(t.children[n-1].in)
			}
			t.askLater(now)
			return true
		}
	}
	return false
}

// Next is the time of the next attempt of the tunnel's own; zero: none.
func (t *Tunnel) Next() time.Time { return t.next }

package tunnel

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// View is a copy of a tunnel's state for the show commands.
type View struct {
	Name        string
	FVRF, IVRF  string     // tunnel vrf and vrf forwarding, "": the global one
	Source      netip.Addr // zero: the interface has no tunnel source or destination
	Destination netip.Addr
	// SourceInterface is tunnel source as written, "" when that is an address.
	SourceInterface string
	Mode            policy.TunnelMode
	Mark            uint32
	ReqID           ipsec.ReqID
	Profile         string // IPsec profile, "" without tunnel protection
	ISAKMPProfile   string
	IKEv2Profile    string // "": it is IKEv1's
	ResponderOnly   bool
	Selector        ipsec.Selector
	Addresses       []netip.Prefix
	PathMTU, MTU    int

	Shutdown     bool
	LineProtocol bool
	Reason       string    // why line protocol is down
	Changed      time.Time // when line protocol changed last
	Negotiating  bool      // an attempt of ours is under way
	Next         time.Time // the next attempt of its own, zero: none
	Failure      string    // why the last attempt failed, "" after success
	Children     []ChildView
}

// ChildView is one pair of SAs, without keys; the last one sends.
type ChildView struct {
	In, Out   ipsec.SA
	Initiator bool // we began its quick mode
	Since     time.Time
}

// View copies the state.
func (t *Tunnel) View() View {
	v := View{
		Name: t.Name(), IVRF: t.itf.VRF, Addresses: t.link.Addresses, PathMTU: t.pathMTU, MTU: t.link.MTU,
		Shutdown: t.itf.Shutdown, LineProtocol: t.link.Up, Reason: t.down(), Changed: t.changed,
		Negotiating: t.negotiating, Next: t.next, Failure: t.failure,
	}
	if tu := t.itf.Tunnel; tu != nil {
		v.Mark, _ = t.bind()
		v.FVRF, v.Source, v.Destination, v.Mode, v.ReqID = tu.VRF, tu.Source, tu.Destination, tu.Mode, tu.ReqID
		v.SourceInterface = tu.SourceInterface
		v.Selector = tu.Selector()
		if p := tu.Protection; p != nil {
			v.Profile, v.ResponderOnly = p.Name, p.ResponderOnly
			if p.ISAKMPProfile != nil {
				v.ISAKMPProfile = p.ISAKMPProfile.Name
			}
			if p.IKEv2Profile != nil {
				v.IKEv2Profile = p.IKEv2Profile.Name
			}
		}
	}
	for _, c := range t.children {
		v.Children = append(v.Children, ChildView{In: c.in, Out: c.out, Initiator: c.initiator, Since: c.since})
	}
	return v
}

// Views of all tunnels, in configuration order.
func (s *Set) Views() []View {
	var views []View
	for _, t := range s.tunnels {
		views = append(views, t.View())
	}
	return views
}

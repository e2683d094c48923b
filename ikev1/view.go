package ikev1

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// View is a read-only copy of a session for show commands.
type View struct {
	ConnID        uint32
	VRF           string // "": the global one
	Local, Remote netip.AddrPort
	Initiator     bool
	State         string // MM_NO_STATE, QM_IDLE ..., as show crypto isakmp sa prints it
	Status        string // ACTIVE, ACTIVE (deleted)
	Encr          string // 3des, aes; "" until a policy is agreed, as the next four
	KeyBits       int    // 0 for ciphers with one key size
	Hash          string // md5, sha ...
	Auth          string // psk, rsig
	Group         uint16
	Remaining     time.Duration // of the phase 1 lifetime, 0 until established
	PeerID        string        // as IOS prints it, "" until authenticated
	Profile       string        // "" for none
	Begun         time.Time     // with its first message
	Established   time.Time     // zero until then
	DPD           bool          // the peer is asked whether it lives
	NAT           bool          // there is a NAT on the way; SAs are encapsulated in UDP
	Children      []ChildView
}

// ChildView is a read-only copy of a child SA pair.
type ChildView struct {
	Tunnel    string
	In, Out   ipsec.SA     // its Public form
	PFS       *suite.Group // nil: none
	Installed time.Time
	Expires   time.Time // zero: no limit in seconds
	Volume    uint64    // kilobytes, 0: no limit
}

// Brief copies what the engine goes by.
func (s *Session) Brief() ike.Brief {
	b := ike.Brief{Profile: s.profileName(), Begun: s.begun}
	if s.up != nil {
		b.PeerID, b.Established = s.up.peerID, s.up.since
	}
	for _, c := range s.pairs() {
		b.Children = append(b.Children, ike.BriefChild{Tunnel: c.itf.Name, InSPI: c.in.SPI})
	}
	return b
}

// View copies what show commands print.
func (s *Session) View(now time.Time) View {
	v := View{
		ConnID: s.connID, VRF: s.vrf, Local: s.local, Remote: s.remote, Initiator: s.role == Initiator,
		Begun: s.begun, State: s.state.String(), Status: "ACTIVE", Profile: s.profileName(),
	}
	if s.main == nil {
		v.Status = "ACTIVE (deleted)"
	}
	if p := s.agreed.policy; p != nil {
		v.Encr, v.Hash, v.Auth, v.Group = p.Encr.Show, p.Hash.Show, p.Auth.String(), p.Group.Number
		if p.Encr.Bits != nil {
			v.KeyBits = p.Encr.KeyLen(p.KeyBits) * 8
		}
	}
	if s.up != nil {
		v.PeerID, v.Established = s.up.peerID, s.up.since
		v.DPD, v.NAT = s.up.dpd.Interval > 0, s.encapsulates()
		v.Remaining = max(0, s.up.expires.Sub(now))
	}
	for _, c := range s.pairs() {
		v.Children = append(v.Children, ChildView{
			Tunnel: c.itf.Name, In: c.in.Public(), Out: c.out.Public(), PFS: c.pfs,
			Installed: c.installed, Expires: c.expires, Volume: c.lifetime.Kilobytes,
		})
	}
	return v
}

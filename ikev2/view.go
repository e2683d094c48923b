package ikev2

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// View is a read-only copy of a session for show commands.
type View struct {
	ConnID        uint32
	Local, Remote netip.AddrPort
	VRF           string
	Initiator     bool
	Status        string // READY, IN-NEG, DELETE
	State         State
	SPIi, SPIr    wire.SPI

	Encr  *suite.Cipher // nil until agreed on, as the next four
	Bits  int           // key size, 0 for ciphers with one
	PRF   *suite.Hash
	Integ *suite.Integrity // nil with a combined cipher
	Group *suite.Group

	Sign, Verify    string // how each end is authenticated: PSK, RSA, ECDSA ...
	LocalID, PeerID string // as IOS prints them, "" until authenticated
	Profile         string // "" for none
	Begun           time.Time
	Established     time.Time     // zero until then
	Lifetime        time.Duration // 0 until established
	Active          time.Duration // since Established

	Window, PeerWindow uint32
	NextOut, NextIn    uint32 // message ids of the next requests, ours and the peer's
	Waiting            int    // requests of ours without an answer
	DPD                policy.Keepalive
	Fragmentation      bool
	NATSelf, NATPeer   bool // who sits behind a NAT
	Children           []ChildView
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

// View copies what show commands print.
func (s *Session) View(now time.Time) View {
	v := View{
		ConnID: s.connID, Local: s.local, Remote: s.remote, VRF: s.vrf, Begun: s.begun, State: s.state, Status: s.state.Status(),
		Profile: s.profileName(), NATSelf: s.path.self, NATPeer: s.path.peer,
	}
	x := s.ike
	if x == nil && len(s.all) > 0 {
		x = s.all[0]
	}
	if x != nil {
		v.Initiator, v.SPIi, v.SPIr = x.role == Initiator, x.spiI, x.spiR
		v.Encr, v.Bits, v.PRF, v.Integ, v.Group = x.agreed.encr, x.agreed.bits, x.agreed.prf, x.agreed.integ, x.agreed.group
		v.Window, v.PeerWindow, v.NextOut, v.NextIn = x.takes, x.window, x.next, x.expected
		v.Fragmentation = x.fragments
	}
	if s.rests() {
		return v
	}
	if x != nil {
		v.Waiting = len(x.flights)
	}
	if u := s.up; u != nil {
		v.Sign, v.Verify, v.LocalID, v.PeerID = u.sign, u.verify, u.localID, u.peerID
		v.Established, v.Lifetime, v.Active, v.DPD = u.since, u.lifetime, now.Sub(u.since), u.live.Keepalive
	}
	for _, c := range s.children {
		v.Children = append(v.Children, ChildView{
			Tunnel: c.itf.Name, In: c.in.Public(), Out: c.out.Public(), PFS: c.pfs,
			Installed: c.installed, Expires: c.expires, Volume: c.lifetime.Kilobytes,
		})
	}
	return v
}

// Brief is what the engine asks of a session of either version.
func (s *Session) Brief() ike.Brief {
	b := ike.Brief{Profile: s.profileName(), Begun: s.begun}
	if s.up != nil {
		b.PeerID, b.Established = s.up.peerID, s.up.since
	}
	if s.rests() {
		return b
	}
	for _, c := range s.children {
		b.Children = append(b.Children, ike.BriefChild{Tunnel: c.itf.Name, InSPI: c.in.SPI})
	}
	return b
}

func (s *Session) profileName() string {
	if s.profile == nil {
		return ""
	}
	return s.profile.Name
}

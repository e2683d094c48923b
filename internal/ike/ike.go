// Package ike holds the words that both protocol versions and the shell share:
// what goes into a protocol machine (Datagram, Command) and what comes out of
// it (Output, Event). It has no behaviour of its own.
package ike

import (
	"io"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
)

// A Datagram is one IKE message and its addresses. The non-ESP marker of port
// 4500 (RFC 3948) is not part of Data: the socket layer takes it off and puts
// it on, but for a NAT keepalive, which has none.
type Datagram struct {
	Local, Remote netip.AddrPort
	VRF           string // "" is the global table
	Data          []byte
}

// Ends are the two addresses of an IKE SA, whatever its ports, and the VRF that both
// are in.
type Ends struct {
	VRF           string
	Local, Remote netip.Addr
}

// natKeepalive, RFC 3948 section 2.3: "a one-octet-long payload with the value
// 0xFF".
const natKeepalive = 0xff

// NATKeepalive makes the datagram that keeps a NAT's mapping alive.
func NATKeepalive(local, remote netip.AddrPort, vrf string) Datagram {
	return Datagram{Local: local, Remote: remote, VRF: vrf, Data: []byte{natKeepalive}}
}

// NATKeepalive says whether the datagram is such a one.
func (d Datagram) NATKeepalive() bool { return len(d.Data) == 1 && d.Data[0] == natKeepalive }

// Output is what a machine wants done. The daemon carries it out in one
// switch, the simulator in another.
type Output interface{ output() }

// Send puts a datagram on the wire.
type Send struct{ Datagram Datagram }

// ExpectSA tells the data plane that an inbound SA is being negotiated whose packets
// may come before it. InstallSA or RemoveSA of the same SPI ends that.
type ExpectSA struct {
	SAID  ipsec.SAID
	Encap *ipsec.Encap
}

// InstallSA asks the data plane for one direction of a child SA. The answer is
// ipsec.Installed with the same SAID.
type InstallSA struct{ SA ipsec.SA }

// UpdateSA changes an installed SA (lifetimes, the ports of UDP encapsulation).
// Keys are not part of it: those of zeros that ipsec.SA.Public gives will do.
type UpdateSA struct{ SA ipsec.SA }

// RemoveSA takes an SA out of the data plane.
type RemoveSA struct{ SAID ipsec.SAID }

// QuerySA asks what an SA has carried. The answer is ipsec.Queried with the
// same SAID; answers come in the order of the questions.
type QuerySA struct{ SAID ipsec.SAID }

// SetPolicy adds or replaces a policy, or removes it.
type SetPolicy struct {
	Policy ipsec.Policy
	Remove bool
}

// SetLink makes, changes or removes an interface.
type SetLink struct {
	Link   ipsec.Link
	Remove bool
}

// SetRoute adds or removes a static route.
type SetRoute struct {
	Route  ipsec.Route
	Remove bool
}

// StoreCRL keeps a CRL that a server gave for the next start.
type StoreCRL struct {
	Trustpoint string
	CRL        *pki.CRL
}

// Reinstate asks for a configuration of before, which holds again when it comes
// back with Adopt.
type Reinstate struct{ Config *policy.Config }

// Report tells what happened: debug lines, syslog, metrics and traces are made
// of it.
type Report struct {
	At    time.Time
	Event Event
}

func (Send) output()      {}
func (ExpectSA) output()  {}
func (InstallSA) output() {}
func (UpdateSA) output()  {}
func (RemoveSA) output()  {}
func (QuerySA) output()   {}
func (SetPolicy) output() {}
func (SetLink) output()   {}
func (SetRoute) output()  {}
func (StoreCRL) output()  {}
func (Reinstate) output() {}
func (Report) output()    {}

// Event is something that happened. Concrete events stand beside the code that
// reports them; package ioslog turns them into IOS's lines.
type Event interface{ IsEvent() }

// Env is what the core may ask of its surroundings: two immutable values, a
// source of randomness, and what crosses sessions.
type Env struct {
	Config *policy.Config
	PKI    *pki.Snapshot
	Rand   io.Reader
	// Established says whether an authenticated IKE SA with the peer stands, or
	// child SAs of one that has ended:
	// INITIAL_CONTACT is sent only when none does (RFC 2407 section 4.6.3.3).
	Established func(Ends) bool
	// Floated is the port of a peer behind a NAT, by the newest SA with it that
	// moved to port 4500; 0: there is none. It may be nil where there is one SA.
	Floated func(Ends) uint16
	// Carries says whether a pair of child SAs carries a tunnel's traffic, whatever
	// IKE SA has it. It may be nil where there is one SA.
	Carries func(tunnel string, in ipsec.Selector) bool
	// Answers says whether a quick mode that a peer began for a tunnel is under way,
	// under whatever IKE SA of version 1. It may be nil where there is one SA.
	Answers func(tunnel string) bool
	// Access gives the Virtual-Access interface of a peer: the one that it has, else a
	// new one. nil: there are as many as there may be. It may be nil where
	// the configuration has no Virtual-Template.
	Access func(Access) *policy.Interface
	// NewSPI gives a child SPI that is unique on this host, from 256 up.
	NewSPI func() uint32
	// Hold asks for room for so many octets of a peer's unfinished messages, and
	// gives it back with a negative number.
	Hold func(peer netip.Addr, octets int) bool
	// Keys, when set, is told the keys of every IKE SA as they are made. A daemon
	// never sets it; test/arch sees to that.
	Keys func(Keys)
}

// Access asks for a Virtual-Access interface. Owner is the peer's, by whatever tells it
// from others at the same address.
type Access struct {
	Template *policy.Interface
	Ends
	Owner string
	Now   time.Time
}

// Command is what the operator, or the daemon for him, wants of the engine.
type Command interface{ command() }

// Initiate starts a tunnel's negotiation now.
type Initiate struct{ Tunnel string }

// Rekey replaces the pair of SAs of a tunnel that stands, or with IKE the IKE SA that
// it stands under.
type Rekey struct {
	Tunnel string
	IKE    bool
}

// ClearISAKMP deletes one IKEv1 SA, or all with ConnID 0. Its child SAs stay,
// as on IOS.
type ClearISAKMP struct{ ConnID uint32 }

// ClearIKEv2 deletes sessions of IKEv2 with their child SAs: one, those of one
// address of ours or of the peer, or all.
type ClearIKEv2 struct {
	ConnID        uint32
	Local, Remote netip.Addr
	Fast          bool // without a word to the peers
}

// ClearIKEv2Stats begins the counts of show crypto ikev2 stats anew.
type ClearIKEv2Stats struct{}

// ClearPKICounters begins the counts of show crypto pki counters anew.
type ClearPKICounters struct{}

// ClearCertificateCache forgets what crypto ikev2 certificate-cache keeps.
type ClearCertificateCache struct{}

// ClearIKEv2Errors forgets what show crypto ikev2 diagnose error shows.
type ClearIKEv2Errors struct{}

// RequestCRL asks a trustpoint's CA for its CRL now.
type RequestCRL struct{ Trustpoint string }

// ClearSA deletes child SAs: all, or those of one peer.
type ClearSA struct{ Peer netip.Addr }

// ClearSession deletes IKE and child SAs: all, or those of one peer.
type ClearSession struct{ Remote netip.Addr }

// Adopt hands over a new configuration or a new state of the store; a nil
// field leaves that one as it is.
type Adopt struct {
	Config *policy.Config
	PKI    *pki.Snapshot
	Revert time.Duration // without Confirm in that time Config goes again; 0: it stays
}

// Confirm keeps the configuration that would be reverted.
type Confirm struct{}

// Revert goes back to the configuration before it after a time, or at once.
type Revert struct{ After time.Duration }

// HandOver ends what is under way and begins nothing: another process goes on with what
// stands.
type HandOver struct{}

// Shutdown tells every peer and takes down everything of ours.
type Shutdown struct{}

func (Initiate) command()              {}
func (Rekey) command()                 {}
func (ClearISAKMP) command()           {}
func (ClearIKEv2) command()            {}
func (ClearIKEv2Stats) command()       {}
func (ClearPKICounters) command()      {}
func (ClearCertificateCache) command() {}
func (ClearIKEv2Errors) command()      {}
func (RequestCRL) command()            {}
func (ClearSA) command()               {}
func (ClearSession) command()          {}
func (Adopt) command()                 {}
func (Confirm) command()               {}
func (Revert) command()                {}
func (HandOver) command()              {}
func (Shutdown) command()              {}

// SessionUp says that an IKE SA is authenticated.
type SessionUp struct {
	Version       int // 1 or 2
	ConnID        uint32
	Local, Remote netip.AddrPort
	PeerID        string // as IOS prints it
	Profile       string // "" for none
	Initiator     bool
}

// SessionDown says that an IKE SA, established or not, is gone.
type SessionDown struct {
	Version       int
	ConnID        uint32
	Local, Remote netip.AddrPort
	Reason        string
	Established   bool
}

// ChildUp says that a child SA pair of a tunnel carries traffic.
type ChildUp struct {
	Tunnel        string
	Local, Remote netip.AddrPort
	In, Out       ipsec.SA  // its Public form
	Initiator     bool      // we began this quick mode
	Begun         time.Time // its first message; simultaneous pairs are known by it
	Rekeys        uint32    // SPI of the inbound SA that it replaces, 0 for none
	Settled       bool      // the exchange itself says which of two simultaneous pairs goes
}

// ChildDown says that a child SA pair is gone.
type ChildDown struct {
	Tunnel string
	InSPI  uint32
	Reason string
}

// NegotiationFailed says that an attempt to bring up a tunnel ended without a
// child SA: what was refused, at which message, and by whom.
type NegotiationFailed struct {
	Tunnel string
	Peer   netip.Addr
	Stage  string // MM1 ... MM6, QM1 ... QM3
	Reason string // one sentence
}

func (SessionUp) IsEvent()         {}
func (SessionDown) IsEvent()       {}
func (ChildUp) IsEvent()           {}
func (ChildDown) IsEvent()         {}
func (NegotiationFailed) IsEvent() {}

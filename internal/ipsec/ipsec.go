// Package ipsec is the vocabulary of child SAs: what IKE negotiates and what a
// data plane carries out. It holds values only; the Linux kernel (package
// xfrm), internal/userspace and the simulator carry them out.
package ipsec

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/suite"
)

// Direction of an SA or a policy, seen from this host.
type Direction uint8

// Directions. Forward exists for policies only.
const (
	In Direction = iota + 1
	Out
	Forward
)

func (d Direction) String() string {
	return [...]string{In: "in", Out: "out", Forward: "fwd"}[d]
}

// Mode is the encapsulation mode.
type Mode uint8

// Encapsulation modes, with the values of RFC 2407 section 4.5.
const (
	Tunnel    Mode = 1
	Transport Mode = 2
)

func (m Mode) String() string {
	if m == Transport {
		return "Transport"
	}
	return "Tunnel"
}

// DF is where the don't-fragment bit of the header in front of ESP comes from, in
// tunnel mode over IPv4 (RFC 4301 section 8.1).
type DF uint8

// Sources of the bit.
const (
	DFCopy  DF = iota // the packet that the SA carries; IOS's default
	DFClear           // none: the path may fragment
	DFSet
)

// Protocol is the IP protocol of an SA.
type Protocol uint8

// IP protocol numbers.
const (
	ESP Protocol = 50
	AH  Protocol = 51
	GRE uint8    = 47 // what a GRE tunnel's selector names
)

func (p Protocol) String() string {
	switch p {
	case ESP:
		return "ESP"
	case AH:
		return "AH"
	}
	return fmt.Sprintf("protocol %d", uint8(p))
}

// A Selector says which traffic an SA carries: the proxy identities of IKEv1,
// the traffic selectors of IKEv2. Protocol 0 is any, port 0 is any.
type Selector struct {
	Local, Remote         netip.Prefix
	Protocol              uint8
	LocalPort, RemotePort uint16
}

// Mirror is the selector as the peer sees it.
func (s Selector) Mirror() Selector {
	return Selector{Local: s.Remote, Remote: s.Local, Protocol: s.Protocol, LocalPort: s.RemotePort, RemotePort: s.LocalPort}
}

// String prints the selector as IOS prints proxies: address/mask/protocol/port.
func (s Selector) String() string {
	return proxy(s.Local, s.Protocol, s.LocalPort) + " " + proxy(s.Remote, s.Protocol, s.RemotePort)
}

func proxy(p netip.Prefix, protocol uint8, port uint16) string {
	return fmt.Sprintf("%s/%s/%d/%d", p.Addr(), Netmask(p), protocol, port)
}

// Netmask is the dotted mask of an IPv4 prefix ("255.255.255.0"), and the length
// of an IPv6 prefix ("64").
func Netmask(p netip.Prefix) string {
	if !p.Addr().Is4() {
		return fmt.Sprint(p.Bits())
	}
	m := ^uint32(0) << (32 - p.Bits())
	if p.Bits() == 0 {
		m = 0
	}
	return netip.AddrFrom4([4]byte{byte(m >> 24), byte(m >> 16), byte(m >> 8), byte(m)}).String()
}

// Lifetime of an SA. Zero means no limit of that kind.
type Lifetime struct {
	Duration  time.Duration
	Kilobytes uint64 // units of 1024 octets
	Packets   uint64
}

// Encap is UDP encapsulation (RFC 3948).
type Encap struct {
	LocalPort, RemotePort uint16
}

// ReqID ties SAs, policies and tunnels together: 0x6f62nnnn ("ob" and the
// tunnel), or 0x6f63nnnn of a Virtual-Access interface, so that what is ours in the
// kernel is recognisable without a state file.
type ReqID uint32

// ReqIDBase is the common part of the request ids of configured tunnels, AccessBase that
// of the tunnels that a peer's call makes.
const (
	ReqIDBase  ReqID = 0x6f620000
	AccessBase ReqID = 0x6f630000
)

// Ours says whether a request id is one of obol's.
func (r ReqID) Ours() bool { return r&0xfffe0000 == ReqIDBase }

// SAID names an SA in the kernel. Mark is part of the name there. AHSPI is
// that of the AH around an ESP SA, 0 where there is none: the two come and go
// together.
type SAID struct {
	Src, Dst netip.Addr
	SPI      uint32
	Protocol Protocol
	Mark     uint32
	AHSPI    uint32
}

// Names are those that a kernel has for the SA and for the AH around it; the
// second is zero where there is none.
func (id SAID) Names() (own, around SAID) {
	if id.AHSPI != 0 {
		around = SAID{Src: id.Src, Dst: id.Dst, SPI: id.AHSPI, Protocol: AH, Mark: id.Mark}
		id.AHSPI = 0
	}
	return id, around
}

// An SA is one direction of a child SA with its keys.
type SA struct {
	SAID
	Direction Direction
	Mode      Mode
	DF        DF
	Encr      *suite.Cipher // nil: none (AH)
	EncrKey   suite.Key     // its length tells the key size; of a combined cipher the salt stands behind it
	Integ     *suite.Integrity
	IntegKey  suite.Key
	AH        *suite.Integrity // of the AH around this ESP SA, nil: none
	AHKey     suite.Key
	Selector  Selector
	ReqID     ReqID
	IfID      uint32 // of the XFRM interface that it belongs to, 0: none
	Replay    int    // anti-replay window in packets, 0 for none
	ESN       bool   // extended sequence numbers (RFC 4303 section 2.2.1); IOS negotiates none
	Encap     *Encap
	Soft      Lifetime // reported by Expired, the SA goes on
	Hard      Lifetime // reported by Expired, the SA is gone
}

// Public is the SA without its keys, for events and views: keys of zeros stand
// in for them, as their lengths are part of what was negotiated.
func (sa SA) Public() SA {
	sa.EncrKey = make(suite.Key, len(sa.EncrKey))
	sa.IntegKey = make(suite.Key, len(sa.IntegKey))
	sa.AHKey = make(suite.Key, len(sa.AHKey))
	return sa
}

// KeyBits is the size of the encryption key, without a salt.
func (sa SA) KeyBits() int {
	if sa.Encr == nil {
		return 0
	}
	return 8 * (len(sa.EncrKey) - sa.Encr.SaltLen)
}

// Around is the AH SA around an ESP SA that has one: in transport mode, as ESP
// has made the packet that it protects, and without limits of its own.
func (sa SA) Around() SA {
	_, sa.SAID = sa.Names()
	sa.Mode, sa.Encr, sa.EncrKey, sa.Integ, sa.IntegKey = Transport, nil, nil, sa.AH, sa.AHKey
	sa.AH, sa.AHKey, sa.Soft, sa.Hard = nil, nil, Lifetime{}, Lifetime{}
	return sa
}

// Counters of one SA.
type Counters struct {
	Packets, Octets uint64
	Added, LastUsed time.Time // zero: unknown, never

	// Packets that went no further. The kernel tells of the first two kinds only, by
	// SA.
	ReplayErrors    uint64 // received before, or behind the window
	IntegrityErrors uint64
	LengthErrors    uint64 // shorter than the transform makes, or no whole blocks
	ProtocolErrors  uint64 // a next header that the mode does not have
	SelectorErrors  uint64 // what is in it is other traffic than the SA's
	FormErrors      uint64 // what is in it is none that a tunnel takes or may send
	LifetimeErrors  uint64 // after a hard limit, or for want of an SA to send by
	SequenceErrors  uint64 // after the last sequence number
}

// Errors are packets that went no further, of all kinds.
func (c Counters) Errors() uint64 {
	return c.ReplayErrors + c.IntegrityErrors + c.LengthErrors + c.ProtocolErrors + c.SelectorErrors + c.FormErrors + c.LifetimeErrors + c.SequenceErrors
}

// Plus adds up what two SAs have counted.
func (c Counters) Plus(o Counters) Counters {
	return Counters{
		Packets: c.Packets + o.Packets, Octets: c.Octets + o.Octets,
		ReplayErrors: c.ReplayErrors + o.ReplayErrors, IntegrityErrors: c.IntegrityErrors + o.IntegrityErrors,
		LengthErrors: c.LengthErrors + o.LengthErrors, ProtocolErrors: c.ProtocolErrors + o.ProtocolErrors,
		SelectorErrors: c.SelectorErrors + o.SelectorErrors, FormErrors: c.FormErrors + o.FormErrors,
		LifetimeErrors: c.LifetimeErrors + o.LifetimeErrors, SequenceErrors: c.SequenceErrors + o.SequenceErrors,
	}
}

// A Policy makes traffic of a selector go through the SAs of a ReqID, or be
// dropped while there is none.
type Policy struct {
	Direction Direction
	Selector  Selector // Local is this host's side, in every direction
	Mark      uint32   // 0: none
	IfID      uint32   // of the XFRM interface whose traffic it is about, 0: none
	ReqID     ReqID
	Mode      Mode
	Protocol  Protocol
	AH        bool // around ESP
	// Ends of the tunnel: outer addresses of this host and of the peer.
	Local, Remote netip.Addr
}

// LinkKind is what a tunnel is in the kernel.
type LinkKind uint8

// Link kinds.
const (
	VTI     LinkKind = iota + 1 // tunnel mode ipsec ipv4
	GREIP                       // tunnel mode gre ip
	Dummy                       // a loopback interface
	VTI6                        // tunnel mode ipsec ipv6
	GREIPv6                     // tunnel mode gre ipv6
	XFRM                        // a VTI of either family that has no ends: SAs and policies name it
	VRF                         // a routing table and the links in it
)

func (k LinkKind) String() string {
	return [...]string{VTI: "vti", GREIP: "gre", Dummy: "dummy", VTI6: "vti6", GREIPv6: "ip6gre", XFRM: "xfrm", VRF: "vrf"}[k]
}

// A Link is a network interface of ours.
type Link struct {
	Name          string // in the kernel and in IOS: Tunnel1, Loopback0
	AltName       string // a second one in the kernel: Virtual-Access1 of Vi1, "" for none
	Kind          LinkKind
	Local, Remote netip.Addr // tunnel ends; zero for Dummy
	VRF           string     // that it is in: a VRF device, "" for none
	Door          string     // the VRF by which its packets go to the peer, "" for none; not of a VTI
	Key           uint32     // VTI: the mark; XFRM: the if_id; GRE: the tunnel key, 0 for none; VRF: its table
	HasKey        bool       // GRE with a key
	Addresses     []netip.Prefix
	MTU           int // 0: leave
	TTL           uint8
	PathMTU       bool // GRE over IPv4: the delivery header has the packet's DF
	MSS           MSS
	Up            bool
}

// MSS is the largest segment of TCP, octets, that a SYN through a link may offer, by IP
// version: one that offers more is made to offer this. 0: what it likes.
type MSS struct{ IPv4, IPv6 uint16 }

// A Route is a static route of ours.
type Route struct {
	VRF    string // "" for the main table
	Dst    netip.Prefix
	Via    netip.Addr // zero: Dev only
	Dev    string     // "" where only the next hop is known
	Metric int        // IOS administrative distance, 1 by default
}

// An Intent is what has to stand in a data plane, whatever others do to it.
type Intent struct {
	Policies []Policy
	Links    []Link
	Routes   []Route
	SAs      []SAID // their names in the kernel
}

// Dataplane carries out what IKE decided. Calls block until the kernel has
// answered; the daemon makes them from one goroutine, in order. Errors say what
// was asked and what the kernel said; none of them holds a key.
type Dataplane interface {
	// Name and what it is able to do, for show and logs.
	String() string
	// ExpectSA says that an inbound SA is being negotiated, with UDP encapsulation
	// or nil. What arrives for it until InstallSA is given to it then; RemoveSA
	// drops it. A data plane may keep little of it, or nothing.
	ExpectSA(SAID, *Encap) error
	InstallSA(SA) error
	UpdateSA(SA) error
	RemoveSA(SAID) error
	QuerySA(SAID) (Counters, error)
	// SetPolicy adds or replaces. RemovePolicy of an absent one is no error.
	SetPolicy(Policy) error
	RemovePolicy(Policy) error
	// SetLink makes the link or changes what differs. RemoveLink of an absent
	// one is no error; a link that is not ours is refused.
	SetLink(Link) error
	RemoveLink(name string) error
	SetRoute(Route) error
	RemoveRoute(Route) error
	// LinkDiffers, RouteDiffers and PolicyDiffers say what does not stand as it was set,
	// "" when all does. Set repairs it. An error says why that cannot be.
	LinkDiffers(Link) (string, error)
	RouteDiffers(Route) (string, error)
	PolicyDiffers(Policy) (string, error)
	// Strays names what is recognisably ours, and not of the intent: somebody else's, or
	// of an obold that is no more.
	Strays(Intent) ([]string, error)
	// InvalidSPIs is how many packets of ESP have come for no SA, or before theirs. It may be
	// asked at any time, and counts from when the data plane, or the host, began.
	InvalidSPIs() uint64
	// Events reports Expired, Mapped, Acquire and Overflow, and LinkLost and InvalidSPI
	// where the data plane sees that at once, until Close.
	Events() <-chan Event
	// Adopt goes on with what an earlier process has left, links, policies and routes
	// among it: of SAs those that are named stay (in their Public form), and others
	// that are recognisably ours go. It gives the limits that were reached meanwhile.
	Adopt(standing []SA) ([]Expired, error)
	// Sweep removes everything that is recognisably ours.
	Sweep() error
	Close() error
}

// Event is what a data plane reports: Installed, Expired, Queried, Mapped, LinkLost,
// Acquire, InvalidSPI or Overflow.
type Event interface{ event() }

// Installed answers an order to install an SA.
type Installed struct {
	SAID SAID
	Err  error // nil: the SA stands
}

// Expired says that a lifetime of an SA was reached.
type Expired struct {
	SAID SAID
	Hard bool // the SA is gone
}

// Queried answers the question what an SA has carried.
type Queried struct {
	SAID     SAID
	Counters Counters
	Err      error // nil: the SA stands
}

// Acquire says that traffic wants an SA.
type Acquire struct {
	ReqID    ReqID
	Selector Selector
}

// Mapped says that what an inbound SA with UDP encapsulation receives comes from
// another address or port than before: a NAT on the way has a new mapping. The
// packet that told was authenticated.
type Mapped struct {
	SAID   SAID
	Remote netip.AddrPort
}

// LinkLost says that somebody else has removed a link, and with it its addresses and
// routes. It is for whoever set it to set it again.
type LinkLost struct{ Name string }

// Overflow says that events were lost, as they came faster than they were read. The
// limits that were reached meanwhile have been reported; what else others did is for
// the reader to look after.
type Overflow struct{}

// InvalidSPI tells of a packet that came for no SA of that name, of many at most one a
// minute: anybody can send them.
type InvalidSPI struct{ SAID SAID }

func (InvalidSPI) event() {}
func (Overflow) event()   {}
func (LinkLost) event()   {}
func (Installed) event()  {}
func (Mapped) event()     {}
func (Expired) event()    {}
func (Queried) event()    {}
func (Acquire) event()    {}

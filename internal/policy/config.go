package policy

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
)

// Config is a compiled configuration. It never changes after Compile made it;
// references between blocks are resolved to pointers.
type Config struct {
	Hostname string // "" when the file has none
	Domain   string // ip domain name
	Serial   string // !obol serial-number, "" when not given

	ISAKMP     ISAKMP
	Policies   []*ISAKMPPolicy  // by priority; IOS's default ones when none is configured
	Keyrings   []*Keyring       // "default" (crypto isakmp key) first when it has keys
	Peers      []*ISAKMPPeer    // crypto isakmp peer address, those with which aggressive mode begins
	Profiles   []*ISAKMPProfile // crypto isakmp profile, in configuration order
	Transforms []*TransformSet  // "default" last, for profiles that name none
	IPsec      []*IPsecProfile  // in configuration order
	Lifetime   ipsec.Lifetime   // crypto ipsec security-association lifetime
	// NoNATTransparency is no crypto ipsec nat-transparency udp-encapsulation.
	NoNATTransparency bool
	Replay            int // crypto ipsec security-association replay window-size, 0: disabled

	IKEv2 IKEv2

	PKI         pki.Policy     // !obol refuse-signatures, !obol refuse-rsa-below, crypto pki crl cache size
	Trustpoints []pki.Settings // in configuration order
	Trustpool   Trustpool      // crypto pki trustpool policy
	Enrolled    []string       // !obol enrolled: trustpoints in the order of their enrolment, oldest first
	EnrolledPos ios.Pos
	CANames     map[string]pki.Name // !obol ca-name: the CA's name, by trustpoint
	Chains      []CertificateChain
	Maps        []*CertificateMap // crypto pki certificate map
	VRFs        []VRF             // in configuration order
	Interfaces  []*Interface      // in configuration order
	Routes      []StaticRoute

	CryptoMaps bool // there are crypto maps, which protect nothing

	Sources []Source // the text

	fvrf   string             // the front-door VRF of the peers that it is for
	fronts map[string]*Config // the same for peers of each

	Ignored  []Remark // lines outside crypto, interface and routing
	Warnings []Remark // accepted, but the reader should know
}

// Remark is a sentence about a line.
type Remark struct {
	Pos  ios.Pos
	Text string
}

// ISAKMP holds the global crypto isakmp commands.
type ISAKMP struct {
	Disabled  bool         // no crypto isakmp enable
	Identity  IdentityKind // crypto isakmp identity, default IdentityAddress
	Keepalive Keepalive    // crypto isakmp keepalive
	// Fragmentation is crypto isakmp fragmentation.
	Fragmentation bool
	// NATKeepalive is crypto isakmp nat keepalive, 0: none are sent.
	NATKeepalive time.Duration
	// NoAggressive is crypto isakmp aggressive-mode disable.
	NoAggressive bool
	LogSessions  bool // crypto logging session
	// InvalidSPIRecovery is crypto isakmp invalid-spi-recovery.
	InvalidSPIRecovery bool
	// Half-open responder SAs: MM1 is dropped and counted above the limits.
	HalfOpenTotal   int           // default 1000
	HalfOpenPerPeer int           // default 64
	HalfOpenTimeout time.Duration // default 60 s
}

// AuthMethod is an IKEv1 authentication method, with the numbers of RFC 2409
// appendix A.
type AuthMethod uint16

// Authentication methods that IOS offers.
const (
	PreShare AuthMethod = 1
	RSASig   AuthMethod = 3
	RSAEncr  AuthMethod = 4
)

// String is the word of show crypto isakmp sa detail.
func (a AuthMethod) String() string {
	switch a {
	case PreShare:
		return "psk"
	case RSASig:
		return "rsig"
	case RSAEncr:
		return "renc"
	}
	return strconv.Itoa(int(a))
}

// ISAKMPPolicy is crypto isakmp policy N.
type ISAKMPPolicy struct {
	Priority int
	Encr     *suite.Cipher
	KeyBits  int // 0 for ciphers with one key size
	Hash     *suite.Hash
	Auth     AuthMethod
	Group    *suite.Group
	Lifetime time.Duration
	Default  bool // one of 65507-65514
	Pos      ios.Pos
}

// Keyring is crypto keyring, or the keys of crypto isakmp key.
type Keyring struct {
	Name         string
	VRF          string
	LocalAddress netip.Addr // zero: any
	Keys         []PreSharedKey
	Pos          ios.Pos
}

// PreSharedKey belongs to an address prefix or a host name.
type PreSharedKey struct {
	Prefix  netip.Prefix // of a host the address that ip host gives it, else zero
	Host    string
	Key     suite.Key
	NoXauth bool
	Pos     ios.Pos
}

// IdentityKind is how a router names itself.
type IdentityKind uint8

// Kinds of identity.
const (
	IdentityDefault  IdentityKind = iota // what crypto isakmp identity says
	IdentityAddress                      // ID_IPV4_ADDR
	IdentityFQDN                         // ID_FQDN: hostname.domain, or the name given
	IdentityUserFQDN                     // ID_USER_FQDN
	IdentityDN                           // ID_DER_ASN1_DN: the certificate's subject
	IdentityKeyID                        // ID_KEY_ID: IKEv2 only
)

// ISAKMPProfile is crypto isakmp profile.
type ISAKMPProfile struct {
	Name         string
	Description  string
	Keyring      *Keyring
	Trustpoints  []string  // ca trust-point, in configuration order; empty: all
	TrustpointAt []ios.Pos // of each of them
	SelfIdentity IdentityKind
	SelfName     string  // of fqdn NAME and user-fqdn
	SelfAt       ios.Pos // of self-identity, zero when not given
	Matches      []Match
	LocalAddress netip.Addr // zero: any
	Aggressive   bool       // initiate mode aggressive
	// VirtualTemplate is that of which peers get their interfaces, 0: none.
	VirtualTemplate int
	Keepalive       Keepalive // resolved: the profile's, else the global one
	Pos             ios.Pos
}

// MatchKind is the kind of a match identity rule.
type MatchKind uint8

// Match kinds.
const (
	MatchAddress MatchKind = iota + 1
	MatchHost
	MatchHostDomain
	MatchUser
	MatchUserDomain
	MatchGroup
	MatchCertificate
	MatchAny // IKEv2 only
)

// Match is one match identity (or match certificate) line.
type Match struct {
	Kind   MatchKind
	FVRF   string       // of ISAKMP profiles, "": none said
	Prefix netip.Prefix // MatchAddress
	Value  string       // the others, as written
	Pos    ios.Pos
}

// TransformSet is crypto ipsec transform-set.
type TransformSet struct {
	Name    string
	Encr    *suite.Cipher // nil: none
	KeyBits int
	Integ   *suite.Integrity // esp-*-hmac, nil: none
	AH      *suite.Integrity // ah-*-hmac, nil: none
	Mode    ipsec.Mode
	Require bool // mode transport require
	Pos     ios.Pos
}

// IPsecProfile is crypto ipsec profile.
type IPsecProfile struct {
	Name          string
	Transforms    []*TransformSet // in order of preference
	ISAKMPProfile *ISAKMPProfile  // nil: none named
	IKEv2Profile  *IKEv2Profile   // nil: none named, it is IKEv1's
	PFS           *suite.Group    // nil: no PFS
	AnyPFS        bool            // of a peer any group will do
	Lifetime      ipsec.Lifetime  // resolved: the profile's, else the global one
	Replay        int             // resolved likewise
	ResponderOnly bool
	Pos           ios.Pos
}

// CertificateChain is crypto pki certificate chain NAME with its hex blocks.
type CertificateChain struct {
	Trustpoint   string
	Certificates []ChainCertificate
	Pos          ios.Pos
}

// ChainCertificate is one certificate of a chain block.
type ChainCertificate struct {
	CA     bool
	Serial string
	DER    []byte
	Pos    ios.Pos
}

// InterfaceKind is what sort of interface a name says.
type InterfaceKind uint8

// Interface kinds.
const (
	Physical InterfaceKind = iota // Ethernet-like: exists already, found by address or !obol linux-device
	Loopback
	TunnelInterface
	VirtualTemplate
)

// Interface is an interface block.
type Interface struct {
	Name        string // canonical: Tunnel1, Loopback0, Ethernet0/0
	Kind        InterfaceKind
	Number      int // of Tunnel, Loopback, Virtual-Template and Virtual-Access
	Description string
	Addresses   []netip.Prefix // address with mask length; the primary one of IPv4 first, those of IPv6 last
	Unnumbered  string         // ip unnumbered IF: the addresses of IPv4 are that one's
	VRF         string         // vrf forwarding, "": the global one
	Device      string         // !obol linux-device, "" when not given; Vi<n> of Virtual-Access<n>
	Shutdown    bool
	MTU         int       // the lower of ip mtu and ipv6 mtu, 0 when neither is given
	MSS         ipsec.MSS // ip tcp adjust-mss, ipv6 tcp adjust-mss
	Tunnel      *Tunnel   // of TunnelInterface, nil when it cannot be made as it is written
	Unable      string    // why not
	Protected   bool      // tunnel protection is asked for
	Template    *Tunnel   // of VirtualTemplate: what is common to its Virtual-Access interfaces, nil when there are none
	ClonedFrom  string    // the Virtual-Template of a Virtual-Access interface, else ""
	Pos         ios.Pos
}

// TunnelMode is tunnel mode.
type TunnelMode uint8

// Tunnel modes.
const (
	GREIP     TunnelMode = iota // the default, not printed by IOS
	IPsecIPv4                   // static VTI
	GREIPv6
	IPsecIPv6 // static VTI
)

var tunnelModes = [...]string{GREIP: "gre ip", IPsecIPv4: "ipsec ipv4", GREIPv6: "gre ipv6", IPsecIPv6: "ipsec ipv6"}

func (m TunnelMode) String() string { return tunnelModes[m] }

// VTI says whether the SAs carry everything, and not GRE.
func (m TunnelMode) VTI() bool { return m == IPsecIPv4 || m == IPsecIPv6 }

// other is the mode that does the same between addresses of the other family.
func (m TunnelMode) other() TunnelMode {
	return [...]TunnelMode{GREIP: GREIPv6, IPsecIPv4: IPsecIPv6, GREIPv6: GREIP, IPsecIPv6: IPsecIPv4}[m]
}

// IPv6 says whether the tunnel runs between addresses of IPv6.
func (m TunnelMode) IPv6() bool { return m == GREIPv6 || m == IPsecIPv6 }

// Tunnel is what an interface Tunnel<n> adds.
type Tunnel struct {
	VRF             string     // tunnel vrf: where its two ends are, "": the global one
	Source          netip.Addr // resolved to an address
	SourceInterface string     // as written, "" when an address was written
	Destination     netip.Addr
	Mode            TunnelMode
	Key             uint32
	HasKey          bool
	TTL             uint8
	PathMTU         bool          // tunnel path-mtu-discovery: GRE has the packet's DF
	DF              ipsec.DF      // of ESP: the profile's, else the interface's, else its source's, else the global one
	Protection      *IPsecProfile // nil: not protected
	ReqID           ipsec.ReqID   // unique in this configuration and stable: made from the number
	Mark            uint32        // VTI only: unique; 0 for GRE, and of an XFRM interface
	IfID            uint32        // of an XFRM interface (!obol xfrm-interface, and every VTI in a VRF): unique; else 0
}

// Bind says what ties SAs and policies to the tunnel's link: the mark of a VTI, or the
// if_id of an XFRM interface. A NAT may give the peer behind it another address, and
// with it the link another end: a VTI becomes an XFRM interface, which has no ends.
func (t *Tunnel) Bind(peerBehindNAT bool) (mark, ifID uint32) {
	if peerBehindNAT && t.Mode.VTI() {
		return 0, uint32(t.ReqID)
	}
	return t.Mark, t.IfID
}

// StaticRoute is ip route or ipv6 route.
type StaticRoute struct {
	VRF      string // "": the global one
	Dst      netip.Prefix
	Via      netip.Addr // zero when only an interface is given
	Device   string     // IOS interface name, "" when only a next hop is given
	Distance int        // default 1
	Pos      ios.Pos
}

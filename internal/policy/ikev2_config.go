package policy

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
)

// IKEv2 holds the crypto ikev2 commands.
type IKEv2 struct {
	Window           int       // crypto ikev2 window: requests in flight that we take
	CertificateCache int       // certificates by hash and URL that are kept, 0: none
	CookieChallenge  int       // half-open SAs above which a COOKIE is asked for, 0: never
	DiagnoseErrors   int       // crypto ikev2 diagnose error: how many are kept, 0: none
	DPD              Keepalive // crypto ikev2 dpd
	NATKeepalive     time.Duration
	FragmentMTU      int  // crypto ikev2 fragmentation, octets of an IP packet, 0: off
	HTTPURL          bool // HTTP_CERT_LOOKUP_SUPPORTED is announced
	SendHashURL      bool // the line crypto ikev2 http-url cert stands there: encoding 12 is sent
	MaxSA            int  // 0: unlimited
	MaxIncoming      int  // SAs in negotiation
	MaxOutgoing      int
	LogSessions      bool // crypto logging ikev2

	Proposals []*IKEv2Proposal // in configuration order, "default" last
	Policies  []*IKEv2Policy   // in configuration order, "default" last
	Keyrings  []*IKEv2Keyring
	Profiles  []*IKEv2Profile // in configuration order
}

// IKEv2Proposal is crypto ikev2 proposal. Within a type the first is preferred.
type IKEv2Proposal struct {
	Name       string
	Encr       []IKEv2Encryption
	PRF        []*suite.Hash      // those of Integ, unless configured
	Integ      []*suite.Integrity // none with combined ciphers alone
	Groups     []*suite.Group
	Additional []*suite.Group // additional key exchanges (RFC 9370): !obol additional-key-exchange
	Pos        ios.Pos
}

// IKEv2Encryption is a cipher with its key size.
type IKEv2Encryption struct {
	Cipher *suite.Cipher
	Bits   int // 0 for ciphers with one size
}

// IKEv2Policy is crypto ikev2 policy: which proposals go with which local
// address.
type IKEv2Policy struct {
	Name      string
	FVRF      string       // "": the global one; "any"
	Local     []netip.Addr // empty: any
	Proposals []*IKEv2Proposal
	Pos       ios.Pos
}

// IKEv2Keyring is crypto ikev2 keyring.
type IKEv2Keyring struct {
	Name  string
	Peers []*IKEv2Peer // in configuration order
	Pos   ios.Pos
}

// IKEv2Peer is a peer block of a keyring. A key may be found by what the peer's
// packets say, its address or the name we know it by, and by its identity.
type IKEv2Peer struct {
	Name        string
	Description string
	Hostname    string
	HostAddress netip.Addr   // that ip host gives Hostname, else zero
	Prefix      netip.Prefix // zero: none
	Identity    Match        // Kind 0: none
	Local       suite.Key    // with which we authenticate
	Remote      suite.Key    // with which the peer does
	Pos         ios.Pos
}

// IKEv2Auth is an authentication method of a profile.
type IKEv2Auth uint8

// Methods of crypto ikev2 profile.
const (
	IKEv2RSASig IKEv2Auth = iota + 1
	IKEv2ECDSASig
	IKEv2PreShare
)

// String is the word of the configuration.
func (a IKEv2Auth) String() string {
	return [...]string{IKEv2RSASig: "rsa-sig", IKEv2ECDSASig: "ecdsa-sig", IKEv2PreShare: "pre-share"}[a]
}

// IKEv2Profile is crypto ikev2 profile.
type IKEv2Profile struct {
	Name           string
	Description    string
	Matches        []Match      // identity and certificate rules; any of them leads here
	Local          []netip.Addr // match address local, empty: any
	FVRF           string       // match fvrf; "": the global one; "any"
	Identity       IdentityKind // identity local; IdentityDefault: the address
	IdentityValue  string       // of fqdn, email and key-id, and of address as written
	IdentityAt     ios.Pos      // of identity local, zero when not given
	LocalAuth      IKEv2Auth    // 0: none, the profile is incomplete
	LocalKey       suite.Key    // authentication local pre-share key
	RemoteAuth     []IKEv2Auth
	RemoteKey      suite.Key
	Keyring        *IKEv2Keyring
	Trustpoints    []IKEv2Trustpoint // pki trustpoint, in configuration order
	TrustpointAt   []ios.Pos         // of each of them
	Lifetime       time.Duration
	DPD            Keepalive // resolved: the profile's, else the global one
	NATKeepalive   time.Duration
	ConfigRequest  bool // config-exchange request
	InitialContact bool // initial-contact force: SAs of before go even without the notify
	Shutdown       bool
	// VirtualTemplate is that of which peers get their interfaces, 0: none.
	VirtualTemplate int
	Incomplete      string // IOS's sentence of what it must have, "" when it is whole
	Pos             ios.Pos
}

// IKEv2Trustpoint is a line pki trustpoint NAME [sign | verify]; without either
// word it serves both.
type IKEv2Trustpoint struct {
	Name         string
	Sign, Verify bool
}

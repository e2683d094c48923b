package lint

// Code names a cause. The list is documented and stable: scripts compare codes,
// people read sentences.
type Code string

// Codes of a direction that is down. Findings use them too where a negotiation
// would end so.
const (
	CertNotInProfile Code = "CERT_NOT_IN_PROFILE" // the peer's certificate is validated by no trustpoint of the profile's list
	NoTrustpoint     Code = "NO_TRUSTPOINT"       // an end has no certificate that it may send
	CertExpired      Code = "CERT_EXPIRED"
	CertNotYetValid  Code = "CERT_NOT_YET_VALID"
	CertRefused      Code = "CERT_REFUSED" // another fault of a certificate or of its chain
	CertRevoked      Code = "CERT_REVOKED"
	NoRevocation     Code = "REVOCATION_UNKNOWN" // revocation-check asks for a list that is not there
	NoProfile        Code = "NO_PROFILE"         // no profile matches the peer's identity
	ProfileMismatch  Code = "PROFILE_MISMATCH"   // another profile than the tunnel's matches
	NoProposal       Code = "NO_PROPOSAL"        // no IKE policy or proposal in common
	NoTransform      Code = "NO_TRANSFORM"       // no IPsec transform in common
	NoKey            Code = "NO_KEY"             // no pre-shared key for the peer
	KeyMismatch      Code = "KEY_MISMATCH"       // the pre-shared keys differ
	AuthFailed       Code = "AUTH_FAILED"        // a signature or an AUTH payload that does not verify
	IdentityMismatch Code = "IDENTITY_MISMATCH"  // the identity is not what the certificate or the profile says
	SelectorMismatch Code = "SELECTOR_MISMATCH"  // the ends protect different traffic
	NoSuchPeer       Code = "NO_SUCH_PEER"       // no router of the two has the tunnel's destination
	NotConfigured    Code = "NOT_CONFIGURED"     // an end has the protocol switched off, or no tunnel to answer with
	NotInitiating    Code = "NOT_INITIATING"     // the tunnel only answers, is shut down or has no protection
	Refused          Code = "REFUSED"            // for a reason that has no code of its own: the cause says it
	NoAnswer         Code = "NO_ANSWER"          // the exchange ended without a word of why
)

// Codes of findings.
const (
	AsymmetricTrustpoints Code = "ASYMMETRIC_TRUSTPOINTS" // the two ends accept certificates of different CAs
	DependsOnInitiator    Code = "DEPENDS_ON_INITIATOR"   // a tunnel comes up from one side only
	DependsOnEnrolment    Code = "DEPENDS_ON_ENROLMENT"   // the order of enrolment decides: whether it comes up, or what is shown
	OverlappingMatch      Code = "OVERLAPPING_MATCH"      // match rules of several profiles take the same peer
	SeveralTrustpoints    Code = "SEVERAL_TRUSTPOINTS"    // an IKEv2 profile signs with any of several trustpoints
	VersionMismatch       Code = "VERSION_MISMATCH"       // IKEv1 at one end, IKEv2 at the other
	TunnelDown            Code = "TUNNEL_DOWN"            // an interface Tunnel that cannot be made as it is written
	LifetimeDiffers       Code = "LIFETIME_DIFFERS"       // the ends configure different lifetimes
	WeakAlgorithm         Code = "WEAK_ALGORITHM"         // an object with algorithms that are weak by today's standards
	Unused                Code = "UNUSED"                 // an object that no tunnel leads to
)

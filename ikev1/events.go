package ikev1

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// SA says which IKE SA an event belongs to, and what that SA was at the moment
// of the event. Every event of this package embeds it.
type SA struct {
	// ConnID is the number a debug line prints in brackets: 0 until the keys
	// exist (the initiator has them from MM4, the responder from MM3).
	ConnID        uint32
	Role          Role
	State         State
	Local, Remote netip.AddrPort
}

// IsEvent makes all that embed SA events.
func (SA) IsEvent() {}

// SARequested opens an initiator's session: the tunnel wants an SA.
type SARequested struct {
	SA
	Tunnel  string
	Profile string // "": (NULL)
}

// SAInserted says that the SA stands in the database, before its first message.
type SAInserted struct {
	SA
	Exchange wire.ExchangeType // of phase 1
}

// NotStarted says that phase 1 could not be begun: nothing is sent.
type NotStarted struct {
	SA
	Exchange wire.ExchangeType // of phase 1
	NoKey    bool              // there is neither a certificate nor a pre-shared key for our policies
}

// ExchangeBegun comes before the first message of an exchange of ours.
type ExchangeBegun struct {
	SA
	Exchange  wire.ExchangeType // main mode, aggressive mode or quick mode
	MessageID uint32
}

// StateChange is an Input line and its Old State line.
type StateChange struct {
	SA
	Node     uint32 // message id of a quick mode, 0: phase 1
	Input    Input
	Old, New Phase
}

// PacketSent is a datagram that leaves.
type PacketSent struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Length    int // octets of the ISAKMP message
}

// PacketReceived is a datagram that came in; Role is NewPeer for a first one.
type PacketReceived struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Length    int
}

// PayloadRead says that a payload is being processed.
type PayloadRead struct {
	SA
	Payload   wire.PayloadType
	MessageID uint32
}

// VendorIDBuilt and VendorIDRead are vendor ids of ours and of the peer.
type VendorIDBuilt struct {
	SA
	VendorID []byte
}

// VendorIDRead is one vendor id of the peer; IOS: its first half is made of the
// responder's cookie as IOS makes it.
type VendorIDRead struct {
	SA
	VendorID []byte
	IOS      bool
}

// TransformChecked compares one offered phase 1 transform with one policy.
type TransformChecked struct {
	SA
	Transform wire.TransformV1
	Priority  int    // of the policy
	More      bool   // further transforms follow in the offer ("Next payload is 3")
	Refusal   string // IOS's sentence, "": acceptable
}

// LifetimeAgreed is the phase 1 lifetime that holds.
type LifetimeAgreed struct {
	SA
	Offered, Actual time.Duration
	Restarted       bool // by a RESPONDER_LIFETIME of the peer
}

// NoOfferAccepted ends a phase 1 negotiation.
type NoOfferAccepted struct {
	SA
	Exchange wire.ExchangeType
}

// CertReqBuilt is one CERTREQ of ours.
type CertReqBuilt struct {
	SA
	Issuer     pki.Name
	Trustpoint string // "": one of the predefined CAs
}

// CertReqRead is one CERTREQ of the peer.
type CertReqRead struct {
	SA
	Encoding  wire.CertEncoding
	Issuer    pki.Name
	MessageID uint32
}

// ProfileListExamined says whether a trustpoint that a CERTREQ named is in the
// profile's ca trust-point list.
type ProfileListExamined struct {
	SA
	Trustpoint string
	Found      bool
}

// TrustpointChosen fixes the certificate we shall sign with.
type TrustpointChosen struct {
	SA
	Trustpoint string
	Reason     string // one sentence
	Fallback   bool   // no CERTREQ decided it: IOS prints no line
}

// NATDRead is one NAT-D payload of the peer.
type NATDRead struct {
	SA
	Payload    wire.PayloadType
	Self, Peer bool // who sits behind a NAT, by the payloads so far: the peer does until one matches
}

// PortFloated says that the peer is reached at another port from now on: because
// phase 1 found a NAT, or because a NAT on the way has a new mapping.
type PortFloated struct {
	SA
	Before netip.AddrPort // of the peer
}

// AuthenticationBegun says how, and as whom, we authenticate.
type AuthenticationBegun struct {
	SA
	Method policy.AuthMethod
	IDType wire.IDType
}

// InitialContactSent says that our last message of phase 1 carries INITIAL_CONTACT.
type InitialContactSent struct{ SA }

// IDPayload shows an identification payload of phase 1.
type IDPayload struct {
	SA
	Sent   bool
	Next   wire.PayloadType // the payload after it
	ID     wire.IDV1
	Length int // octets of the payload with its header
}

// PKICall is a question to the PKI, or its answer.
type PKICall struct {
	SA
	Call    PKIRequest
	Answer  bool
	Verdict *pki.Verdict // of the answer to ValidateChain: IOS's PKI lines come before it
}

// PKIRequest is what phase 1 asks the PKI for.
type PKIRequest uint8

// Requests to the PKI.
const (
	GetOwnChain   PKIRequest = iota + 1 // Get CertificateChain to be sent to peer
	AddPeerCert                         // Add peer's certificate
	GetPeerChain                        // Get PeerCertificateChain
	ValidateChain                       // Validate certificate chain
)

// CertBuilt is one CERT payload of ours, leaf first.
type CertBuilt struct {
	SA
	Subject    pki.Name
	Trustpoint string
}

// SigningKeyChosen says whose key pair signs.
type SigningKeyChosen struct {
	SA
	Trustpoint string
}

// ProfileMatched is the choice of a profile by the peer's ID.
type ProfileMatched struct {
	SA
	PeerID  string
	Profile string // "": *none* of the profiles
	Reason  string // one sentence
	// AlsoRans are the profiles that were not taken.
	AlsoRans []policy.AlsoRan[*policy.ISAKMPProfile]
}

// ProfileMismatch says that the responder's ID does not match the profile we
// began with: the session ends.
type ProfileMismatch struct {
	SA
	PeerID  string
	Profile string
}

// CertRead is one CERT payload of the peer.
type CertRead struct {
	SA
	Encoding wire.CertEncoding
	Subject  pki.Name // zero: the certificate cannot be parsed
}

// ValidationListBuilt names the trustpoints that may validate the peer.
type ValidationListBuilt struct {
	SA
	Profile     string
	Keyring     bool     // the profile has a keyring
	Trustpoints []string // nil: all
}

// CertValidated and CertRefused are the verdict on the peer's chain. A refusal
// is told to nobody: IOS sends no notify.
type CertValidated struct {
	SA
	Verdict pki.Verdict
}

// CertRefused is IKMP_INVALID_CERT.
type CertRefused struct {
	SA
	Verdict pki.Verdict
}

// SignatureRefused says that the peer's signature does not hold.
type SignatureRefused struct {
	SA
	Reason string
}

// IDCertMismatch says that the peer's certificate does not contain its ID. The
// exchange goes on, as on IOS.
type IDCertMismatch struct {
	SA
	ID      wire.IDV1
	Subject pki.Name
}

// Authenticated ends phase 1.
type Authenticated struct {
	SA
	PeerID string
}

// InitialContact says that an authenticated peer has no other SAs with us:
// those that stand, this one excepted, are to go (RFC 2407 section 4.6.3.3).
type InitialContact struct {
	SA
	PeerID string
}

// Duplicate is a message of the peer that was handled before.
type Duplicate struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Skipped   bool // our last transmission is too young to repeat it
}

// Retransmission comes before a stored datagram leaves again.
type Retransmission struct {
	SA
	Exchange       wire.ExchangeType
	MessageID      uint32
	Attempt, Limit int
}

// MessageRejected is a message that was dropped without harm to the SA.
type MessageRejected struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Reason    string          // one sentence
	Notify    wire.NotifyType // what was answered, 0: nothing
	Malformed bool            // false: understood, and refused for what stands in it
	Clear     bool            // an informational exchange without protection
}

// NotifySent and NotifyReceived are notifications in an exchange of their own
// or at the end of another.
type NotifySent struct {
	SA
	Type      wire.NotifyType
	Protocol  wire.ProtocolID
	SPI       []byte
	MessageID uint32
}

// NotifyReceived is a notification of the peer.
type NotifyReceived struct {
	SA
	Type          wire.NotifyType
	Protocol      wire.ProtocolID
	SPI           []byte
	MessageID     uint32
	Authenticated bool // false: in the clear, reported and otherwise ignored
}

// DeleteSent and DeleteReceived are delete payloads.
type DeleteSent struct {
	SA
	Protocol  wire.ProtocolID
	SPI       []byte
	MessageID uint32
}

// DeleteReceived is one SPI of a delete payload of the peer.
type DeleteReceived struct {
	SA
	Protocol  wire.ProtocolID
	SPI       []byte
	MessageID uint32
	Known     bool // we had that SA
}

// NodeCreated says that an exchange of the peer begins, or an informational one
// of ours.
type NodeCreated struct {
	SA
	MessageID uint32
}

// NodePurged says that nothing is kept of an informational exchange of ours:
// nobody answers it.
type NodePurged struct {
	SA
	MessageID uint32
}

// InformationalRead ends an informational exchange of the peer.
type InformationalRead struct {
	SA
	MessageID uint32
}

// NodeDeleted ends a quick mode.
type NodeDeleted struct {
	SA
	MessageID uint32
	Error     bool
	Reason    string // IOS's reason: No Error, QM rejected, Delete Larval ...
}

// SADeleted ends the IKE SA.
type SADeleted struct {
	SA
	Reason string
}

// RekeyNeeded says that a child SA reached its soft lifetime while no IKE SA
// stands to rekey it with: the tunnel is to be initiated anew.
type RekeyNeeded struct {
	SA
	Tunnel string
	InSPI  uint32
}

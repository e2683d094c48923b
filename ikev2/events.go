package ikev2

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// SA says which IKE SA an event belongs to, and what that SA was at the moment
// of the event. Every event of this package embeds it.
type SA struct {
	ConnID        uint32 // the SA ID of debug lines
	Role          Role
	State         State
	Local, Remote netip.AddrPort
	SPIi, SPIr    wire.SPI
}

// IsEvent makes all that embed SA events.
func (SA) IsEvent() {}

// PayloadName is a word behind Payload contents.
type PayloadName struct {
	Type   wire.PayloadType
	Notify wire.NotifyTypeV2 // of a notification
}

func (n PayloadName) String() string {
	if n.Type == wire.PayloadNotifyV2 {
		return "NOTIFY(" + n.Notify.String() + ")"
	}
	return n.Type.String()
}

// StateChange is a step of the state machine.
type StateChange struct {
	SA
	Old, New State
}

// SARequested opens an initiator's session: the tunnel wants an SA.
type SARequested struct {
	SA
	Tunnel  string
	Profile string
}

// SAInserted says that the SA stands in the database, before or behind its first
// message.
type SAInserted struct{ SA }

// MessageBegun comes before a message of ours is built.
type MessageBegun struct {
	SA
	Exchange wire.ExchangeType
	Response bool
}

// EncryptionBegun shows the payloads of a message that is about to be encrypted.
type EncryptionBegun struct {
	SA
	Exchange wire.ExchangeType
	Response bool
	Payloads []PayloadName
}

// PacketSent is a message that leaves, the first time or again.
type PacketSent struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Response  bool
	Payloads  []PayloadName // as they stand on the wire: SK alone of an encrypted one
	Fragments int           // datagrams
}

// PacketReceived is a message that came in.
type PacketReceived struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Response  bool
	Payloads  []PayloadName
}

// Probed is an empty request that asks whether the other end lives, or the answer to
// one. The answer to a deletion may be empty too.
type Probed struct {
	SA
	Sent, Response bool
}

// MessageRead shows the payloads of a message that was decrypted.
type MessageRead struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Response  bool
	Payloads  []PayloadName
}

// MessageRejected is a message that was dropped, or answered with an error.
type MessageRejected struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Reason    string            // one sentence
	Notify    wire.NotifyTypeV2 // what was answered, 0: nothing
}

// Duplicate is a request of the peer that came before.
type Duplicate struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
	Ready     bool // the response is sent again, else it is still being made
}

// Retransmission comes before stored datagrams leave again.
type Retransmission struct {
	SA
	Exchange  wire.ExchangeType
	MessageID uint32
}

// WindowChecked says that a request of ours fits in the peer's window, beside those
// that wait for their answers.
type WindowChecked struct {
	SA
	Waiting int
	Window  uint32
}

// NotifySent and NotifyReceived are notifications.
type NotifySent struct {
	SA
	Type wire.NotifyTypeV2
}

// NotifyReceived is a notification of the peer.
type NotifyReceived struct {
	SA
	Type          wire.NotifyTypeV2
	Authenticated bool // false: in the clear, told and not believed
}

// DeleteQueued says that a deletion of ours is wanted, and why.
type DeleteQueued struct {
	SA
	Reason string
}

// DeleteSent and DeleteReceived are delete payloads: of the IKE SA, or of one
// SPI.
type DeleteSent struct {
	SA
	Protocol wire.ProtocolID
	SPI      uint32
}

// DeleteReceived is what the peer deletes.
type DeleteReceived struct {
	SA
	Protocol wire.ProtocolID
	SPI      uint32 // the peer's inbound one, our outbound one
	Known    bool   // we had that SA
}

// InformationalAnswered is the response to an informational request of ours.
type InformationalAnswered struct{ SA }

// SACreated says that an IKE SA is authenticated and stands.
type SACreated struct {
	SA
	LocalID, PeerID string
	Lifetime        time.Duration
}

// DuplicateChecked says whether another IKE SA with the peer stands.
type DuplicateChecked struct {
	SA
	Found bool
}

// InitialContact says that an authenticated peer has no other SAs with us: those
// that stand, this one excepted, are to go (RFC 7296 section 2.4).
type InitialContact struct {
	SA
	PeerID string
}

// SADeleted ends an IKE SA.
type SADeleted struct {
	SA
	Reason string
}

// PortFloated says that the peer is reached at another port, or at another address,
// from now on: because of a NAT that IKE_SA_INIT found, or because the NAT has a new
// mapping.
type PortFloated struct {
	SA
	Before netip.AddrPort // of the peer
}

// PeerDead says that the peer answered no repetition of a request.
type PeerDead struct{ SA }

// A Timer is one that ends something: IOS counts those of show crypto ikev2 stats
// timeout.
type Timer uint8

// Timers.
const (
	ServiceTimer    Timer = iota // a certificate that is to be fetched
	AuthTimer                    // a peer that began, and does not go on
	RetransmitTimer              // the last repetition of a request
	LivenessTimer                // the last repetition of a question whether the peer lives
	Timers          = iota
)

// String is IOS's name.
func (t Timer) String() string {
	return [Timers]string{"EXT SERVICE TIMER", "AUTH TIMER", "PACKET MAXIMUM RETRANS TIMER", "DPD MAX RETRANS TIMER"}[t]
}

// TimedOut says that such a timer has run out.
type TimedOut struct {
	SA
	Timer Timer
}

// ChildInstalled is the data plane's answer about one direction of a child SA.
type ChildInstalled struct {
	SA
	Child  ipsec.SA // its Public form
	Tunnel string
	Err    error
}

// DHComputed is a step of a key exchange: our public value, or the secret.
type DHComputed struct {
	SA
	Group  *suite.Group
	Secret bool
}

// KeysDerived says that SKEYSEED and the keys of the IKE SA were computed.
type KeysDerived struct{ SA }

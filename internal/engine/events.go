package engine

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// NoSA is %CRYPTO-4-IKMP_NO_SA: a message of no session that cannot begin one.
type NoSA struct {
	Local, Remote netip.AddrPort
	Exchange      wire.ExchangeType
}

// BadMessage is %CRYPTO-4-IKMP_BAD_MESSAGE: not an ISAKMP message, or a first
// one that cannot be read.
type BadMessage struct {
	Local, Remote netip.AddrPort
	Reason        string
}

// InvalidSPI is %CRYPTO-4-RECVD_PKT_INV_SPI: a packet of ESP came for no SA. Interface has
// the address that it was sent to, "": none of the configuration. NoSA says that its
// peer is not told, since there is no ISAKMP SA with it.
type InvalidSPI struct {
	SAID      ipsec.SAID
	Interface string
	NoSA      bool
}

// Unsupported is a message of a version or an exchange that we do not speak.
type Unsupported struct {
	Local, Remote netip.AddrPort
	Version       wire.Version
	Exchange      wire.ExchangeType
}

// AggressiveDisabled is %CRYPTO-5-IKMP_AG_MODE_DISABLED: a first message of
// aggressive mode, which the configuration forbids.
type AggressiveDisabled struct{ Local, Remote netip.AddrPort }

// HalfOpenLimit is an MM1 dropped because of the half-open SAs that there are.
type HalfOpenLimit struct {
	Local, Remote netip.AddrPort
	Limit         int
	What          string // "in all", "of one address"
}

// Simultaneous is a pair of SAs given up because both sides began one for the
// same tunnel at the same time.
type Simultaneous struct {
	Tunnel string
	InSPI  uint32
}

// Rekeyed says that the IKE SA which an operator wanted in place of a tunnel's stands.
type Rekeyed struct {
	Tunnel string
	ConnID uint32
}

// RequestTimer says that a tunnel asks again for SAs: Count attempts in a row
// brought it none.
type RequestTimer struct {
	Tunnel        string
	Count         int
	Local, Remote netip.Addr
	Selector      ipsec.Selector
}

// RevocationAsked says that a server is asked about revocation.
type RevocationAsked struct{ Query *pki.Query }

// RevocationAnswered is what it answered, or why it did not.
type RevocationAnswered struct {
	Query   *pki.Query
	Finding *pki.Finding // nil with Err
	Err     error
}

// ISAKMPOnOff is %CRYPTO-6-ISAKMP_ON_OFF: the first protected tunnel switches
// ISAKMP on, the last one switches it off.
type ISAKMPOnOff struct{ On bool }

// IsEvent makes it an event.
func (Rekeyed) IsEvent() {}

// IsEvent makes it an event.
func (InvalidSPI) IsEvent() {}

// IsEvent makes it an event.
func (RevocationAsked) IsEvent()    {}
func (RevocationAnswered) IsEvent() {}
func (NoSA) IsEvent()               {}

// IsEvent makes it an event.
func (BadMessage) IsEvent() {}

// IsEvent makes it an event.
func (Unsupported) IsEvent() {}

// IsEvent makes it an event.
func (AggressiveDisabled) IsEvent() {}

// IsEvent makes it an event.
func (HalfOpenLimit) IsEvent() {}

// IsEvent makes it an event.
func (Simultaneous) IsEvent() {}

// IsEvent makes it an event.
func (RequestTimer) IsEvent() {}

// IsEvent makes it an event.
func (ISAKMPOnOff) IsEvent() {}

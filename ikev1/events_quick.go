package ikev1

import (
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// QuickRequested says that a tunnel wants SAs of an IKE SA that stands.
type QuickRequested struct {
	SA
	Tunnel string
}

// SPIAllocated is "QM Initiator gets spi" or "QM Responder gets spi".
type SPIAllocated struct {
	SA
	MessageID uint32
	Initiator bool // of this quick mode
	SPI       uint32
}

// IPsecRequested is a transform set that a tunnel wants SAs of (sa_request).
type IPsecRequested struct {
	SA
	Tunnel   string
	Selector ipsec.Selector
	Set      *policy.TransformSet
	Lifetime ipsec.Lifetime
}

// IPsecTransformChecked is one offered quick mode transform.
type IPsecTransformChecked struct {
	SA
	MessageID uint32
	Proposal  uint8
	Protocol  wire.ProtocolID
	Transform wire.TransformV1
	Set       *policy.TransformSet // that it was held against, nil: none
	Selector  ipsec.Selector
	Refusal   string // "": acceptable
}

// IPsecProposalRefused says that no quick mode transform will do.
type IPsecProposalRefused struct {
	SA
	MessageID uint32
	Reason    string // IOS's sentence
	Offered   string // the identity that IOS prints in braces: "esp-aes esp-sha256-hmac"
}

// ProxiesChecked is the search for the tunnel that the proxies belong to.
type ProxiesChecked struct {
	SA
	MessageID uint32
	Selector  ipsec.Selector
	Tunnel    string // "": none
	Profile   bool   // one would be, but for the profile
	Reason    string // IOS's sentence when there is none
}

// IPsecInstalled answers the order to install one SA of a child.
type IPsecInstalled struct {
	SA
	MessageID uint32
	Child     ipsec.SA // its Public form
	Tunnel    string
	Err       error // nil: it stands
}

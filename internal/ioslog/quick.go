package ioslog

import (
	"fmt"
	"math"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

func quickRequested(e ikev1.QuickRequested) []Line {
	return join(
		isakmp(": set new node 0 to %s", state(ikev1.QMIdle)),
		isakmp(":(%d):SA has outstanding requests  (local %s port %d, remote %s port %d)",
			e.ConnID, e.Local.Addr(), e.Local.Port(), e.Remote.Addr(), e.Remote.Port()),
		isakmp(":(%d):sitting IDLE. Starting QM immediately (%s)", e.ConnID, state(ikev1.QMIdle)),
	)
}

func spiAllocated(e ikev1.SPIAllocated) []Line {
	if e.Initiator {
		return isakmp(":(%d):QM Initiator gets spi", e.ConnID)
	}
	return isakmp(":(%d):QM Responder gets spi", e.ConnID)
}

// ipsecTransformChecked shows an offered transform of quick mode and what
// became of it.
func ipsecTransformChecked(e ikev1.IPsecTransformChecked) []Line {
	lines := join(
		isakmp(":(%d):Checking IPSec proposal %d", e.ConnID, e.Proposal),
		isakmp(": transform %d, %s", e.Transform.Number, transformName(e.Protocol, e.Transform.ID)),
		isakmp(":   attributes in transform:"),
	)
	for _, a := range e.Transform.Attributes {
		if text := phase2Attribute(a); text != "" {
			lines = join(lines, isakmp(":      %s", text))
		}
	}
	if e.Refusal != "" {
		return join(lines,
			isakmp(":(%d):%s", e.ConnID, e.Refusal),
			isakmp(":(%d):atts not acceptable.", e.ConnID))
	}
	return join(lines,
		isakmp(":(%d):atts are acceptable.", e.ConnID),
		proposalValidated(e))
}

func transformName(p wire.ProtocolID, id uint8) string {
	switch p {
	case wire.ProtocolESP:
		if c, ok := suite.CipherESP(id); ok {
			return c.QM
		}
	case wire.ProtocolAH:
		if a, ok := suite.IntegrityAH(id); ok {
			return "AH_" + a.Debug[len("HMAC-"):]
		}
	}
	return fmt.Sprintf("%s_%d", p, id)
}

var encapsulations = map[uint64]string{
	uint64(wire.EncapsTunnel): "Tunnel", uint64(wire.EncapsTransport): "Transport",
	uint64(wire.EncapsUDPTunnel): "Tunnel-UDP", uint64(wire.EncapsUDPTransport): "Transport-UDP",
	uint64(wire.EncapsUDPTunnelDraft): "Tunnel-UDP", uint64(wire.EncapsUDPTransportDraft): "Transport-UDP",
}

func phase2Attribute(a wire.Attribute) string {
	switch a.Type {
	case wire.IPsecAttrEncaps:
		if n, ok := encapsulations[a.Value]; ok {
			return fmt.Sprintf("encaps is %d (%s)", a.Value, n)
		}
		return fmt.Sprintf("encaps is %d", a.Value)
	case wire.IPsecAttrLifeType:
		return "SA life type in " + lifeUnit(a.Value)
	case wire.IPsecAttrLifeDuration:
		return "SA life duration " + duration(a)
	case wire.IPsecAttrAuth:
		if a.Value <= math.MaxUint16 {
			if i, ok := suite.IntegrityV1(uint16(a.Value)); ok {
				return "authenticator is " + i.Debug
			}
		}
		return fmt.Sprintf("authenticator is %d", a.Value)
	case wire.IPsecAttrKeyLength:
		return fmt.Sprintf("key length is %d", a.Value)
	case wire.IPsecAttrGroup:
		return fmt.Sprintf("group is %d", a.Value)
	}
	return ""
}

// refusedQuickMode is what both refusals end with: 32 says that the proxies are
// nobody's, 256 that no transform will do.
func refusedQuickMode(sa ikev1.SA, code int) []Line {
	return join(
		isakmp(":(%d): IPSec policy invalidated proposal with error %d", sa.ConnID, code),
		isakmp(":(%d): phase 2 SA policy not acceptable! (local %s remote %s)", sa.ConnID, sa.Local.Addr(), sa.Remote.Addr()),
		modeFailure("Quick", sa),
	)
}

func ipsecInstalled(e ikev1.IPsecInstalled) []Line {
	if e.Err != nil {
		return isakmp(":(%d):Failed to install IPSEC SA (SPI:0x%X) on %s: %v", e.ConnID, e.Child.SPI, e.Tunnel, e.Err)
	}
	sas := sasCreated(created{e.ConnID, e.Local, e.Remote, e.Child})
	if e.Child.Direction != ipsec.In { // IOS tells of the pair by its inbound SA
		return sas
	}
	return join(mapFound(e.Tunnel, e.Child.Selector), sas,
		isakmp(":(%d):Received IPSec Install callback... proceeding with the negotiation", e.ConnID),
		isakmp(":(%d):Successfully installed IPSEC SA (SPI:0x%X) on %s", e.ConnID, e.Child.SPI, e.Tunnel))
}

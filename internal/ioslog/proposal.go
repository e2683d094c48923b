package ioslog

import (
	"fmt"
	"math"
	"strings"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// transformChecked shows an offered transform, attribute by attribute in the
// order of the offer, and whether one policy takes it.
func transformChecked(e ikev1.TransformChecked) []Line {
	lines := isakmp(":(%d):Checking ISAKMP transform %d against priority %d policy", e.ConnID, e.Transform.Number, e.Priority)
	for _, a := range e.Transform.Attributes {
		if text := phase1Attribute(a); text != "" {
			lines = join(lines, isakmp(":      %s", text))
		}
	}
	next := wire.PayloadNone
	if e.More {
		next = wire.PayloadTransform
	}
	if e.Refusal != "" {
		return join(lines,
			isakmp(":(%d):%s", e.ConnID, e.Refusal),
			isakmp(":(%d):atts are not acceptable. Next payload is %d", e.ConnID, next))
	}
	return join(lines, isakmp(":(%d):atts are acceptable. Next payload is %d", e.ConnID, next))
}

func phase1Attribute(a wire.Attribute) string {
	switch a.Type {
	case wire.AttrEncr:
		if a.Value <= math.MaxUint16 {
			if c, ok := suite.CipherV1(uint16(a.Value)); ok {
				return "encryption " + c.Debug
			}
		}
		return fmt.Sprintf("encryption... What? %d?", a.Value)
	case wire.AttrKeyLength:
		return fmt.Sprintf("keylength of %d", a.Value)
	case wire.AttrHash:
		if a.Value <= math.MaxUint16 {
			if h, ok := suite.HashV1(uint16(a.Value)); ok {
				return "hash " + h.Debug
			}
		}
		return fmt.Sprintf("unknown hash %d", a.Value)
	case wire.AttrGroup:
		return fmt.Sprintf("default group %d", a.Value)
	case wire.AttrAuth:
		switch a.Value {
		case uint64(policy.PreShare):
			return "auth pre-share"
		case uint64(policy.RSASig):
			return "auth RSA sig"
		case uint64(policy.RSAEncr):
			return "auth RSA encr"
		}
		return fmt.Sprintf("auth %d", a.Value)
	case wire.AttrLifeType:
		return "life type in " + lifeUnit(a.Value)
	case wire.AttrLifeDuration:
		return "life duration " + duration(a)
	}
	return ""
}

func lifeUnit(v uint64) string {
	switch v {
	case uint64(wire.LifeSeconds):
		return "seconds"
	case uint64(wire.LifeKilobytes):
		return "kilobytes"
	}
	return fmt.Sprintf("unknown units %d", v)
}

// duration prints the short form as a number and the long one octet by octet,
// as IOS does.
func duration(a wire.Attribute) string {
	if a.Bytes == nil {
		return fmt.Sprintf("(basic) of %d", a.Value)
	}
	var b strings.Builder
	b.WriteString("(VPI) of  ")
	for _, octet := range a.Bytes {
		fmt.Fprintf(&b, "0x%X ", octet)
	}
	return b.String()
}

func lifetimeAgreed(e ikev1.LifetimeAgreed) []Line {
	actual := int64(e.Actual.Seconds())
	if e.Restarted {
		return join(
			isakmp(":(%d): processing responder lifetime", e.ConnID),
			isakmp(":(%d): start processing isakmp responder lifetime", e.ConnID),
			isakmp(":(%d): restart ike sa timer to %d secs", e.ConnID, actual),
		)
	}
	lines := join(
		isakmp(":(%d):Acceptable atts:actual life: 0", e.ConnID),
		isakmp(":(%d):Acceptable atts:life: 0", e.ConnID),
	)
	if offered := int64(e.Offered.Seconds()); offered > math.MaxUint16 {
		lines = join(lines,
			isakmp(":(%d):Fill atts in sa vpi_length:4", e.ConnID),
			isakmp(":(%d):Fill atts in sa life_in_seconds:%d", e.ConnID, offered))
	} else {
		lines = join(lines, isakmp(":(%d):Basic life_in_seconds:%d", e.ConnID, offered))
	}
	return blank(join(lines,
		isakmp(":(%d):Returning Actual lifetime: %d", e.ConnID, actual),
		isakmp(":(%d):Started lifetime timer: %d.", e.ConnID, actual),
	))
}

func noOfferAccepted(e ikev1.NoOfferAccepted) []Line {
	return join(
		isakmp(":(%d):no offers accepted!", e.ConnID),
		isakmp(":(%d): phase 1 SA policy not acceptable! (local %s remote %s)", e.ConnID, e.Local.Addr(), e.Remote.Addr()),
		modeFailure(phase1Mode(e.Exchange), e.SA),
	)
}

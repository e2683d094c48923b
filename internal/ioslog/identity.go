package ioslog

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

func authenticationBegun(e ikev1.AuthenticationBegun) []Line {
	how := "pre-shared key"
	switch e.Method {
	case policy.RSASig:
		how = "RSA signature"
	case policy.RSAEncr:
		how = "RSA encryption"
	}
	return isakmp(":(%d):SA is doing %s authentication using id type %s", e.ConnID, how, e.IDType)
}

// idPayload is a message of several rows, each begun by a TAB.
func idPayload(e ikev1.IDPayload) []Line {
	label, ok := idLabels[e.ID.Type]
	if !ok {
		label = "data"
	}
	lines := isakmp(" (%d): %s", e.ConnID, rows("ID payload",
		fmt.Sprintf("\tnext-payload : %d", e.Next),
		fmt.Sprintf("\ttype         : %d", e.ID.Type),
		fmt.Sprintf("\t%-12s : %s", label, idValue(e.ID)),
		fmt.Sprintf("\tprotocol     : %d", e.ID.Protocol),
		fmt.Sprintf("\tport         : %d", e.ID.Port),
		fmt.Sprintf("\tlength       : %d", e.Length)))
	if e.Sent {
		return join(lines, isakmp(":(%d):Total payload length: %d", e.ConnID, e.Length))
	}
	return lines
}

var idLabels = map[wire.IDType]string{
	wire.IDIPv4Addr:  "address",
	wire.IDIPv6Addr:  "address",
	wire.IDFQDN:      "FQDN name",
	wire.IDUserFQDN:  "USER FQDN",
	wire.IDDERASN1DN: "Dist. name",
	wire.IDKeyID:     "group id",
}

// idValue is the identity's value. The peer chose its octets: what would break
// a line comes as \0A, what is no value of its type in hex.
func idValue(id wire.IDV1) string {
	switch id.Type {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		if a, ok := netip.AddrFromSlice(id.Data); ok && a.Is4() == (id.Type == wire.IDIPv4Addr) {
			return a.String()
		}
	case wire.IDFQDN, wire.IDUserFQDN, wire.IDKeyID:
		return printable(string(id.Data))
	case wire.IDDERASN1DN:
		if n, err := pki.ParseName(id.Data); err == nil {
			return n.String()
		}
	}
	return fmt.Sprintf("%X", id.Data)
}

func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r != unicode.ReplacementChar && unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\%02X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	return b.String()
}

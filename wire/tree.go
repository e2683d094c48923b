package wire

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
)

// maxShown is how many octets of a value Tree prints.
const maxShown = 32

// Tree is a message as an indented tree, a line for every payload, proposal,
// transform and attribute. It prints octets as received: give it no decrypted
// message where keys are not to be seen in what the peer says.
func Tree(m *Message) string {
	t := &tree{}
	t.line(0, "ISAKMP %s, %s, cookies %s %s", m.Version, m.Exchange, m.InitiatorSPI, m.ResponderSPI)
	t.line(1, "flags 0x%02x, message id %08x, length %d", uint8(m.Flags), m.MessageID, m.Length)
	for _, p := range m.Payloads {
		t.line(1, "%s at %d, %d octets", p.Type, p.Offset, len(p.Raw))
		if err := t.payload(m, p); err != nil {
			t.line(2, "malformed: %s", err)
		}
	}
	if len(m.Rest) > 0 {
		what := "behind the last payload"
		if m.Encrypted() && m.Payloads == nil {
			what = "encrypted"
		}
		t.line(1, "%d octets %s", len(m.Rest), what)
	}
	return t.String()
}

type tree struct{ strings.Builder }

func (t *tree) line(depth int, format string, args ...any) {
	t.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(t, format, args...)
	t.WriteByte('\n')
}

func (t *tree) payload(m *Message, p Payload) error {
	if m.Version.Major() == 2 {
		return t.payloadV2(p)
	}
	switch p.Type {
	case PayloadSA:
		sa, err := ParseBody(p, ParseSAV1)
		t.sa(sa)
		return err
	case PayloadID:
		id, err := ParseBody(p, ParseIDV1)
		if err == nil {
			t.line(2, "%s %s, protocol %d, port %d", id.Type, idWords(id), id.Protocol, id.Port)
		}
		return err
	case PayloadCert:
		c, err := ParseBody(p, ParseCert)
		t.line(2, "%s, %d octets", c.Encoding, len(c.Data))
		return err
	case PayloadCertReq:
		c, err := ParseBody(p, ParseCertReq)
		t.line(2, "%s, authority of %d octets", c.Encoding, len(c.Authority))
		return err
	case PayloadNotify:
		n, err := ParseBody(p, ParseNotifyV1)
		t.line(2, "%s, protocol %s%s", n.Type, n.Protocol, spiWords(n.SPI))
		t.octets(n.Data)
		return err
	case PayloadDelete:
		d, err := ParseBody(p, ParseDeleteV1)
		for _, spi := range d.SPIs {
			t.line(2, "%s SPI %x", d.Protocol, spi)
		}
		return err
	case PayloadNATOA:
		n, err := ParseBody(p, ParseNATOA)
		if err == nil {
			t.line(2, "%s", n.Addr)
		}
		return err
	case PayloadNonce:
		nonce, err := ParseBody(p, ParseNonce)
		t.octets(nonce)
		return err
	case PayloadVendorID:
		t.line(2, "%s", vendorWords(m, p.Body))
	}
	t.octets(p.Body)
	return nil
}

func (t *tree) sa(sa SAV1) {
	for _, p := range sa.Proposals {
		t.line(2, "proposal %d, protocol %s%s", p.Number, p.Protocol, spiWords(p.SPI))
		names := ipsecAttrNames
		if p.Protocol == ProtocolISAKMP {
			names = attrNames
		}
		for _, transform := range p.Transforms {
			t.line(3, "transform %d, id %d", transform.Number, transform.ID)
			for _, a := range transform.Attributes {
				t.line(4, "%s %d", name(names, a.Type, "attribute"), a.Value)
			}
		}
	}
}

func spiWords(spi []byte) string {
	if len(spi) == 0 {
		return ""
	}
	return fmt.Sprintf(", SPI %x", spi)
}

func (t *tree) octets(b []byte) {
	switch {
	case len(b) > maxShown:
		t.line(2, "%s ... (%d octets)", hex.EncodeToString(b[:maxShown]), len(b))
	case len(b) > 0:
		t.line(2, "%s", hex.EncodeToString(b))
	}
}

// idWords is an identity's value: text only where the type says it is, and
// quoted, as a stranger wrote it.
func idWords(id IDV1) string {
	switch id.Type {
	case IDIPv4Addr, IDIPv6Addr:
		if a, ok := netip.AddrFromSlice(id.Data); ok {
			return a.String()
		}
	case IDFQDN, IDUserFQDN:
		return fmt.Sprintf("%q", id.Data[:min(len(id.Data), 256)])
	}
	return hex.EncodeToString(id.Data[:min(len(id.Data), maxShown)])
}

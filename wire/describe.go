package wire

import (
	"fmt"
	"strings"
)

// Describe is a message in one line: what tcpdump would say of it.
func Describe(m *Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "v%s %s %s/%s id %08x len %d", m.Version, m.Exchange, m.InitiatorSPI, m.ResponderSPI, m.MessageID, m.Length)
	if m.Encrypted() {
		b.WriteString(" encrypted")
	}
	separator := ":"
	for _, p := range m.Payloads {
		b.WriteString(separator + " " + p.Type.String())
		if s := summary(m, p); s != "" {
			b.WriteString("(" + s + ")")
		}
		separator = ","
	}
	if len(m.Rest) > 0 {
		fmt.Fprintf(&b, " +%d octets", len(m.Rest))
	}
	return b.String()
}

// summary is the few words that tell a payload from others of its type.
func summary(m *Message, p Payload) string {
	if m.Version.Major() == 2 {
		return summaryV2(p)
	}
	switch p.Type {
	case PayloadVendorID:
		return vendorWords(m, p.Body)
	case PayloadNotify:
		if n, err := ParseNotifyV1(p.Body); err == nil {
			return n.Type.String()
		}
	case PayloadID:
		if id, err := ParseIDV1(p.Body); err == nil {
			return id.Type.String()
		}
	case PayloadDelete:
		if d, err := ParseDeleteV1(p.Body); err == nil {
			return fmt.Sprintf("%s %d", d.Protocol, len(d.SPIs))
		}
	}
	return ""
}

func summaryV2(p Payload) string {
	switch p.Type {
	case PayloadVendorIDV2:
		return VendorNameV2(p.Body)
	case PayloadNotifyV2:
		if n, err := ParseNotifyV2(p.Body); err == nil {
			return n.Type.String()
		}
	case PayloadIDi, PayloadIDr:
		if id, err := ParseIDV2(p.Body); err == nil {
			return id.Type.String()
		}
	case PayloadDeleteV2:
		if d, err := ParseDeleteV2(p.Body); err == nil {
			return fmt.Sprintf("%s %d", d.Protocol, len(d.SPIs))
		}
	case PayloadSKF:
		if f, err := ParseSKF(p.Body); err == nil {
			return fmt.Sprintf("%d/%d", f.Number, f.Total)
		}
	}
	return ""
}

func vendorWords(m *Message, vid []byte) string {
	if s := VendorName(vid); s != "" {
		return s
	}
	if IsIOSVendorID(vid, m.ResponderSPI) {
		return "IOS"
	}
	return "unknown"
}

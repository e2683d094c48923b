package wire

import (
	"encoding/binary"
	"net/netip"
)

// MaxSelectors limits the traffic selectors of one payload.
const MaxSelectors = 64

// TSType is the type of a traffic selector.
type TSType uint8

// Traffic selector types of RFC 7296 section 3.13.1.
const (
	TSIPv4Range TSType = 7
	TSIPv6Range TSType = 8
)

// TS is a traffic selector (RFC 7296 section 3.13.1):
//
//	+---------------+---------------+-------------------------------+
//	!   TS Type     !IP Protocol ID !       Selector Length         !
//	+---------------+---------------+-------------------------------+
//	!           Start Port          !           End Port            !
//	+-------------------------------+-------------------------------+
//	!                         Starting Address                      !
//	!                         Ending Address                        !
type TS struct {
	Protocol           uint8 // 0: any
	StartPort, EndPort uint16
	Start, End         netip.Addr // of one family; zero: a type that is not understood
	Unknown            string     // such a selector, whole; else ""
}

// TSV2 is the body of a Traffic Selector payload (RFC 7296 section 3.13): their
// number, three reserved octets, the selectors.
type TSV2 []TS

// ParseTSV2 parses the body of a TSi or TSr payload. Selectors of unknown types
// are kept as they are, so that the rest can be narrowed to.
func ParseTSV2(body []byte) (TSV2, error) {
	if len(body) < 4 {
		return nil, malformed(PayloadTSi, len(body), "%d octets are too few", len(body))
	}
	count := int(body[0])
	if count == 0 || count > MaxSelectors {
		return nil, malformed(PayloadTSi, 0, "%d traffic selectors, not 1 to %d", count, MaxSelectors)
	}
	list := make(TSV2, 0, count)
	b, offset := body[4:], 4
	for range count {
		if len(b) < 8 {
			return nil, malformed(PayloadTSi, offset, "%d octets are too few for a traffic selector", len(b))
		}
		n := int(binary.BigEndian.Uint16(b[2:]))
		if n < 8 || n > len(b) {
			return nil, malformed(PayloadTSi, offset+2, "length %d of %d octets", n, len(b))
		}
		ts, err := parseTS(b[:n], offset)
		if err != nil {
			return nil, err
		}
		list, b, offset = append(list, ts), b[n:], offset+n
	}
	if len(b) > 0 {
		return nil, malformed(PayloadTSi, offset, "%d octets behind the last traffic selector", len(b))
	}
	return list, nil
}

func parseTS(raw []byte, offset int) (TS, error) {
	ts := TS{Protocol: raw[1]}
	size := 0
	switch TSType(raw[0]) {
	case TSIPv4Range:
		size = 4
	case TSIPv6Range:
		size = 16
	default:
		ts.Unknown = string(raw)
		return ts, nil
	}
	if len(raw) != 8+2*size {
		return ts, malformed(PayloadTSi, offset+2, "length %d of a traffic selector of type %d", len(raw), raw[0])
	}
	ts.StartPort, ts.EndPort = binary.BigEndian.Uint16(raw[4:]), binary.BigEndian.Uint16(raw[6:])
	ts.Start, _ = netip.AddrFromSlice(raw[8 : 8+size])
	ts.End, _ = netip.AddrFromSlice(raw[8+size:])
	if ts.End.Less(ts.Start) {
		return ts, malformed(PayloadTSi, offset+8, "traffic selector from %s to %s", ts.Start, ts.End)
	}
	return ts, nil
}

// Append appends the body of a TS payload.
func (list TSV2) Append(dst []byte) []byte {
	dst = append(dst, byte(len(list)), 0, 0, 0)
	for _, ts := range list {
		if ts.Unknown != "" {
			dst = append(dst, ts.Unknown...)
			continue
		}
		typ, size := TSIPv4Range, 4
		if ts.Start.Is6() {
			typ, size = TSIPv6Range, 16
		}
		dst = binary.BigEndian.AppendUint16(append(dst, byte(typ), ts.Protocol), uint16(8+2*size))
		dst = binary.BigEndian.AppendUint16(dst, ts.StartPort)
		dst = binary.BigEndian.AppendUint16(dst, ts.EndPort)
		dst = append(dst, ts.Start.AsSlice()...)
		dst = append(dst, ts.End.AsSlice()...)
	}
	return dst
}

package ios

import (
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
)

// argument is a type of argument: what it takes, and how it stands against
// others that take the same word (the higher rank wins).
type argument struct {
	accepts func(string) bool
	rank    int
	rest    bool // takes the rest of the line
	secret  bool // is never printed
}

// arguments by the name that stands in a syntax. Beside them there are ranges
// ("<1-10000>", label N) and INTERFACE (a name in one word or two).
var arguments = map[string]argument{
	"A.B.C.D":  {accepts: isIPv4, rank: 3},
	"MASK":     {accepts: func(s string) bool { _, ok := MaskBits(s); return ok }, rank: 3},
	"WILDCARD": {accepts: isIPv4, rank: 3},
	"X:X::X":   {accepts: isIPv6, rank: 3},
	"X:X::X/n": {accepts: isIPv6Prefix, rank: 3},
	"HEX":      {accepts: isHex, rank: 3},
	"IFNAME":   {accepts: func(s string) bool { _, ok := InterfaceName(s); return ok }, rank: 2},
	"IFTYPE":   {accepts: func(s string) bool { _, ok := interfaceType(s); return ok }, rank: 2},
	"IFNUM":    {accepts: isInterfaceNumber, rank: 2},
	"WORD":     {accepts: func(string) bool { return true }, rank: 1},
	"SECRET":   {accepts: func(string) bool { return true }, rank: 1, secret: true},
	"LINE":     {accepts: func(string) bool { return true }, rest: true},
}

func rangeArgument(lo, hi uint64) argument {
	return argument{rank: 3, accepts: func(s string) bool {
		n, err := strconv.ParseUint(s, 10, 64)
		return err == nil && lo <= n && n <= hi
	}}
}

func isIPv4(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is4()
}

func isIPv6(s string) bool {
	a, err := netip.ParseAddr(s)
	return err == nil && a.Is6() && a.Zone() == ""
}

func isIPv6Prefix(s string) bool {
	p, err := netip.ParsePrefix(s)
	return err == nil && p.Addr().Is6()
}

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}

// MaskBits reads a dotted netmask; ok is false for one with holes.
func MaskBits(s string) (n int, ok bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return 0, false
	}
	b := a.As4()
	m := uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
	n = bits.LeadingZeros32(^m)
	return n, bits.OnesCount32(m) == n
}

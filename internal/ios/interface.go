package ios

import "strings"

// interfaceTypes are the names of IOS's interfaces, with the fewest letters
// that stand for them where a shorter prefix belongs to a commoner one.
var interfaceTypes = []struct {
	name string
	min  int
}{
	{"Ethernet", 1}, {"FastEthernet", 2}, {"GigabitEthernet", 2}, {"TwoGigabitEthernet", 3}, {"FiveGigabitEthernet", 3},
	{"TenGigabitEthernet", 2}, {"TwentyFiveGigE", 4}, {"FortyGigabitEthernet", 3}, {"HundredGigE", 2},
	{"Loopback", 2}, {"Tunnel", 2}, {"Serial", 1}, {"Vlan", 2}, {"Port-channel", 2}, {"Dialer", 2}, {"BDI", 2}, {"BVI", 2},
	{"Virtual-Template", 9}, {"Virtual-Access", 9}, {"VirtualPortGroup", 8}, {"Multilink", 2}, {"Null", 2}, {"ATM", 2},
	{"Async", 2}, {"Cellular", 2}, {"Embedded-Service-Engine", 2}, {"Service-Engine", 8}, {"ISM", 3}, {"BRI", 2},
	{"POS", 3}, {"Group-Async", 2}, {"Bundle", 3}, {"AppNav-Compress", 3}, {"LISP", 2}, {"NVI", 3}, {"nve", 3}, {"wlan-ap", 2},
	{"Wlan-GigabitEthernet", 6}, {"AppGigabitEthernet", 4}, {"Dot11Radio", 3}, {"Management", 2}, {"mgmt", 4}, {"vasileft", 5}, {"vasiright", 5},
}

// InterfaceName is the canonical form of an interface's name in one word:
// "Tunnel1" of "tu1", "Ethernet0/0" of "e0/0".
func InterfaceName(s string) (string, bool) {
	// The number begins behind the last letter: Dot11Radio0.
	i := strings.LastIndexFunc(s, func(r rune) bool { return 'a' <= r|0x20 && r|0x20 <= 'z' }) + 1
	typ, ok := interfaceType(s[:i])
	if !ok || !isInterfaceNumber(s[i:]) {
		return "", false
	}
	return typ + s[i:], true
}

func interfaceType(s string) (string, bool) {
	for _, t := range interfaceTypes {
		if len(s) >= t.min && len(s) <= len(t.name) && strings.EqualFold(s, t.name[:len(s)]) {
			return t.name, true
		}
	}
	return "", false
}

// isInterfaceNumber takes 1, 0/0, 0/1/0, 0/0.100 and 0/0/0:15.
func isInterfaceNumber(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			if digits++; digits > 10 {
				return false
			}
		case (c == '/' || c == '.' || c == ':') && digits > 0:
			digits = 0
		default:
			return false
		}
	}
	return digits > 0
}

// InterfaceTypes are the types of interface that IOS has.
func InterfaceTypes() []string {
	all := make([]string, len(interfaceTypes))
	for i, t := range interfaceTypes {
		all[i] = t.name
	}
	return all
}

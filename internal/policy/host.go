package policy

import (
	"net/netip"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
)

type hostPart struct {
	hosts map[string]netip.Addr // by name in lower case
}

var hostCommands = []ios.Command[*builder]{
	{Syntax: "ip host name:WORD LINE", Do: ipHost},
}

// ipHost maps a name to the first of its IPv4 addresses; a port may stand before
// it. Hosts of VRFs and records of other types are not for us.
func ipHost(b *builder, m *ios.Match) {
	name := strings.ToLower(m.Str("name"))
	delete(b.hosts, name)
	if m.Form != ios.Set {
		return
	}
	for i, word := range strings.Fields(m.Str("LINE")) {
		if addr, err := netip.ParseAddr(word); err == nil && addr.Is4() && i < 2 && name != "vrf" {
			if b.hosts == nil {
				b.hosts = map[string]netip.Addr{}
			}
			b.hosts[name] = addr
			return
		}
	}
	b.ignore(m.Line, "")
}

// host is the address of a name; false when none is written down. Nobody is
// asked for it: what decides about keys and tunnels stands in the configuration.
func (b *builder) host(name string) (netip.Addr, bool) {
	addr, ok := b.hosts[strings.ToLower(name)]
	return addr, ok
}

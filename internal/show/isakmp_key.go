package show

import (
	"fmt"
	"io"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// ISAKMPKey is show crypto isakmp key. As on IOS it prints the keys themselves:
// the one place that does. Its only way out is the control socket, which opens
// for the daemon's owner and root alone; they may read the configuration that
// holds the keys.
func ISAKMPKey(w io.Writer, c *policy.Config) error {
	var p printer
	p.f("%-13s%-44s%s\n\n", "Keyring", "Hostname/Address", "Preshared Key")
	for _, ring := range c.Keyrings {
		for _, k := range ring.Keys {
			p.f("%-12s %-43s %s\n", ring.Name, keyOwner(k), string([]byte(k.Key)))
		}
	}
	return p.flush(w)
}

// keyOwner is a host's name or address, and the mask of what is more than a
// host.
func keyOwner(k policy.PreSharedKey) string {
	switch {
	case k.Host != "":
		return k.Host
	case k.Prefix.IsSingleIP():
		return k.Prefix.Addr().String()
	case k.Prefix.Addr().Is4():
		return fmt.Sprintf("%-15s[%-15s]", k.Prefix.Addr(), ipsec.Netmask(k.Prefix))
	}
	return k.Prefix.String()
}

package show

import (
	"cmp"
	"io"
	"net/netip"

	"github.com/obol-ike/obol/internal/policy"
)

// IKEv2Policy is show crypto ikev2 policy, of all that can be used or of the one
// of a name. The default one stands first.
func IKEv2Policy(w io.Writer, c *policy.Config, name string) error {
	var p printer
	for _, x := range defaultsFirst(c.IKEv2.Policies, func(x *policy.IKEv2Policy) string { return x.Name }) {
		if name != "" && x.Name != name {
			continue
		}
		p.f("\n IKEv2 policy : %s\n", x.Name)
		if x.FVRF == anyFVRF {
			p.f("      Match fvrf : any\n")
		} else {
			p.f("      Match fvrf  : %s\n", cmp.Or(x.FVRF, globalFVRF))
		}
		p.f("      Match address local : %s \n", cmp.Or(words(x.Local, netip.Addr.String), "any"))
		p.f("      Proposal    : %s \n", words(x.Proposals, func(x *policy.IKEv2Proposal) string { return x.Name }))
	}
	return p.flush(w)
}

// Words of a VRF.
const (
	anyFVRF    = "any"
	globalFVRF = "global"
)

package show

import (
	"cmp"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// IKEv2Profile is show crypto ikev2 profile, of all or of the one of a name, in
// the order in which equal rules are tried: the last configured first. The
// reference count is that of the ipsec profiles that name the profile, and one
// for its own block.
func IKEv2Profile(w io.Writer, c *policy.Config, name string) error {
	var p printer
	for _, x := range slices.Backward(c.IKEv2.Profiles) {
		if name == "" || x.Name == name {
			ikev2Profile(&p, c, x)
		}
	}
	return p.flush(w)
}

func ikev2Profile(p *printer, c *policy.Config, x *policy.IKEv2Profile) {
	references := 1
	for _, ip := range c.IPsec {
		if ip.IKEv2Profile == x {
			references++
		}
	}
	var identities, maps []string
	for _, m := range x.Matches {
		switch {
		case m.Kind == policy.MatchCertificate:
			maps = append(maps, m.Value)
		case m.Kind == policy.MatchAddress && m.Prefix.Addr().Is4() && m.Prefix.Bits() > 0:
			identities = append(identities, fmt.Sprintf("address %s %s", m.Prefix.Addr(), ipsec.Netmask(m.Prefix)))
		default:
			identities = append(identities, m.Identity())
		}
	}
	local, ring := "none", "none"
	if x.LocalAuth != 0 {
		local = x.LocalAuth.String()
	}
	if x.Keyring != nil {
		ring = x.Keyring.Name
	}

	p.f("\nIKEv2 profile: %s\n", x.Name)
	p.f(" Shutdown : %s\n", map[bool]string{false: "No", true: "Yes"}[x.Shutdown])
	p.f(" Ref Count: %d\n", references)
	p.f(" Match criteria: \n")
	p.f("  Fvrf: %s\n", cmp.Or(x.FVRF, globalFVRF))
	p.f("  Local address/interface: %s\n", cmp.Or(words(x.Local, netip.Addr.String), "none"))
	p.list("  Identities:", identities)
	p.list("  Certificate maps:", maps)
	p.f(" Local identity: %s\n", localIdentity(x))
	p.f(" Remote identity: none\n")
	p.f(" Local authentication method: %s\n", local)
	p.f(" Remote authentication method(s): %s\n", cmp.Or(words(x.RemoteAuth, policy.IKEv2Auth.String), "none"))
	p.f(" EAP options: none\n")
	p.f(" Keyring: %s\n", ring)
	p.list(" Trustpoint(s):", trustpoints(x))
	p.f(" Lifetime: %d seconds\n", int64(x.Lifetime/time.Second))
	p.f(" DPD: %s\n", deadPeers(x.DPD))
	if x.NATKeepalive > 0 {
		p.f(" NAT-keepalive: %d seconds\n", int64(x.NATKeepalive/time.Second))
	} else {
		p.f(" NAT-keepalive: disabled\n")
	}
	p.f(" Ivrf: none\n")
	template := "none"
	if x.VirtualTemplate != 0 {
		template = strconv.Itoa(x.VirtualTemplate)
	}
	p.f(" Virtual-template: %s\n", template)
	p.f(" mode auto: none\n")
	for _, aaa := range []string{"AnyConnect EAP authentication mlist", "EAP authentication mlist", "authentication mlist", "Accounting", "group authorization", "user authorization"} {
		p.f(" AAA %s: none\n", aaa)
	}
}

// list prints a row for every entry, below their title.
func (p *printer) list(title string, entries []string) {
	if len(entries) == 0 {
		p.f("%s none\n", title)
		return
	}
	p.f("%s \n", title)
	for _, e := range entries {
		p.f("   %s\n", e)
	}
}

// localIdentity is what the profile's line says, not what it comes to.
func localIdentity(x *policy.IKEv2Profile) string {
	kind, ok := map[policy.IdentityKind]string{
		policy.IdentityAddress: "address ", policy.IdentityFQDN: "fqdn ", policy.IdentityUserFQDN: "email ",
		policy.IdentityKeyID: "key-id ", policy.IdentityDN: "DN",
	}[x.Identity]
	if !ok {
		return "none"
	}
	return kind + x.IdentityValue
}

// trustpoints are the profile's, with the word of those that serve one purpose
// only.
func trustpoints(x *policy.IKEv2Profile) []string {
	var names []string
	for _, t := range x.Trustpoints {
		switch {
		case !t.Verify:
			t.Name += " sign"
		case !t.Sign:
			t.Name += " verify"
		}
		names = append(names, t.Name)
	}
	return names
}

// deadPeers is how the profile finds out that a peer is dead.
func deadPeers(k policy.Keepalive) string {
	if k.Interval == 0 {
		return "disabled"
	}
	mode := "on-demand"
	if k.Periodic {
		mode = "periodic"
	}
	return fmt.Sprintf("interval %d, retry-interval %d, %s", int64(k.Interval/time.Second), int64(k.Retry/time.Second), mode)
}

package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
)

// Difference is what becomes of each interface when one configuration takes the place
// of another.
type Difference struct {
	Interfaces []InterfaceChange // those of the new configuration in its order, then those that it has no more
	Routes     []string          // static routes that come or go, as "new: ..." and "removed: ..."
	Later      []string          // parts of the configuration that changed, as established SAs see at their next negotiation
}

// InterfaceChange is what becomes of a tunnel or loopback interface.
type InterfaceChange struct {
	Name   string
	Tunnel bool
	Fate   Fate
	Why    []string // what changed, each with its FILE:LINE; of New and Untouched none
}

// Fate is what becomes of an interface and its SAs.
type Fate uint8

// Fates. Of one that is Amended the SAs stay.
const (
	Untouched    Fate = iota
	Amended           // its addresses, its MTU or MSS or its description change in place
	Renegotiated      // it is taken down, the peer is told, and it is made anew
	New
	Removed
)

var fates = [...]string{"untouched", "in place", "renegotiated", "new", "removed"}

func (f Fate) String() string { return fates[f] }

// Compare says what a new configuration changes. old may be nil: then all is new.
func Compare(old, cfg *Config) Difference {
	if old == nil {
		old = &Config{}
	}
	c := comparison{old: dependenciesOf(old), new: dependenciesOf(cfg)}
	var d Difference
	before := map[string]*Interface{}
	for _, itf := range old.Interfaces {
		before[itf.Name] = itf
	}
	for _, itf := range cfg.Interfaces {
		if itf.Kind != Physical {
			d.add(c.fate(before[itf.Name], itf))
		}
		delete(before, itf.Name)
	}
	for _, itf := range old.Interfaces {
		if before[itf.Name] != nil && itf.Kind != Physical {
			d.add(c.fate(itf, nil))
		}
	}
	d.Routes = append(routesBeyond(old, cfg, "new: "), routesBeyond(cfg, old, "removed: ")...)
	d.Later = c.later()
	return d
}

func (d *Difference) add(c InterfaceChange) { d.Interfaces = append(d.Interfaces, c) }

// Count says how many tunnels have a fate.
func (d Difference) Count(f Fate) (n int) {
	for _, c := range d.Interfaces {
		if c.Tunnel && c.Fate == f {
			n++
		}
	}
	return n
}

// String is the summary, on one line. Tunnels that change in place are untouched:
// their SAs are.
func (d Difference) String() string {
	s := fmt.Sprintf("%d new, %d removed, %d renegotiated, %d untouched",
		d.Count(New), d.Count(Removed), d.Count(Renegotiated), d.Count(Untouched)+d.Count(Amended))
	if n := d.Count(Amended); n > 0 {
		s += fmt.Sprintf(" (%d of them changed in place)", n)
	}
	return s
}

// comparison remembers the hashes of both sides.
type comparison struct{ old, new dependencies }

// fate compares an interface before with what it is after; nil for none.
func (c comparison) fate(before, after *Interface) InterfaceChange {
	itf := after
	if itf == nil {
		itf = before
	}
	change := InterfaceChange{Name: itf.Name, Tunnel: itf.Kind == TunnelInterface || itf.Kind == VirtualTemplate}
	switch was, is := before.made(), after.made(); {
	case before == nil || !was && is:
		change.Fate = New
	case after == nil:
		change.Fate = Removed
	case was && !is:
		change.Fate, change.Why = Removed, []string{after.Unable}
	default:
		if is && change.Tunnel {
			change.Why = missing(c.old.of(before), c.new.of(after))
			change.Fate = Renegotiated
		}
		if len(change.Why) == 0 {
			change.Fate, change.Why = amended(before, after)
		}
	}
	return change
}

// made says whether there is an interface at all, other than in the text.
func (i *Interface) made() bool {
	if i == nil {
		return false
	}
	switch i.Kind {
	case TunnelInterface:
		return i.Tunnel != nil
	case VirtualTemplate:
		return i.Template != nil
	}
	return true
}

// missing are the dependencies that are not there any more as they were.
func missing(before, after []dependency) (why []string) {
	for _, b := range before {
		if slices.ContainsFunc(after, func(a dependency) bool { return a.sum == b.sum }) {
			continue
		}
		word := "no more: " + b.what
		at := b.at
		if i := slices.IndexFunc(after, func(a dependency) bool { return a.what == b.what }); i >= 0 {
			word, at = b.what, after[i].at
		}
		if at != "" {
			word += " (" + at + ")"
		}
		if !slices.Contains(why, word) {
			why = append(why, word)
		}
	}
	return why
}

// amended says what changes in place.
func amended(before, after *Interface) (Fate, []string) {
	var words []string
	for _, part := range []struct {
		word string
		same bool
	}{
		{"ip address", slices.Equal(before.Addresses, after.Addresses)},
		{"vrf forwarding", before.VRF == after.VRF},
		{"ip unnumbered", before.Unnumbered == after.Unnumbered},
		{"ip mtu", before.MTU == after.MTU},
		{"ip tcp adjust-mss", before.MSS == after.MSS},
		{"description", before.Description == after.Description},
		{"shutdown", before.Shutdown == after.Shutdown},
	} {
		if !part.same {
			words = append(words, part.word)
		}
	}
	if words == nil {
		return Untouched, nil
	}
	return Amended, []string{strings.Join(words, ", ") + " (" + place(after.Pos) + ")"}
}

// routesBeyond lists the routes of cfg that other has not.
func routesBeyond(other, cfg *Config, word string) (list []string) {
	has := map[StaticRoute]bool{}
	for _, r := range other.Routes {
		r.Pos = ios.Pos{}
		has[r] = true
	}
	for _, r := range cfg.Routes {
		at := r.Pos
		r.Pos = ios.Pos{}
		if !has[r] {
			list = append(list, fmt.Sprintf("%sthe route to %s (%s)", word, r.Dst, place(at)))
		}
	}
	return list
}

// later lists what changed of the parts that hold for tunnels in common.
func (c comparison) later() (list []string) {
	before, after := sections(c.old.cfg), sections(c.new.cfg)
	for i, p := range after {
		if c.old.sum(before[i].says) != c.new.sum(p.says) {
			list = append(list, p.name)
		}
	}
	return list
}

// A section is a part of a configuration and its own text, less what it refers to.
type section struct {
	name string
	says any
}

func sections(c *Config) []section {
	var ipsec, isakmp, trustpoints, v2, v2Policies []any
	for _, p := range c.IPsec {
		ipsec = append(ipsec, p.ownText())
	}
	for _, p := range c.Profiles {
		q, keyring := *p, ""
		if q.Keyring != nil {
			q.Keyring, keyring = nil, q.Keyring.Name
		}
		isakmp = append(isakmp, q, keyring)
	}
	for _, tp := range c.Trustpoints {
		tp.Line = ""
		trustpoints = append(trustpoints, tp)
	}
	for _, p := range c.IKEv2.Profiles {
		q, keyring := *p, ""
		if q.Keyring != nil {
			q.Keyring, keyring = nil, q.Keyring.Name
		}
		v2 = append(v2, q, keyring)
	}
	for _, p := range c.IKEv2.Policies {
		v2Policies = append(v2Policies, p.Name, p.FVRF, p.Local)
		for _, x := range p.Proposals {
			v2Policies = append(v2Policies, x.Name)
		}
	}
	global := c.IKEv2
	global.Proposals, global.Policies, global.Keyrings, global.Profiles = nil, nil, nil, nil
	return []section{
		{"hostname and domain", []any{c.Hostname, c.Domain, c.Serial}},
		{"global commands of crypto isakmp", []any{c.ISAKMP, c.NoNATTransparency}},
		{"crypto isakmp policy", c.Policies},
		{"crypto isakmp peer", c.Peers},
		{"crypto keyring and crypto isakmp key", c.Keyrings},
		{"crypto isakmp profile", isakmp},
		{"crypto ipsec transform-set", c.Transforms},
		{"crypto ipsec profile", ipsec},
		{"global commands of crypto ikev2", global},
		{"crypto ikev2 proposal", c.IKEv2.Proposals},
		{"crypto ikev2 policy", v2Policies},
		{"crypto ikev2 keyring", c.IKEv2.Keyrings},
		{"crypto ikev2 profile", v2},
		{"crypto pki trustpoint", []any{c.PKI, trustpoints}},
		{"crypto pki certificate map", c.Maps},
		{"crypto pki certificate chain", c.Chains},
	}
}

package policy

import (
	"net/netip"
	"slices"
	"strconv"

	"github.com/obol-ike/obol/internal/ios"
)

// What a tunnel's SAs depend on: what they are made of, and what the peer was
// authenticated by. Of lists that may lead to one outcome in several ways, such as
// the isakmp policies, each entry is a dependency by itself: the SAs stand while what
// they may have been agreed on is still there, whatever else has been added. A
// lifetime of IKE SAs and dead peer detection are none: they hold from the next
// negotiation on, as on IOS.

// place is a line's FILE:LINE, "" for what is not written anywhere.
func place(p ios.Pos) string {
	p.Col = 0
	return p.String()
}

// A dependency is a part of the configuration and a hash of what it says.
type dependency struct {
	what string
	at   string // FILE:LINE, "" for a default
	sum  [32]byte
}

// dependencies finds those of the tunnels of a configuration.
type dependencies struct {
	cfg *Config
	hasher
	found map[any]prefixes // of keyrings and of profiles: each tunnel looks there for its peer
}

func dependenciesOf(cfg *Config) dependencies {
	return dependencies{cfg, hasher{}, map[any]prefixes{}}
}

// prefixesOf are those of the n entries that something has, made once.
func (d dependencies) prefixesOf(has any, n int, of func(i int) []netip.Prefix) prefixes {
	p, made := d.found[has]
	if !made {
		p = newPrefixes(n, of)
		d.found[has] = p
	}
	return p
}

// of lists what an interface that can be made as a tunnel, or a template of such, depends
// on.
func (d dependencies) of(itf *Interface) []dependency {
	of := itf.Tunnel
	if itf.Template != nil {
		of = itf.Template
	}
	t := *of
	t.Protection, t.SourceInterface = nil, "" // where the source's address comes from is all one
	d.cfg = d.cfg.In(t.VRF)
	list := []dependency{{"interface " + itf.Name, place(itf.Pos), d.sum(itf.Name, itf.Shutdown, itf.VRF, of.Protection == nil, t)}}
	p := of.Protection
	if p == nil {
		return list
	}
	list = append(list, d.ofIPsecProfile(p)...)
	if p.IKEv2Profile != nil {
		return append(list, d.ofIKEv2(p.IKEv2Profile, t.Source, t.Destination)...)
	}
	return append(list, d.ofISAKMP(p.ISAKMPProfile, t.Source, t.Destination)...)
}

func (d dependencies) ofIPsecProfile(p *IPsecProfile) (list []dependency) {
	for i, set := range p.Transforms {
		list = append(list, dependency{"crypto ipsec transform-set " + set.Name, place(set.Pos), d.sum(i, len(p.Transforms), set)})
	}
	return append(list, dependency{"crypto ipsec profile " + p.Name, place(p.Pos), d.sum(p.ownText())})
}

// ownText is the profile's own text, with the names of what it refers to.
func (p *IPsecProfile) ownText() []any {
	q := *p
	q.Transforms, q.ISAKMPProfile, q.IKEv2Profile = nil, nil, nil
	said := []any{q}
	if p.ISAKMPProfile != nil {
		said = append(said, "isakmp", p.ISAKMPProfile.Name)
	}
	if p.IKEv2Profile != nil {
		said = append(said, "ikev2", p.IKEv2Profile.Name)
	}
	for _, set := range p.Transforms {
		said = append(said, set.Name)
	}
	return said
}

// ofISAKMP lists what an IKE SA of version 1 depends on; p is nil for none.
func (d dependencies) ofISAKMP(p *ISAKMPProfile, local, peer netip.Addr) (list []dependency) {
	methods := map[AuthMethod]bool{}
	for _, x := range d.cfg.Policies {
		methods[x.Auth] = true
		sum := d.sum(x.Encr, x.KeyBits, x.Hash, x.Auth, x.Group)
		list = append(list, dependency{"crypto isakmp policy " + strconv.Itoa(x.Priority), place(x.Pos), sum})
	}
	if methods[PreShare] {
		cfg, profile := d.keysOf(p, peer)
		for role, k := range []KeyChoice{cfg.InitiatorKey(profile, local, peer), cfg.ResponderKey(local, peer)} {
			if k.Key != nil {
				list = append(list, dependency{"the pre-shared key of " + peer.String(), place(k.Key.Pos), d.sum("key", role, k.Key.Key)})
			}
		}
	}
	var trustpoints []string
	if p != nil {
		q := *p
		q.Description, q.Keyring, q.Matches, q.Keepalive = "", nil, nil, Keepalive{}
		list = append(list, dependency{"crypto isakmp profile " + p.Name, place(p.Pos), d.sum(q)})
		list = append(list, d.ofMatches(p, "crypto isakmp profile "+p.Name, p.Matches, peer)...)
		trustpoints = p.Trustpoints
	}
	if methods[RSASig] {
		list = append(list, d.ofTrustpoints(trustpoints)...)
	}
	id, _ := d.cfg.SelfIdentity(p, local, nil) // without a certificate's name, which is no configuration
	return append(list, dependency{"our identity", "", d.sum("identity", id)})
}

// keysOf is a configuration's keyrings, and a profile with its own, with those keys only
// that hold a peer's address.
func (d dependencies) keysOf(p *ISAKMPProfile, peer netip.Addr) (*Config, *ISAKMPProfile) {
	narrow := func(ring *Keyring) *Keyring {
		all := d.prefixesOf(ring, len(ring.Keys), func(i int) []netip.Prefix { return []netip.Prefix{ring.Keys[i].Prefix} })
		few := *ring
		few.Keys = nil
		for _, i := range all.containing(peer) {
			few.Keys = append(few.Keys, ring.Keys[i])
		}
		return &few
	}
	cfg := &Config{}
	for _, ring := range d.cfg.Keyrings {
		cfg.Keyrings = append(cfg.Keyrings, narrow(ring))
	}
	if p == nil || p.Keyring == nil {
		return cfg, nil
	}
	return cfg, &ISAKMPProfile{Keyring: narrow(p.Keyring)}
}

// ofIKEv2 lists what an IKE SA of version 2 depends on.
func (d dependencies) ofIKEv2(p *IKEv2Profile, local, peer netip.Addr) (list []dependency) {
	if found := d.cfg.IKEv2PolicyFor(local).Policy; found != nil {
		for _, x := range found.Proposals {
			list = append(list, dependency{"crypto ikev2 proposal " + x.Name, place(x.Pos), d.sum(x)})
		}
	}
	q := *p
	q.Description, q.Keyring, q.Matches = "", nil, nil
	q.Lifetime, q.DPD, q.NATKeepalive = 0, Keepalive{}, 0
	list = append(list, dependency{"crypto ikev2 profile " + p.Name, place(p.Pos), d.sum(q)})
	list = append(list, d.ofMatches(p, "crypto ikev2 profile "+p.Name, p.Matches, peer)...)
	if p.Keyring != nil {
		list = append(list, d.ofPeers(p.Keyring, peer)...)
	}
	if p.LocalAuth != IKEv2PreShare || slices.ContainsFunc(p.RemoteAuth, func(a IKEv2Auth) bool { return a != IKEv2PreShare }) {
		var names []string
		for _, tp := range p.Trustpoints {
			names = append(names, tp.Name)
		}
		list = append(list, d.ofTrustpoints(names)...)
	}
	return list
}

// ofMatches lists the rules that may have led the peer to a profile: those of its
// address where there are any, else those of no address or of another one, which a
// NAT may hide.
func (d dependencies) ofMatches(of any, profile string, rules []Match, peer netip.Addr) (list []dependency) {
	addresses := d.prefixesOf(of, len(rules), func(i int) []netip.Prefix {
		if rules[i].Kind != MatchAddress {
			return nil
		}
		return []netip.Prefix{rules[i].Prefix}
	})
	which := addresses.containing(peer)
	if len(which) > 0 {
		which = append(which, addresses.none...)
		slices.Sort(which)
	} else {
		for i := range rules {
			which = append(which, i)
		}
	}
	for _, i := range which {
		m := rules[i]
		said := []any{m}
		for _, cm := range d.cfg.Maps {
			if m.Kind == MatchCertificate && cm.Name == m.Value {
				said = append(said, cm.CertificateMap)
			}
		}
		list = append(list, dependency{profile + ": " + m.String(), place(m.Pos), d.sum(said...)})
	}
	return list
}

// ofPeers lists the blocks of a keyring whose key may be the peer's: not those of
// another address.
func (d dependencies) ofPeers(k *IKEv2Keyring, peer netip.Addr) (list []dependency) {
	addresses := d.prefixesOf(k, len(k.Peers), func(i int) []netip.Prefix {
		x := k.Peers[i]
		return []netip.Prefix{x.Prefix, netip.PrefixFrom(x.HostAddress, x.HostAddress.BitLen())}
	})
	which := append(addresses.containing(peer), addresses.none...)
	slices.Sort(which)
	for _, i := range which {
		x := k.Peers[i]
		if id := x.Identity; !x.Prefix.IsValid() && !x.HostAddress.IsValid() && (id.Kind == 0 || id.Kind == MatchAddress && !id.Prefix.Contains(peer)) {
			continue
		}
		sum := d.sum(x.Hostname, x.HostAddress, x.Prefix, x.Identity, x.Local, x.Remote)
		list = append(list, dependency{"crypto ikev2 keyring " + k.Name + ", peer " + x.Name, place(x.Pos), sum})
	}
	return list
}

// ofTrustpoints lists what certificates are judged by: the trustpoints of those names,
// all without any. How a router enrols there is all one.
func (d dependencies) ofTrustpoints(names []string) (list []dependency) {
	for i := range d.cfg.Trustpoints {
		tp := &d.cfg.Trustpoints[i]
		if len(names) > 0 && !slices.Contains(names, tp.Name) {
			continue
		}
		sum := d.sum(d.cfg.PKI, tp.Name, tp.RevocationCheck, tp.OCSPURL, tp.OCSPNoNonce, tp.Matches, tp.EKU, tp.ChainContinue, tp.ChainParent)
		list = append(list, dependency{"crypto pki trustpoint " + tp.Name, tp.Line, sum})
	}
	return list
}

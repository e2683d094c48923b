package policy

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// PeerID is an ISAKMP identity as a value to decide from.
type PeerID struct {
	Type   wire.IDType
	Addr   netip.Addr   // address identities
	Prefix netip.Prefix // subnet identities
	Name   string       // FQDN, user@fqdn, key id
	DN     pki.Name     // distinguished name identities
}

// ErrNoIdentity says that this router has no name of the kind that its
// configuration asks for.
var ErrNoIdentity = errors.New("no identity to give")

// ParsePeerID reads the payload of a phase 1 identity. An error says why it
// cannot be one.
func ParsePeerID(id wire.IDV1) (PeerID, error) {
	p := PeerID{Type: id.Type}
	switch id.Type {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		a, ok := netip.AddrFromSlice(id.Data)
		if !ok || a.Is4() != (id.Type == wire.IDIPv4Addr) {
			return p, fmt.Errorf("%s of %d octets", id.Type, len(id.Data))
		}
		p.Addr = a
	case wire.IDIPv4AddrSubnet, wire.IDIPv6AddrSubnet:
		var ok bool
		if p.Prefix, ok = subnet(id.Data); !ok || p.Prefix.Addr().Is4() != (id.Type == wire.IDIPv4AddrSubnet) {
			return p, fmt.Errorf("%s is no address with a mask", id.Type)
		}
	case wire.IDFQDN, wire.IDUserFQDN:
		p.Name = string(id.Data)
		if !isPlain(p.Name) {
			return p, fmt.Errorf("%s is no name", id.Type)
		}
	case wire.IDKeyID:
		if p.Name = string(id.Data); p.Name == "" {
			return p, errors.New("ID_KEY_ID is empty")
		}
	case wire.IDDERASN1DN:
		dn, err := pki.ParseName(id.Data)
		if err != nil {
			return p, fmt.Errorf("ID_DER_ASN1_DN: %w", err)
		}
		p.DN = dn
	default:
		return p, fmt.Errorf("%s names no peer", id.Type)
	}
	return p, nil
}

// subnet reads address and mask, as long as each other.
func subnet(b []byte) (netip.Prefix, bool) {
	a, ok1 := netip.AddrFromSlice(b[:len(b)/2])
	if !ok1 || len(b)%2 != 0 {
		return netip.Prefix{}, false
	}
	bits, hole := 0, false
	for _, octet := range b[len(b)/2:] {
		for bit := 7; bit >= 0; bit-- {
			switch {
			case octet>>bit&1 == 0:
				hole = true
			case hole:
				return netip.Prefix{}, false
			default:
				bits++
			}
		}
	}
	return netip.PrefixFrom(a, bits), true
}

// isPlain takes printable ASCII without blanks: "The Identification Data field
// ... [a] fully-qualified domain name string" is nothing else (RFC 2407 section
// 4.6.2.3), and it goes into logs.
func isPlain(s string) bool {
	return s != "" && strings.Trim(s, "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~") == ""
}

// isUserName takes user@domain.
func isUserName(s string) bool {
	user, host, ok := strings.Cut(s, "@")
	return ok && user != "" && host != "" && isPlain(s)
}

// String prints the identity as IOS does.
func (id PeerID) String() string {
	switch {
	case id.Addr.IsValid():
		return id.Addr.String()
	case id.Prefix.IsValid():
		return id.Prefix.String()
	case !id.DN.IsZero():
		return id.DN.String()
	case !utf8.ValidString(id.Name) || !isPlain(id.Name):
		return fmt.Sprintf("%q", id.Name)
	}
	return id.Name
}

// NamedBy says whether a certificate is of the identity: by its alternative
// names, or by what IOS puts into the subject. IOS takes a peer whose certificate
// is not, and logs it.
func (id PeerID) NamedBy(c *pki.Certificate) bool {
	is := func(n string) bool { return strings.EqualFold(n, id.Name) }
	switch id.Type {
	case wire.IDFQDN:
		return is(c.Subject.Value("hostname")) || slices.ContainsFunc(c.X509.DNSNames, is)
	case wire.IDUserFQDN:
		return slices.ContainsFunc(c.X509.EmailAddresses, is)
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		return c.Subject.Value("ipaddress") == id.Addr.String() || hasAddress(c, id.Addr)
	case wire.IDDERASN1DN:
		return c.Subject.Equal(id.DN)
	}
	return true // a key id is no name
}

func hasAddress(c *pki.Certificate, want netip.Addr) bool {
	for _, ip := range c.X509.IPAddresses {
		if a, ok := netip.AddrFromSlice(ip); ok && a.Unmap() == want {
			return true
		}
	}
	return false
}

// SelfIdentity is the identity that this router shows to a peer: the profile's
// self-identity, else what crypto isakmp identity says. profile may be nil. own
// is the trustpoint whose certificate is used, nil when none is.
func (c *Config) SelfIdentity(profile *ISAKMPProfile, local netip.Addr, own *pki.Trustpoint) (wire.IDV1, error) {
	kind, name, bare := c.ISAKMP.Identity, "", c.Hostname
	if profile != nil && profile.SelfIdentity != IdentityDefault {
		kind, name, bare = profile.SelfIdentity, profile.SelfName, "" // see checkFQDN
	}
	// "During Phase I negotiations, the ID port and protocol fields MUST be set
	// to zero or to UDP port 500" (RFC 2407 section 4.6.2); IOS does the latter.
	id := wire.IDV1{Protocol: 17, Port: 500}
	switch kind {
	case IdentityFQDN:
		name = cmp.Or(name, c.FQDN())
		if name == "" && own != nil {
			name = own.FQDN
		}
		name = cmp.Or(name, bare)
		id.Type, id.Data = wire.IDFQDN, []byte(name)
	case IdentityUserFQDN:
		id.Type, id.Data = wire.IDUserFQDN, []byte(name)
	case IdentityDN:
		id.Type = wire.IDDERASN1DN
		if own != nil && own.Identity != nil {
			id.Data = own.Identity.Subject.DER()
		}
	default:
		id.Type, id.Data = wire.IDIPv4Addr, local.AsSlice()
		if local.Is6() && !local.Is4In6() {
			id.Type = wire.IDIPv6Addr
		}
	}
	if len(id.Data) == 0 {
		return wire.IDV1{}, fmt.Errorf("%s: %w", id.Type, ErrNoIdentity)
	}
	return id, nil
}

// SelfIdentity is the identity that the profile shows: what identity local says, else
// the address. own is the trustpoint whose certificate is used, nil when none is.
func (p *IKEv2Profile) SelfIdentity(local netip.Addr, own *pki.Trustpoint) (wire.IDV2, error) {
	id := wire.IDV2{Data: []byte(p.IdentityValue)}
	switch p.Identity {
	case IdentityFQDN:
		id.Type = wire.IDFQDN
	case IdentityUserFQDN:
		id.Type = wire.IDUserFQDN
	case IdentityKeyID:
		id.Type = wire.IDKeyID
	case IdentityDN:
		id.Type, id.Data = wire.IDDERASN1DN, nil
		if own != nil && own.Identity != nil {
			id.Data = own.Identity.Subject.DER()
		}
	default:
		if a, err := netip.ParseAddr(p.IdentityValue); err == nil {
			local = a
		}
		id.Type, id.Data = wire.IDIPv4Addr, local.Unmap().AsSlice()
		if len(id.Data) == 16 {
			id.Type = wire.IDIPv6Addr
		}
	}
	if len(id.Data) == 0 {
		return wire.IDV2{}, fmt.Errorf("%s: %w", id.Type, ErrNoIdentity)
	}
	return id, nil
}

package ikev2

import (
	"fmt"
	"net/netip"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// maxIdentity limits an ID payload's data, octets.
const maxIdentity = 4096

// ownIdentity is the identity that a profile shows: what identity local says, else
// the address. own is the trustpoint whose certificate is used, nil when none is.
func ownIdentity(profile *policy.IKEv2Profile, local netip.Addr, own *pki.Trustpoint) (wire.IDV2, error) {
	id := wire.IDV2{Data: []byte(profile.IdentityValue)}
	switch profile.Identity {
	case policy.IdentityFQDN:
		id.Type = wire.IDFQDN
	case policy.IdentityUserFQDN:
		id.Type = wire.IDUserFQDN
	case policy.IdentityKeyID:
		id.Type = wire.IDKeyID
	case policy.IdentityDN:
		id.Type, id.Data = wire.IDDERASN1DN, nil
		if own != nil && own.Identity != nil {
			id.Data = own.Identity.Subject.DER()
		}
	default:
		if a, err := netip.ParseAddr(profile.IdentityValue); err == nil {
			local = a
		}
		id.Type, id.Data = wire.IDIPv4Addr, local.Unmap().AsSlice()
		if len(id.Data) == 16 {
			id.Type = wire.IDIPv6Addr
		}
	}
	if len(id.Data) == 0 {
		return wire.IDV2{}, fmt.Errorf("%s: %w", id.Type, policy.ErrNoIdentity)
	}
	return id, nil
}

// readIdentity reads the body of IDi or IDr.
func readIdentity(p wire.Payload) (wire.IDV2, policy.PeerID, error) {
	id, err := wire.ParseBody(p, wire.ParseIDV2)
	if err != nil {
		return id, policy.PeerID{}, err
	}
	peer, err := peerID(id)
	return id, peer, err
}

// peerID is an identity as a value to decide from. IKEv2 has no subnets and ranges
// among them (RFC 7296 section 3.5).
func peerID(id wire.IDV2) (policy.PeerID, error) {
	if len(id.Data) > maxIdentity {
		return policy.PeerID{}, reject(wire.V2AuthenticationFailed, "identity of %d octets", len(id.Data))
	}
	if id.Type == wire.IDIPv4AddrSubnet || id.Type == wire.IDIPv6AddrSubnet {
		return policy.PeerID{}, reject(wire.V2AuthenticationFailed, "%s names no peer", id.Type)
	}
	peer, err := policy.ParsePeerID(wire.IDV1{Type: id.Type, Data: id.Data})
	if err != nil {
		return peer, reject(wire.V2AuthenticationFailed, "identity: %v", err)
	}
	return peer, nil
}

var identityNames = map[wire.IDType]string{
	wire.IDIPv4Addr: "IPv4 address", wire.IDIPv6Addr: "IPv6 address", wire.IDFQDN: "FQDN", wire.IDUserFQDN: "Email address",
	wire.IDDERASN1DN: "DER ASN1 DN", wire.IDKeyID: "key-id",
}

// IdentityName is the type of an identity as debug crypto ikev2 prints it:
// "Searching policy based on peer's identity '192.168.0.1' of type 'IPv4 address'".
func IdentityName(t wire.IDType) string {
	if s, ok := identityNames[t]; ok {
		return s
	}
	return t.String()
}

package ikev2

import (
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// maxIdentity limits an ID payload's data, octets.
const maxIdentity = 4096

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

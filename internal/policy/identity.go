package policy

import (
	"errors"
	"net/netip"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// PeerID is an ISAKMP identity, ours or the peer's, as a value to decide from.
type PeerID struct {
	Type   wire.IDType
	Addr   netip.Addr   // address identities
	Prefix netip.Prefix // subnet identities
	Name   string       // FQDN, user@fqdn, key id
	DN     pki.Name     // distinguished name identities
}

// ParsePeerID reads the payload of a phase 1 identity.
func ParsePeerID(id wire.IDV1) (PeerID, error) { return PeerID{}, errors.New("not yet") }

// String prints the identity as IOS does.
func (id PeerID) String() string { return id.Name }

// SelfIdentity is the identity payload that this router shows.
func (c *Config) SelfIdentity(profile *ISAKMPProfile, local netip.Addr, own *pki.Trustpoint) (wire.IDV1, error) {
	return wire.IDV1{}, errors.New("not yet")
}

package policy

import (
	"net/netip"
	"strings"

	"github.com/obol-ike/obol/wire"
)

// KeyChoice is the pre-shared key that a peer's address leads to.
type KeyChoice struct {
	Keyring *Keyring // nil: no key
	Key     *PreSharedKey
}

// InitiatorKey is the key to begin with: from the profile's keyring, without
// one from the keys of crypto isakmp key.
func (c *Config) InitiatorKey(profile *ISAKMPProfile, local, peer netip.Addr) KeyChoice {
	if profile != nil && profile.Keyring != nil {
		return c.longestMatch([]*Keyring{profile.Keyring}, local, peer)
	}
	for i, k := range c.Keyrings {
		if k.Name == defaultKeyring {
			return c.longestMatch(c.Keyrings[i:i+1], local, peer)
		}
	}
	return KeyChoice{}
}

// ResponderKey is the key to answer with in main mode. The peer's identity, and
// with it the profile, is not known yet: RFC 2409 section 5.4, "the key can only
// be identified based on the IP address of the peers". All keyrings are searched.
func (c *Config) ResponderKey(local, peer netip.Addr) KeyChoice {
	return c.longestMatch(c.Keyrings, local, peer)
}

// AggressiveKey is the key to answer aggressive mode with: the identity, and with
// it the profile, is known. A key of that very name goes before those of the
// address.
func (c *Config) AggressiveKey(profile *ISAKMPProfile, id PeerID, local, peer netip.Addr) KeyChoice {
	keyrings := c.Keyrings
	if profile != nil && profile.Keyring != nil {
		keyrings = []*Keyring{profile.Keyring}
	}
	for _, ring := range keyrings {
		for i := range ring.Keys {
			if host := ring.Keys[i].Host; host != "" && ring.serves(c.fvrf, local) && id.Type != wire.IDKeyID && strings.EqualFold(host, id.Name) {
				return KeyChoice{Keyring: ring, Key: &ring.Keys[i]}
			}
		}
	}
	return c.longestMatch(keyrings, local, peer)
}

// InKeyring says whether a key may serve a peer of this profile. A profile
// without a keyring takes any.
func (p *ISAKMPProfile) InKeyring(k KeyChoice) bool {
	return p == nil || p.Keyring == nil || p.Keyring == k.Keyring
}

// longestMatch takes the most specific prefix that holds the peer; of equal ones
// the first, which is crypto isakmp key's.
func (c *Config) longestMatch(keyrings []*Keyring, local, peer netip.Addr) KeyChoice {
	var best KeyChoice
	for _, ring := range keyrings {
		if !ring.serves(c.fvrf, local) {
			continue
		}
		for i := range ring.Keys {
			key := &ring.Keys[i]
			if key.Prefix.Contains(peer) && (best.Key == nil || key.Prefix.Bits() > best.Key.Prefix.Bits()) {
				best = KeyChoice{Keyring: ring, Key: key}
			}
		}
	}
	return best
}

// serves says whether a keyring is for peers of a VRF and a local address.
func (k *Keyring) serves(fvrf string, local netip.Addr) bool {
	return k.VRF == fvrf && (!k.LocalAddress.IsValid() || k.LocalAddress == local)
}

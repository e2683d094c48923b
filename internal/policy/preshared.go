package policy

import "net/netip"

// KeyChoice is the pre-shared key that a peer's address leads to.
type KeyChoice struct {
	Keyring *Keyring // nil: no key
	Key     *PreSharedKey
}

// InitiatorKey is the key to begin with: from the profile's keyring, without
// one from the keys of crypto isakmp key.
func (c *Config) InitiatorKey(profile *ISAKMPProfile, local, peer netip.Addr) KeyChoice {
	if profile != nil && profile.Keyring != nil {
		return longestMatch([]*Keyring{profile.Keyring}, local, peer)
	}
	for i, k := range c.Keyrings {
		if k.Name == defaultKeyring {
			return longestMatch(c.Keyrings[i:i+1], local, peer)
		}
	}
	return KeyChoice{}
}

// ResponderKey is the key to answer with in main mode. The peer's identity, and
// with it the profile, is not known yet: RFC 2409 section 5.4, "the key can only
// be identified based on the IP address of the peers". All keyrings are searched.
func (c *Config) ResponderKey(local, peer netip.Addr) KeyChoice {
	return longestMatch(c.Keyrings, local, peer)
}

// InKeyring says whether a key may serve a peer of this profile. A profile
// without a keyring takes any.
func (p *ISAKMPProfile) InKeyring(k KeyChoice) bool {
	return p == nil || p.Keyring == nil || p.Keyring == k.Keyring
}

// longestMatch takes the most specific prefix that holds the peer; of equal ones
// the first, which is crypto isakmp key's. A keyring of a VRF serves no peer of
// the global table.
func longestMatch(keyrings []*Keyring, local, peer netip.Addr) KeyChoice {
	var best KeyChoice
	for _, ring := range keyrings {
		if ring.VRF != "" || ring.LocalAddress.IsValid() && ring.LocalAddress != local {
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

package policy

import (
	"fmt"
	"net/netip"

	"github.com/obol-ike/obol/internal/suite"
)

// IKEv2KeyChoice holds the pre-shared keys between us and a peer.
type IKEv2KeyChoice struct {
	Local    suite.Key     // with which we authenticate, empty: none
	Remote   suite.Key     // with which the peer does, empty: none
	Keyring  *IKEv2Keyring // nil: there is no block for the peer
	Peer     *IKEv2Peer    // the block of Keyring that matched
	Reason   string
	AlsoRans []IKEv2PeerAlsoRan // the other blocks that match, in the order in which they lost
}

// IKEv2PeerAlsoRan is a peer block that matches and was not taken.
type IKEv2PeerAlsoRan struct {
	Peer *IKEv2Peer
	Why  string
}

// InitiatorKeys are the keys towards a peer that is not heard of yet: the block
// with its host name, then the longest prefix that holds its address.
func (p *IKEv2Profile) InitiatorKeys(peer netip.Addr) IKEv2KeyChoice {
	return p.keys(peer.String(), func(x *IKEv2Peer) (specificity, string) {
		if x.HostAddress.IsValid() && x.HostAddress == peer {
			return specificity{exact, 1}, "hostname " + x.Hostname
		}
		return x.holds(peer)
	})
}

// ResponderKeys are the keys towards a peer that has shown its identity: the
// block that says it best, then the longest prefix that holds its address.
func (c *Config) ResponderKeys(p *IKEv2Profile, id PeerID, peer netip.Addr) IKEv2KeyChoice {
	return p.keys(id.String(), func(x *IKEv2Peer) (specificity, string) {
		if s := c.matches(&x.Identity, id, nil); s != (specificity{}) {
			s.class += exact // above every address
			return s, "identity " + x.Identity.Identity()
		}
		return x.holds(peer)
	})
}

// holds ranks a block by the prefix of its address.
func (x *IKEv2Peer) holds(peer netip.Addr) (specificity, string) {
	if !x.Prefix.Contains(peer) {
		return specificity{}, ""
	}
	return specificity{part, x.Prefix.Bits()}, "address " + addressWords(x.Prefix)
}

// keys takes the block of the profile's keyring that ranks highest, of equal ones
// the first. A key that stands in the profile itself goes before the keyring's.
func (p *IKEv2Profile) keys(who string, rank func(*IKEv2Peer) (specificity, string)) IKEv2KeyChoice {
	k := IKEv2KeyChoice{Local: p.LocalKey, Remote: p.RemoteKey, Reason: "profile " + p.Name + " names no keyring"}
	if p.Keyring == nil {
		return k
	}
	k.Reason = fmt.Sprintf("keyring %s has no peer block for %s", p.Keyring.Name, who)
	var best specificity
	for _, x := range p.Keyring.Peers {
		switch s, why := rank(x); {
		case s == specificity{}:
		case best.less(s):
			if k.Peer != nil {
				k.lose(k.Peer, x, "says less of the peer than")
			}
			best, k.Keyring, k.Peer = s, p.Keyring, x
			k.Reason = fmt.Sprintf("Matched peer block '%s': %s", x.Name, why)
		case s == best:
			k.lose(x, k.Peer, "stands after")
		default:
			k.lose(x, k.Peer, "says less of the peer than")
		}
	}
	if k.Peer == nil {
		return k
	}
	if len(k.Local) == 0 {
		k.Local = k.Peer.Local
	}
	if len(k.Remote) == 0 {
		k.Remote = k.Peer.Remote
	}
	return k
}

func (k *IKEv2KeyChoice) lose(x, winner *IKEv2Peer, how string) {
	k.AlsoRans = append(k.AlsoRans, IKEv2PeerAlsoRan{x, "it " + how + " peer block " + winner.Name})
}

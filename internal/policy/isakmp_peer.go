package policy

import (
	"net/netip"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// ISAKMPPeer is crypto isakmp peer address with what begins aggressive mode: the
// name that we give to this peer, and the key that goes with it.
type ISAKMPPeer struct {
	Addr     netip.Addr
	Endpoint wire.IDV1 // set aggressive-mode client-endpoint
	Keyring  *Keyring  // of the one key, set aggressive-mode password
	Pos      ios.Pos
}

// AggressivePeer is the block of a peer with which aggressive mode begins, nil:
// there is none.
func (c *Config) AggressivePeer(peer netip.Addr) *ISAKMPPeer {
	for _, p := range c.Peers {
		if p.Addr == peer {
			return p
		}
	}
	return nil
}

// Key is its key.
func (p *ISAKMPPeer) Key() KeyChoice { return KeyChoice{Keyring: p.Keyring, Key: &p.Keyring.Keys[0]} }

type isakmpPeerPart struct {
	isakmpPeers blocks[netip.Addr, isakmpPeerDraft]
	isakmpPeer  *isakmpPeerDraft
}

type isakmpPeerDraft struct {
	at       ios.Place
	pos      ios.Pos
	endpoint wire.IDV1
	password suite.Key
}

var isakmpPeerCommands = []ios.Command[*builder]{
	{Syntax: "crypto isakmp peer address A.B.C.D", Do: isakmpPeer, Enter: isakmpPeerMode},
	{Syntax: "crypto isakmp peer {address {A.B.C.D vrf WORD | ipv6 X:X::X [vrf WORD]} | hostname WORD [vrf WORD]}", Do: noEffect, Enter: otherPeerMode},
}

const (
	endpointWords = "set aggressive-mode client-endpoint {fqdn name:WORD | ipv4-address A.B.C.D | ipv6-address X:X::X | user-fqdn name:WORD}"
	passwordWords = "set aggressive-mode password [type:{0 | 6 | 7}] key:SECRET"
)

var isakmpPeerMode = (&ios.Mode[*builder]{Name: "config-isakmp-peer", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "description LINE"},
	ios.Command[*builder]{Syntax: endpointWords, Do: clientEndpoint},
	ios.Command[*builder]{Syntax: passwordWords, Do: aggressivePassword},
)

// otherPeerMode is that of peers which no tunnel has: of a VRF, of IPv6, by name.
var otherPeerMode = (&ios.Mode[*builder]{Name: "config-isakmp-peer", Strict: true}).Add(
	idle("description LINE", endpointWords, passwordWords)...)

func isakmpPeer(b *builder, m *ios.Match) {
	addr := m.Addr("A.B.C.D")
	if m.Form != ios.Set {
		b.isakmpPeers.drop(addr)
		return
	}
	b.isakmpPeer = b.isakmpPeers.open(addr, func() *isakmpPeerDraft { return &isakmpPeerDraft{at: m.Place("A.B.C.D"), pos: m.Line.Pos} })
}

func clientEndpoint(b *builder, m *ios.Match) {
	d, id := b.isakmpPeer, wire.IDV1{Protocol: 17, Port: 500}
	d.endpoint = wire.IDV1{}
	name := m.Str("name")
	switch {
	case m.Form != ios.Set:
		return
	case m.Has("user-fqdn"):
		if !isUserName(name) {
			m.Fail("name", "want user@domain", "%q is no user-fqdn", name)
			return
		}
		id.Type, id.Data = wire.IDUserFQDN, []byte(name)
	case m.Has("fqdn"):
		if !isPlain(name) {
			m.Fail("name", "want a name such as R1.cisco.com", "%q is no name", name)
			return
		}
		id.Type, id.Data = wire.IDFQDN, []byte(name)
	case m.Has("ipv4-address"):
		id.Type, id.Data = wire.IDIPv4Addr, m.Addr("A.B.C.D").AsSlice()
	default:
		id.Type, id.Data = wire.IDIPv6Addr, m.Addr("X:X::X").AsSlice()
	}
	d.endpoint = id
}

func aggressivePassword(b *builder, m *ios.Match) {
	b.isakmpPeer.password = nil
	if m.Form == ios.Set {
		b.isakmpPeer.password, _ = readKey(m, "password 0 ...")
	}
}

// finishISAKMPPeers keeps the peers that have both. Cisco's guide to IKE: Initiate
// Aggressive Mode: "the Tunnel-Client-Endpoint (66) and Tunnel-Password (69)
// attributes must be configured in the ISAKMP peer policy"; with one alone we begin
// main mode.
func (b *builder) finishISAKMPPeers() {
	for addr, d := range b.isakmpPeers.all {
		name, secret := len(d.endpoint.Data) > 0, len(d.password) > 0
		switch {
		case name && secret:
			b.cfg.Peers = append(b.cfg.Peers, &ISAKMPPeer{Addr: addr, Endpoint: d.endpoint, Pos: d.pos, Keyring: &Keyring{
				Name: "of crypto isakmp peer " + addr.String(), Pos: d.pos,
				Keys: []PreSharedKey{{Prefix: netip.PrefixFrom(addr, addr.BitLen()), Key: d.password, Pos: d.pos}},
			}})
		case name || secret:
			b.warn(d.at, "aggressive mode begins with set aggressive-mode client-endpoint and set aggressive-mode password together: with one alone peer %s is as any other", addr)
		}
	}
}

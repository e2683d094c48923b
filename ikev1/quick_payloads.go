package ikev1

import (
	"bytes"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// quickPayloads is what QM1 and QM2 carry.
type quickPayloads struct {
	proposals []wire.ProposalV1
	nonce     []byte
	public    []byte    // nil: no KE
	ids       [2][]byte // bodies of IDci and IDcr; both nil: none sent
	notifies  []wire.NotifyV1
}

func (s *Session) parseQuick(c *opened) (x quickPayloads, err error) {
	body, err := one(c.payloads, wire.PayloadSA)
	if err != nil {
		return x, err
	}
	sa, err := wire.ParseSAV1(body)
	if err != nil {
		return x, err
	}
	x.proposals = sa.Proposals
	if x.nonce, err = nonceOf(c.payloads); err != nil {
		return x, err
	}
	if slices.ContainsFunc(c.payloads, func(p wire.Payload) bool { return p.Type == wire.PayloadKE }) {
		if x.public, err = one(c.payloads, wire.PayloadKE); err != nil {
			return x, err
		}
	}
	n := 0
	for _, p := range c.payloads {
		if p.Type != wire.PayloadID {
			continue
		}
		if n == len(x.ids) {
			return x, reject(wire.NotifyPayloadMalformed, "more than two ID payloads")
		}
		x.ids[n] = bytes.Clone(p.Body)
		n++
	}
	if n == 1 {
		return x, reject(wire.NotifyPayloadMalformed, "IDci without IDcr")
	}
	if err := s.checkNATOA(c.payloads); err != nil {
		return x, err
	}
	x.notifies, err = parseNotifies(c.payloads)
	return x, err
}

// reportQuickPayloads shows what is being processed after the SA.
func (s *Session) reportQuickPayloads(q *quickMode, x quickPayloads) {
	list := []wire.PayloadType{wire.PayloadNonce}
	if x.public != nil {
		list = append(list, wire.PayloadKE)
	}
	if x.ids[0] != nil {
		list = append(list, wire.PayloadID, wire.PayloadID)
	}
	s.reportRead(q, list...)
}

func (s *Session) reportRead(q *quickMode, list ...wire.PayloadType) {
	for _, t := range list {
		s.report(PayloadRead{SA: s.sa(), Payload: t, MessageID: q.id})
	}
}

// sharedSecret is g(qm)^xy, nil without PFS. Both ends must want it.
func sharedSecret(dh *suite.PrivateKey, peer []byte) ([]byte, error) {
	switch {
	case dh == nil && peer == nil:
		return nil, nil
	case dh == nil:
		return nil, refuse(wire.NotifyInvalidKeyInformation, "KE payload without PFS")
	case peer == nil:
		return nil, refuse(wire.NotifyInvalidKeyInformation, "PFS without a KE payload")
	}
	shared, err := dh.Shared(peer)
	if err != nil {
		return nil, refuse(wire.NotifyInvalidKeyInformation, "%v", err)
	}
	return shared, nil
}

// proxyIDs are the bodies of IDci and IDcr of a quick mode of ours.
func proxyIDs(sel ipsec.Selector) [2][]byte {
	return [2][]byte{
		proxyID(sel.Local, sel.Protocol, sel.LocalPort).Append(nil),
		proxyID(sel.Remote, sel.Protocol, sel.RemotePort).Append(nil),
	}
}

// proxyID is an address where one will do, else a subnet (RFC 2407 section
// 4.6.2.1). IOS sends the first for the ends of a GRE tunnel.
func proxyID(p netip.Prefix, protocol uint8, port uint16) wire.IDV1 {
	id := wire.IDV1{Protocol: protocol, Port: port, Data: p.Addr().AsSlice()}
	switch v4 := p.Addr().Is4(); {
	case v4 && p.IsSingleIP():
		id.Type = wire.IDIPv4Addr
	case v4:
		id.Type = wire.IDIPv4AddrSubnet
	case p.IsSingleIP():
		id.Type = wire.IDIPv6Addr
	default:
		id.Type = wire.IDIPv6AddrSubnet
	}
	if !p.IsSingleIP() {
		id.Data = append(id.Data, mask(p)...)
	}
	return id
}

// mask is a prefix length as octets.
func mask(p netip.Prefix) []byte {
	m := make([]byte, p.Addr().BitLen()/8)
	for i := range p.Bits() {
		m[i/8] |= 0x80 >> (i % 8)
	}
	return m
}

// selectorOf reads the proxies of the peer's quick mode: IDci is its side, IDcr
// ours. RFC 2409 section 5.5: without them "the identities of the SAs negotiated
// in Quick Mode are implicitly assumed to be the IP addresses of the ISAKMP
// peers, without any implied constraints on the protocol or port numbers".
func (s *Session) selectorOf(ids [2][]byte) (ipsec.Selector, error) {
	local, remote := s.local.Addr(), s.remote.Addr()
	if ids[0] == nil {
		return ipsec.Selector{Local: netip.PrefixFrom(local, local.BitLen()), Remote: netip.PrefixFrom(remote, remote.BitLen())}, nil
	}
	his, peer, err := proxyOf(ids[0])
	if err != nil {
		return ipsec.Selector{}, err
	}
	mine, own, err := proxyOf(ids[1])
	if err != nil {
		return ipsec.Selector{}, err
	}
	if peer.Protocol != own.Protocol {
		return ipsec.Selector{}, reject(wire.NotifyInvalidIDInformation, "proxies of protocols %d and %d", peer.Protocol, own.Protocol)
	}
	return ipsec.Selector{Local: mine, Remote: his, Protocol: own.Protocol, LocalPort: own.Port, RemotePort: peer.Port}, nil
}

// proxyOf reads one proxy identity: an address or a subnet.
func proxyOf(body []byte) (netip.Prefix, wire.IDV1, error) {
	id, err := wire.ParseIDV1(body)
	if err != nil {
		return netip.Prefix{}, id, err
	}
	switch id.Type {
	case wire.IDIPv4Addr, wire.IDIPv6Addr:
		a, _ := netip.AddrFromSlice(id.Data)
		return netip.PrefixFrom(a, a.BitLen()), id, nil
	case wire.IDIPv4AddrSubnet, wire.IDIPv6AddrSubnet:
		half := len(id.Data) / 2
		a, _ := netip.AddrFromSlice(id.Data[:half])
		for bits := range half*8 + 1 {
			p := netip.PrefixFrom(a, bits)
			if bytes.Equal(mask(p), id.Data[half:]) {
				return p.Masked(), id, nil
			}
		}
		return netip.Prefix{}, id, reject(wire.NotifyInvalidIDInformation, "proxy with a mask of holes")
	}
	return netip.Prefix{}, id, reject(wire.NotifyInvalidIDInformation, "proxy identity of type %s", id.Type)
}

package ikev1

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// throughNAT turns an offer into one of UDP encapsulation, RFC 3947 section 5.1:
// "if there is a NAT box between hosts, normal tunnel or transport encapsulations
// may not work". AH covers the addresses that the NAT changes, and is left out.
func (s *Session) throughNAT(offer []wire.ProposalV1) ([]wire.ProposalV1, error) {
	if !s.encapsulates() {
		return offer, nil
	}
	modes := map[uint64]uint16{uint64(wire.EncapsTunnel): s.nat.method.tunnel, uint64(wire.EncapsTransport): s.nat.method.transport}
	var out []wire.ProposalV1
	for _, p := range offer {
		if slices.ContainsFunc(offer, func(o wire.ProposalV1) bool { return o.Number == p.Number && o.Protocol == wire.ProtocolAH }) {
			continue
		}
		for _, t := range p.Transforms {
			for i, a := range t.Attributes {
				if a.Type == wire.IPsecAttrEncaps {
					t.Attributes[i].Value = uint64(modes[a.Value])
				}
			}
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, refuse(0, "AH does not pass a NAT, and no transform set is without it")
	}
	return out, nil
}

// transportUDP says whether proposals ask for transport mode in UDP.
func transportUDP(proposals []wire.ProposalV1) bool {
	return slices.ContainsFunc(proposals, func(p wire.ProposalV1) bool {
		return slices.ContainsFunc(p.Transforms, func(t wire.TransformV1) bool {
			a, _ := t.Attribute(wire.IPsecAttrEncaps)
			return a.Value == uint64(wire.EncapsUDPTransport) || a.Value == uint64(wire.EncapsUDPTransportDraft)
		})
	})
}

// asSeen is the selector of transport mode through a NAT. The packets go between
// the very ends of the IKE SA, which each end knows by other addresses: ours are
// those that we see.
func (s *Session) asSeen(sel ipsec.Selector, proposals []wire.ProposalV1) ipsec.Selector {
	if s.encapsulates() && transportUDP(proposals) && sel.Local.IsSingleIP() && sel.Remote.IsSingleIP() {
		local, remote := s.local.Addr(), s.remote.Addr()
		sel.Local, sel.Remote = netip.PrefixFrom(local, local.BitLen()), netip.PrefixFrom(remote, remote.BitLen())
	}
	return sel
}

// addNATOA adds the addresses of the initiator and of the responder as we see
// them. RFC 3947 section 5.2: "The initiator MUST send the payloads if it
// proposes any UDP-Encapsulated-Transport mode, and the responder MUST send the
// payload only if it selected UDP-Encapsulated-Transport mode."
func (s *Session) addNATOA(b *wire.Builder, initiator bool, proposals []wire.ProposalV1) {
	if !s.encapsulates() || !transportUDP(proposals) {
		return
	}
	ends := [2]netip.Addr{s.local.Addr(), s.remote.Addr()}
	if !initiator {
		ends[0], ends[1] = ends[1], ends[0]
	}
	for _, a := range ends {
		t := wire.IDIPv4Addr
		if a.Is6() {
			t = wire.IDIPv6Addr
		}
		b.Add(s.nat.method.natOA, wire.NATOA{Type: t, Addr: a})
	}
}

// checkNATOA wants NAT-OA payloads to be addresses, two at most. What they say
// is of no use here: TCP and UDP checksums are the kernel's, which does not look
// at those of transport mode through a NAT.
func (s *Session) checkNATOA(payloads []wire.Payload) error {
	if s.nat.method == nil {
		return nil
	}
	list, err := parseAll(payloads, s.nat.method.natOA, wire.ParseNATOA)
	if err == nil && len(list) > 2 {
		return reject(wire.NotifyPayloadMalformed, "%d NAT-OA payloads", len(list))
	}
	return err
}

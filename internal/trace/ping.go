package trace

import (
	"io"
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// Ping is an echo request from one end of a tunnel to the other, or the reply.
type Ping struct {
	Src, Dst netip.Addr // inside the tunnel
	Reply    bool
}

// pingData is what Linux's and IOS's pings carry, more or less: a pattern.
var pingData = []byte("obol lab: does it get through?  ")

const pingID = 0x6f62

// Through is the ping as it leaves the router: in a packet of the tunnel, in one of
// its SA. random gives the vector of CBC.
func (p Ping) Through(t *policy.Tunnel, sa ipsec.SA, random io.Reader) ([]byte, error) {
	inner, err := p.packet()
	if err != nil {
		return nil, err
	}
	next, payload := ipIn(p.Src), inner
	if !t.Mode.VTI() {
		if next, payload, err = inGRE(t, sa.Mode, p.Src, inner); err != nil {
			return nil, err
		}
	}
	e, err := esp.NewEncapsulator(sa)
	if err != nil {
		return nil, err
	}
	packet, err := e.Encapsulate(uint8(next), payload, random)
	if err != nil {
		return nil, err
	}
	return ESP(sa, packet)
}

// packet is the ping by itself.
func (p Ping) packet() ([]byte, error) {
	data := gopacket.Payload(pingData)
	if p.Src.Is4() {
		kind := uint8(layers.ICMPv4TypeEchoRequest)
		if p.Reply {
			kind = layers.ICMPv4TypeEchoReply
		}
		return ip(p.Src, p.Dst, layers.IPProtocolICMPv4, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, 0), Id: pingID, Seq: 1}, data)
	}
	kind := uint8(layers.ICMPv6TypeEchoRequest)
	if p.Reply {
		kind = layers.ICMPv6TypeEchoReply
	}
	return ip(p.Src, p.Dst, layers.IPProtocolICMPv6, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)},
		&layers.ICMPv6Echo{Identifier: pingID, SeqNumber: 1}, data)
}

// inGRE puts a packet into GRE (RFC 2784, the key: RFC 2890), and in tunnel mode
// that into a packet of the tunnel's ends.
func inGRE(t *policy.Tunnel, mode ipsec.Mode, src netip.Addr, inner []byte) (layers.IPProtocol, []byte, error) {
	header := &layers.GRE{Protocol: layers.EthernetTypeIPv4, KeyPresent: t.HasKey, Key: t.Key}
	if src.Is6() {
		header.Protocol = layers.EthernetTypeIPv6
	}
	if mode == ipsec.Tunnel {
		packet, err := ip(t.Source, t.Destination, layers.IPProtocolGRE, header, gopacket.Payload(inner))
		return ipIn(t.Source), packet, err
	}
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{}, header, gopacket.Payload(inner))
	return layers.IPProtocolGRE, b.Bytes(), err
}

// ipIn is the protocol number of a packet in a packet.
func ipIn(src netip.Addr) layers.IPProtocol {
	if src.Is4() {
		return layers.IPProtocolIPv4
	}
	return layers.IPProtocolIPv6
}

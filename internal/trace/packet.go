package trace

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// portNATT is that of IKE and ESP behind a NAT.
const portNATT = 4500

// nonESPMarker, RFC 3948 section 2.2: "4 zero-valued bytes that align with the SPI
// field of an ESP packet".
var nonESPMarker = make([]byte, 4)

// hops is the TTL of what IOS sends.
const hops = 255

// Datagram is the packet of IP that carries a message of IKE.
func Datagram(d ike.Datagram) ([]byte, error) {
	payload := d.Data
	if d.Local.Port() == portNATT && !d.NATKeepalive() {
		payload = append(nonESPMarker[:len(nonESPMarker):len(nonESPMarker)], payload...)
	}
	return udp(d.Local, d.Remote, payload)
}

// ESP is the packet of IP that carries one of an SA, in UDP where the SA says so.
func ESP(sa ipsec.SA, packet []byte) []byte {
	e := esp.Envelope{Src: sa.Src, Dst: sa.Dst, Encap: sa.Encap, TTL: hops}
	return e.Wrap(nil, packet, 0, false, 0)
}

func udp(src, dst netip.AddrPort, payload []byte) ([]byte, error) {
	header := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	return ip(src.Addr(), dst.Addr(), layers.IPProtocolUDP, header, gopacket.Payload(payload))
}

// summed is a layer whose checksum covers addresses of IP too.
type summed interface {
	SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
}

// ip puts the header of the addresses' family before what it is to carry, and fills
// in lengths and checksums.
func ip(src, dst netip.Addr, protocol layers.IPProtocol, content ...gopacket.SerializableLayer) ([]byte, error) {
	var header interface {
		gopacket.SerializableLayer
		gopacket.NetworkLayer
	}
	if src.Is4() {
		header = &layers.IPv4{Version: 4, TTL: hops, Protocol: protocol, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	} else {
		header = &layers.IPv6{Version: 6, HopLimit: hops, NextHeader: protocol, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	for _, l := range content {
		if s, ok := l.(summed); ok {
			if err := s.SetNetworkLayerForChecksum(header); err != nil {
				return nil, err
			}
		}
	}
	b := gopacket.NewSerializeBuffer()
	options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	err := gopacket.SerializeLayers(b, options, append([]gopacket.SerializableLayer{header}, content...)...)
	return b.Bytes(), err
}

package userspace

import (
	"encoding/binary"

	"github.com/obol-ike/obol/internal/esp"
)

// offloadLen is struct virtio_net_hdr of linux/virtio_net.h, which stands in front of
// every packet of a TUN device.
//
//	flags 1, kind 1, octets of the headers 2, of each segment 2, checksum: start 2, offset 2
const offloadLen = 10

const (
	needsChecksum = 1 // VIRTIO_NET_HDR_F_NEEDS_CSUM

	single   = 0 // VIRTIO_NET_HDR_GSO_NONE
	tcpV4    = 1 // VIRTIO_NET_HDR_GSO_TCPV4
	tcpV6    = 4 // VIRTIO_NET_HDR_GSO_TCPV6
	datagram = 5 // VIRTIO_NET_HDR_GSO_UDP_L4
)

// Protocols, and octets of headers without options.
const (
	protocolIPv4 = 4
	protocolTCP  = 6
	protocolUDP  = 17
	protocolIPv6 = 41
	headerIPv4   = 20
	headerIPv6   = 40
	headerUDP    = 8
	headerTCP    = 20
)

// Where the checksum stands in a header.
const (
	checksumUDP = 6
	checksumTCP = 16
)

// Flags of TCP.
const (
	fin = 0x01
	psh = 0x08
	ack = 0x10
	ece = 0x40
	cwr = 0x80
)

type offload struct {
	flags, kind             uint8
	headers, segment        int
	sumStart, checksumField int
}

func parseOffload(b []byte) offload {
	half := func(i int) int { return int(binary.NativeEndian.Uint16(b[i:])) }
	return offload{flags: b[0], kind: b[1], headers: half(2), segment: half(4), sumStart: half(6), checksumField: half(8)}
}

func (o offload) put(b []byte) {
	b[0], b[1] = o.flags, o.kind
	for i, v := range [...]int{o.headers, o.segment, o.sumStart, o.checksumField} {
		binary.NativeEndian.PutUint16(b[2+2*i:], uint16(v))
	}
}

// pseudo is the sum of the pseudo-header of TCP and UDP (RFC 9293 section 3.1, RFC
// 8200 section 8.1), for n octets of them in the packet.
func pseudo(packet []byte, protocol uint8, n int) uint64 {
	total := esp.Word(uint16(protocol)) + esp.Word(uint16(n))
	if packet[0]>>4 == 4 {
		return esp.Sum(total, packet[12:headerIPv4])
	}
	return esp.Sum(total, packet[8:headerIPv6])
}

// headerChecksum fills in that of an IPv4 header.
func headerChecksum(header []byte) {
	header[10], header[11] = 0, 0
	binary.BigEndian.PutUint16(header[10:], ^esp.Fold(esp.Sum(0, header)))
}

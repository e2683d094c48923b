package trace

import (
	"io"
	"net/netip"
	"time"

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
	if !t.Mode.VTI() {
		gre := esp.GRE{Src: t.Source, Dst: t.Destination, Key: t.Key, HasKey: t.HasKey, TTL: hops}
		if inner, err = gre.Encapsulate(nil, inner); err != nil {
			return nil, err
		}
	}
	o, err := esp.NewOutbound(sa, random, time.Time{})
	if err != nil {
		return nil, err
	}
	packet, err := o.Seal(nil, inner, time.Time{})
	if err != nil {
		return nil, err
	}
	return ESP(sa, packet), nil
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

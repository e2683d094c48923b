package userspace

import (
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
)

// pathAge is how long a path's MTU is gone by: then the next packet finds out whether
// it is so still, as RFC 1191 section 6.3 asks for.
const pathAge = time.Minute

// A path is what a tunnel knows of the way to its peer.
type path struct {
	mtu   int // octets; 0: whatever is sent has passed
	until time.Time
}

// sets says whether the header in front of ESP has DF, where the packet of IP has it.
func (o *outbound) sets(dont bool, gre *esp.GRE) bool {
	if o.id.Dst.Is6() {
		return false
	}
	if gre != nil {
		dont = dont && gre.PathMTU
	}
	if o.mode == ipsec.Transport { // it is GRE's own header
		return dont
	}
	return o.df == ipsec.DFSet || o.df == ipsec.DFCopy && dont
}

// learn asks the kernel, which has heard of the routers on the way, or has refused a
// packet itself.
func (p *path) learn(s *sender) {
	ends := s.of.ends.Load()
	s.plane.asking.Lock()
	mtu, err := s.plane.routes.PathMTU(ends.Local.Addr(), ends.Remote.Addr())
	s.plane.asking.Unlock()
	if err == nil {
		p.mtu, p.until = mtu, s.now.Add(pathAge)
	}
}

func (p *path) known(now time.Time) bool { return p.mtu > 0 && now.Before(p.until) }

// room is the largest packet of the tunnel that passes in one piece.
func (p *path) room(sa *outbound, gre *esp.GRE) int {
	n := p.mtu - headerIPv4
	if sa.ends.Load().Remote.Port() != 0 {
		n -= headerUDP
	}
	n = sa.esp.Room(n)
	if sa.mode == ipsec.Transport {
		n += headerIPv4
	}
	if gre != nil {
		n -= gre.Headroom()
	}
	return max(0, n)
}

// minIPv6 is what every path carries of IPv6, "1280 octets or greater" (RFC 8200
// section 5), if need be in fragments of ours.
const minIPv6 = 1280

// refuse tells the sender of a packet that it is larger than room. It is false for one
// that may be fragmented.
func (s *sender) refuse(b []byte, room int) bool {
	_, dont := esp.Inherited(b)
	v6 := b[0]>>4 == 6
	if !dont || v6 && len(b) <= minIPv6 {
		return false
	}
	if v6 {
		room = max(room, minIPv6)
	}
	s.of.esp.Refuse(esp.TooLong)
	answer, ok := esp.TooBig(s.answer[:0], b, room, destination(b))
	if s.answer = answer; ok && s.reply.add(answer, false) && s.reply.finish(s.writer) {
		s.writer.write(s.tunnel.device) // it fails where the device is gone, and all with it
	}
	return true
}

// destination is who answers: the kernel takes nothing that comes from an address of
// its own, and this one has its route into the tunnel.
func destination(b []byte) netip.Addr {
	switch {
	case b[0]>>4 == 4:
		return netip.AddrFrom4([4]byte(b[16:]))
	case len(b) >= headerIPv6:
		return netip.AddrFrom16([16]byte(b[24:]))
	}
	return netip.Addr{}
}

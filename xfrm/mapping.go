package xfrm

import (
	"encoding/binary"
	"net/netip"

	"github.com/vishvananda/netlink/nl"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Offsets in struct xfrm_user_mapping of linux/xfrm.h: the SA's id (destination,
// SPI, family, protocol) padded to 24 octets, its request id, the address that
// it had and the new one, then both ports in network order.
const (
	mappingReqID   = 24
	mappingNewAddr = mappingReqID + 4 + nl.SizeofXfrmAddress
	mappingNewPort = mappingNewAddr + nl.SizeofXfrmAddress + 2
	mappingLen     = mappingNewPort + 2
)

// decodeMapping reads that an SA with UDP encapsulation received a packet, whose
// authentication held, from somewhere else. The kernel tells of each packet until
// the SA is updated. It names the SA by neither source nor mark: see named.
func decodeMapping(b []byte) ipsec.Event {
	if len(b) < mappingLen || !ipsec.ReqID(binary.NativeEndian.Uint32(b[mappingReqID:])).Ours() {
		return nil
	}
	family := binary.NativeEndian.Uint16(b[20:])
	return ipsec.Mapped{
		SAID: ipsec.SAID{
			Dst: mappingAddress(b, family), SPI: binary.BigEndian.Uint32(b[16:]), Protocol: ipsec.Protocol(b[22]),
		},
		Remote: netip.AddrPortFrom(mappingAddress(b[mappingNewAddr:], family), binary.BigEndian.Uint16(b[mappingNewPort:])),
	}
}

func mappingAddress(b []byte, family uint16) netip.Addr {
	var a nl.XfrmAddress
	copy(a[:], b)
	return fromXfrm(a, family)
}

// named completes the name of an installed SA of which destination, SPI and
// protocol are known.
func (d *Dataplane) named(id ipsec.SAID) (ipsec.SAID, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for known := range d.installed {
		if known.Dst == id.Dst && known.SPI == id.SPI && known.Protocol == id.Protocol {
			return known, true
		}
	}
	return id, false
}

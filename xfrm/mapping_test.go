package xfrm

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/vishvananda/netlink/nl"

	"github.com/obol-ike/obol/internal/ipsec"
)

// mappingMessage is struct xfrm_user_mapping as the kernel sends it for an SA.
func mappingMessage(sa ipsec.SA, from netip.AddrPort) []byte {
	b := make([]byte, mappingLen)
	copy(b, sa.Dst.AsSlice())
	binary.BigEndian.PutUint32(b[16:], sa.SPI)
	binary.NativeEndian.PutUint16(b[20:], family(sa.Dst))
	b[22] = uint8(sa.Protocol)
	binary.NativeEndian.PutUint32(b[24:], uint32(sa.ReqID))
	copy(b[28:], sa.Src.AsSlice())
	copy(b[44:], from.Addr().AsSlice())
	binary.BigEndian.PutUint16(b[60:], 4500)
	binary.BigEndian.PutUint16(b[62:], from.Port())
	return b
}

// The kernel tells neither source nor mark of the SA: they are found.
func TestDecodeMapping(t *testing.T) {
	sa := exampleSA()
	from := netip.MustParseAddrPort("192.0.2.9:31000")
	message := mappingMessage(sa, from)
	got, ok := decode(nl.XFRM_MSG_MAPPING, message).(ipsec.Mapped)
	if !ok || got.Remote != from || got.SAID.Dst != sa.Dst || got.SAID.SPI != sa.SPI || got.SAID.Protocol != ipsec.ESP {
		t.Fatalf("%+v", got)
	}
	d := &Dataplane{installed: map[ipsec.SAID]*limits{sa.SAID: {}}}
	if id, known := d.named(got.SAID); !known || id != sa.SAID {
		t.Errorf("%+v, %v", id, known)
	}
	other := got.SAID
	other.SPI++
	if _, known := d.named(other); known {
		t.Error("an SA that is not installed is known")
	}
	w := &watcher{events: make(chan ipsec.Event, 2), closed: make(chan struct{})}
	w.report(d, got)
	w.report(d, ipsec.Mapped{SAID: other, Remote: from})
	if n := len(w.events); n != 1 {
		t.Errorf("%d events", n)
	}
	if e := (<-w.events).(ipsec.Mapped); e.SAID != sa.SAID || e.Remote != from {
		t.Errorf("%+v", e)
	}
	for i := range message {
		if e := decode(nl.XFRM_MSG_MAPPING, message[:i]); e != nil {
			t.Errorf("%d octets give %+v", i, e)
		}
	}
	foreign := sa
	foreign.ReqID = 7
	if e := decode(nl.XFRM_MSG_MAPPING, mappingMessage(foreign, from)); e != nil {
		t.Errorf("somebody else's SA gives %+v", e)
	}
}

package userspace

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

// A receiver opens what comes by one socket. Its memory is made once.
type receiver struct {
	plane   *Dataplane
	claimed []*tunnel // nobody else opens packets for these
	tunnel  *tunnel   // whose packets the frame has
	of      *inbound  // that brought the last of them
	frame   frame
	writer  *deviceWriter
	now     time.Time
}

func newReceiver(d *Dataplane) *receiver { return &receiver{plane: d, writer: newDeviceWriter()} }

// Claim waits until nobody opens packets for the tunnels of the SAs in the trains: what
// came before goes to the tunnel before, also by the SA before a rekeying. Whoever waits here holds others up only until packets are
// opened, which waits for nothing.
func (r *receiver) Claim(trains []netio.Train) {
	r.plane.claiming.Lock()
	defer r.plane.claiming.Unlock()
	for _, t := range trains {
		var last uint32
		for rest := t.Packets; len(rest) >= 4; rest = rest[min(t.Size, len(rest)):] {
			spi := binary.BigEndian.Uint32(rest)
			if spi == last {
				continue
			}
			last = spi
			sa := r.plane.table.find(spi)
			if sa == nil {
				continue
			}
			if to := sa.tunnel.Load(); to != nil && !slices.Contains(r.claimed, to) {
				to.turn.Lock()
				r.claimed = append(r.claimed, to)
			}
		}
	}
}

// Handle opens trains and gives what they carry to the tunnels.
func (r *receiver) Handle(trains []netio.Train) {
	r.now = time.Now()
	for _, t := range trains {
		var sa *inbound
		for rest := t.Packets; len(rest) > 0; rest = rest[min(t.Size, len(rest)):] {
			packet := rest[:min(t.Size, len(rest))]
			if len(packet) < 4 {
				r.plane.unknown.Add(1)
				continue
			}
			if spi := binary.BigEndian.Uint32(packet); sa == nil || sa.id.SPI != spi {
				r.tell(sa)
				sa = r.find(spi, t, packet)
			}
			if sa != nil {
				r.open(sa, t, packet)
			}
		}
		r.tell(sa)
	}
	r.flush()
	for i, to := range r.claimed {
		to.turn.Unlock()
		r.claimed[i] = nil
	}
	r.claimed = r.claimed[:0]
}

// find gives the SA of a packet.
func (r *receiver) find(spi uint32, t netio.Train, packet []byte) *inbound {
	sa := r.plane.table.find(spi)
	if sa == nil {
		t.Packets, t.Size = packet, len(packet)
		sa = r.plane.keep(spi, t)
	}
	if sa == nil || !sa.takes(t) {
		r.plane.unknown.Add(1)
		return nil
	}
	return sa
}

// takes says whether a train may be the SA's: as to the kernel, another destination or
// encapsulation is another SA.
func (sa *inbound) takes(t netio.Train) bool {
	return t.Local.Addr() == sa.id.Dst && (sa.remote.Load().Port() != 0) == (t.Remote.Port() != 0)
}

func (r *receiver) tell(sa *inbound) {
	if sa != nil {
		r.plane.tell(sa.id, sa.esp)
	}
}

// open opens a packet of ESP and gives what it carries to its tunnel, or drops it.
func (r *receiver) open(sa *inbound, t netio.Train, packet []byte) {
	next, payload, err := sa.esp.Open(packet, esp.Outer{Src: sa.id.Src, Dst: sa.id.Dst, TOS: t.TOS}, r.now)
	if err != nil {
		return
	}
	if *sa.remote.Load() != t.Remote {
		r.mapped(sa, t.Remote)
	}
	to := sa.tunnel.Load()
	var gre *esp.GRE
	if to != nil {
		gre = to.gre.Load()
	}
	switch {
	case to == nil:
		err = esp.NoTunnel
	case gre != nil:
		payload, err = gre.Decapsulate(next, payload, t.TOS)
	case next != protocolIPv4 && next != protocolIPv6: // of transport mode
		err = esp.NoTunnel
	}
	if err != nil {
		sa.esp.Refuse(err)
		return
	}
	if to != r.tunnel || !r.frame.add(payload, to.device.datagram) {
		r.flush()
		r.tunnel = to
		r.frame.add(payload, to.device.datagram)
	}
	r.of = sa
}

// mapped reports, once until the SA is updated, that a packet whose authentication
// held came from somewhere else. SAs without encapsulation are in no NAT.
func (r *receiver) mapped(sa *inbound, from netip.AddrPort) {
	if from.Port() == 0 {
		return
	}
	if told := sa.told.Load(); told == nil || *told != from {
		sa.told.Store(&from)
		r.plane.events.put(ipsec.Mapped{SAID: sa.id, Remote: from})
	}
}

// flush writes the frame.
func (r *receiver) flush() {
	if !r.frame.finish(r.writer) {
		return
	}
	if r.writer.write(r.tunnel.device) != nil {
		r.of.esp.Refuse(esp.NoTunnel)
	}
	r.tunnel, r.of = nil, nil
}

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
	runs    []run
	claimed []*tunnel // nobody else opens packets for these
	tunnel  *tunnel   // whose packets the frame has
	of      *inbound  // that brought the last of them
	frame   frame
	writer  *deviceWriter
	now     time.Time
}

// A run is packets of one SA, one behind the other in a train.
type run struct {
	train   *netio.Train
	sa      *inbound
	to      *tunnel // nil: none takes them
	packets []byte
}

func newReceiver(d *Dataplane) *receiver { return &receiver{plane: d, writer: newDeviceWriter()} }

// Claim finds the SAs of what is in the trains, and waits until nobody opens packets for
// their tunnels: what came before goes to the tunnel before, also by the SA before a
// rekeying. Whoever waits here holds others up only until packets are opened, which waits
// for nothing.
func (r *receiver) Claim(trains []netio.Train) {
	d := r.plane
	d.claiming.Lock()
	defer d.claiming.Unlock()
	for i := range trains {
		t := &trains[i]
		var sa *inbound
		for rest := t.Packets; len(rest) > 0; {
			packet := rest[:min(t.Size, len(rest))]
			rest = rest[len(packet):]
			if len(packet) < 4 {
				d.unknown.Add(1)
				sa = nil
				continue
			}
			spi := binary.BigEndian.Uint32(packet)
			if sa != nil && sa.id.SPI == spi {
				last := &r.runs[len(r.runs)-1]
				last.packets = last.packets[:len(last.packets)+len(packet)]
				continue
			}
			if sa = d.of(spi, t, packet); sa != nil {
				r.claim(run{t, sa, sa.tunnel.Load(), packet})
			}
		}
	}
}

func (r *receiver) claim(one run) {
	if one.to != nil && !slices.Contains(r.claimed, one.to) {
		one.to.turn.Lock()
		r.claimed = append(r.claimed, one.to)
	}
	r.runs = append(r.runs, one)
}

// of gives the SA of a packet. One whose SA is expected is kept.
func (d *Dataplane) of(spi uint32, t *netio.Train, packet []byte) *inbound {
	sa := d.table.find(spi)
	if sa != nil && sa.takes(t) {
		return sa
	}
	d.unknown.Add(1)
	if sa != nil || !d.keep(spi, t, packet) {
		d.stray(spi, t)
	}
	return nil
}

// strayTold is how often a packet of no SA is told of: anybody sends them.
const strayTold = time.Minute

func (d *Dataplane) stray(spi uint32, t *netio.Train) {
	if now := time.Now(); now.Sub(d.told) >= strayTold {
		d.told = now
		d.events.put(ipsec.InvalidSPI{SAID: ipsec.SAID{Src: t.Remote.Addr(), Dst: t.Local.Addr(), SPI: spi, Protocol: ipsec.ESP}})
	}
}

// Handle opens what Claim has found and gives what that carries to the tunnels.
func (r *receiver) Handle([]netio.Train) {
	r.now = time.Now()
	for i := range r.runs {
		one := &r.runs[i]
		for rest := one.packets; len(rest) > 0; {
			packet := rest[:min(one.train.Size, len(rest))]
			rest = rest[len(packet):]
			r.open(one, packet)
		}
		r.plane.tell(one.sa.id, one.sa.esp)
	}
	r.flush()
	clear(r.runs)
	r.runs = r.runs[:0]
	for i, to := range r.claimed {
		to.turn.Unlock()
		r.claimed[i] = nil
	}
	r.claimed = r.claimed[:0]
}

// takes says whether a train may be the SA's: as to the kernel, another destination or
// encapsulation is another SA.
func (sa *inbound) takes(t *netio.Train) bool {
	return t.Local.Addr() == sa.id.Dst && (sa.remote.Load().Port() != 0) == (t.Remote.Port() != 0)
}

// open opens a packet of ESP and gives what it carries to its tunnel, or drops it.
func (r *receiver) open(one *run, packet []byte) {
	sa, t, to := one.sa, one.train, one.to
	next, payload, err := sa.esp.Open(packet, esp.Outer{Src: sa.id.Src, Dst: sa.id.Dst, TOS: t.TOS}, r.now)
	if err != nil {
		return
	}
	if *sa.remote.Load() != t.Remote {
		r.mapped(sa, t.Remote)
	}
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
	if mss := to.mss.Load(); mss != nil {
		adjustMSS(payload, *mss)
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
	packets := r.frame.packets()
	if !r.frame.finish(r.writer) {
		return
	}
	if r.writer.write(r.tunnel.device) != nil {
		for range packets {
			r.of.esp.Refuse(esp.Refused)
		}
	}
	r.tunnel, r.of = nil, nil
}

package userspace

import (
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

const (
	maxPacket   = 1<<16 - 1 // octets of IP
	maxOverhead = 160       // of GRE and ESP, at most
	sealed      = 256 << 10 // octets that wait to be sent
	enough      = 128 << 10 // of them, not to look for more
	reads       = 256       // of the device, likewise
)

// A sender is the worker of a tunnel. Its memory is made once.
type sender struct {
	plane  *Dataplane
	tunnel *tunnel
	device *deviceReader
	wire   *netio.Sender
	out    []byte         // sealed packets, one behind the other
	trains []netio.Train  // of them
	of     *outbound      // the SA of the last one
	own    ipsec.Selector // what that one's packets look like
	path   path           // to its peer
	answer []byte         // to a packet that is too long for it
	reply  frame          // has that
	writer *deviceWriter
	full   bool // it takes no more
	now    time.Time
}

func newSender(d *Dataplane, t *tunnel) *sender {
	return &sender{
		plane: d, tunnel: t, device: newDeviceReader(t.device, make([]byte, offloadLen+maxPacket)), wire: d.wire.Sender(),
		out: make([]byte, 0, sealed), writer: newDeviceWriter(), trains: make([]netio.Train, 0, netio.MaxTrain),
	}
}

// run ends with the device.
func (s *sender) run() {
	defer s.plane.lost(s.tunnel)
	defer close(s.tunnel.done)
	segment := s.packet // made once
	for {
		for n := 0; n < reads && len(s.out) < enough; n++ {
			b, err := s.device.read(n == 0)
			if err != nil {
				return
			}
			if b == nil {
				break
			}
			s.now = time.Now()
			cut(b, segment)
		}
		s.flush()
	}
}

// flush sends what is sealed.
func (s *sender) flush() {
	if len(s.trains) > 0 {
		if s.wire.Send(s.trains) {
			s.path.learn(s)
		}
	}
	if s.of != nil {
		s.plane.tell(s.of.id, s.of.esp)
		s.of = nil
	}
	s.out, s.trains, s.full = s.out[:0], s.trains[:0], false
}

// packet seals one packet of IP that the tunnel is to send, or drops it.
func (s *sender) packet(b []byte) {
	w := s.tunnel.way.Load()
	if w == nil || len(w.sas) == 0 {
		s.tunnel.unsent.Add(1)
		if w != nil && !w.asked.Swap(true) {
			s.plane.events.put(ipsec.Acquire{ReqID: w.policy.ReqID, Selector: w.policy.Selector})
		}
		return
	}
	if mss := s.tunnel.mss.Load(); mss != nil {
		adjustMSS(b, *mss)
	}
	sa := w.sas[0]
	if need := len(b) + maxOverhead; cap(s.out)-len(s.out) < need || sa != s.of {
		s.flush()
		s.of, s.own = sa, traffic(sa.ends.Load())
	}
	if esp.Within(b, &s.own, ipsec.Out) {
		sa.esp.Refuse(esp.Looped)
		return
	}
	hops, within := limit(b)
	if within && hops == 0 {
		sa.esp.Refuse(esp.Looped)
		return
	}
	tos, dont := esp.Inherited(b)
	gre := s.tunnel.gre.Load()
	if dont = sa.sets(dont, gre); dont && s.path.known(s.now) {
		if room := s.path.room(sa, gre); len(b) > room {
			if s.refuse(b, room) {
				return
			}
			dont = false
		}
	}
	start := len(s.out)
	if gre != nil {
		// Where it will lie sealed in tunnel mode.
		body := start + sa.esp.Headroom()
		whole, err := gre.Encapsulate(s.out[:body], b)
		if err != nil {
			sa.esp.Refuse(err)
			return
		}
		b = whole[body:]
	}
	out, err := sa.esp.Seal(s.out, b, s.now)
	if err != nil {
		return
	}
	s.out = out
	t := *sa.ends.Load()
	t.TOS, t.DF = tos, dont
	switch {
	case within:
		t.Hops = hops
	case gre != nil && sa.mode == ipsec.Transport: // it is GRE's own header
		t.Hops = gre.TTL
	}
	s.append(t, start)
}

// append makes what was sealed since start the end of the last train, or a train of
// its own.
func (s *sender) append(t netio.Train, start int) {
	n := len(s.out) - start
	if last := len(s.trains) - 1; last >= 0 && !s.full {
		l := &s.trains[last]
		if l.TOS == t.TOS && l.DF == t.DF && l.Hops == t.Hops && l.Remote == t.Remote && l.Local == t.Local && n <= l.Size && len(l.Packets) < netio.MaxTrain*l.Size && len(l.Packets)+n <= netio.MaxTrainOctets {
			l.Packets = s.out[start-len(l.Packets):]
			s.full = n < l.Size
			return
		}
	}
	t.Packets, t.Size = s.out[start:], n
	s.trains = append(s.trains, t)
	s.full = false
}

package netio

import (
	"errors"
	"net/netip"

	"golang.org/x/sys/unix"
)

// A Sender sends ESP. It is for one goroutine; there may be many of them.
type Sender struct {
	esp  *ESP
	outs []out   // of each line
	one  *Sender // of the packets of trains that are refused whole
}

// An out is what waits for the next system call on a line.
type out struct {
	messages *messages
	trains   []Train // what each message is of
}

// Sender makes one.
func (e *ESP) Sender() *Sender { return &Sender{esp: e, outs: make([]out, len(e.lines))} }

// Send writes trains, each from its Local address, in their order; what the system
// refuses is counted and lost, as on the wire. It waits while a queue is full.
func (s *Sender) Send(trains []Train) {
	for _, t := range trains {
		i := s.line(t.Local, t.Remote)
		if i < 0 {
			s.esp.of.counters.sendErrors.Add(1)
			continue
		}
		s.put(i, t, s.esp.lines[i].segments.Load())
	}
	for i := range s.outs {
		s.flush(i)
	}
}

// line is the number of the one between two addresses, -1 when there is none.
func (s *Sender) line(local, remote netip.AddrPort) int {
	for i, l := range s.esp.lines {
		if l.v6 == remote.Addr().Is6() && l.udp == (remote.Port() != 0) && local.Addr().Is6() == l.v6 {
			return i
		}
	}
	return -1
}

// put appends a train, whole or packet by packet.
func (s *Sender) put(i int, t Train, whole bool) {
	if whole || len(t.Packets) <= t.Size {
		s.message(i, t)
		return
	}
	for rest := t.Packets; len(rest) > 0; rest = rest[len(t.Packets):] {
		t.Packets = rest[:min(t.Size, len(rest))]
		s.message(i, t)
	}
}

func (s *Sender) message(i int, t Train) {
	o := &s.outs[i]
	if o.messages == nil {
		o.messages = newMessages(espMessages, s.esp.lines[i].v6, unix.SYS_SENDMMSG)
	}
	if len(o.trains) == espMessages {
		s.flush(i)
	}
	c := control{local: t.Local.Addr(), tos: t.TOS}
	if len(t.Packets) > t.Size {
		c.segment = t.Size
	}
	o.messages.put(len(o.trains), t.Packets, t.Remote, c)
	o.trains = append(o.trains, t)
}

// flush sends what waits. A train that the system will not cut, as a packet of it
// is larger than the path's MTU or there is no checksum to offload, goes packet by
// packet.
func (s *Sender) flush(i int) {
	o := &s.outs[i]
	l := s.esp.lines[i]
	n := len(o.trains)
	for first := 0; first < n; {
		sent, err := o.messages.send(l.conn, first, n)
		if err == nil {
			break
		}
		first = sent + 1
		t := o.trains[sent]
		if len(t.Packets) <= t.Size {
			s.esp.of.counters.sendErrors.Add(1)
			continue
		}
		if errors.Is(err, unix.EIO) {
			l.segments.Store(false)
		}
		if s.one == nil {
			s.one = s.esp.Sender()
		}
		s.one.put(i, t, false)
		s.one.flush(i)
	}
	clear(o.trains)
	o.trains = o.trains[:0]
}

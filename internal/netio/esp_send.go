package netio

import (
	"errors"

	"golang.org/x/sys/unix"
)

// A Sender sends ESP. It is for one goroutine; there may be many of them.
type Sender struct {
	esp  *ESP
	outs []out   // of each line
	one  *Sender // of the packets of trains that are refused whole
	long bool    // a packet with DF was larger than the path's MTU
}

// An out is what waits for the next system call on a line.
type out struct {
	messages *messages
	trains   []Train // what each message is of
}

// Sender makes one.
func (e *ESP) Sender() *Sender { return &Sender{esp: e, outs: make([]out, len(e.lines))} }

// Send writes trains, each from its Local address, in their order; what the system
// refuses is counted and lost, as on the wire; tooLong says that some of it had DF and
// was larger than the path's MTU. It waits while a queue is full.
func (s *Sender) Send(trains []Train) (tooLong bool) {
	s.long = false
	last := -1
	for _, t := range trains {
		i := s.line(t)
		if i < 0 {
			s.esp.of.counters.sendErrors.Add(1)
			continue
		}
		if last >= 0 && i != last {
			s.flush(last)
		}
		last = i
		s.put(i, t, s.esp.lines[i].segments.Load())
	}
	if last >= 0 {
		s.flush(last)
	}
	return s.long
}

// line is the number of the one that a train goes by, -1 when there is none.
func (s *Sender) line(t Train) int {
	v6 := t.Remote.Addr().Is6()
	for i, l := range s.esp.lines {
		if l.v6 == v6 && l.udp == (t.Remote.Port() != 0) && t.Local.Addr().Is6() == v6 && l.df == (t.DF && !v6) {
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
	c := control{local: t.Local.Addr(), tos: t.TOS, hops: t.Hops}
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
			s.long = s.long || t.DF && errors.Is(err, unix.EMSGSIZE)
			continue
		}
		if errors.Is(err, unix.EIO) {
			l.segments.Store(false)
		}
		if s.one == nil {
			s.one = s.esp.Sender()
		}
		s.one.long = false
		s.one.put(i, t, false)
		s.one.flush(i)
		s.long = s.long || s.one.long
	}
	clear(o.trains)
	o.trains = o.trains[:0]
}

package trace

import (
	"fmt"
	"net/netip"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// Message is what a reader of a capture says of a datagram of IKE.
type Message struct {
	Name     string   // MM1 ... MM6, AM1 ... AM3, QM1 ... QM3, INFO; IKE_AUTH request; fragment
	Length   int      // octets of the message
	Payloads []string // in their order, those of the same name as often as they come
	Sealed   bool     // encrypted; Payloads are nil where the keys are not known
	Again    int      // how often the same octets went before
}

// A Reader names the messages of a capture, and opens them with the keys. It wants
// them in the order in which they were sent.
type Reader struct {
	keys     map[wire.SPI][]ike.Keys // by the initiator's SPI
	sessions map[wire.SPI]*session   // likewise
	seen     map[string]Message
}

// session is what is known of an IKE SA of version 1.
type session struct {
	starter netip.Addr
	public  [2][]byte         // values of Diffie and Hellman, the initiator's first
	vector  []byte            // of the next message of phase 1
	vectors map[uint32][]byte // of the next message of an exchange of phase 2
	quick   map[uint32]int    // messages of a quick mode so far
	parts   map[uint16][]byte // of a message in fragments, without its end
}

// NewReader makes a reader that has the keys of a world.
func NewReader(keys []ike.Keys) *Reader {
	r := &Reader{keys: map[wire.SPI][]ike.Keys{}, sessions: map[wire.SPI]*session{}, seen: map[string]Message{}}
	for _, k := range keys {
		r.keys[k.SPIi] = append(r.keys[k.SPIi], k)
	}
	return r
}

// Read reads the next datagram.
func (r *Reader) Read(d ike.Datagram) Message {
	if m, ok := r.seen[string(d.Data)]; ok {
		m.Again++
		r.seen[string(d.Data)] = m
		return m
	}
	m := r.read(d)
	m.Length = len(d.Data)
	r.seen[string(d.Data)] = m
	return m
}

func (r *Reader) read(d ike.Datagram) Message {
	if d.NATKeepalive() {
		return Message{Name: "NAT keepalive"}
	}
	m, err := wire.Parse(d.Data)
	switch {
	case err != nil:
		return Message{Name: "unreadable"}
	case m.Version.Major() == 2:
		return r.readV2(m, d.Data)
	}
	s := r.sessions[m.InitiatorSPI]
	if s == nil {
		s = &session{starter: d.Local.Addr(), vectors: map[uint32][]byte{}, quick: map[uint32]int{}, parts: map[uint16][]byte{}}
		r.sessions[m.InitiatorSPI] = s
	}
	if p, ok := m.First(wire.PayloadFragment); ok {
		return r.readFragment(s, d, p)
	}
	fromStarter := s.starter == d.Local.Addr()
	if p, ok := m.First(wire.PayloadKE); ok && !m.Encrypted() {
		s.public[which(fromStarter)] = p.Body
	}
	read := Message{Name: s.name(m, fromStarter), Sealed: m.Encrypted()}
	payloads := m.Payloads
	if read.Sealed {
		payloads = r.openV1(s, m)
	}
	read.Payloads = names(payloads)
	return read
}

// readFragment reads the whole message when its last fragment is here.
func (r *Reader) readFragment(s *session, d ike.Datagram, p wire.Payload) Message {
	f, err := wire.ParseFragment(p.Body)
	if err != nil {
		return Message{Name: "unreadable"}
	}
	s.parts[f.ID] = append(s.parts[f.ID], f.Data...)
	if !f.Last {
		return Message{Name: "fragment", Payloads: []string{p.Type.String()}}
	}
	d.Data = s.parts[f.ID]
	delete(s.parts, f.ID)
	return r.read(d)
}

// name is the place of a message in its exchange.
func (s *session) name(m *wire.Message, fromStarter bool) string {
	switch m.Exchange {
	case wire.ExchangeInformational:
		return "INFO"
	case wire.ExchangeQuickMode:
		s.quick[m.MessageID]++
		return fmt.Sprintf("QM%d", s.quick[m.MessageID])
	case wire.ExchangeAggressive:
		switch {
		case !fromStarter:
			return "AM2"
		case m.ResponderSPI.IsZero():
			return "AM1"
		}
		return "AM3"
	case wire.ExchangeMainMode:
		step := 3
		switch {
		case m.Encrypted():
			step = 5
		case m.NextPayload == wire.PayloadSA:
			step = 1
		}
		return fmt.Sprintf("MM%d", step+which(fromStarter))
	}
	return m.Exchange.String()
}

// which is 0 for the initiator and 1 for the responder.
func which(initiator bool) int {
	if initiator {
		return 0
	}
	return 1
}

func (r *Reader) readV2(m *wire.Message, data []byte) Message {
	read := Message{Name: m.Exchange.String() + " request"}
	if m.Flags&wire.FlagResponse != 0 {
		read.Name = m.Exchange.String() + " response"
	}
	payloads := m.Payloads
	if len(payloads) > 0 {
		switch last := payloads[len(payloads)-1]; last.Type {
		case wire.PayloadSK:
			read.Sealed = true
			payloads = r.openV2(m, last, data)
		case wire.PayloadSKF:
			read.Sealed = true
		}
	}
	read.Payloads = names(payloads)
	return read
}

// names of payloads; of a notification that of its type stands with it.
func names(payloads []wire.Payload) []string {
	var list []string
	for _, p := range payloads {
		name := p.Type.String()
		switch p.Type {
		case wire.PayloadNotify:
			if n, err := wire.ParseNotifyV1(p.Body); err == nil {
				name = fmt.Sprintf("%s(%s)", name, n.Type)
			}
		case wire.PayloadNotifyV2:
			if n, err := wire.ParseNotifyV2(p.Body); err == nil {
				name = fmt.Sprintf("%s(%s)", name, n.Type)
			}
		case wire.PayloadSKF:
			if f, err := wire.ParseSKF(p.Body); err == nil {
				name = fmt.Sprintf("%s(%d of %d)", name, f.Number, f.Total)
			}
		}
		list = append(list, name)
	}
	return list
}

package routers

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/obol-ike/obol/wire"
)

// Ladder draws an exchange as it happens, one arrow a message:
//
//	R1 ── MM1  164 ──▶ R2   SA VID×4
type Ladder struct {
	Left, Right netip.Addr
	starter     map[wire.SPI]netip.Addr // initiator's cookie -> who sent MM1
	quick       map[quickKey]int        // messages seen of a quick mode
	sent        map[string]int          // transmissions of the same octets
}

type quickKey struct {
	cookie wire.SPI
	id     uint32
}

// Step is what the ladder knows of one message.
type Step struct {
	Name   string // MM1 ... MM6, QM1 ... QM3, INFO
	Length int    // octets of the ISAKMP message
	Again  int    // how often these very octets were sent before
}

// NewLadder for messages between two addresses.
func NewLadder(left, right string) *Ladder {
	return &Ladder{Left: netip.MustParseAddr(left), Right: netip.MustParseAddr(right),
		starter: map[wire.SPI]netip.Addr{}, quick: map[quickKey]int{}, sent: map[string]int{}}
}

// Step names a message by what stands in it and who sent it.
func (l *Ladder) Step(p Packet) (Step, *wire.Message, error) {
	m, err := wire.Parse(p.Payload)
	if err != nil {
		return Step{}, nil, err
	}
	s := Step{Length: int(m.Length), Again: l.sent[string(p.Payload)]}
	l.sent[string(p.Payload)]++
	fromStarter := l.starter[m.InitiatorSPI] == p.Src
	switch {
	case m.Exchange == wire.ExchangeInformational:
		s.Name = "INFO"
	case m.Exchange == wire.ExchangeQuickMode:
		k := quickKey{m.InitiatorSPI, m.MessageID}
		if s.Again == 0 {
			l.quick[k]++
		}
		s.Name = fmt.Sprintf("QM%d", l.quick[k])
	case m.NextPayload == wire.PayloadSA && m.ResponderSPI.IsZero():
		l.starter[m.InitiatorSPI] = p.Src
		s.Name = "MM1"
	case m.NextPayload == wire.PayloadSA:
		s.Name = "MM2"
	case m.Flags&wire.FlagEncryption == 0:
		s.Name = pick(fromStarter, "MM3", "MM4")
	default:
		s.Name = pick(fromStarter, "MM5", "MM6")
	}
	return s, m, nil
}

// Arrow is the message as one line of text.
func (l *Ladder) Arrow(p Packet) string {
	s, m, err := l.Step(p)
	if err != nil {
		return fmt.Sprintf("?? %d octets from %s: %v", len(p.Payload), p.Src, err)
	}
	label := fmt.Sprintf("%-4s %4d", s.Name, s.Length)
	arrow := "│── " + label + " ─────────▶│"
	if p.Src == l.Right {
		arrow = "│◀───────── " + label + " ──│"
	}
	if s.Again > 0 {
		return fmt.Sprintf("%s  sent again (%d)", arrow, s.Again)
	}
	return arrow + "  " + payloads(m)
}

// payloads lists the types in order, repetitions counted: KE NONCE CERTREQ×7.
func payloads(m *wire.Message) string {
	if m.Flags&wire.FlagEncryption != 0 {
		return "encrypted"
	}
	var names []string
	for i := 0; i < len(m.Payloads); {
		n := 1
		for i+n < len(m.Payloads) && m.Payloads[i+n].Type == m.Payloads[i].Type {
			n++
		}
		name := m.Payloads[i].Type.String()
		if n > 1 {
			name += fmt.Sprintf("×%d", n)
		}
		names = append(names, name)
		i += n
	}
	return strings.Join(names, " ")
}

func pick(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}

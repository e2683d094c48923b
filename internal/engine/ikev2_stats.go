package engine

import (
	"maps"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// IKEv2Stats are the counts of show crypto ikev2 stats, since clear crypto ikev2
// stats.
type IKEv2Stats struct {
	Incoming   uint64 // IKE SAs begun by a peer
	Outgoing   uint64 // IKE SAs begun by us
	Rejected   uint64 // first messages above a limit
	Challenged uint64 // first messages answered by a COOKIE
	Admitted   uint64 // of those, first messages that came again with it
	Dropped    uint64 // messages of no session

	Exchanges                    map[wire.ExchangeType]Exchanged
	Notifies                     map[wire.NotifyTypeV2]Exchanged
	Probes                       Exchanged // that ask whether the other end lives, and the answers
	Config                       Exchanged // configuration payloads
	NATInside, NATOutside, NoNAT uint64
	TimedOut                     [ikev2.Timers]uint64
}

// Exchanged counts what was sent and received, in requests and in responses.
type Exchanged struct{ SentRequests, SentResponses, Requests, Responses uint64 }

// maxNotifies bounds the types that are counted: a peer may invent them.
const maxNotifies = 64

func (x *Exchanged) add(sent, response bool) {
	switch {
	case sent && response:
		x.SentResponses++
	case sent:
		x.SentRequests++
	case response:
		x.Responses++
	default:
		x.Requests++
	}
}

// count follows what a session of version 2 reports.
func (s *IKEv2Stats) count(event ike.Event) {
	switch e := event.(type) {
	case ikev2.SARequested:
		s.Outgoing++
	case ikev2.PacketSent:
		s.exchange(e.Exchange, true, e.Response)
		s.payloads(e.Payloads, true, e.Response)
	case ikev2.PacketReceived:
		s.exchange(e.Exchange, false, e.Response)
		s.payloads(e.Payloads, false, e.Response)
	case ikev2.EncryptionBegun:
		s.payloads(e.Payloads, true, e.Response)
	case ikev2.MessageRead:
		s.payloads(e.Payloads, false, e.Response)
	case ikev2.Probed:
		s.Probes.add(e.Sent, e.Response)
	case ikev2.TimedOut:
		s.TimedOut[e.Timer]++
	case ikev2.NATChecked:
		switch {
		case e.Self:
			s.NATInside++
		case e.Peer:
			s.NATOutside++
		default:
			s.NoNAT++
		}
	}
}

func (s *IKEv2Stats) exchange(t wire.ExchangeType, sent, response bool) {
	if s.Exchanges == nil {
		s.Exchanges = map[wire.ExchangeType]Exchanged{}
	}
	x := s.Exchanges[t]
	x.add(sent, response)
	s.Exchanges[t] = x
}

func (s *IKEv2Stats) payloads(payloads []ikev2.PayloadName, sent, response bool) {
	if s.Notifies == nil {
		s.Notifies = map[wire.NotifyTypeV2]Exchanged{}
	}
	for _, p := range payloads {
		switch p.Type {
		case wire.PayloadCP:
			s.Config.add(sent, response)
		case wire.PayloadNotifyV2:
			x, known := s.Notifies[p.Notify]
			if known || len(s.Notifies) < maxNotifies {
				x.add(sent, response)
				s.Notifies[p.Notify] = x
			}
		}
	}
}

// copied is for a view, which outlives the next message.
func (s IKEv2Stats) copied() IKEv2Stats {
	s.Exchanges, s.Notifies = maps.Clone(s.Exchanges), maps.Clone(s.Notifies)
	return s
}

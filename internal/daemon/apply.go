package daemon

import (
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

// applyAll carries out what the engine wants, in its order. What it sends leaves
// together at the end, and then those who listen hear of it.
func (s *shard) applyAll() {
	for {
		output, more := s.engine.Poll()
		if !more {
			break
		}
		s.apply(output)
	}
	if len(s.sending) > 0 {
		if err := s.socket.Send(s.sending); err != nil {
			s.log.Warn("not sent", zap.Error(err))
		}
		clear(s.sending)
		s.sending = s.sending[:0]
	}
	if len(s.reports) > 0 {
		s.hub.publish(s.reports)
		clear(s.reports)
		s.reports = s.reports[:0]
	}
}

// apply is the one switch over ike.Output.
func (s *shard) apply(output ike.Output) {
	switch o := output.(type) {
	case ike.Send:
		s.sending = append(s.sending, o.Datagram)
	case ike.Report:
		s.reports = append(s.reports, o)
	case ike.ExpectSA:
		s.order("packets that come before their SA are lost", func(plane ipsec.Dataplane) error { return plane.ExpectSA(o.SAID, o.Encap) })
	case ike.InstallSA:
		s.kernel.put(func(plane ipsec.Dataplane) {
			s.answer(ipsec.Installed{SAID: o.SA.SAID, Err: plane.InstallSA(o.SA)})
		})
	case ike.UpdateSA:
		s.order("changing an SA", func(plane ipsec.Dataplane) error { return plane.UpdateSA(o.SA) })
	case ike.RemoveSA:
		s.order("removing an SA", func(plane ipsec.Dataplane) error { return plane.RemoveSA(o.SAID) })
	case ike.QuerySA:
		s.kernel.put(func(plane ipsec.Dataplane) { s.answer(query(plane, o.SAID)) })
	case ike.SetPolicy:
		s.standing("policy of "+o.Policy.Selector.String(), func(plane ipsec.Dataplane) error {
			if o.Remove {
				return plane.RemovePolicy(o.Policy)
			}
			return plane.SetPolicy(o.Policy)
		})
	case ike.SetLink:
		s.standing("interface "+o.Link.Name, func(plane ipsec.Dataplane) error {
			if o.Remove {
				return plane.RemoveLink(o.Link.Name)
			}
			return plane.SetLink(o.Link)
		})
	case ike.SetRoute:
		s.order("route to "+o.Route.Dst.String(), func(plane ipsec.Dataplane) error {
			if o.Remove {
				return plane.RemoveRoute(o.Route)
			}
			return plane.SetRoute(o.Route)
		})
	case ike.Lookup:
		if err := s.fetcher.put(o, func(a ike.Answer) { s.fetched(o.ID, a) }); err != nil {
			s.engine.HandleLookup(time.Now(), o.ID, ike.Answer{Err: err})
		}
	case ike.StoreCRL:
		s.fetcher.going.Go(func() { s.changes.keepCRL(o) })
	case ike.Reinstate:
		s.fetcher.going.Go(func() { s.changes.reinstate(o.Config) })
	default:
		panic(fmt.Sprintf("daemon: no way to apply %T", output))
	}
}

// query asks the data plane about an SA; that there is none is an answer too.
func query(plane ipsec.Dataplane, id ipsec.SAID) ipsec.Queried {
	counters, err := plane.QuerySA(id)
	return ipsec.Queried{SAID: id, Counters: counters, Err: err}
}

// order queues an order to the data plane; a refusal is logged.
func (s *shard) order(what string, carryOut func(ipsec.Dataplane) error) {
	s.kernel.put(func(plane ipsec.Dataplane) {
		if s.start.failed() {
			return
		}
		if err := carryOut(plane); err != nil {
			s.log.Error(what, zap.Error(err))
		}
	})
}

// standing is order for what the daemon cannot do without when it starts.
func (s *shard) standing(what string, carryOut func(ipsec.Dataplane) error) {
	s.kernel.put(func(plane ipsec.Dataplane) {
		if s.start.failed() {
			return
		}
		if err := carryOut(plane); err != nil && !s.start.refuse(err) {
			s.log.Error(what, zap.Error(err))
		}
	})
}

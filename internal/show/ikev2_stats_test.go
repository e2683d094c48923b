package show

import (
	"io"
	"testing"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

func TestIKEv2Stats(t *testing.T) {
	incoming, deleting := sessionV2(childV2(ipsec.Tunnel, gre, 128)), sessionV2()
	incoming.Initiator = false
	deleting.State = ikev2.Deleting
	v := engine.View{
		IKEv2: []ikev2.View{sessionV2(), sessionV2(), incoming, halfOpenV2(), deleting},
		Stats: engine.IKEv2Stats{
			Incoming: 13, Outgoing: 14, Rejected: 2, Challenged: 5, Admitted: 3, Dropped: 6,
			Exchanges: map[wire.ExchangeType]engine.Exchanged{
				wire.ExchangeInformationalV2: {SentRequests: 17527, SentResponses: 79170, Requests: 79170, Responses: 17527},
				wire.ExchangeSAInit:          {SentRequests: 8618, Responses: 5206},
			},
			Notifies: map[wire.NotifyTypeV2]engine.Exchanged{
				wire.V2NoProposalChosen: {Responses: 5203}, wire.V2InitialContact: {SentRequests: 5206}, wire.V2NATDetectionSource: {SentRequests: 8618, Responses: 5206},
				wire.V2Cookie: {},
			},
			TimedOut: [4]uint64{ikev2.RetransmitTimer: 7736},
			Probes:   engine.Exchanged{SentResponses: 79170, Requests: 79170}, Config: engine.Exchanged{SentRequests: 5206}, NATInside: 3, NoNAT: 5203,
		},
	}
	c := compiled(t, "unconfigured")
	golden(t, "ikev2-stats", func(w io.Writer) error { return IKEv2Stats(w, v, c) })
	golden(t, "ikev2-stats-exchange", func(w io.Writer) error { return IKEv2StatsExchange(w, v) })
	golden(t, "ikev2-stats-timeout", func(w io.Writer) error { return IKEv2StatsTimeout(w, v) })
	golden(t, "ikev2-stats-exchange-none", func(w io.Writer) error { return IKEv2StatsExchange(w, engine.View{}) })
}

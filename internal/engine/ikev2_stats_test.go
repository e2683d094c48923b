package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

func TestIKEv2Stats(t *testing.T) {
	notify := func(t wire.NotifyTypeV2) ikev2.PayloadName {
		return ikev2.PayloadName{Type: wire.PayloadNotifyV2, Notify: t}
	}
	sealed := []ikev2.PayloadName{{Type: wire.PayloadSK}}
	var s IKEv2Stats
	before := s.copied()
	for _, e := range []ike.Event{
		ikev2.SARequested{}, ikev2.TimedOut{Timer: ikev2.AuthTimer}, ikev2.TimedOut{Timer: ikev2.LivenessTimer}, ikev2.TimedOut{Timer: ikev2.LivenessTimer},
		ikev2.PacketSent{Exchange: wire.ExchangeSAInit, Payloads: []ikev2.PayloadName{{Type: wire.PayloadSAV2}, notify(wire.V2Cookie)}},
		ikev2.PacketReceived{Exchange: wire.ExchangeSAInit, Response: true},
		ikev2.NATChecked{}, ikev2.NATChecked{Self: true, Peer: true}, ikev2.NATChecked{Peer: true},
		ikev2.EncryptionBegun{Exchange: wire.ExchangeAuth, Payloads: []ikev2.PayloadName{{Type: wire.PayloadCP}, notify(wire.V2InitialContact)}},
		ikev2.PacketSent{Exchange: wire.ExchangeAuth, Payloads: sealed},
		ikev2.PacketReceived{Exchange: wire.ExchangeInformationalV2, Payloads: sealed},
		ikev2.MessageRead{Exchange: wire.ExchangeInformationalV2}, ikev2.Probed{},
		ikev2.EncryptionBegun{Exchange: wire.ExchangeInformationalV2, Response: true}, ikev2.Probed{Sent: true, Response: true},
		ikev2.MessageRead{Exchange: wire.ExchangeInformationalV2, Response: true}, // to a deletion
		ikev2.PacketSent{Exchange: wire.ExchangeInformationalV2, Response: true, Payloads: sealed},
	} {
		s.count(e)
	}
	if before.Exchanges[wire.ExchangeAuth] != (Exchanged{}) {
		t.Error("a copy goes on counting")
	}
	want := IKEv2Stats{
		Outgoing: 1, TimedOut: [4]uint64{ikev2.AuthTimer: 1, ikev2.LivenessTimer: 2}, NATInside: 1, NATOutside: 1, NoNAT: 1, Probes: Exchanged{Requests: 1, SentResponses: 1}, Config: Exchanged{SentRequests: 1},
		Exchanges: map[wire.ExchangeType]Exchanged{
			wire.ExchangeSAInit: {SentRequests: 1, Responses: 1}, wire.ExchangeAuth: {SentRequests: 1}, wire.ExchangeInformationalV2: {Requests: 1, SentResponses: 1},
		},
		Notifies: map[wire.NotifyTypeV2]Exchanged{wire.V2Cookie: {SentRequests: 1}, wire.V2InitialContact: {SentRequests: 1}},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Error(diff)
	}
	for n := range 2 * maxNotifies {
		s.count(ikev2.MessageRead{Exchange: wire.ExchangeAuth, Payloads: []ikev2.PayloadName{notify(wire.NotifyTypeV2(40000 + n))}})
	}
	if len(s.Notifies) != maxNotifies {
		t.Errorf("%d types are kept, at most %d shall be", len(s.Notifies), maxNotifies)
	}
}

package ikev2

import (
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

func TestAnswerVersion(t *testing.T) {
	d := ike.Datagram{Local: netip.MustParseAddrPort("192.0.2.1:500"), Remote: netip.MustParseAddrPort("192.0.2.2:500"), VRF: "V"}
	h := wire.Header{InitiatorSPI: wire.SPI{1}, ResponderSPI: wire.SPI{2}, Version: 0x31, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator, MessageID: 7}
	a, ok := AnswerVersion(h, d)
	if !ok || a.Local != d.Local || a.Remote != d.Remote || a.VRF != d.VRF {
		t.Fatalf("%v %+v", ok, a)
	}
	m, err := wire.Parse(a.Data)
	if err != nil {
		t.Fatal(err)
	}
	if m.InitiatorSPI != h.InitiatorSPI || m.ResponderSPI != h.ResponderSPI || m.Version != wire.V2 || m.Exchange != h.Exchange || m.MessageID != 7 || m.Flags != wire.FlagResponse {
		t.Errorf("%+v", m.Header)
	}
	n, err := wire.ParseBody(m.Payloads[0], wire.ParseNotifyV2)
	if err != nil || len(m.Payloads) != 1 || n.Type != wire.V2InvalidMajorVersion || len(n.Data)+len(n.SPI) != 0 {
		t.Errorf("%+v, %v", n, err)
	}
	h.Flags = 0
	if a, _ := AnswerVersion(h, d); a.Data[19] != byte(wire.FlagResponse|wire.FlagInitiator) {
		t.Errorf("to the responder of an SA: flags %#x", a.Data[19])
	}
	for what, h := range map[string]wire.Header{
		"a response": {Version: 0x30, Flags: wire.FlagResponse},
		"version 2":  {Version: 0x2f},
		"version 1":  {Version: 0x11},
		"version 0":  {},
	} {
		if _, ok := AnswerVersion(h, d); ok {
			t.Error(what)
		}
	}
}

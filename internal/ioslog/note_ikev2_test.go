package ioslog

import (
	"net/netip"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// initiatorV2 is R1's side of an SA that R1 began.
func initiatorV2() ikev2.SA {
	return ikev2.SA{
		ConnID: 1, Role: ikev2.Initiator, State: ikev2.Ready,
		Local: netip.MustParseAddrPort("192.168.0.1:500"), Remote: netip.MustParseAddrPort("192.168.0.2:500"),
		SPIi: wire.SPI{0x1D, 0x41, 0x81, 0x69, 0xB2, 0x4B, 0xF9, 0x5A}, SPIr: wire.SPI{0xA6, 0x45, 4: 0x6F, 7: 0x60},
	}
}

func responderV2() ikev2.SA {
	sa := initiatorV2()
	sa.Role, sa.Local, sa.Remote = ikev2.Responder, sa.Remote, sa.Local
	return sa
}

// payloadNames are payloads by their types; a type above 255 is a notification.
func payloadNames(types ...int) []ikev2.PayloadName {
	var list []ikev2.PayloadName
	for _, t := range types {
		n := ikev2.PayloadName{Type: wire.PayloadType(t)}
		if t > 255 || t == int(wire.V2AuthenticationFailed) {
			n = ikev2.PayloadName{Type: wire.PayloadNotifyV2, Notify: wire.NotifyTypeV2(t)}
		}
		list = append(list, n)
	}
	return list
}

// noteEventsV2 are the events of the note's four cases, by block.
func noteEventsV2() map[string][]ike.Event {
	i, r := initiatorV2(), responderV2()
	// TP2 was enrolled last on both routers.
	known := pki.NewSnapshot([]*pki.Trustpoint{
		testca.Trustpoint("TP1", testca.New("CA1", 0).Enroll("R1", "192.168.0.1", "100", 2), 1),
		testca.Trustpoint("TP2", testca.New("CA2", 1).Enroll("R1", "192.168.0.1", "100", 2), 2),
	})
	resolved := func(sa ikev2.SA, names ...string) ike.Event {
		c := pki.Choice{Trustpoint: &pki.Trustpoint{Settings: pki.Settings{Name: names[0]}}}
		if len(names) > 1 { // no profile restricts the choice to one
			c.Trustpoint = nil
		}
		for _, n := range names {
			c.Considered = append(c.Considered, pki.Considered{Trustpoint: n})
		}
		return ikev2.HashesResolved{SA: sa, Choice: c, PKI: known}
	}
	return map[string][]ike.Event{
		"ikev2-overlapping-profiles | responder | reads IKE_AUTH": {
			ikev2.ProfileSearched{SA: r, PeerID: "192.168.0.1", Type: "IPv4 address", Profile: "profile3"},
		},
		"ikev2-overlapping-profiles | responder | looks for the IPsec policy": {
			ikev2.SelectorsRefused{SA: r, Profile: true}, ikev2.NotifySent{SA: r, Type: wire.V2TSUnacceptable},
		},
		"ikev2-certificates | initiator | reads IKE_SA_INIT response": {resolved(i, "TP1")},
		"ikev2-certificates | initiator | builds IKE_AUTH request": {
			ikev2.EncryptionBegun{SA: i, Payloads: payloadNames(int(wire.PayloadVendorIDV2), int(wire.PayloadIDi), int(wire.PayloadCertV2), int(wire.PayloadCertReqV2),
				int(wire.V2HTTPCertLookup), int(wire.PayloadAuth), int(wire.PayloadCP), int(wire.PayloadSAV2), int(wire.PayloadTSi), int(wire.PayloadTSr),
				int(wire.V2InitialContact), int(wire.V2SetWindowSize), int(wire.V2ESPTFCPaddingNot), int(wire.V2NonFirstFragmentsAlso))},
		},
		"ikev2-no-trustpoint | initiator | reads IKE_SA_INIT response, cannot sign": {
			resolved(i, "TP1", "TP2"), ikev2.CertificateFailed{SA: i},
		},
		"ikev2-r2-initiates | R2 | reads IKE_SA_INIT response": {
			ikev2.PacketReceived{SA: i, Exchange: wire.ExchangeSAInit, Response: true, Payloads: payloadNames(int(wire.PayloadSAV2))},
			resolved(i, "TP2"), ikev2.ChainFetched{SA: i, Trustpoint: "TP2", OK: true},
		},
		"ikev2-r2-initiates | R1 | reads IKE_AUTH request, refuses the certificate": {
			resolved(r, "TP1"), ikev2.ChainFetched{SA: r, Trustpoint: "TP1", OK: true},
			ikev2.PeerMethod{SA: r, Method: "RSA"}, ikev2.ChainValidated{SA: r, Verdict: pki.Verdict{Code: pki.NoTrustpoint}},
			ikev2.AuthVerified{SA: r}, ikev2.NotifySent{SA: r, Type: wire.V2AuthenticationFailed},
			ikev2.EncryptionBegun{SA: r, Payloads: payloadNames(int(wire.V2AuthenticationFailed))},
		},
	}
}

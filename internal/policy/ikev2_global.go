package policy

import "github.com/obol-ike/obol/internal/ios"

// What crypto ikev2 has without being told.
const (
	ikev2Window      = 5
	ikev2FragmentMTU = 576
	ikev2Errors      = 50
	ikev2MaxIncoming = 40
	ikev2MaxOutgoing = 400
)

var ikev2GlobalCommands = append([]ios.Command[*builder]{
	{Syntax: "crypto ikev2 dpd " + dpdWords, Do: func(b *builder, m *ios.Match) { b.cfg.IKEv2.DPD = readDPD(m) }},
	{Syntax: "crypto ikev2 nat keepalive seconds:<5-3600>", Do: func(b *builder, m *ios.Match) { b.cfg.IKEv2.NATKeepalive = seconds(m) }},
	{Syntax: "crypto ikev2 cookie-challenge <1-1000>", Do: func(b *builder, m *ios.Match) { b.cfg.IKEv2.CookieChallenge = number(m, 0) }},
	{Syntax: "crypto ikev2 certificate-cache <0-2000>", Do: func(b *builder, m *ios.Match) { b.cfg.IKEv2.CertificateCache = number(m, 0) }},
	{Syntax: "crypto ikev2 diagnose error <1-1000>", Do: func(b *builder, m *ios.Match) {
		b.cfg.IKEv2.DiagnoseErrors = number(m, ikev2Errors)
		if m.Form == ios.No {
			b.cfg.IKEv2.DiagnoseErrors = 0
		}
	}},
	{Syntax: "crypto ikev2 window <1-20>", Do: func(b *builder, m *ios.Match) { b.cfg.IKEv2.Window = number(m, ikev2Window) }},
	{Syntax: "crypto ikev2 fragmentation [mtu <68-1500>]", Do: func(b *builder, m *ios.Match) {
		b.cfg.IKEv2.FragmentMTU = 0
		if m.Form == ios.Set {
			b.cfg.IKEv2.FragmentMTU = max(m.Int("N"), 0)
			if !m.Has("mtu") {
				b.cfg.IKEv2.FragmentMTU = ikev2FragmentMTU
			}
		}
	}},
	{Syntax: "crypto ikev2 http-url cert", Do: func(b *builder, m *ios.Match) {
		b.cfg.IKEv2.HTTPURL, b.cfg.IKEv2.SendHashURL = m.Form != ios.No, m.Form == ios.Set
	}},
	{Syntax: "crypto ikev2 limit max-sa <1-9999>", Do: func(b *builder, m *ios.Match) { b.cfg.IKEv2.MaxSA = number(m, 0) }},
	{Syntax: "crypto ikev2 limit max-in-negotation-sa <1-9999> [incoming | outgoing]", Do: ikev2Negotiations},
	{Syntax: "crypto logging ikev2", Do: func(b *builder, m *ios.Match) { b.cfg.IKEv2.LogSessions = m.Form == ios.Set }},
	{Syntax: "crypto ikev2 {authorization | client} LINE", Enter: ikev2Mode, Do: noEffect},
}, idle(
	"crypto ikev2 disconnect-revoked-peers",
	"crypto ikev2 redirect LINE",
	"crypto ikev2 reconnect LINE",
	"crypto ikev2 name-mangler WORD",
	"crypto ikev2 cluster",
	"crypto ikev2 cts sgt",
)...)

// number is that of a line, or what holds without it.
func number(m *ios.Match, otherwise int) int {
	if m.Form != ios.Set {
		return otherwise
	}
	return m.Int("N")
}

func ikev2Negotiations(b *builder, m *ios.Match) {
	if !m.Has("outgoing") {
		b.cfg.IKEv2.MaxIncoming = number(m, ikev2MaxIncoming)
	}
	if !m.Has("incoming") {
		b.cfg.IKEv2.MaxOutgoing = number(m, ikev2MaxOutgoing)
	}
}

func (b *builder) resetIKEv2() {
	b.cfg.IKEv2 = IKEv2{Window: ikev2Window, HTTPURL: true, DiagnoseErrors: ikev2Errors, MaxIncoming: ikev2MaxIncoming, MaxOutgoing: ikev2MaxOutgoing}
}

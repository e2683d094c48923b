package policy

import (
	"time"

	"github.com/obol-ike/obol/internal/ios"
)

type isakmpGlobalPart struct {
	identityAt ios.Place // crypto isakmp identity hostname
}

var isakmpGlobalCommands = append([]ios.Command[*builder]{
	{Syntax: "crypto isakmp enable", Do: func(b *builder, m *ios.Match) { b.cfg.ISAKMP.Disabled = m.Form == ios.No }},
	{Syntax: "crypto isakmp aggressive-mode disable", Do: func(b *builder, m *ios.Match) { b.cfg.ISAKMP.NoAggressive = m.Form == ios.Set }},
	{Syntax: "crypto isakmp fragmentation", Do: func(b *builder, m *ios.Match) { b.cfg.ISAKMP.Fragmentation = m.Form == ios.Set }},
	{Syntax: "crypto isakmp invalid-spi-recovery", Do: func(b *builder, m *ios.Match) { b.cfg.ISAKMP.InvalidSPIRecovery = m.Form == ios.Set }},
	{Syntax: "crypto isakmp identity kind:{address | dn | hostname}", Do: isakmpIdentity},
	{Syntax: "crypto call admission limit ike in-negotiation-sa <10-99999>", Do: admissionLimit},
	isakmpKeepaliveCommand,
	natKeepaliveCommand,
	{Syntax: "crypto logging session", Do: func(b *builder, m *ios.Match) { b.cfg.ISAKMP.LogSessions = m.Form == ios.Set }},
	{Syntax: "crypto isakmp client configuration group WORD", Do: noEffect, Enter: clientGroupMode},
}, idle(
	"crypto isakmp disconnect-revoked-peers",
	"crypto isakmp xauth timeout <5-90>",
	"crypto isakmp client configuration address-pool local WORD",
	"crypto isakmp client configuration browser-proxy WORD",
	"crypto call admission limit ike sa LINE", // ike alone is in-negotiation-sa's
	"crypto call admission limit LINE",
	"crypto call admission load <0-100000>",
)...)

// clientGroupMode is EzVPN's, of which nothing is spoken.
var clientGroupMode = (&ios.Mode[*builder]{Name: "config-isakmp-group", Unknown: func(*builder, ios.Line) {}}).Add(
	ios.Command[*builder]{Syntax: "key [0 | 6] SECRET"},
	ios.Command[*builder]{Syntax: "domain WORD"},
	ios.Command[*builder]{Syntax: "access-restrict LINE"},
	ios.Command[*builder]{Syntax: "banner LINE"},
)

// Limits of half-open responder SAs, unless the configuration says otherwise.
const (
	halfOpenTotal   = 1000
	halfOpenPerPeer = 64
	halfOpenTime    = 60 * time.Second
)

func (b *builder) resetISAKMP() {
	b.cfg.ISAKMP = ISAKMP{Identity: IdentityAddress, HalfOpenTotal: halfOpenTotal, HalfOpenPerPeer: halfOpenPerPeer, HalfOpenTimeout: halfOpenTime}
}

func isakmpIdentity(b *builder, m *ios.Match) {
	b.cfg.ISAKMP.Identity = IdentityAddress
	if m.Form == ios.Set {
		b.cfg.ISAKMP.Identity = map[string]IdentityKind{"address": IdentityAddress, "dn": IdentityDN, "hostname": IdentityFQDN}[m.Str("kind")]
		b.identityAt = m.Place("kind")
	}
}

func admissionLimit(b *builder, m *ios.Match) {
	b.cfg.ISAKMP.HalfOpenTotal = halfOpenTotal
	if m.Form == ios.Set {
		b.cfg.ISAKMP.HalfOpenTotal = m.Int("N")
	}
}

func halfOpenPerAddress(b *builder, m *ios.Match) { b.cfg.ISAKMP.HalfOpenPerPeer = m.Int("N") }

func halfOpenTimeout(b *builder, m *ios.Match) {
	b.cfg.ISAKMP.HalfOpenTimeout = time.Duration(m.Int("N")) * time.Second
}

func (b *builder) finishISAKMP() {
	if b.cfg.ISAKMP.Identity == IdentityFQDN {
		b.checkFQDN(b.identityAt, "crypto isakmp identity hostname", nil, b.cfg.Hostname)
	}
}

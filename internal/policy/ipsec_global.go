package policy

import (
	"fmt"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/suite"
)

type ipsecGlobalPart struct {
	globalSeconds   int
	globalKilobytes volume
}

var ipsecGlobalCommands = append([]ios.Command[*builder]{
	{Syntax: "crypto ipsec security-association " + lifetimeWords, Do: globalLifetime},
	{Syntax: "crypto ipsec security-association " + replayWords, Do: globalReplay},
	natTransparencyCommand,
}, idle(
	"crypto ipsec nat-transparency spi-matching",
	"crypto ipsec security-association idle-time <60-86400>",
	"crypto ipsec security-association dummy {pps <0-25> | seconds <1-3600>}",
	"crypto ipsec security-association ecn {discard | propagate}",
	"crypto ipsec security-association multi-sn",
	"crypto ipsec df-bit {clear | copy | set}",
	"crypto ipsec fragmentation {before-encryption | after-encryption}",
	"crypto ipsec optional [retry <60-86400>]",
	"crypto ipsec ipv4-deny {clear | drop | jump}",
	"crypto ipsec client LINE",
)...)

func (b *builder) resetIPsec() {
	b.cfg.Lifetime, b.cfg.Replay = defaultIPsecLifetime, defaultReplay
}

func globalLifetime(b *builder, m *ios.Match) {
	readLifetime(m, &b.globalSeconds, &b.globalKilobytes)
	b.cfg.Lifetime = defaultIPsecLifetime
	if b.globalSeconds > 0 {
		b.cfg.Lifetime.Duration = time.Duration(b.globalSeconds) * time.Second
	}
	if b.globalKilobytes.set {
		b.cfg.Lifetime.Kilobytes = b.globalKilobytes.kb
	}
}

// globalReplay: a no form, too, is the default; disabling has a word of its own.
func globalReplay(b *builder, m *ios.Match) {
	b.cfg.Replay = defaultReplay
	if n := readReplay(m); n != nil {
		b.cfg.Replay = *n
	}
}

func groupWord(g *suite.Group) string { return fmt.Sprintf("group%d", g.Number) }

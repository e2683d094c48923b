package policy

import (
	"fmt"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

type ipsecGlobalPart struct {
	globalSeconds   int
	globalKilobytes volume
	globalDF        *ipsec.DF
}

var ipsecGlobalCommands = append([]ios.Command[*builder]{
	{Syntax: "crypto ipsec security-association " + lifetimeWords, Do: globalLifetime},
	{Syntax: "crypto ipsec security-association " + replayWords, Do: globalReplay},
	natTransparencyCommand,
	{Syntax: "crypto ipsec " + dfWords, Do: func(b *builder, m *ios.Match) { b.globalDF = readDF(b, m) }},
}, idle(
	"crypto ipsec nat-transparency spi-matching",
	"crypto ipsec security-association idle-time <60-86400>",
	"crypto ipsec security-association dummy {pps <0-25> | seconds <1-3600>}",
	"crypto ipsec security-association ecn {discard | propagate}",
	"crypto ipsec security-association multi-sn",
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

const dfWords = "df-bit df:{clear | copy | set}"

// readDF is nil for what the level above says.
func readDF(b *builder, m *ios.Match) *ipsec.DF {
	if m.Form != ios.Set {
		return nil
	}
	df := map[string]ipsec.DF{"clear": ipsec.DFClear, "copy": ipsec.DFCopy, "set": ipsec.DFSet}[m.Str("df")]
	if df == ipsec.DFSet {
		b.warn(m.Place("df"), "the data plane of the kernel copies the DF bit where it is to be set; --dataplane userspace sets it")
	}
	return &df
}

func groupWord(g *suite.Group) string { return fmt.Sprintf("group%d", g.Number) }

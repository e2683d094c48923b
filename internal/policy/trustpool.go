package policy

import (
	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
)

// Trustpool is crypto pki trustpool policy: how peers are judged that stand under a CA
// of the trustpool.
type Trustpool struct {
	pki.Settings
	Bundle string // cabundle url, "" when none is given
}

type trustpoolPart struct {
	trustpool trustpointDraft
	bundle    string
}

var trustpoolCommands = []ios.Command[*builder]{
	{Syntax: "crypto {pki | ca} trustpool policy", Enter: trustpoolMode, Do: trustpool},
}

// Its words are those of a trustpoint.
var trustpoolMode = (&ios.Mode[*builder]{Name: "ca-trustpool", Strict: true}).Add(
	ios.Command[*builder]{Syntax: "{cabundle | ca-bundle} url {none | url:WORD}", Do: cabundle},
	ios.Command[*builder]{Syntax: "chain-validation", Do: func(b *builder, m *ios.Match) { b.trustpoint.ChainContinue = m.Form == ios.Set }},
	sourceCommand,
).Add(revocationCommands...).Add(idle(
	"crl query WORD",
	"match certificate WORD {skip authorization-check | override sia LINE}",
	"vrf WORD",
	"storage WORD",
)...)

func trustpool(b *builder, m *ios.Match) {
	if m.Form != ios.Set {
		b.trustpoolPart = trustpoolPart{}
	}
	b.trustpoint = &b.trustpool
}

func cabundle(b *builder, m *ios.Match) {
	if m.Form != ios.Set || m.Has("none") {
		b.bundle = ""
		return
	}
	url, ok := plainURL(m)
	if !ok {
		return
	}
	b.bundle = url
	b.warn(m.Place("url"), "the bundle is not fetched by itself: obol crypto pki trustpool import ca-bundle does it")
}

func (b *builder) finishTrustpool() {
	if b.trustpool.source.name != "" {
		b.trustpool.Source = b.addressOf(b.trustpool.source, false)
	}
	b.finishMatches(&b.trustpool)
	b.cfg.Trustpool = Trustpool{Settings: b.trustpool.Settings, Bundle: b.bundle}
}

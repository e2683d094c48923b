package policy

import (
	"time"

	"github.com/obol-ike/obol/internal/ios"
)

// Commands of NAT traversal. UDP encapsulation is on unless it is forbidden:
// then we neither announce NAT traversal nor answer to it.
var (
	natKeepaliveCommand = ios.Command[*builder]{
		Syntax: "crypto isakmp nat keepalive seconds:<5-3600>",
		Do: func(b *builder, m *ios.Match) {
			b.cfg.ISAKMP.NATKeepalive = 0
			if m.Form == ios.Set {
				b.cfg.ISAKMP.NATKeepalive = time.Duration(m.Int("seconds")) * time.Second
			}
		},
	}
	natTransparencyCommand = ios.Command[*builder]{
		Syntax: "crypto ipsec nat-transparency udp-encapsulation",
		Do:     func(b *builder, m *ios.Match) { b.cfg.NoNATTransparency = m.Form == ios.No },
	}
)

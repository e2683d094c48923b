package control

import (
	"io"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/pki"
)

// showTable holds the show commands that print one thing as it is: what is
// configured, the IKE SAs, or the store.
var showTable = []ios.Command[*Command]{
	negotiated("show crypto isakmp sa", func(w io.Writer, s []ikev1.View) error { return show.ISAKMPSA(w, s, false) }),
	negotiated("show crypto isakmp sa detail", func(w io.Writer, s []ikev1.View) error { return show.ISAKMPSA(w, s, true) }),
	negotiated("show crypto isakmp sa count", show.ISAKMPSACount),
	negotiated("show crypto isakmp peers", show.ISAKMPPeers),

	configured("show crypto isakmp policy", show.ISAKMPPolicy),
	configured("show crypto isakmp default policy", show.ISAKMPDefaultPolicy),
	configured("show crypto isakmp profile", show.ISAKMPProfile),
	configured("show crypto isakmp key", show.ISAKMPKey),
	configured("show crypto ipsec transform-set", show.IPsecTransformSet),
	configured("show crypto ipsec profile", show.IPsecProfile),

	stored("show crypto pki certificates", func(w io.Writer, s *pki.Snapshot) error { return show.PKICertificates(w, s, time.UTC) }),
	stored("show crypto pki trustpoints", show.PKITrustpoints),
	stored("show crypto key mypubkey rsa", show.KeyMyPubkeyRSA),
}

// configured is a command that prints of the running configuration.
func configured(syntax string, text func(io.Writer, *policy.Config) error) ios.Command[*Command] {
	return row(syntax, func(c *Command, _ *ios.Match) {
		c.run = func(e *exec) int {
			return e.print(func(w io.Writer) error { return text(w, e.router.Config()) })
		}
	})
}

// negotiated is a command that prints of the IKE SAs.
func negotiated(syntax string, text func(io.Writer, []ikev1.View) error) ios.Command[*Command] {
	return row(syntax, func(c *Command, _ *ios.Match) {
		c.run = func(e *exec) int {
			view, err := e.router.View(e.ctx)
			if err != nil {
				return e.failf("%v", err)
			}
			return e.print(func(w io.Writer) error { return text(w, view.Sessions) })
		}
	})
}

// stored is a command that prints of the store, with or without a daemon.
func stored(syntax string, text func(io.Writer, *pki.Snapshot) error) ios.Command[*Command] {
	return row(syntax, func(c *Command, _ *ios.Match) {
		c.run = func(e *exec) int {
			snapshot, err := e.snapshot()
			if err != nil {
				return e.failf("%v", err)
			}
			return e.print(func(w io.Writer) error { return text(w, snapshot) })
		}
		c.offline = c.run
	})
}

package control

import (
	"io"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/pki"
)

// showTable holds the show commands that print one thing as it is: what is
// configured, the SAs, or the store.
var showTable = []ios.Command[*Command]{
	negotiated("show crypto isakmp sa", func(w io.Writer, s []ikev1.View) error { return show.ISAKMPSA(w, s, false) }),
	negotiated("show crypto isakmp sa detail", func(w io.Writer, s []ikev1.View) error { return show.ISAKMPSA(w, s, true) }),
	negotiated("show crypto isakmp sa count", show.ISAKMPSACount),
	row("show crypto isakmp peers ["+address("peer")+"]", func(c *Command, m *ios.Match) {
		peer := m.Addr("peer")
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error {
			return show.ISAKMPPeers(w, show.Narrow(v, "", peer).Sessions)
		})
	}),

	row("show crypto ikev2 sa [local "+address("local")+" | remote "+address("remote")+"] [detailed]", func(c *Command, m *ios.Match) {
		detail, local, remote := m.Has("detailed"), m.Addr("local"), m.Addr("remote")
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error {
			return show.IKEv2SA(w, show.Between(v.IKEv2, local, remote), detail)
		})
	}),
	row("show crypto ikev2 session [detailed]", func(c *Command, m *ios.Match) {
		detail := m.Has("detailed")
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error { return show.IKEv2Session(w, v.IKEv2, detail) })
	}),
	row("show crypto ikev2 stats", func(c *Command, _ *ios.Match) { c.run = viewed(show.IKEv2Stats) }),
	row("show crypto ikev2 stats exchange", func(c *Command, _ *ios.Match) {
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error { return show.IKEv2StatsExchange(w, v) })
	}),
	row("show crypto ikev2 stats timeout", func(c *Command, _ *ios.Match) {
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error { return show.IKEv2StatsTimeout(w, v) })
	}),
	row("show crypto ikev2 diagnose error", func(c *Command, _ *ios.Match) {
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error {
			return show.IKEv2DiagnoseError(w, v.Errors, ioslog.Diagnosis)
		})
	}),

	row("show crypto ipsec sa [peer "+address("peer")+" | interface INTERFACE] [detail]", func(c *Command, m *ios.Match) {
		detail := m.Has("detail")
		c.run = counted(m, func(w io.Writer, v engine.View, counters show.Counters) error {
			return show.IPsecSA(w, v, time.Now(), counters, detail)
		})
	}),
	row("show crypto ipsec sa count", func(c *Command, _ *ios.Match) {
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error { return show.IPsecSACount(w, v) })
	}),
	row("show crypto session [remote "+address("peer")+" | interface INTERFACE] [detail]", func(c *Command, m *ios.Match) {
		detail := m.Has("detail")
		c.run = counted(m, func(w io.Writer, v engine.View, counters show.Counters) error {
			return show.Session(w, v, time.Now(), counters, detail)
		})
	}),
	row("show debugging", func(c *Command, _ *ios.Match) {
		c.run = func(e *exec) int {
			return e.print(func(w io.Writer) error { return e.debugs.show(w) })
		}
	}),
	row("show crypto call admission statistics", func(c *Command, _ *ios.Match) { c.run = viewed(show.CallAdmission) }),

	configured("show running-config", show.RunningConfig),
	configured("show crypto isakmp policy", show.ISAKMPPolicy),
	configured("show crypto isakmp default policy", show.ISAKMPDefaultPolicy),
	named("show crypto isakmp profile [tag name:WORD]", show.ISAKMPProfile),
	configured("show crypto isakmp key", show.ISAKMPKey),
	named("show crypto ipsec transform-set [tag name:WORD]", show.IPsecTransformSet),
	named("show crypto ipsec profile [tag name:WORD]", show.IPsecProfile),
	configured("show crypto ipsec security-association lifetime", show.IPsecLifetime),
	named("show crypto ikev2 proposal [name:WORD]", show.IKEv2Proposal),
	named("show crypto ikev2 policy [name:WORD]", show.IKEv2Policy),
	named("show crypto ikev2 profile [name:WORD]", show.IKEv2Profile),

	storedOf("show crypto pki certificates [name:WORD]", func(w io.Writer, s *pki.Snapshot, name string) error {
		return show.PKICertificates(w, s, name, false, time.UTC)
	}),
	storedOf("show crypto pki certificates verbose [name:WORD]", func(w io.Writer, s *pki.Snapshot, name string) error {
		return show.PKICertificates(w, s, name, true, time.UTC)
	}),
	storedOf("show crypto pki trustpoints [name:WORD]", show.PKITrustpoints),
	trustpointsStatus("show crypto pki trustpoints status"),
	trustpointsStatus("show crypto pki trustpoints name:WORD status"),
	stored("show crypto pki crls", func(w io.Writer, s *pki.Snapshot) error { return show.PKICRLs(w, s, time.Now()) }),
	row("show crypto pki counters", func(c *Command, _ *ios.Match) {
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error { return show.PKICounters(w, v.PKI) })
	}),
	stored("show crypto pki trustpool", show.PKITrustpool),
	row("show crypto pki trustpool policy", func(c *Command, _ *ios.Match) {
		c.run = func(e *exec) int {
			return e.print(func(w io.Writer) error { return show.PKITrustpoolPolicy(w, e.router.PKI()) })
		}
	}),
	stored("show crypto key mypubkey rsa", show.KeyMyPubkeyRSA),
	stored("show crypto key mypubkey ec", show.KeyMyPubkeyEC),
	stored("show crypto key mypubkey all", show.KeyMyPubkeyAll),
}

// configured is a command that prints of the running configuration.
func configured(syntax string, text func(io.Writer, *policy.Config) error) ios.Command[*Command] {
	return row(syntax, func(c *Command, _ *ios.Match) {
		c.run = func(e *exec) int {
			return e.print(func(w io.Writer) error { return text(w, e.router.Config()) })
		}
	})
}

// named is one that prints blocks of the running configuration, or the one of a
// name.
func named(syntax string, text func(io.Writer, *policy.Config, string) error) ios.Command[*Command] {
	return row(syntax, func(c *Command, m *ios.Match) {
		name := m.Str("name")
		c.run = func(e *exec) int {
			return e.print(func(w io.Writer) error { return text(w, e.router.Config(), name) })
		}
	})
}

// negotiated is a command that prints of the IKE SAs.
func negotiated(syntax string, text func(io.Writer, []ikev1.View) error) ios.Command[*Command] {
	return row(syntax, func(c *Command, _ *ios.Match) {
		c.run = viewed(func(w io.Writer, v engine.View, _ *policy.Config) error { return text(w, v.Sessions) })
	})
}

// viewed prints of the engine's state.
func viewed(text func(io.Writer, engine.View, *policy.Config) error) func(*exec) int {
	return func(e *exec) int {
		view, err := e.router.View(e.ctx)
		if err != nil {
			return e.failf("%v", err)
		}
		return e.print(func(w io.Writer) error { return text(w, view, e.router.Config()) })
	}
}

// counted prints of the engine's state and the data plane's counters, of one
// interface or peer when the line names one.
func counted(m *ios.Match, text func(io.Writer, engine.View, show.Counters) error) func(*exec) int {
	name, peer := m.Str("INTERFACE"), m.Addr("peer")
	return func(e *exec) int {
		return e.showCounted(func(w io.Writer, v engine.View, counters show.Counters) error {
			return text(w, show.Narrow(v, name, peer), counters)
		})
	}
}

// stored is a command that prints of the store, with or without a daemon.
func stored(syntax string, text func(io.Writer, *pki.Snapshot) error) ios.Command[*Command] {
	return storedOf(syntax, func(w io.Writer, s *pki.Snapshot, _ string) error { return text(w, s) })
}

// storedOf is one that prints of one trustpoint when the line names it.
func storedOf(syntax string, text func(io.Writer, *pki.Snapshot, string) error) ios.Command[*Command] {
	return held(syntax, func(_ *exec, w io.Writer, s *pki.Snapshot, name string) error { return text(w, s, name) })
}

// trustpointsStatus tells of what is being enrolled too, which the store has, and of
// keys that no certificate names yet.
func trustpointsStatus(syntax string) ios.Command[*Command] {
	return held(syntax, func(e *exec, w io.Writer, s *pki.Snapshot, name string) error {
		st, err := e.storeHere()
		if err != nil {
			return err
		}
		key, err := e.keyLabel()
		if err != nil {
			return err
		}
		return show.PKITrustpointsStatus(w, s, name, time.Now(), show.Lookup{Under: st.Enrolling, Key: key})
	})
}

func held(syntax string, text func(*exec, io.Writer, *pki.Snapshot, string) error) ios.Command[*Command] {
	return row(syntax, func(c *Command, m *ios.Match) {
		name := m.Str("name")
		c.run = func(e *exec) int {
			snapshot, err := e.snapshot()
			if err != nil {
				return e.failf("%v", err)
			}
			if name != "" && snapshot.Lookup(name) == nil {
				return e.failf("There is no trustpoint %s.", name)
			}
			return e.print(func(w io.Writer) error { return text(e, w, snapshot, name) })
		}
		c.offline = c.run
	})
}

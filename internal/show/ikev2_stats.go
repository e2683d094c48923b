package show

import (
	"io"
	"maps"
	"slices"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// IKEv2Stats is show crypto ikev2 stats. What obol has no limit of, and what it
// does not do, is 0.
func IKEv2Stats(w io.Writer, v engine.View, c *policy.Config) error {
	type count struct{ active, negotiating int }
	var in, out count
	for _, s := range v.IKEv2 {
		side := &in
		if s.Initiator {
			side = &out
		}
		switch s.State {
		case ikev2.Ready:
			side.active++
		case ikev2.Deleting:
		default:
			side.negotiating++
		}
	}
	const line = "--------------------------------------------------------------------------------\n"
	n := v.Stats
	var p printer
	p.f("%s                          Crypto IKEv2 SA Statistics\n%[1]s", line)
	p.f("System Resource Limit:   %-8d Max IKEv2 SAs: %-8d Max in nego(in/out): %d/%d\n", 0, c.IKEv2.MaxSA, c.IKEv2.MaxIncoming, c.IKEv2.MaxOutgoing)
	p.f("Total incoming IKEv2 SA Count:    %-8d active:        %-8d negotiating: %-6d\n", in.active+in.negotiating, in.active, in.negotiating)
	p.f("Total outgoing IKEv2 SA Count:    %-8d active:        %-8d negotiating: %-6d\n", out.active+out.negotiating, out.active, out.negotiating)
	p.f("Incoming IKEv2 Requests: %-8d accepted:      %-8d rejected:    %-8d\n", n.Incoming+n.Rejected, n.Incoming, n.Rejected)
	p.f("Outgoing IKEv2 Requests: %-8d accepted:      %-8d rejected:    %-8d\n", n.Outgoing, n.Outgoing, 0)
	p.f("Rejected IKEv2 Requests: %-8d rsrc low:      %-8d SA limit:    %-8d\n", n.Rejected, 0, n.Rejected)
	p.f("IKEv2 packets dropped at dispatch: %-8d\n", n.Dropped)
	p.f("Incoming Requests dropped as LOW Q limit reached : %-8d\n", 0)
	p.f("Incoming IKEV2 Cookie Challenged Requests: %-8d\n", n.Challenged+n.Admitted)
	p.f("    accepted: %-8d rejected: %-8d rejected no cookie: %-8d\n", n.Admitted, 0, n.Challenged)
	p.f("Total Deleted sessions of Cert Revoked Peers: %-8d\n", 0)
	return p.flush(w)
}

// IKEv2StatsTimeout is show crypto ikev2 stats timeout.
func IKEv2StatsTimeout(w io.Writer, v engine.View) error {
	const line = "-----------------------------------------\n"
	var p printer
	p.f("%s%-32s%9s\n%[1]s", line, "IKEV2 TIMER", "TIMED OUT")
	for t, n := range v.Stats.TimedOut {
		p.f("%-32s%9d\n", ikev2.Timer(t), n)
	}
	return p.flush(w)
}

// IKEv2StatsExchange is show crypto ikev2 stats exchange: what was sent and
// received, in requests and responses. What never was is left out.
func IKEv2StatsExchange(w io.Writer, v engine.View) error {
	var p printer
	row := func(name string, x engine.Exchanged) {
		if x != (engine.Exchanged{}) {
			p.f("%-33s %-10d %-10d %-10d %-10d\n", name, x.SentRequests, x.SentResponses, x.Requests, x.Responses)
		}
	}
	notifies := func(title string, errors bool) {
		p.f("\n%s\n\n", title)
		for _, t := range slices.Sorted(maps.Keys(v.Stats.Notifies)) {
			if t.Error() == errors {
				row(t.String(), v.Stats.Notifies[t])
			}
		}
	}
	p.f("--------------------------------------------------------------------------\n")
	p.f("%-33s %-10s %-10s %-10s %-10s\n", "EXCHANGE/NOTIFY", "TX(REQ)", "TX(RES)", "RX(REQ)", "RX(RES)")
	p.f("\nEXCHANGES\n\n")
	for _, t := range slices.Sorted(maps.Keys(v.Stats.Exchanges)) {
		row(t.String(), v.Stats.Exchanges[t])
	}
	notifies("ERROR NOTIFY", true)
	notifies("OTHER NOTIFY", false)
	row("DPD", v.Stats.Probes)

	config := v.Stats.Config
	p.f("\n\nCONFIG PAYLOAD TYPE               TX         RX\n\n")
	if config != (engine.Exchanged{}) {
		p.f("%-33s %-10d %-10d\n", wire.CPRequest, config.SentRequests, config.Requests)
	}
	p.f("\n\nOTHER COUNTERS\n\n")
	for _, c := range []struct {
		name string
		n    uint64
	}{{"NAT_INSIDE", v.Stats.NATInside}, {"NAT_OUTSIDE", v.Stats.NATOutside}, {"NO_NAT", v.Stats.NoNAT}} {
		if c.n > 0 {
			p.f("%-33s %-10d\n", c.name, c.n)
		}
	}
	return p.flush(w)
}

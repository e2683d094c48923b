package show

import (
	"cmp"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
)

// Session is show crypto session, and with detail show crypto session detail:
// a block for every protected tunnel, then one for every IKE SA that belongs to
// none.
func Session(w io.Writer, v engine.View, now time.Time, counters Counters, detail bool) error {
	var p printer
	p.f("Crypto session current status\n\n")
	if detail {
		p.f("Code: C - IKE Configuration mode, D - Dead Peer Detection     \n")
		p.f("K - Keepalives, N - NAT-traversal, T - cTCP encapsulation     \n")
		p.f("X - IKE Extended Authentication, F - IKE Fragmentation\n\n")
	}
	all := ikeSAs(v)
	shown := make([]bool, len(all))
	for _, t := range v.Tunnels {
		if !protected(t) {
			continue
		}
		b := block{tunnel: &t, children: pairs(all, t.Name), peer: netip.AddrPortFrom(t.Destination, peerPort(all, t))}
		for i, s := range all {
			if serves(s.vrf, s.local, s.remote, t) {
				b.sessions = append(b.sessions, s)
				shown[i] = true
			}
		}
		b.print(&p, now, counters, detail)
	}
	for i, s := range all {
		if !shown[i] {
			block{sessions: []ikeSA{s}, peer: s.remote}.print(&p, now, counters, detail)
		}
	}
	return p.flush(w)
}

// noVRF is the global one, as session and SA texts print it.
const noVRF = "(none)"

// block is what concerns one tunnel, or one peer of no tunnel.
type block struct {
	tunnel   *tunnel.View // nil: of no tunnel
	sessions []ikeSA
	children []pair
	peer     netip.AddrPort
}

// status is the session's in IOS's words.
func (b block) status() string {
	return statusOf(len(b.children), slices.ContainsFunc(b.sessions, func(s ikeSA) bool { return s.up }), len(b.sessions) > 0)
}

func statusOf(children int, up, negotiating bool) string {
	switch {
	case children > 0 && up:
		return "UP-ACTIVE"
	case children > 0:
		return "UP-NO-IKE"
	case up:
		return "UP-IDLE"
	case negotiating:
		return "DOWN-NEGOTIATING"
	}
	return "DOWN"
}

func (b block) print(p *printer, now time.Time, counters Counters, detail bool) {
	var profile, id string
	var since time.Time
	for _, s := range b.sessions {
		if s.profile != "" {
			profile = s.profile
		}
		if s.peerID != "" {
			id = s.peerID
		}
	}
	for _, c := range b.children {
		if since.IsZero() || c.Installed.Before(since) {
			since = c.Installed
		}
	}
	if b.tunnel != nil {
		p.f("Interface: %s\n", b.tunnel.Name)
	}
	if profile != "" {
		p.f("Profile: %s\n", profile)
	}
	if detail && !since.IsZero() {
		p.f("Uptime: %s\n", hms(now.Sub(since)))
	}
	p.f("Session status: %-14s\n", b.status())
	p.f("Peer: %s port %d ", b.peer.Addr(), b.peer.Port())
	if detail {
		fvrf, ivrf := "", ""
		if b.tunnel != nil {
			fvrf, ivrf = b.tunnel.FVRF, b.tunnel.IVRF
		} else if len(b.sessions) > 0 {
			fvrf = b.sessions[0].vrf
		}
		p.f("fvrf: %s ivrf: %s\n", cmp.Or(fvrf, noVRF), cmp.Or(ivrf, noVRF))
		if id != "" {
			p.f("      Phase1_id: %s\n", id)
		} else {
			p.f("      Phase1_id: (none)\n")
		}
		p.f("      Desc: (none)")
	}
	p.f("\n")
	for _, s := range b.sessions {
		s.print(p, detail)
	}
	if b.tunnel != nil {
		b.flow(p, now, counters, detail)
	}
	p.f("\n")
}

// print: only the sessions of version 2 have a number.
func (s ikeSA) print(p *printer, detail bool) {
	active, id := "Inactive", uint32(0)
	if s.up {
		active = "Active"
	}
	if s.version == 2 {
		id = s.connID
	}
	p.f("  Session ID: %d  \n", id)
	p.f("  IKEv%d SA: local %s remote %s %s \n", s.version, slashed(s.local), slashed(s.remote), active)
	if detail {
		p.f("          Capabilities:%s connid:%d lifetime:%s\n", cmp.Or(s.capabilities, "(none)"), s.connID, hms(s.remaining))
	}
}

// flow is the tunnel's selector and the SAs that carry it: two a pair.
func (b block) flow(p *printer, now time.Time, counters Counters, detail bool) {
	p.f("  IPSEC FLOW: %s \n", permit(b.tunnel.Selector))
	p.f("        Active SAs: %d, origin: crypto map\n", 2*len(b.children))
	if !detail {
		return
	}
	for _, d := range []struct {
		direction ipsec.Direction
		label     string
	}{{ipsec.In, "Inbound:  #pkts dec'ed"}, {ipsec.Out, "Outbound: #pkts enc'ed"}} {
		c := count(b.children, counters, d.direction)
		var kilobytes uint64
		var seconds int64
		if n := len(b.children); n > 0 {
			kilobytes, seconds = b.children[n-1].left(now, counters, d.direction)
		}
		p.f("        %s %d drop %d life (KB/Sec) %d/%d\n", d.label, c.Packets, c.Errors(), kilobytes, seconds)
	}
}

// permit is a selector as an access list's entry; any protocol is "ip" with a
// blank more behind it.
func permit(s ipsec.Selector) string {
	protocol := strconv.Itoa(int(s.Protocol))
	switch {
	case s.Protocol != 0:
	case s.Local.Addr().Is6():
		protocol = "ipv6"
	default:
		protocol = "ip  "
	}
	return "permit " + protocol + " " + side(s.Local, s.LocalPort) + " " + side(s.Remote, s.RemotePort)
}

func side(prefix netip.Prefix, port uint16) string {
	text := prefix.Addr().String() + "/" + ipsec.Netmask(prefix)
	if prefix.IsSingleIP() {
		text = "host " + prefix.Addr().String()
	}
	if port != 0 {
		text += " port " + strconv.Itoa(int(port))
	}
	return text
}

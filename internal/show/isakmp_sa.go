package show

import (
	"io"
	"net/netip"
	"strconv"

	"github.com/obol-ike/obol/ikev1"
)

// ISAKMPSA is show crypto isakmp sa, and with detail show crypto isakmp sa
// detail.
func ISAKMPSA(w io.Writer, sessions []ikev1.View, detail bool) error {
	var p printer
	if detail {
		p.f("Codes: C - IKE configuration mode, D - Dead Peer Detection\n")
		p.f("       K - Keepalives, N - NAT-traversal\n")
		p.f("       T - cTCP encapsulation, X - IKE Extended Authentication\n")
		p.f("       psk - Preshared key, rsig - RSA signature\n")
		p.f("       renc - RSA encryption\n")
	}
	for _, family := range []struct {
		name string
		has  func(netip.Addr) bool
	}{{"IPv4", netip.Addr.Is4}, {"IPv6", netip.Addr.Is6}} {
		p.f("%s Crypto ISAKMP SA\n", family.name)
		if family.name == "IPv4" {
			isakmpHeader(&p, detail)
		} else {
			p.f("\n")
		}
		for _, s := range sessions {
			switch {
			case !family.has(s.Remote.Addr()):
			case detail:
				isakmpDetail(&p, s)
			default:
				isakmpRow(&p, s)
			}
		}
		if family.name == "IPv4" && !detail { // a detailed row ends with a blank one
			p.f("\n")
		}
	}
	return p.flush(w)
}

func isakmpHeader(p *printer, detail bool) {
	if detail {
		p.f("\nC-id  Local           Remote          I-VRF  Status Encr Hash   Auth DH Lifetime Cap.\n\n")
		return
	}
	p.f("dst             src             state          conn-id status\n")
}

// isakmpRow: src is the initiator, dst the responder. A deleted SA is back in
// its first state.
func isakmpRow(p *printer, s ikev1.View) {
	state := s.State
	if deleted(s) {
		state = ikev1.MMNoState.String()
	}
	src, dst := s.Local.Addr(), s.Remote.Addr()
	if !s.Initiator {
		src, dst = dst, src
	}
	p.f("%-15s %-15s %-14s %7d %s\n", dst, src, state, s.ConnID, s.Status)
}

// isakmpDetail: a lifetime runs once the SA is established. The engine's number
// counts from 1 where the connection's counts from 1001.
func isakmpDetail(p *printer, s ikev1.View) {
	group, lifetime := "", ""
	if s.Group != 0 {
		group = strconv.Itoa(int(s.Group))
	}
	if s.Remaining > 0 {
		lifetime = hms(s.Remaining)
	}
	p.f("%-5d %-15s %-15s %-6s %-6s %-4s %-6s %-4s %-2s %-8s %s\n",
		s.ConnID, s.Local.Addr(), s.Remote.Addr(), "", s.Status, s.Encr, s.Hash, s.Auth, group, lifetime, capabilities(s))
	p.f("       Engine-id:Conn-id =  SW:%d\n\n", s.ConnID%1000)
}

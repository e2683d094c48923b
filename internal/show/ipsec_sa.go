package show

import (
	"cmp"
	"fmt"
	"io"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
)

// IPsecSA is show crypto ipsec sa: a block for every protected tunnel, with or
// without SAs. Detail counts errors by their kind.
func IPsecSA(w io.Writer, v engine.View, now time.Time, counters Counters, detail bool) error {
	var p printer
	sas := ikeSAs(v)
	for _, t := range v.Tunnels {
		if protected(t) {
			ipsecSA(&p, sas, t, now, counters, detail)
		}
	}
	return p.flush(w)
}

func ipsecSA(p *printer, sas []ikeSA, t tunnel.View, now time.Time, counters Counters, detail bool) {
	children := pairs(sas, t.Name)
	in, out := count(children, counters, ipsec.In), count(children, counters, ipsec.Out)

	p.f("\ninterface: %s\n", t.Name)
	p.f("    Crypto map tag: %s, local addr %s\n\n", mapTag(t.Name), t.Source)
	p.f("   protected vrf: %s\n", cmp.Or(t.IVRF, noVRF))
	s := t.Selector
	p.f("   local  ident (addr/mask/prot/port): (%s/%s/%d/%d)\n", s.Local.Addr(), ipsec.Netmask(s.Local), s.Protocol, s.LocalPort)
	p.f("   remote ident (addr/mask/prot/port): (%s/%s/%d/%d)\n", s.Remote.Addr(), ipsec.Netmask(s.Remote), s.Protocol, s.RemotePort)
	p.f("   current_peer %s port %d\n", t.Destination, peerPort(sas, t))
	p.f("     PERMIT, flags={origin_is_acl,}\n")
	p.f("    #pkts encaps: %d, #pkts encrypt: %[1]d, #pkts digest: %[1]d\n", out.Packets)
	p.f("    #pkts decaps: %d, #pkts decrypt: %[1]d, #pkts verify: %[1]d\n", in.Packets)
	p.f("    #pkts compressed: 0, #pkts decompressed: 0\n")
	p.f("    #pkts not compressed: 0, #pkts compr. failed: 0\n")
	p.f("    #pkts not decompressed: 0, #pkts decompress failed: 0\n")
	if detail {
		errorCounters(p, in, out)
	} else {
		p.f("    #send errors %d, #recv errors %d\n", out.Errors(), in.Errors())
	}
	p.f("\n")

	p.f("     local crypto endpt.: %s, remote crypto endpt.: %s\n", t.Source, t.Destination)
	idb := t.SourceInterface
	if idb == "" {
		idb = "(none)"
	}
	p.f("     plaintext mtu %d, path mtu %d, ip mtu %[2]d, ip mtu idb %s\n", plaintextMTU(children, t.PathMTU), t.PathMTU, idb)
	spi, pfs := uint32(0), "PFS (Y/N): N, DH group: none"
	if n := len(children); n > 0 {
		spi = children[n-1].Out.SPI // the newest sends
		if g := children[n-1].PFS; g != nil {
			pfs = fmt.Sprintf("PFS (Y/N): Y, DH group: group%d", g.Number)
		}
	}
	p.f("     current outbound spi: 0x%X(%[1]d)\n", spi)
	p.f("     %s\n", pfs)

	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		word := map[ipsec.Direction]string{ipsec.In: "inbound", ipsec.Out: "outbound"}[d]
		for _, section := range []struct {
			name     string
			protocol ipsec.Protocol
		}{{"esp", ipsec.ESP}, {"ah", ipsec.AH}, {"pcp", 0}} {
			p.f("\n     %s %s sas:\n", word, section.name)
			for _, c := range children {
				sa := c.sa(d)
				switch {
				case sa.Protocol == section.protocol:
					oneSA(p, t, c, sa, now, counters)
				case sa.AH != nil && section.protocol == ipsec.AH:
					around := sa.Around()
					around.Mode = sa.Mode // as it was negotiated
					oneSA(p, t, c, around, now, counters)
				}
			}
		}
	}
}

// errorCounters are by kind, as far as the data plane tells them apart.
func errorCounters(p *printer, in, out ipsec.Counters) {
	p.f("    #pkts no sa (send) %d, #pkts invalid sa (rcv) %d\n", out.LifetimeErrors, in.LifetimeErrors)
	p.f("    #pkts encaps failed (send) %d, #pkts decaps failed (rcv) %d\n", out.FormErrors+out.SelectorErrors, in.FormErrors)
	p.f("    #pkts invalid prot (recv) %d, #pkts verify failed: %d\n", in.ProtocolErrors, in.IntegrityErrors)
	p.f("    #pkts invalid identity (recv) %d, #pkts invalid len (rcv) %d\n", in.SelectorErrors, in.LengthErrors)
	p.f("    #pkts replay rollover (send): %d, #pkts replay rollover (rcv) 0\n", out.SequenceErrors)
	p.f("    ##pkts replay failed (rcv): %d\n", in.ReplayErrors)
	p.f("    #pkts tagged (send): 0, #pkts untagged (rcv): 0\n")
	p.f("    #pkts not tagged (send): 0, #pkts not untagged (rcv): 0\n")
	p.f("    #pkts internal err (send): 0, #pkts internal err (recv) 0\n")
}

// oneSA: the connection is that of the IKE SA that made the pair, so that the
// two tables can be read together.
func oneSA(p *printer, t tunnel.View, c pair, sa ipsec.SA, now time.Time, counters Counters) {
	settings, flags := sa.Mode.String(), uint32(0x80000000)
	if sa.Mode == ipsec.Tunnel {
		flags |= 0x40
	}
	if sa.Encap != nil {
		settings += " UDP-Encaps"
	}
	p.f("      spi: 0x%X(%[1]d)\n", sa.SPI)
	p.f("        transform: %s ,\n", transform(sa))
	p.f("        in use settings ={%s, }\n", settings)
	p.f("        conn id: %d, flow_id: SW:%d, sibling_flags %08X, crypto map: %s\n", c.connID, c.connID%1000, flags, mapTag(t.Name))
	kilobytes, seconds := c.left(now, counters, sa.Direction)
	switch {
	case c.Volume == 0:
		p.f("        sa timing: remaining key lifetime (sec): %d\n", seconds)
	case c.Expires.IsZero():
		p.f("        sa timing: remaining key lifetime (k): %d\n", kilobytes)
	default:
		p.f("        sa timing: remaining key lifetime (k/sec): (%d/%d)\n", kilobytes, seconds)
	}
	iv := 0
	if sa.Encr != nil {
		iv = sa.Encr.IV
	}
	p.f("        IV size: %d bytes\n", iv)
	replay := "N"
	if sa.Replay > 0 {
		replay = "Y"
	}
	p.f("        replay detection support: %s\n", replay)
	p.f("        Status: ACTIVE(ACTIVE)\n")
}

// transform is the set that an SA was made with.
func transform(sa ipsec.SA) string {
	if sa.Protocol == ipsec.AH {
		return sa.Integ.AHTransform
	}
	text := ""
	if sa.Encr != nil {
		text = cipherWord(sa.Encr, sa.KeyBits())
	}
	if sa.Integ != nil {
		text += " " + sa.Integ.Transform
	}
	return text
}

// plaintextMTU is what fits into the newest pair's packets on the path. IOS
// counts transport mode's saved header on top.
func plaintextMTU(children []pair, path int) int {
	if len(children) == 0 || path == 0 {
		return path
	}
	sa := children[len(children)-1].Out
	const spiAndSequence, trailer, ah = 8, 2, 12
	header := 20
	if sa.Dst.Is6() {
		header = 40
	}
	room := path - header
	block := 4
	if sa.Encap != nil {
		room -= 8
	}
	if sa.AH != nil {
		room -= ah + sa.AH.ICV
	}
	if sa.Integ != nil {
		room -= sa.Integ.ICV
	}
	if sa.Protocol == ipsec.AH {
		room -= ah
	} else {
		if sa.Encr != nil {
			room -= sa.Encr.IV + sa.Encr.ICV
			block = max(block, sa.Encr.Block)
		}
		room -= spiAndSequence
		room -= room%block + trailer
	}
	if sa.Mode == ipsec.Transport {
		room += header
	}
	return room
}

// peerPort is the port of the newest IKE SA with the tunnel's peer.
func peerPort(sas []ikeSA, t tunnel.View) uint16 {
	port := uint16(500)
	for _, s := range sas {
		if serves(s.vrf, s.local, s.remote, t) {
			port = s.remote.Port()
		}
	}
	return port
}

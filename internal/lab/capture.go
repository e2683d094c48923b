package lab

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/trace"
)

// WriteCapture writes what went over the network, a link a direction, and a ping
// through each tunnel that is up. The tables hold the keys with which Wireshark reads
// it. The same result gives the same octets.
func WriteCapture(w io.Writer, p *Pair, r *Result) ([]trace.Table, error) {
	var (
		links []trace.Link
		keys  []ike.Keys
		sas   []ipsec.SA
	)
	for i := range r.Directions {
		d := &r.Directions[i]
		link := trace.Link{Name: fmt.Sprintf("%s, %s starts", d.Tunnel, d.Initiator.Name)}
		if x := d.Exchange; x != nil {
			var err error
			if link.Packets, err = p.packets(d); err != nil {
				return nil, err
			}
			keys = append(keys, x.World.Keys...)
			for _, router := range x.World.Routers {
				sas = append(sas, router.Dataplane.Installed...)
			}
		}
		links = append(links, link)
	}
	if len(links) == 0 {
		links = []trace.Link{{Name: "no tunnel"}}
	}
	return trace.Tables(keys, sas), trace.Write(w, links)
}

// packets are those of one direction.
func (p *Pair) packets(d *Direction) (all []trace.Packet, err error) {
	x := d.Exchange
	reader := trace.NewReader(x.World.Keys)
	for _, s := range x.World.Sent {
		m := reader.Read(s.Datagram)
		comment := s.From.Name + " sends " + m.Name
		if m.Again > 0 {
			comment += " again"
		}
		if s.Lost {
			comment += ", which nobody gets"
		}
		data, err := trace.Datagram(s.Datagram)
		if err != nil {
			return nil, err
		}
		all = append(all, trace.Packet{At: s.At, Data: data, Comment: comment})
	}
	if d.Result != Up {
		return all, nil
	}
	pings, err := p.pings(x)
	return append(all, pings...), err
}

// pings are an echo request of the initiator's and the reply, as ESP. Through AH
// there are none, nor through an SA that protects nothing.
func (p *Pair) pings(x *Exchange) (all []trace.Packet, err error) {
	at, random := x.World.Now, rand.NewChaCha8([32]byte{})
	for _, reply := range []bool{false, true} {
		from := slices.Index(x.World.Routers, x.Initiator)
		if reply {
			from = 1 - from
		}
		sa, ok := outbound(x.World.Routers[from].Dataplane.Installed)
		mine, theirs := p.ends(from, sa)
		if !ok || mine == nil || theirs == nil {
			return nil, nil
		}
		ping := trace.Ping{Reply: reply}
		ping.Src, ping.Dst = inside(p.Routers[from].Config, mine), inside(p.Routers[1-from].Config, theirs)
		if ping.Src.Is4() != ping.Dst.Is4() {
			return nil, nil
		}
		data, err := ping.Through(mine.Tunnel, sa, random)
		if err != nil {
			return nil, err
		}
		what := "an echo request"
		if reply {
			what = "the reply"
		}
		all = append(all, trace.Packet{At: at, Data: data, Comment: fmt.Sprintf("%s sends %s through %s", p.Routers[from].Name, what, mine.Name)})
		at = at.Add(time.Millisecond)
	}
	return all, nil
}

// outbound is the SA that a router sends with: the newest one.
func outbound(installed []ipsec.SA) (ipsec.SA, bool) {
	for _, sa := range slices.Backward(installed) {
		if sa.Direction == ipsec.Out {
			return sa, sa.Protocol == ipsec.ESP && sa.AH == nil && (sa.Encr != suite.Null || sa.Integ != nil)
		}
	}
	return ipsec.SA{}, false
}

// ends are the tunnel of an SA at the router that has it, and at the other.
func (p *Pair) ends(router int, sa ipsec.SA) (mine, theirs *policy.Interface) {
	for _, itf := range p.Routers[router].Config.Interfaces {
		if itf.Tunnel != nil && itf.Tunnel.ReqID == sa.ReqID {
			return itf, counterpart(p.Routers[1-router].Config, itf)
		}
	}
	return nil, nil
}

// inside is an interface's own address: of what it borrows, and where there is none
// the outer one.
func inside(c *policy.Config, itf *policy.Interface) netip.Addr {
	list := itf.Addresses
	if lender := c.Interface(itf.Unnumbered); lender != nil {
		list = append(slices.Clone(lender.Addresses), list...)
	}
	if len(list) == 0 {
		return itf.Tunnel.Source
	}
	return list[0].Addr()
}

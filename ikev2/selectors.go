package ikev2

import (
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// Traffic selectors here are ours and the peer's. TSi is the one of who sent the
// request, TSr the other, in the request as in its response.

const anyPort = 0xffff // the end of a range of ports that begins with 0

// selectorsOf are the traffic selectors of what a child SA carries, one on each
// side.
func selectorsOf(s ipsec.Selector) (ours, theirs wire.TSV2) {
	return wire.TSV2{selectorOf(s.Local, s.Protocol, s.LocalPort)}, wire.TSV2{selectorOf(s.Remote, s.Protocol, s.RemotePort)}
}

func selectorOf(p netip.Prefix, protocol uint8, port uint16) wire.TS {
	ts := wire.TS{Protocol: protocol, StartPort: port, EndPort: port, Start: p.Masked().Addr(), End: lastOf(p)}
	if port == 0 {
		ts.EndPort = anyPort
	}
	return ts
}

// lastOf is the last address of a prefix.
func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := range b {
		if from := p.Bits() - 8*i; from < 8 {
			b[i] |= 0xff >> max(from, 0)
		}
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}

// offered says whether the peer's selectors hold all of a tunnel's traffic, so
// that they can be narrowed to it. RFC 7296 section 2.9: "IKEv2 allows the responder
// to choose a subset of the traffic proposed by the initiator"; a tunnel's is one
// selector on each side, and it takes all of it or nothing, as IOS does.
func offered(ours, theirs wire.TSV2, want ipsec.Selector) bool {
	a, b := selectorsOf(want)
	return slices.ContainsFunc(ours, func(ts wire.TS) bool { return holds(ts, a[0]) }) &&
		slices.ContainsFunc(theirs, func(ts wire.TS) bool { return holds(ts, b[0]) })
}

// holds says whether a selector has all that another one has. One of an unknown
// type, which has no addresses, holds nothing.
func holds(outer, inner wire.TS) bool {
	return outer.Start.IsValid() && inner.Start.IsValid() && outer.Start.Is4() == inner.Start.Is4() &&
		outer.Start.Compare(inner.Start) <= 0 && inner.End.Compare(outer.End) <= 0 &&
		(outer.Protocol == 0 || outer.Protocol == inner.Protocol) &&
		outer.StartPort <= inner.StartPort && inner.EndPort <= outer.EndPort && inner.StartPort <= inner.EndPort
}

// narrowed is what the responder made of the selectors that we offered: the same,
// or less, but never more.
func narrowed(want ipsec.Selector, ours, theirs wire.TSV2) (ipsec.Selector, error) {
	if len(ours) != 1 || len(theirs) != 1 {
		return ipsec.Selector{}, reject(wire.V2TSUnacceptable, "the peer narrowed to %d and %d traffic selectors, a tunnel has one on each side", len(ours), len(theirs))
	}
	a, b := selectorsOf(want)
	if !holds(a[0], ours[0]) || !holds(b[0], theirs[0]) {
		return ipsec.Selector{}, reject(wire.V2TSUnacceptable, "the peer answers with traffic selectors beyond %s", want)
	}
	got := ipsec.Selector{Protocol: max(ours[0].Protocol, theirs[0].Protocol)}
	var ok [4]bool
	got.Local, ok[0] = prefixOf(ours[0])
	got.Remote, ok[1] = prefixOf(theirs[0])
	got.LocalPort, ok[2] = portOf(ours[0])
	got.RemotePort, ok[3] = portOf(theirs[0])
	if ok != [4]bool{true, true, true, true} || ours[0].Protocol != theirs[0].Protocol {
		return ipsec.Selector{}, reject(wire.V2TSUnacceptable, "the peer narrowed to ranges that are no prefix, no port or of two protocols")
	}
	return got, nil
}

// prefixOf is a range of addresses as a prefix, if it is one.
func prefixOf(ts wire.TS) (netip.Prefix, bool) {
	for bits := range ts.Start.BitLen() + 1 {
		if p := netip.PrefixFrom(ts.Start, bits); p.Masked().Addr() == ts.Start && lastOf(p) == ts.End {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// portOf is a range of ports as one port, or as 0 for any.
func portOf(ts wire.TS) (uint16, bool) {
	switch {
	case ts.StartPort == ts.EndPort && ts.StartPort != 0:
		return ts.StartPort, true
	case ts.StartPort == 0 && ts.EndPort == anyPort:
		return 0, true
	}
	return 0, false
}

// throughNAT gives selectors of transport mode the addresses that the IKE SA has
// here: who sits behind a NAT is known to the other end by another one. RFC 7296
// section 2.23.1 has both ends do so before they look at the selectors, which have
// one address each.
func (n natFound) throughNAT(ours, theirs wire.TSV2, local, remote netip.Addr) (wire.TSV2, wire.TSV2) {
	if n.self {
		ours = withAddress(ours, local)
	}
	if n.peer {
		theirs = withAddress(theirs, remote)
	}
	return ours, theirs
}

func withAddress(list wire.TSV2, a netip.Addr) wire.TSV2 {
	list = slices.Clone(list)
	for i, ts := range list {
		if ts.Start == ts.End && ts.Start.IsValid() && ts.Start.Is4() == a.Is4() {
			list[i].Start, list[i].End = a, a
		}
	}
	return list
}

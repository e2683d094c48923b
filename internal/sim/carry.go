package sim

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Pass sends a packet through a tunnel: it counts at the SA that sends it and,
// if it gets so far, at the one that receives it. Where that is expected only, it
// waits. false: it is lost.
func (w *World) Pass(from, to *Router, tunnel, peerTunnel string) bool {
	out, err := from.Dataplane.sender(tunnel)
	if err != nil {
		return false
	}
	from.Dataplane.packets[out.SAID]++
	in, src, err := w.reach(from, to, out, peerTunnel)
	n, waits := to.Dataplane.Expected[in.SPI]
	if waits && err != nil {
		to.Dataplane.Expected[in.SPI] = n + 1
	}
	if err != nil {
		if !waits {
			to.Dataplane.stray(in.SAID)
		}
		return waits
	}
	to.Dataplane.packets[in.SAID]++
	if in.Encap != nil && (in.Encap.RemotePort != src.Port() || in.Src != src.Addr()) {
		to.kernel(0, func() ipsec.Event { return ipsec.Mapped{SAID: in.SAID, Remote: src} })
	}
	return true
}

// strayTold is how often a packet of no SA is told of, as in userspace.
const strayTold = time.Minute

// stray tells of a packet of no SA. What got lost on its way has no name.
func (d *Dataplane) stray(id ipsec.SAID) {
	now := d.router.world.Now
	if id.SPI == 0 || now.Sub(d.told) < strayTold {
		return
	}
	d.told = now
	d.router.kernel(0, func() ipsec.Event { return ipsec.InvalidSPI{SAID: id} })
}

// Transmit sends a packet as Pass does, but it takes the network's time. arrived hears
// what became of it: nil, or where it ended.
func (w *World) Transmit(from, to *Router, tunnel, peerTunnel string, arrived func(error)) {
	out, err := from.Dataplane.sender(tunnel)
	if err != nil {
		arrived(err)
		return
	}
	from.Dataplane.packets[out.SAID]++
	w.later(w.transit(), func() {
		in, _, err := w.reach(from, to, out, peerTunnel)
		if n, waits := to.Dataplane.Expected[in.SPI]; waits && err != nil {
			to.Dataplane.Expected[in.SPI], err = n+1, nil
		} else if err == nil {
			to.Dataplane.packets[in.SAID]++
		} else {
			to.Dataplane.stray(in.SAID)
		}
		arrived(err)
	})
}

// Carries checks that packets from one router to another through a tunnel would
// be encrypted, decrypted and handed on; the error says where they end.
func (w *World) Carries(from, to *Router, tunnel, peerTunnel string) error {
	out, err := from.Dataplane.sender(tunnel)
	if err != nil {
		return fmt.Errorf("%s: %w", from.Name, err)
	}
	in, _, err := w.reach(from, to, out, peerTunnel)
	if err != nil {
		return err
	}
	if err := match(out, in); err != nil {
		return fmt.Errorf("SPI %#x: %w", out.SPI, err)
	}
	if err := to.Dataplane.receives(peerTunnel); err != nil {
		return fmt.Errorf("%s: %w", to.Name, err)
	}
	return nil
}

// reach takes a packet to the SA that decrypts it, and says where it came from. Of
// one that is not there it gives the name.
func (w *World) reach(from, to *Router, out ipsec.SA, peerTunnel string) (ipsec.SA, netip.AddrPort, error) {
	src, dst := netip.AddrPortFrom(out.Src, 0), netip.AddrPortFrom(out.Dst, 0)
	if e := out.Encap; e != nil {
		src, dst = netip.AddrPortFrom(out.Src, e.LocalPort), netip.AddrPortFrom(out.Dst, e.RemotePort)
		sentTo := dst
		var who *Router
		if who, src, dst = w.cross(from, src, dst); who != to {
			return ipsec.SA{}, src, fmt.Errorf("%s sends to %v, which is not %s", from.Name, sentTo, to.Name)
		}
	} else if w.translated(from, out.Dst) {
		return ipsec.SA{}, src, fmt.Errorf("ESP of %s does not pass the NAT", from.Name)
	}
	id := ipsec.SAID{Src: src.Addr(), Dst: dst.Addr(), SPI: out.SPI, Protocol: out.Protocol, Mark: to.Dataplane.mark(peerTunnel), AHSPI: out.AHSPI}
	in, ok := to.Dataplane.receiver(id, peerTunnel)
	switch {
	case !ok:
		return ipsec.SA{SAID: id}, src, fmt.Errorf("%s has no SA for SPI %#x", to.Name, out.SPI)
	case (in.Encap != nil) != (out.Encap != nil) || in.Encap != nil && in.Encap.LocalPort != dst.Port():
		return in, src, fmt.Errorf("SPI %#x: the ends differ in UDP encapsulation", out.SPI)
	}
	return in, src, nil
}

// receiver is the SA that decrypts a packet. A kernel knows it whatever address the
// packet comes from; but a VTI takes what comes from its other end only.
func (d *Dataplane) receiver(id ipsec.SAID, tunnel string) (ipsec.SA, bool) {
	if l, ok := d.Link(tunnel); ok && id.Mark != 0 && l.Remote != id.Src {
		return ipsec.SA{}, false
	}
	for known, sa := range d.SAs {
		if known.Src = id.Src; known == id {
			return sa, true
		}
	}
	return ipsec.SA{}, false
}

// sender is the SA that takes a tunnel's packets: of those that fit the policy,
// the one installed last, as in Linux.
func (d *Dataplane) sender(tunnel string) (ipsec.SA, error) {
	p, err := d.policy(tunnel, ipsec.Out)
	if err != nil {
		return ipsec.SA{}, err
	}
	for _, id := range slices.Backward(d.order) {
		sa := d.SAs[id]
		if sa.Direction == ipsec.Out && fits(sa, p) {
			return sa, nil
		}
	}
	return ipsec.SA{}, fmt.Errorf("%s: no outbound SA", tunnel)
}

// receives says why decrypted packets would not come out of a tunnel.
func (d *Dataplane) receives(tunnel string) error {
	p, err := d.policy(tunnel, ipsec.In)
	if err != nil {
		return err
	}
	for _, sa := range d.SAs {
		if sa.Direction == ipsec.In && fits(sa, p) {
			return nil
		}
	}
	return fmt.Errorf("%s: no inbound SA fits the policy", tunnel)
}

func (d *Dataplane) policy(tunnel string, direction ipsec.Direction) (ipsec.Policy, error) {
	l, ok := d.Link(tunnel)
	if !ok || !l.Up {
		return ipsec.Policy{}, fmt.Errorf("%s is down", tunnel)
	}
	of := func(p ipsec.Policy) bool { return p.IfID == l.Key }
	if l.Kind != ipsec.XFRM {
		id := d.router.config.Interface(tunnel).Tunnel.ReqID
		of = func(p ipsec.Policy) bool { return p.ReqID == id }
	}
	for _, p := range d.Policies {
		if p.Direction == direction && of(p) {
			return p, nil
		}
	}
	return ipsec.Policy{}, fmt.Errorf("%s: no %v policy", tunnel, direction)
}

// fits says whether a policy's template takes an SA.
func fits(sa ipsec.SA, p ipsec.Policy) bool {
	local, remote := sa.Src, sa.Dst
	if sa.Direction == ipsec.In {
		local, remote = remote, local
	}
	return local == p.Local && remote == p.Remote && sa.ReqID == p.ReqID && sa.Mode == p.Mode && sa.Protocol == p.Protocol && sa.Mark == p.Mark && sa.IfID == p.IfID && (sa.AH != nil) == p.AH
}

// match compares both ends of one SA.
func match(out, in ipsec.SA) error {
	switch {
	case in.Direction != ipsec.In:
		return errors.New("not inbound at the receiver")
	case out.Encr != in.Encr || out.Integ != in.Integ || out.AH != in.AH || out.Mode != in.Mode:
		return errors.New("the ends differ in algorithms or mode")
	case !bytes.Equal(out.EncrKey, in.EncrKey) || !bytes.Equal(out.IntegKey, in.IntegKey) || !bytes.Equal(out.AHKey, in.AHKey):
		return errors.New("the ends differ in keys")
	case out.Encap != nil && out.Mode == ipsec.Transport:
		// What lies behind a NAT has another address there.
		if out.Selector.Protocol != in.Selector.Protocol {
			return fmt.Errorf("selectors %v and %v are of different protocols", out.Selector, in.Selector)
		}
	case out.Selector != in.Selector.Mirror():
		return fmt.Errorf("selectors %v and %v are not mirrored", out.Selector, in.Selector)
	}
	return nil
}

// mark of a tunnel, which a VTI gives to what it takes.
func (d *Dataplane) mark(tunnel string) uint32 {
	if l, ok := d.Link(tunnel); ok && (l.Kind == ipsec.VTI || l.Kind == ipsec.VTI6) {
		return l.Key
	}
	return 0
}

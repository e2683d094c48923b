package lab

import (
	"fmt"
	"net/netip"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// attempt is one tunnel that one of its ends is to begin.
type attempt struct {
	pair      *Pair
	initiator int               // index of the router
	itf       *policy.Interface // its tunnel
	peer      *policy.Interface // the other router's end of it, nil when there is none
}

func (a attempt) routers() (initiator, responder *Router) {
	return a.pair.Routers[a.initiator], a.pair.Routers[1-a.initiator]
}

// version of IKE, 0 where the tunnel cannot be made as it is written.
func (a attempt) version() int {
	switch {
	case a.itf.Tunnel == nil || a.itf.Tunnel.Protection == nil:
		return 0
	case a.itf.Tunnel.Protection.IKEv2Profile != nil:
		return 2
	}
	return 1
}

// first is the message that begins the exchange.
func (a attempt) first() string {
	if a.version() == 2 {
		return "SA_INIT"
	}
	return "MM1"
}

// attempts are all, by tunnel: the first router's tunnels, then those that only the
// second one has. only is the index of the one router that begins, or negative.
func (p *Pair) attempts(only int) (all []attempt) {
	paired := map[*policy.Interface]bool{}
	for i, r := range p.Routers {
		for _, itf := range r.Config.Interfaces {
			if itf.Kind != policy.TunnelInterface || paired[itf] {
				continue
			}
			peer := counterpart(p.Routers[1-i].Config, itf)
			if !itf.Protected && (peer == nil || !peer.Protected) {
				continue // nothing is negotiated for it
			}
			all = append(all, attempt{p, i, itf, peer})
			if peer != nil {
				paired[peer] = true
				all = append(all, attempt{p, 1 - i, peer, itf})
			}
		}
	}
	if only < 0 {
		return all
	}
	var some []attempt
	for _, a := range all {
		if a.initiator == only {
			some = append(some, a)
		}
	}
	return some
}

// counterpart is the other end of a tunnel.
func counterpart(c *policy.Config, itf *policy.Interface) *policy.Interface {
	for _, other := range c.Interfaces {
		if itf.Tunnel != nil && other.Tunnel != nil && other.Tunnel.Source == itf.Tunnel.Destination && other.Tunnel.Destination == itf.Tunnel.Source {
			return other
		}
	}
	return nil
}

// has says whether a router has an address.
func (r *Router) has(addr netip.Addr) bool {
	for _, itf := range r.Config.Interfaces {
		if itf.Tunnel != nil && itf.Tunnel.Source == addr {
			return true
		}
		for _, p := range itf.Addresses {
			if itf.Kind != policy.TunnelInterface && p.Addr() == addr {
				return true
			}
		}
	}
	return false
}

// unwilling is a tunnel that the engine does not begin, for what the configuration
// alone does not show: its destination is reached through itself.
func (a attempt) unwilling(err error) *explanation {
	me, _ := a.routers()
	x := &explanation{stage: a.first(), code: lint.NotInitiating, where: []lint.Place{lint.At(a.itf.Pos)}}
	return x.say("%s does not begin %s", me.Name, err).heal("Let the route to %s not lead into %s itself.", a.itf.Tunnel.Destination, a.itf.Name)
}

// obstacle is why nothing is even sent, or why nobody listens; nil when the routers
// can talk.
func (a attempt) obstacle() *explanation {
	me, peer := a.routers()
	x := &explanation{stage: a.first(), code: lint.NotInitiating, where: []lint.Place{lint.At(a.itf.Pos)}}
	name := fmt.Sprintf("%s of %s", a.itf.Name, me.Name)
	switch {
	case a.itf.Unable != "":
		x.say("%s stays down: %s.", name, a.itf.Unable).heal("Write the tunnel as %s can make it.", me.Name)
	case !a.itf.Protected:
		x.say("%s has no tunnel protection, the other end has.", name).heal("Give it tunnel protection ipsec profile NAME, or take that of %s away.", peer.Name)
	case a.itf.Shutdown:
		x.say("%s is shut down.", name).heal("Write no shutdown there.")
	case a.itf.Tunnel.Protection.ResponderOnly:
		x.at(a.itf.Tunnel.Protection.Pos).say("%s only answers: its ipsec profile %s says responder-only.", name, a.itf.Tunnel.Protection.Name).
			heal("Let %s begin, or take responder-only away.", peer.Name)
	case me.Config.ISAKMP.Disabled:
		x.say("%s has no crypto isakmp enable.", me.Name).heal("Write crypto isakmp enable on %s.", me.Name)
	case !peer.has(a.itf.Tunnel.Destination):
		x.code = lint.NoSuchPeer
		x.say("%s leads to %s, which is no address of %s.", name, a.itf.Tunnel.Destination, peer.Name).
			heal("Write an address of %s as tunnel destination; NATs between the routers are not part of the laboratory.", peer.Name)
	case a.version() == 2 && a.itf.Tunnel.Protection.IKEv2Profile.Unusable() != "":
		p := a.itf.Tunnel.Protection.IKEv2Profile
		x.at(p.Pos).say("IKEv2 profile %s of %s cannot be used: %s.", p.Name, me.Name, p.Unusable()).heal("Mend that in the profile.")
	case peer.Config.ISAKMP.Disabled:
		x.code, x.where = lint.NotConfigured, []lint.Place{{File: peer.File}}
		x.say("%s has no crypto isakmp enable and answers nobody.", peer.Name).heal("Write crypto isakmp enable on %s.", peer.Name)
	default:
		return nil
	}
	return x
}

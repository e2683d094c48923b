package lab

import (
	"fmt"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// explain finds the cause and the cure of how the attempt ended.
func (w *watch) explain() *explanation {
	if w.end == nil { // nobody said or did anything any more
		w.end = &ending{by: w.initiator, stage: w.first(), silent: true}
	}
	x := &explanation{stage: w.end.stage}
	by, other := w.accounts[w.end.by], w.accounts[1-w.end.by]
	switch {
	case w.otherVersion(x):
	case w.end.silent:
		x.code = lint.NoAnswer
		x.say("%s got no answer to %s from %s, and no report of %s's says why", by.router.Name, w.end.stage, other.router.Name, other.router.Name).
			heal("Look at the debug lines of %s", other.router.Name)
	case w.causeIKEv1(x, by, other), w.causeIKEv2(x, by, other):
	case w.end.stage == "CHILD" && w.peer != nil && w.peer.Tunnel.Mode != w.itf.Tunnel.Mode: // the initiator's word on an answer
		x.where = nil
		w.noTunnel(x, by, other, false, "IKEv2", w.end.sentence)
	default:
		x.code = lint.Refused
		x.say("%s cannot take or build %s: %s", by.router.Name, w.end.stage, w.end.sentence).heal("Look at the debug lines of %s", by.router.Name)
	}
	if len(x.where) == 0 {
		x.at(w.itf.Pos)
	}
	return x
}

// otherVersion is a tunnel with IKEv1 at one end and IKEv2 at the other: whatever
// the end of the attempt was, it could not have come up.
func (w *watch) otherVersion(x *explanation) bool {
	if w.peer == nil || w.peer.Shutdown {
		return false
	}
	here, there := w.version(), attempt{itf: w.peer}.version()
	if there == 0 || here == there {
		return false
	}
	me, peer := w.routers()
	x.code = lint.VersionMismatch
	x.at(w.peer.Pos, w.itf.Pos)
	x.say("%s of %s is protected by IKEv%d, %s of %s by IKEv%d", w.itf.Name, me.Name, here, w.peer.Name, peer.Name, there).
		heal("Set ikev2-profile in the ipsec profiles of both tunnels, or in neither")
	return true
}

// tunnelOf is a router's end of the tunnel, nil when it has none.
func (w *watch) tunnelOf(a *account) *policy.Interface {
	if a.initiator {
		return w.itf
	}
	return w.peer
}

// tunnelAt puts both ends of the tunnel into the places, and where they have one
// their ipsec profiles.
func (x *explanation) tunnelAt(ends ...*policy.Interface) {
	for _, itf := range ends {
		if itf == nil {
			continue
		}
		if itf.Tunnel != nil && itf.Tunnel.Protection != nil {
			x.where = append(x.where, lint.At(itf.Tunnel.Protection.Pos))
		}
		x.where = append(x.where, lint.At(itf.Pos))
	}
}

// nothingToProve is an end without certificate or key.
func (w *watch) nothingToProve(x *explanation, by *account, preShared bool) {
	me, address := by.router, w.address(by)
	x.where = append(x.where, lint.Place{File: me.File})
	if preShared {
		x.code = lint.NoKey
		x.say("%s has no pre-shared key for %s", me.Name, address).heal("Write the key for address %s on %s, the same as on %s", address, me.Name, by.peer.Name)
		return
	}
	x.code = lint.NoTrustpoint
	held := heldIKEv1(me, by.side.Profile)
	if tp := me.Snapshot.NotRSA(held.only); tp != nil {
		if s, ok := me.settings(tp.Name); ok {
			x.where = nil
			x.at(policy.TrustpointPos(s))
		}
		x.say("%s has a certificate of %s, whose key is not RSA: rsa-sig of IKEv1 signs with an RSA key only", me.Name, tp.Name).
			heal("Enrol %s on %s with an RSA key (rsakeypair in place of eckeypair), or negotiate by IKEv2, which signs with either", tp.Name, me.Name)
		return
	}
	if len(held.only) > 0 {
		x.where = nil
		x.at(held.at).say("%s of %s allows certificates of %s only, and %s has none of its own there", held.profile, me.Name, list(held.only), me.Name).
			heal("Enrol %s on %s, or add the trustpoint of a certificate that it has to the profile's list", held.only[0], me.Name)
		return
	}
	x.say("%s has no certificate that it may sign with", me.Name).heal("Enrol %s at a CA that %s trusts, and let its profile's list hold that trustpoint", me.Name, by.peer.Name)
}

// address is the peer's, as a router sees it.
func (w *watch) address(a *account) string {
	if a.initiator {
		return w.itf.Tunnel.Destination.String()
	}
	return w.itf.Tunnel.Source.String()
}

// otherKey is two ends with different pre-shared keys.
func (w *watch) otherKey(x *explanation, by, other *account) {
	x.code = lint.KeyMismatch
	x.where = append(w.keyPlaces(by), w.keyPlaces(other)...)
	x.say("%s and %s have different pre-shared keys for each other", by.router.Name, other.router.Name).
		heal("Write the same key for %s on %s as for %s on %s", w.address(by), by.router.Name, w.address(other), other.router.Name)
}

// keyPlaces is the line of the key that a router has for the peer.
func (w *watch) keyPlaces(a *account) []lint.Place {
	local, remote := w.itf.Tunnel.Source, w.itf.Tunnel.Destination
	if !a.initiator {
		local, remote = remote, local
	}
	c := a.router.Config
	if w.version() == 2 {
		if p := c.IKEv2Profile(a.side.Profile); p != nil {
			if k := p.InitiatorKeys(remote); k.Peer != nil {
				return []lint.Place{lint.At(k.Peer.Pos)}
			}
			return []lint.Place{lint.At(p.Pos)}
		}
		return nil
	}
	choice := c.ResponderKey(local, remote)
	if a.initiator {
		choice = c.InitiatorKey(c.Profile(a.side.Profile), local, remote)
	}
	if choice.Key == nil {
		return nil
	}
	return []lint.Place{lint.At(choice.Key.Pos)}
}

// noTunnel is a responder without a tunnel for the traffic. profile says that it is
// the profile that keeps it from one; kind is the profile's.
func (w *watch) noTunnel(x *explanation, by, other *account, profile bool, kind, reason string) {
	me, peer, mine := by.router, other.router, w.tunnelOf(by)
	x.tunnelAt(mine, w.tunnelOf(other))
	wanted := wantedProfile(mine, kind)
	switch {
	case mine == nil:
		x.code = lint.NotConfigured
		at, astray := w.astray(by)
		x.where = append(at, x.where...)
		x.say("%s has no tunnel from %s to %s that could answer %s of %s%s", me.Name, w.address(other), w.address(by), w.tunnelOf(other).Name, peer.Name, astray).
			heal("Write the other end of %s on %s", w.tunnelOf(other).Name, me.Name)
	case mine.Shutdown:
		x.code = lint.NotConfigured
		x.where = []lint.Place{lint.At(mine.Pos)}
		x.say("%s of %s is shut down", mine.Name, me.Name).heal("Write no shutdown there")
	case profile && by.side.Profile == "":
		x.code = lint.NoProfile
		x.say("No %s profile of %s matches %s, which calls itself %s, and %s wants %s", kind, me.Name, peer.Name, other.side.Identity, mine.Name, wanted).
			heal("Let %s of %s match %s", wanted, me.Name, other.side.Identity)
	case profile:
		x.code = lint.ProfileMismatch
		x.say("%s takes %s, which calls itself %s, for the peer of %s profile %s, and its %s wants %s", me.Name, peer.Name, other.side.Identity, kind, by.side.Profile, mine.Name, wanted).
			heal("Let the ipsec profile of %s name %s profile %s, or let %s match %s better than the others", mine.Name, kind, by.side.Profile, wanted, other.side.Identity)
	default:
		x.code = lint.SelectorMismatch
		x.say("%s and %s protect different traffic: %s of %s is for %s, %s of %s for %s (%s)", peer.Name, me.Name,
			w.tunnelOf(other).Name, peer.Name, w.tunnelOf(other).Tunnel.Mode, mine.Name, me.Name, mine.Tunnel.Mode, reason).
			heal("Write the same tunnel mode on both ends")
	}
}

// astray are the tunnels of a responder that might have been meant for the other
// end, those that stay down and those that lead elsewhere from the same address;
// without one the file as a whole.
func (w *watch) astray(a *account) (at []lint.Place, said string) {
	for _, itf := range a.router.Config.Interfaces {
		switch {
		case itf.Kind != policy.TunnelInterface:
			continue
		case itf.Unable != "":
			said += fmt.Sprintf("; its %s stays down: %s", itf.Name, itf.Unable)
		case itf.Tunnel != nil && itf.Tunnel.Source == w.itf.Tunnel.Destination && counterpart(a.peer.Config, itf) == nil:
			said += fmt.Sprintf("; its %s leads to %s", itf.Name, itf.Tunnel.Destination)
		default:
			continue
		}
		at = append(at, lint.At(itf.Pos))
	}
	if at == nil {
		at = []lint.Place{{File: a.router.File}}
	}
	return at, said
}

// wantedProfile is the profile that a tunnel's ipsec profile names, in words.
func wantedProfile(itf *policy.Interface, kind string) string {
	if itf != nil && itf.Tunnel != nil && itf.Tunnel.Protection != nil {
		switch p := itf.Tunnel.Protection; {
		case p.IKEv2Profile != nil:
			return "IKEv2 profile " + p.IKEv2Profile.Name
		case p.ISAKMPProfile != nil:
			return "isakmp profile " + p.ISAKMPProfile.Name
		}
	}
	return "no " + kind + " profile"
}

// noTransform is an offer of IPsec transforms that does not fit.
func (w *watch) noTransform(x *explanation, by, other *account, reason string) {
	x.code = lint.NoTransform
	x.tunnelAt(w.tunnelOf(by), w.tunnelOf(other))
	x.say("%s accepts none of the IPsec transforms that %s offers: %s", by.router.Name, other.router.Name, reason).
		heal("Let the ipsec profiles of both tunnels name a transform set of the same transforms and mode, and the same set pfs")
}

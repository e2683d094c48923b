package lab

import (
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// causeIKEv2 is the table of what an attempt with IKEv2 ends for. It says whether
// the reason is one of IKEv2.
func (w *watch) causeIKEv2(x *explanation, by, other *account) bool {
	me, peer := by.router, other.router
	profile := me.Config.IKEv2Profile(by.side.Profile)
	if profile != nil {
		x.at(profile.Pos)
	}
	switch e := w.end.reason.(type) {
	case ikev2.PolicyFound:
		x.code, x.where = lint.NotConfigured, []lint.Place{{File: me.File}}
		x.say("No crypto ikev2 policy of %s is for its address", me.Name).heal("Write a crypto ikev2 policy on %s that matches the address, or has no match address local", me.Name)
	case ikev2.OfferRefused:
		x.where = nil
		if w.end.stage == "SA_INIT" {
			w.noProposal(x, by, other)
			break
		}
		w.noTransform(x, by, other, list(by.checks))
	case ikev2.CertificateFailed:
		w.noCertificate(x, by, profile, e.Reason)
	case ikev2.KeyMissing:
		w.noKey(x, by, e.Peer)
	case ikev2.MethodRefused:
		x.code = lint.AuthFailed
		x.say("IKEv2 profile %s of %s does not take the method by which %s authenticates: %s", e.Profile, me.Name, peer.Name, by.method).
			heal("Add that method as authentication remote to the profile, or change authentication local on %s", peer.Name)
	case ikev2.ProfileSearched:
		w.identity(x, by, other, e)
	case ikev2.ChainValidated:
		x.where = nil
		x.causeCertificate(by, other, e.Verdict, heldIKEv2(profile))
	case ikev2.AuthVerified:
		x.where = nil
		if by.preShare {
			w.otherKey(x, by, other)
			break
		}
		x.code = lint.AuthFailed
		x.say("%s refuses the proof of %s: %s", me.Name, peer.Name, e.Reason).heal("Let both profiles authenticate by the same method")
	case ikev2.SelectorsRefused:
		x.where = nil
		w.noTunnel(x, by, other, e.Profile, "IKEv2", e.Reason)
	default:
		return false
	}
	return true
}

// heldIKEv2 is what a router holds certificates against.
func heldIKEv2(p *policy.IKEv2Profile) validation {
	if p == nil {
		return validation{}
	}
	return validation{profile: "IKEv2 profile " + p.Name, at: p.Pos, only: p.VerifyTrustpoints(), line: "pki trustpoint"}
}

func (w *watch) noProposal(x *explanation, by, other *account) {
	x.code = lint.NoProposal
	for _, r := range []*Router{by.router, other.router} {
		if list := r.Config.IKEv2.Proposals; len(list) > 0 && list[0].Pos.Line > 0 {
			x.where = append(x.where, lint.At(list[0].Pos))
		} else {
			x.where = append(x.where, lint.Place{File: r.File})
		}
	}
	x.say("%s accepts none of the IKEv2 proposals that %s offers: %s", by.router.Name, other.router.Name, list(by.checks)).
		heal("Give both routers a crypto ikev2 proposal with an encryption, an integrity and a group in common, and a policy that names it")
}

// noCertificate is an end that may show none. An initiator's profile has to name
// the trustpoint.
func (w *watch) noCertificate(x *explanation, by *account, profile *policy.IKEv2Profile, reason string) {
	me := by.router
	x.code = lint.NoTrustpoint
	if profile == nil {
		x.say("%s has no certificate to show: %s", me.Name, reason).heal("Enrol %s at a CA that %s trusts", me.Name, by.peer.Name)
		return
	}
	if _, ok := profile.SignTrustpoints(by.initiator); !ok {
		name := "NAME"
		if shown := me.Snapshot.Identities(); len(shown) > 0 {
			name = shown[0].Name
		}
		x.say("%s begins, and its IKEv2 profile %s names no pki trustpoint to sign with: who begins shows a certificate only of a trustpoint that the profile names", me.Name, profile.Name).
			heal("Add pki trustpoint %s to IKEv2 profile %s of %s", name, profile.Name, me.Name)
		return
	}
	x.say("%s has no certificate to show that its IKEv2 profile %s allows: %s", me.Name, profile.Name, reason).
		heal("Enrol a trustpoint that the profile names, at a CA that %s trusts", by.peer.Name)
}

func (w *watch) noKey(x *explanation, by *account, peers bool) {
	x.code = lint.NoKey
	what := "of its own to show to"
	if peers {
		what = "to check"
	}
	x.say("%s has no pre-shared key %s %s (%s)", by.router.Name, what, by.peer.Name, w.address(by)).
		heal("Write a peer block for %s with the key into the keyring of IKEv2 profile %s on %s", w.address(by), by.side.Profile, by.router.Name)
}

// identity is a peer that no profile is for, or not that of the tunnel.
func (w *watch) identity(x *explanation, by, other *account, e ikev2.ProfileSearched) {
	if by.initiator {
		x.code = lint.IdentityMismatch
		x.say("%s calls itself %s, and IKEv2 profile %s of %s's tunnel does not match that", other.router.Name, e.PeerID, by.side.Profile, by.router.Name).
			heal("Add %s for %s to IKEv2 profile %s of %s, or change identity local on %s", ruleFor(e), e.PeerID, by.side.Profile, by.router.Name, other.router.Name)
		return
	}
	x.code = lint.NoProfile
	x.where = []lint.Place{{File: by.router.File}}
	if mine := w.tunnelOf(by); mine != nil && mine.Tunnel.Protection != nil && mine.Tunnel.Protection.IKEv2Profile != nil {
		profile := mine.Tunnel.Protection.IKEv2Profile
		x.where = []lint.Place{lint.At(profile.Pos)}
		if why := profile.Unusable(); why != "" {
			x.say("IKEv2 profile %s of %s's tunnel cannot be used: %s", profile.Name, by.router.Name, why).heal("Mend that in the profile")
			return
		}
	}
	x.say("No IKEv2 profile of %s matches %s, which calls itself %s (%s)", by.router.Name, other.router.Name, e.PeerID, e.Type).
		heal("Add %s for %s to the IKEv2 profile of %s's tunnel", ruleFor(e), e.PeerID, by.router.Name)
}

// ruleFor is the kind of rule that finds a peer: a distinguished name is matched by a
// certificate map only.
func ruleFor(e ikev2.ProfileSearched) string {
	if e.Type == ikev2.IdentityName(wire.IDDERASN1DN) {
		return "match certificate, with a certificate map"
	}
	return "match identity remote"
}

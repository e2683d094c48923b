package lab

import (
	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// causeIKEv1 is the table of what an attempt with IKEv1 ends for. It says whether
// the reason is one of IKEv1.
func (w *watch) causeIKEv1(x *explanation, by, other *account) bool {
	me, peer := by.router, other.router
	switch e := w.end.reason.(type) {
	case ikev1.MethodMissing:
		w.nothingToProve(x, by, e.Method == policy.PreShare)
	case ikev1.NoOfferAccepted:
		x.code = lint.NoProposal
		x.policies(me, peer)
		x.say("%s accepts none of the isakmp policies that %s offers: %s", me.Name, peer.Name, list(by.checks)).
			heal("Give both routers one crypto isakmp policy of the same encryption, hash, group and authentication")
	case ikev1.CertRefused:
		x.causeCertificate(by, other, e.Verdict, heldIKEv1(me, by.side.Profile))
	case ikev1.SignatureRefused:
		x.code = lint.AuthFailed
		x.say("%s refuses the signature of %s: %s", me.Name, peer.Name, e.Reason).heal("Enrol %s with an RSA key: IKEv1 signs with no other", peer.Name)
	case ikev1.HashRefused:
		w.otherKey(x, by, other)
	case ikev1.ProfileKeyring:
		x.code = lint.NoKey
		x.profileAt(me, e.Profile)
		x.say("%s found the pre-shared key for %s in keyring %s, and its isakmp profile %s takes keys of its own keyring only", me.Name, peer.Name, e.Keyring, e.Profile).
			heal("Let isakmp profile %s name keyring %s, or move the key into the profile's keyring", e.Profile, e.Keyring)
	case ikev1.ProfileMismatch:
		x.code = lint.IdentityMismatch
		x.profileAt(me, e.Profile)
		x.say("%s calls itself %s, and isakmp profile %s of %s's tunnel does not match that", peer.Name, e.PeerID, e.Profile, me.Name).
			heal("Add a match identity line for %s to isakmp profile %s of %s, or change self-identity on %s", e.PeerID, e.Profile, me.Name, peer.Name)
	case ikev1.ProxiesChecked:
		w.noTunnel(x, by, other, e.Profile, "isakmp", e.Reason)
	case ikev1.IPsecProposalRefused:
		why := e.Reason
		if len(by.checks) > 0 {
			why = list(by.checks)
		}
		w.noTransform(x, by, other, why)
	case ikev1.AggressiveDisabled, engine.AggressiveDisabled:
		x.code = lint.NotConfigured
		x.say("Aggressive mode is to be used, and crypto isakmp aggressive-mode disable forbids it on %s", me.Name).heal("Take initiate mode aggressive away, or that line")
	default:
		if w.version() != 1 || !by.preShare || w.end.reason != nil || !afterKeys[w.end.stage] {
			return false
		}
		w.otherKey(x, by, other) // what the peer encrypted decrypts to nonsense
	}
	return true
}

// afterKeys are the messages of main mode that are encrypted.
var afterKeys = map[string]bool{"MM5": true, "MM6": true}

// heldIKEv1 is what a router holds certificates against.
func heldIKEv1(r *Router, profile string) validation {
	p := r.Config.Profile(profile)
	if p == nil {
		return validation{}
	}
	return validation{profile: "isakmp profile " + p.Name, at: p.Pos, only: p.Trustpoints, line: "ca trust-point"}
}

// policies puts the IKE policies of both into the places.
func (x *explanation) policies(routers ...*Router) {
	for _, r := range routers {
		if len(r.Config.Policies) > 0 && !r.Config.Policies[0].Default {
			x.where = append(x.where, lint.At(r.Config.Policies[0].Pos))
		} else {
			x.where = append(x.where, lint.Place{File: r.File})
		}
	}
}

// profileAt puts an ISAKMP profile into the places.
func (x *explanation) profileAt(r *Router, name string) {
	if p := r.Config.Profile(name); p != nil {
		x.at(p.Pos)
	}
}

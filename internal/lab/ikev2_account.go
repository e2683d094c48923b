package lab

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// hearIKEv2 takes a report of IKEv2.
func (a *account) hearIKEv2(e ike.Event) {
	switch e := e.(type) {
	case ikev2.SARequested:
		a.side.Profile = e.Profile
		a.why("begins with IKEv2 profile %s, which the ipsec profile of %s names", e.Profile, e.Tunnel)
	case ikev2.PolicyFound:
		if e.Policy == "" {
			a.refused(e)
			a.why("has no IKEv2 policy for its address")
		}
	case ikev2.OfferRefused:
		a.refused(e)
		a.checks = nil
		for _, c := range e.Checks {
			a.checks = append(a.checks, fmt.Sprintf("%s: %s", c.Ours, c.Refusal))
		}
		a.why("accepts no proposal of %s's: %s", a.peer.Name, list(a.checks))
	case ikev2.NotifySent:
		a.group = e.Type == wire.V2InvalidKEPayload
	case ikev2.KeyringSearched:
		if e.Block == "" {
			a.why("keyring %s has no peer block for %s", e.Keyring, a.peer.Name)
		} else {
			a.why("finds the pre-shared key in peer block %s of keyring %s", e.Block, e.Keyring)
		}
	case ikev2.HashesResolved:
		a.resolved(e)
	case ikev2.CertificateFailed, ikev2.KeyMissing, ikev2.MethodRefused:
		a.refused(e)
	case ikev2.IdentityBuilt:
		a.side.Identity = e.ID
		a.why("calls itself %s (%s)", e.ID, e.Type)
	case ikev2.ProfileSearched:
		a.side.Profile = cmp.Or(e.Profile, a.side.Profile)
		if e.Profile == "" {
			a.refused(e)
		}
		a.why("%s (the peer is %s, %s)%s", strings.TrimPrefix(e.Reason, "% "), e.PeerID, e.Type, alsoRans(e.AlsoRans, func(p *policy.IKEv2Profile) string { return p.Name }))
	case ikev2.PeerMethod:
		a.method, a.preShare = e.Method, e.Method == "PSK"
	case ikev2.ChainValidated:
		if !e.Verdict.OK {
			a.refused(e)
		}
		a.judged(e.Verdict)
	case ikev2.AuthVerified:
		if !e.OK && a.reason == nil {
			a.refused(e)
			a.why("refuses %s's proof: %s", a.peer.Name, e.Reason)
		}
	case ikev2.SelectorsRefused:
		a.refused(e)
		a.why("has no tunnel for %s's traffic: %s", a.peer.Name, e.Reason)
	case ikev2.Retransmission:
		a.repeated = true
	}
}

// resolved tells whose certificate it shows, and why.
func (a *account) resolved(e ikev2.HashesResolved) {
	a.asked = e.Choice.Index >= 0
	if tp := e.Choice.Trustpoint; tp != nil {
		a.certificate(tp.Name, e.Choice.Reason)
		return
	}
	a.why("has no certificate to show: %s", e.Choice.Reason)
}

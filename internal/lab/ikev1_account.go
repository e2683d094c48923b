package lab

import (
	"fmt"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// hearIKEv1 takes a report of IKEv1; false for any other.
func (a *account) hearIKEv1(e ike.Event) bool {
	switch e := e.(type) {
	case ikev1.SARequested:
		a.side.Profile = e.Profile
		if e.Profile == "" {
			a.why("begins without a profile: the ipsec profile of %s names no isakmp-profile", e.Tunnel)
		} else {
			a.why("begins with isakmp profile %s, which the ipsec profile of %s names", e.Profile, e.Tunnel)
		}
	case ikev1.KeySearched:
		a.keySearched(e)
	case ikev1.MethodMissing, ikev1.SignatureRefused, ikev1.HashRefused, ikev1.AggressiveDisabled:
		a.refused(e)
	case ikev1.TransformChecked:
		a.transformChecked(e)
	case ikev1.NoOfferAccepted:
		a.refused(e)
		a.why("accepts no IKE policy of %s's: %s", a.peer.Name, list(a.checks))
	case ikev1.CertReqBuilt:
		if e.Trustpoint != "" {
			a.requests = append(a.requests, fmt.Sprintf("%s (%s)", e.Issuer, e.Trustpoint))
		}
	case ikev1.TrustpointChosen:
		a.asked = !e.Fallback
		a.certificate(e.Trustpoint, e.Reason)
	case ikev1.AuthenticationBegun:
		a.preShare = e.Method == policy.PreShare
		if a.preShare {
			a.why("authenticates with the pre-shared key")
		}
	case ikev1.IDPayload:
		if id, err := policy.ParsePeerID(e.ID); err == nil && e.Sent {
			a.side.Identity = id.String()
			a.why("calls itself %s (%s)", id, e.ID.Type)
		}
	case ikev1.ProfileMatched:
		a.side.Profile = e.Profile
		a.why("takes %s for %s%s", e.PeerID, profileWords(e), alsoRans(e.AlsoRans, func(p *policy.ISAKMPProfile) string { return p.Name }))
	case ikev1.ProfileMismatch:
		a.refused(e)
		a.why("isakmp profile %s does not match %s", e.Profile, e.PeerID)
	case ikev1.ProfileKeyring:
		if !e.Found {
			a.refused(e)
			a.why("the key in use is of keyring %s, which is not that of profile %s", e.Keyring, e.Profile)
		}
	case ikev1.ValidationListBuilt:
		a.validation(e)
	case ikev1.CertValidated:
		a.judged(e.Verdict)
	case ikev1.CertRefused:
		a.refused(e)
		a.judged(e.Verdict)
	case ikev1.IPsecTransformChecked:
		if e.Refusal != "" && e.Set != nil {
			a.checks = append(a.checks, fmt.Sprintf("transform set %s: %s", e.Set.Name, e.Refusal))
		}
	case ikev1.IPsecProposalRefused:
		a.refused(e)
		a.why("accepts no IPsec transform of %s's: %s", a.peer.Name, list(append(a.checks, e.Reason)))
	case ikev1.ProxiesChecked:
		if e.Tunnel == "" {
			a.refused(e)
			a.why("has no tunnel for %s: %s", e.Selector, e.Reason)
		}
	case ikev1.Retransmission:
		a.repeated = true
	default:
		return false
	}
	return true
}

func (a *account) keySearched(e ikev1.KeySearched) {
	switch {
	case e.Keyring == "":
		a.why("has no pre-shared key for %s", e.Remote.Addr())
	case !e.Comparing || !a.initiator:
		a.why("has a pre-shared key for %s in keyring %s", e.Remote.Addr(), e.Keyring)
	}
}

func (a *account) transformChecked(e ikev1.TransformChecked) {
	if e.Refusal != "" {
		a.checks = append(a.checks, fmt.Sprintf("policy %d: %s", e.Priority, e.Refusal))
		return
	}
	a.checks = nil
	for _, attr := range e.Transform.Attributes {
		if attr.Type == wire.AttrAuth {
			a.preShare = policy.AuthMethod(attr.Value) == policy.PreShare
		}
	}
	if !a.initiator {
		a.why("agrees to isakmp policy %d", e.Priority)
	}
}

func profileWords(e ikev1.ProfileMatched) string {
	if e.Profile == "" {
		return "a peer of no profile: " + e.Reason
	}
	return "the peer of isakmp profile " + e.Profile + ": " + e.Reason
}

func (a *account) validation(e ikev1.ValidationListBuilt) {
	if e.Trustpoints == nil {
		a.why("accepts certificates of any of its trustpoints")
		return
	}
	a.why("accepts certificates of %s only: the ca trust-point list of isakmp profile %s", list(e.Trustpoints), e.Profile)
}

// stageIKEv1 names the message that was refused, or could not be built.
func stageIKEv1(sa ikev1.SA, x wire.ExchangeType, reason ike.Event) string {
	_, unbuilt := reason.(ikev1.MethodMissing)
	step := map[ikev1.State]int{ikev1.MMNoState: 1, ikev1.MMSASetup: 3, ikev1.MMKeyExch: 5}[sa.State]
	if sa.Role == ikev1.Initiator {
		step++
	}
	switch {
	case x == wire.ExchangeQuickMode:
		return "QM1"
	case x == wire.ExchangeAggressive && sa.Role == ikev1.Initiator:
		return "AG2"
	case x == wire.ExchangeAggressive:
		return "AG3"
	case unbuilt:
		step++ // the answer to what was read
	}
	return fmt.Sprintf("MM%d", step)
}

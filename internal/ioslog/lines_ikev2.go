package ioslog

import (
	"fmt"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
)

// ikev2Lines renders the events of version 2.
func ikev2Lines(event ike.Event) []Line {
	switch e := event.(type) {
	case ikev2.SARequested:
		return ikev2Requested(e)
	case ikev2.SAInserted:
		return inserted(e.SA)
	case ikev2.StateChange:
		return ikev2State(e)
	case ikev2.MessageBegun:
		return ikev2MessageBegun(e)
	case ikev2.EncryptionBegun:
		return blank(ikev2Line(e.SA, "%s", rows("Building packet for encryption.  ", contents(e.Payloads))))
	case ikev2.PacketSent:
		return ikev2Sent(e)
	case ikev2.PacketReceived:
		return ikev2Received(e)
	case ikev2.MessageRead:
		return ikev2Read(e)
	case ikev2.MessageRejected:
		return ikev2Error(e.SA, ": %s", printable(e.Reason))
	case ikev2.Retransmission:
		return blank(ikev2Line(e.SA, "Retransmitting packet"))
	case ikev2.WindowChecked:
		return ikev2Line(e.SA, "Checking if request will fit in peer window ")

	case ikev2.PolicyFound:
		return ikev2PolicyFound(e)
	case ikev2.KeyringSearched:
		return ikev2KeyringSearched(e)
	case ikev2.ProposalBuilt:
		return ikev2ProposalBuilt(e)
	case ikev2.OfferRefused:
		return ikev2OfferRefused(e)
	case ikev2.GroupWanted:
		return ikev2Line(e.SA, "Processing invalid ke notification, we sent group %d, peer prefers group %d", e.Sent, e.Group.Number)
	case ikev2.InitVerified:
		return ikev2Line(e.SA, "Verify SA init message")
	case ikev2.NATChecked:
		return ikev2NATChecked(e)
	case ikev2.DHComputed:
		return ikev2DHComputed(e)
	case ikev2.KeysDerived:
		return join(
			ikev2Line(e.SA, "[IKEv2 -> Crypto Engine] Calculate SKEYSEED and create rekeyed IKEv2 SA"),
			ikev2Line(e.SA, "[Crypto Engine -> IKEv2] SKEYSEED calculation and creation of rekeyed IKEv2 SA PASSED"))
	case ikev2.InitCompleted:
		return ikev2Line(e.SA, "Completed SA init exchange")

	case ikev2.HashesResolved:
		return ikev2HashesResolved(e)
	case ikev2.ChainFetched:
		return join(
			ikev2Line(e.SA, "[IKEv2 -> PKI] Getting cert chain for the trustpoint %s", e.Trustpoint),
			ikev2Line(e.SA, "[PKI -> IKEv2] Getting of cert chain for the trustpoint %s", passed(e.OK)))
	case ikev2.CertificateFailed:
		return failing(ikev2Line(e.SA, "Failed to build certificate payload"))
	case ikev2.ConfigBuilt:
		return ikev2ConfigBuilt(e)
	case ikev2.AuthBuilt:
		return ikev2AuthBuilt(e)
	case ikev2.IdentityBuilt:
		return ikev2Line(e.SA, "Constructing %s payload: '%s' of type '%s'", e.Payload, printable(e.ID), e.Type)
	case ikev2.AuthNotifiesRead:
		return ikev2Line(e.SA, "Process auth response notify")
	case ikev2.CertificateSought:
		return ikev2Line(e.SA, "[IKEv2 -> PKI] Getting certificate from %s", printable(e.URL))
	case ikev2.CertificateFetched:
		return ikev2CertificateFetched(e)
	case ikev2.ProfileSearched:
		return ikev2ProfileSearched(e)
	case ikev2.PolicyVerified:
		return join(ikev2Line(e.SA, "Verify peer's policy"), ikev2Line(e.SA, "Peer's policy verified"))
	case ikev2.PeerMethod:
		return join(ikev2Line(e.SA, "Get peer's authentication method"), ikev2Line(e.SA, "Peer's authentication method is '%s'", e.Method))
	case ikev2.PeerKeySearched:
		return join(ikev2Line(e.SA, "Get peer's preshared key for %s", printable(e.PeerID)), ikev2Line(e.SA, "Verify peer's authentication data"))
	case ikev2.ChainValidated:
		return ikev2ChainValidated(e)
	case ikev2.AuthVerified:
		return ikev2AuthVerified(e)
	case ikev2.IDCertMismatch:
		return idCertMismatch(printable(e.ID), e.Type, e.Subject)
	case ikev2.SelectorsRefused:
		return ikev2SelectorsRefused(e)
	case ikev2.HandshakeFailed:
		return ikev2HandshakeFailed(e)

	case ikev2.SACreated:
		return ikev2Created(e)
	case ikev2.DuplicateChecked:
		return ikev2DuplicateChecked(e)
	case ikev2.InitialContact:
		return ikev2Line(e.SA, "Process initial contact")
	case ikev2.ChildInstalled:
		return ikev2ChildInstalled(e)
	case ikev2.ChildRequested:
		return createBegun(e.SA)
	case ikev2.RekeyRequested:
		return createBegun(e.SA)
	case ikev2.ChildAsked:
		return createAsked(e.SA)
	case ikev2.RekeyAsked:
		return createAsked(e.SA)
	case ikev2.CreateRefused:
		return ikev2CreateRefused(e)
	case ikev2.SARekeyed:
		return inserted(e.SA)
	case ikev2.PortFloated:
		return ikev2Floated(e)
	case ikev2.NotifySent:
		return ikev2NotifySent(e)
	case ikev2.NotifyReceived:
		return ikev2NotifyReceived(e)
	case ikev2.DeleteQueued:
		return ikev2Line(e.SA, "Queuing IKE SA delete request reason: %s", e.Reason)
	case ikev2.DeleteSent:
		return ikev2Line(e.SA, "Sending DELETE INFO message for %s", deleted(e.SA, e.Protocol, e.SPI))
	case ikev2.DeleteReceived:
		return ikev2DeleteReceived(e)
	case ikev2.InformationalAnswered:
		return ikev2Line(e.SA, "Processing ACK to informational exchange")
	case ikev2.TimedOut:
		return ikev2Internal("(%d): %s timed out", e.ConnID, e.Timer)
	case ikev2.PeerDead:
		return ikev2Error(e.SA, ": Maximum number of retransmissions reached")
	case ikev2.SADeleted:
		return ikev2Line(e.SA, "Deleting SA")
	}
	return nil
}

func inserted(sa ikev2.SA) []Line { return blank(ikev2Line(sa, "Insert SA ")) }

// ikev2Line makes a line of debug crypto ikev2 about one SA.
func ikev2Line(sa ikev2.SA, format string, args ...any) []Line {
	return []Line{{Facility: IKEv2, Text: fmt.Sprintf("IKEv2:(SA ID = %d):", sa.ConnID) + fmt.Sprintf(format, args...)}}
}

// ikev2Plain makes one that names no SA.
func ikev2Plain(format string, args ...any) []Line {
	return []Line{{Facility: IKEv2, Text: "IKEv2:" + fmt.Sprintf(format, args...)}}
}

// ikev2Error makes one of debug crypto ikev2 error, which debug crypto ikev2
// prints too.
func ikev2Error(sa ikev2.SA, format string, args ...any) []Line {
	return []Line{{Facility: IKEv2Error, Text: fmt.Sprintf("IKEv2-ERROR:(SA ID = %d):", sa.ConnID) + fmt.Sprintf(format, args...)}}
}

// failing makes lines those of an error whose beginning does not say so.
func failing(lines []Line) []Line {
	for i := range lines {
		lines[i].Facility = IKEv2Error
	}
	return lines
}

// ikev2Internal makes a line of debug crypto ikev2 internal.
func ikev2Internal(format string, args ...any) []Line {
	return []Line{{Facility: IKEv2Internal, Text: "IKEv2:" + fmt.Sprintf(format, args...)}}
}

func passed(ok bool) string {
	if ok {
		return "PASSED"
	}
	return "FAILED"
}

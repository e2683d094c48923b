// Package ioslog renders events as the lines that IOS prints: debug crypto
// isakmp, ikev2, ipsec and pki, and syslog. The machines report what happened; every
// wording stands here.
//
// Lines in which IOS prints addresses of its own memory have no counterpart.
package ioslog

import (
	"fmt"
	"strings"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// Facility is what an operator switches on to see a line.
type Facility uint8

// Facilities. Syslog lines are always on.
const (
	ISAKMP          Facility = iota + 1 // debug crypto isakmp
	IPSEC                               // debug crypto ipsec
	PKI                                 // debug crypto pki validation
	PKITransactions                     // debug crypto pki transactions
	IKEv2                               // debug crypto ikev2
	IKEv2Error                          // debug crypto ikev2 error; debug crypto ikev2 has these lines too
	IKEv2Internal                       // debug crypto ikev2 internal
	IKEv2Packet                         // debug crypto ikev2 packet
	Syslog
)

func (f Facility) String() string {
	return [...]string{
		ISAKMP: "isakmp", IPSEC: "ipsec", PKI: "pki validation", PKITransactions: "pki transactions",
		IKEv2: "ikev2", IKEv2Error: "ikev2 error", IKEv2Internal: "ikev2 internal", IKEv2Packet: "ikev2 packet", Syslog: "syslog",
	}[f]
}

// A Line is one message. Some of IOS's messages have several rows: Text holds
// them with newlines between, none at its end.
type Line struct {
	Facility Facility
	Text     string
	Blank    bool // IOS leaves a row blank after it
}

// Format gives the message as a terminal shows it, with its time and the
// newlines at its end. The asterisk says that no time server vouches for the
// clock: obol does not ask.
func (l Line) Format(at time.Time) string {
	text := at.Format("*Jan _2 15:04:05.000: ") + l.Text + "\n"
	if l.Blank {
		text += "\n"
	}
	return text
}

// Lines renders a report. Events that IOS has no line for give none.
func Lines(r ike.Report) []Line {
	switch e := r.Event.(type) {
	case ikev1.SARequested:
		return saRequested(e)
	case ikev1.SAInserted:
		return saInserted(e)
	case ikev1.NotStarted:
		return notStarted(e)
	case ikev1.ExchangeBegun:
		return exchangeBegun(e)
	case ikev1.StateChange:
		return stateChange(e)
	case ikev1.PacketSent:
		return packetSent(e)
	case ikev1.PacketReceived:
		return packetReceived(e)
	case ikev1.PayloadRead:
		return payloadRead(e)
	case ikev1.VendorIDBuilt:
		return vendorIDBuilt(e)
	case ikev1.VendorIDRead:
		return vendorIDRead(e)
	case ikev1.NATDRead:
		return natdRead(e)
	case ikev1.PortFloated:
		return portFloated(e)

	case ikev1.TransformChecked:
		return transformChecked(e)
	case ikev1.LifetimeAgreed:
		return lifetimeAgreed(e)
	case ikev1.NoOfferAccepted:
		return noOfferAccepted(e)
	case ikev1.KeySearched:
		return keySearched(e)
	case ikev1.ProfileKeyring:
		return profileKeyring(e)
	case ikev1.HashRefused:
		return modeFailure(phase1Mode(e.Exchange), e.SA)
	case ikev1.AggressiveDisabled:
		return aggressiveDisabled()
	case ikev1.AuthenticationBegun:
		return authenticationBegun(e)
	case ikev1.InitialContactSent:
		return isakmp(":(%d):Send initial contact", e.ConnID)
	case ikev1.IDPayload:
		return idPayload(e)
	case ikev1.ProfileMatched:
		return profileMatched(e.Profile)
	case ikev1.ProfileMismatch:
		return profileMatched("")
	case ikev1.Authenticated:
		return authenticated(e)
	case ikev1.InitialContact:
		return initialContact(e)

	case ikev1.CertReqBuilt:
		return isakmp(" (%d): constructing CERT_REQ for issuer %s", e.ConnID, e.Issuer)
	case ikev1.CertReqRead:
		return certReqRead(e)
	case ikev1.ProfileListExamined:
		return profileListExamined(e)
	case ikev1.TrustpointChosen:
		return trustpointChosen(e)
	case ikev1.CertBuilt:
		return isakmp(" (%d): constructing CERT payload for %s", e.ConnID, e.Subject)
	case ikev1.SigningKeyChosen:
		return isakmp(":(%d): using the %s trustpoint's keypair to sign", e.ConnID, e.Trustpoint)
	case ikev1.CertRead:
		return certRead(e)
	case ikev1.ValidationListBuilt:
		return validationListBuilt(e)
	case ikev1.PKICall:
		return pkiCall(e)
	case ikev1.CertRefused:
		return certRefused(e)
	case ikev1.SignatureRefused:
		return modeFailure("Main", e.SA)
	case ikev1.IDCertMismatch:
		return idCertMismatch(idValue(e.ID), e.ID.Type, e.Subject)

	case ikev1.Duplicate:
		return duplicate(e)
	case ikev1.Retransmission:
		return retransmission(e)
	case ikev1.MessageRejected:
		return messageRejected(e)
	case ikev1.NotifySent:
		return notifySent(e)
	case ikev1.NotifyReceived:
		return notifyReceived(e)
	case ikev1.DPDSent:
		return isakmp(":(%d): seq. no 0x%X", e.ConnID, e.Sequence)
	case ikev1.DPDReceived:
		return dpdReceived(e)
	case ikev1.DPDUnanswered:
		return isakmp(":(%d):DPD incrementing error counter (%d/%d)", e.ConnID, e.Count, e.Limit)
	case ikev1.PeerDead:
		return isakmp(":(%d):peer %s not responding!", e.ConnID, e.Remote.Addr())
	case ikev1.DeleteReceived:
		return deleteReceived(e)
	case ikev1.NodeCreated:
		return isakmp(": set new node %d to %s", e.MessageID, state(ikev1.QMIdle))
	case ikev1.NodePurged:
		return isakmp(":(%d):purging node %d", e.ConnID, e.MessageID)
	case ikev1.InformationalRead:
		return nodeDeleted(ikev1.NodeDeleted{SA: e.SA, MessageID: e.MessageID, Reason: "Informational (in) state 1"})
	case ikev1.NodeDeleted:
		return nodeDeleted(e)
	case ikev1.SADeleted:
		return saDeleted(e)

	case ikev1.QuickRequested:
		return quickRequested(e)
	case ikev1.SPIAllocated:
		return spiAllocated(e)
	case ikev1.IPsecRequested:
		return ipsecRequested(e)
	case ikev1.IPsecTransformChecked:
		return ipsecTransformChecked(e)
	case ikev1.IPsecProposalRefused:
		return ipsecProposalRefused(e)
	case ikev1.ProxiesChecked:
		return proxiesChecked(e)
	case ikev1.IPsecInstalled:
		return ipsecInstalled(e)
	case ike.ChildUp:
		return outboundEnabled()

	case engine.RequestTimer:
		return requestTimer(e)
	case engine.SessionStatus:
		return sessionStatus(e)
	case engine.Configured, engine.RollbackScheduled, engine.RollbackNear, engine.RollbackConfirmed, engine.RollbackBegun:
		return configureLines(e)
	case engine.ISAKMPOnOff:
		return isakmpOnOff(e)
	case engine.RevocationAsked:
		return revocationAsked(e)
	case engine.RevocationAnswered:
		return revocationAnswered(e)
	case engine.NoSA:
		return syslog("CRYPTO-4-IKMP_NO_SA: IKE message from %s has no SA and is not an initialization offer", e.Remote.Addr())
	case engine.AggressiveDisabled:
		return aggressiveDisabled()
	case engine.BadMessage:
		return badMessage(e.Remote)
	case engine.InvalidSPI:
		return invalidSPI(e)
	case tunnel.LineProtocol:
		return lineProtocol(e)
	case tunnel.LinkLost:
		return syslog("LINK-5-CHANGED: Interface %s, changed state to reset", e.Interface)
	case tunnel.RecursiveRouting:
		return syslog("TUN-5-RECURDOWN: %s temporarily disabled due to recursive routing", e.Interface)
	case pki.EnrolmentStep, pki.RequestMade, pki.EnrolmentGranted, pki.EnrolmentRejected, pki.EnrolmentFailed:
		return enrolmentLines(e)
	}
	return ikev2Lines(r.Event)
}

// isakmp makes a line of debug crypto isakmp. IOS spells what follows the word
// in three ways, ":(1010):", " (1010):" and ":", and which one a message has
// cannot be derived.
func isakmp(format string, args ...any) []Line {
	return []Line{{Facility: ISAKMP, Text: "ISAKMP" + fmt.Sprintf(format, args...)}}
}

func ipsecLine(format string, args ...any) []Line {
	return []Line{{Facility: IPSEC, Text: fmt.Sprintf(format, args...)}}
}

func pkiLine(format string, args ...any) []Line {
	return []Line{{Facility: PKI, Text: "CRYPTO_PKI" + fmt.Sprintf(format, args...)}}
}

func syslog(format string, args ...any) []Line {
	return []Line{{Facility: Syslog, Text: "%" + fmt.Sprintf(format, args...)}}
}

// join puts messages one after the other.
func join(parts ...[]Line) []Line {
	var all []Line
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

// blank leaves a row blank after the last of the lines.
func blank(lines []Line) []Line {
	if n := len(lines); n > 0 {
		lines[n-1].Blank = true
	}
	return lines
}

// rows makes one message of several rows.
func rows(parts ...string) string { return strings.Join(parts, "\n") }

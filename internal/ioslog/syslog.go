package ioslog

import (
	"fmt"
	"net/netip"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// Logged says whether Lines may have a syslog line for the event. All others
// concern debug only, and without it nobody has to render them.
func Logged(e ike.Event) bool {
	switch e := e.(type) {
	case ikev2.ChainValidated:
		return !e.Verdict.OK
	case engine.RevocationAnswered:
		return e.Err != nil
	case ikev1.NoOfferAccepted, ikev1.HashRefused, ikev1.AggressiveDisabled, ikev1.CertRefused, ikev1.SignatureRefused,
		ikev1.IDCertMismatch, ikev1.MessageRejected, ikev1.NotifyReceived, ikev1.IPsecProposalRefused, ikev1.ProxiesChecked,
		ikev2.IDCertMismatch,
		engine.SessionStatus, engine.ISAKMPOnOff, engine.NoSA, engine.AggressiveDisabled, engine.BadMessage, engine.InvalidSPI,
		engine.Configured, engine.RollbackScheduled, engine.RollbackNear, engine.RollbackConfirmed, engine.RollbackBegun,
		tunnel.LineProtocol, tunnel.LinkLost, tunnel.RecursiveRouting,
		pki.EnrolmentGranted, pki.EnrolmentRejected:
		return true
	}
	return false
}

func modeFailure(mode string, sa ikev1.SA) []Line {
	return syslog("CRYPTO-6-IKMP_MODE_FAILURE: Processing of %s mode failed with peer at %s", mode, sa.Remote.Addr())
}

// phase1Mode is the word for a phase 1 exchange.
func phase1Mode(x wire.ExchangeType) string {
	if x == wire.ExchangeAggressive {
		return "Aggressive"
	}
	return "Main"
}

func aggressiveDisabled() []Line {
	return syslog("CRYPTO-5-IKMP_AG_MODE_DISABLED: Unable to initiate or respond to Aggressive Mode while disabled")
}

func badMessage(remote netip.AddrPort) []Line {
	return syslog("CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from %s failed its sanity check or is malformed", remote.Addr())
}

// invalidSPI names the interface where it is known: older IOS never does.
func invalidSPI(e engine.InvalidSPI) []Line {
	text := fmt.Sprintf("CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=%s, prot=%d, spi=0x%X(%[3]d), srcaddr=%s",
		e.SAID.Dst, uint8(e.SAID.Protocol), e.SAID.SPI, e.SAID.Src)
	if e.Interface != "" {
		text += ", input interface=" + e.Interface
	}
	lines := syslog("%s", text)
	if e.NoSA {
		lines = append(lines, isakmp(": ignoring request to send delete notify (no ISAKMP sa) src %s dst %s for SPI 0x%X", e.SAID.Dst, e.SAID.Src, e.SAID.SPI)...)
	}
	return lines
}

// messageRejected: what was understood has lines of its own.
func messageRejected(e ikev1.MessageRejected) []Line {
	switch {
	case e.Clear: // well formed, and from anyone: IOS tells it from what is malformed
		return modeFailure("Informational", e.SA)
	case e.Malformed:
		return badMessage(e.Remote)
	}
	return nil
}

// idCertMismatch: the certificate's own value ends the line, and is empty when
// the certificate has none.
func idCertMismatch(id string, t wire.IDType, subject pki.Name) []Line {
	kind, what, key := "ADDR", "addr", "ipaddress"
	switch t {
	case wire.IDFQDN:
		kind, what, key = "FQDN", "fqdn", "hostname"
	case wire.IDUserFQDN:
		kind, what, key = "USER_FQDN", "user fqdn", "e"
	case wire.IDDERASN1DN:
		return syslog("CRYPTO-6-IKMP_NO_ID_CERT_DN_MATCH: ID of %s (type %d) and certificate DN with %s", id, t, subject)
	}
	return syslog("CRYPTO-6-IKMP_NO_ID_CERT_%s_MATCH: ID of %s (type %d) and certificate %s with %s", kind, id, t, what, subject.Value(key))
}

func lineProtocol(e tunnel.LineProtocol) []Line {
	to := "down"
	if e.Up {
		to = "up"
	}
	return syslog("LINEPROTO-5-UPDOWN: Line protocol on Interface %s, changed state to %s", e.Interface, to)
}

// sessionStatus: the word has four places in version 1's; seven blanks part the
// peer from its identity.
func sessionStatus(e engine.SessionStatus) []Line {
	state := "DOWN"
	if e.Up {
		state = "UP"
	}
	if e.IKEv2 {
		return syslog("CRYPTO-5-IKEV2_SESSION_STATUS: Crypto tunnel v2 is %s.  Peer %s:%d       Id: %s", state, e.Remote.Addr(), e.Remote.Port(), e.PeerID)
	}
	return syslog("CRYPTO-5-SESSION_STATUS: Crypto tunnel is %-4s.  Peer %s:%d       Id: %s", state, e.Remote.Addr(), e.Remote.Port(), e.PeerID)
}

func isakmpOnOff(e engine.ISAKMPOnOff) []Line {
	state := "OFF"
	if e.On {
		state = "ON"
	}
	return syslog("CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is %s", state)
}

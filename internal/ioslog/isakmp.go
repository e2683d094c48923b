package ioslog

import (
	"fmt"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/wire"
)

// state is the state as packet lines print it: QM_IDLE is padded.
func state(s ikev1.State) string {
	if s == ikev1.QMIdle {
		return "QM_IDLE      "
	}
	return s.String()
}

func saRequested(e ikev1.SARequested) []Line {
	profile := e.Profile
	if profile == "" {
		profile = "(NULL)"
	}
	return join(
		isakmp(":(%d): SA request profile is %s", e.ConnID, profile),
		isakmp(": Created a peer struct for %s, peer port %d", e.Remote.Addr(), e.Remote.Port()),
		isakmp(": local port %d, remote port %d", e.Local.Port(), e.Remote.Port()),
		isakmp(": set new node 0 to %s", state(ikev1.QMIdle)),
	)
}

// saInserted: the insertion itself is about memory; what follows it is not.
func saInserted(e ikev1.SAInserted) []Line {
	if e.Role != ikev1.Initiator || e.Exchange == wire.ExchangeAggressive {
		return nil
	}
	return isakmp(":(%d):Can not start Aggressive mode, trying Main mode.", e.ConnID)
}

// notStarted: error 2 is what ISAKMP answers the IPsec engine.
func notStarted(e ikev1.NotStarted) []Line {
	var lines []Line
	if e.NoKey {
		lines = isakmp(":(%d): No Cert or pre-shared address key. ", e.ConnID)
	}
	return join(lines,
		isakmp(":(%d): construct_initial_message: Can not start %s mode", e.ConnID, phase1Mode(e.Exchange)),
		isakmp(": Error while processing SA request: Failed to initialize SA"),
		isakmp(": Error while processing KMI message 0, error 2."),
	)
}

func exchangeBegun(e ikev1.ExchangeBegun) []Line {
	switch e.Exchange {
	case wire.ExchangeMainMode:
		return isakmp(":(%d): beginning Main Mode exchange", e.ConnID)
	case wire.ExchangeAggressive:
		return isakmp(":(%d): beginning Aggressive Mode exchange", e.ConnID)
	case wire.ExchangeQuickMode:
		return isakmp(":(%d):beginning Quick Mode exchange, M-ID of %d", e.ConnID, e.MessageID)
	}
	return nil
}

func stateChange(e ikev1.StateChange) []Line {
	input := isakmp(":(%d):Input = %s", e.ConnID, e.Input)
	if e.Node != 0 {
		input = isakmp(":(%d):Node %d, Input = %s", e.ConnID, e.Node, e.Input)
	}
	return blank(join(input, isakmp(":(%d):Old State = %s  New State = %s", e.ConnID, e.Old, e.New)))
}

func packetSent(e ikev1.PacketSent) []Line {
	version := 4
	if e.Remote.Addr().Unmap().Is6() {
		version = 6
	}
	return join(
		isakmp(":(%d): sending packet to %s my_port %d peer_port %d (%s) %s",
			e.ConnID, e.Remote.Addr(), e.Local.Port(), e.Remote.Port(), e.Role, state(e.State)),
		isakmp(":(%d):Sending an IKE IPv%d Packet.", e.ConnID, version),
	)
}

func packetReceived(e ikev1.PacketReceived) []Line {
	return isakmp(" (%d): received packet from %s dport %d sport %d Global (%s) %s",
		e.ConnID, e.Remote.Addr(), e.Local.Port(), e.Remote.Port(), e.Role, state(e.State))
}

// payloadRead: the payloads left out have lines, and events, of their own.
func payloadRead(e ikev1.PayloadRead) []Line {
	switch e.Payload {
	case wire.PayloadVendorID, wire.PayloadCertReq, wire.PayloadCert, wire.PayloadNotify, wire.PayloadDelete, wire.PayloadNATD, wire.PayloadNATDDraft, wire.PayloadNATDOld:
		return nil
	}
	return isakmp(":(%d): processing %s payload. message ID = %d", e.ConnID, e.Payload, e.MessageID)
}

// natdRead: after each payload IOS prints what it thinks by now. The peer is
// taken to be behind a NAT until a hash says that it is not.
func natdRead(e ikev1.NATDRead) []Line {
	text := "No NAT Found for self or peer"
	switch {
	case e.Self && e.Peer:
		text = "NAT found, both nodes inside NAT"
	case e.Self:
		text = "My hash no match -  this node inside NAT"
	case e.Peer:
		text = "His hash no match - this node outside NAT"
	}
	return join(isakmp(":received payload type %d", e.Payload), isakmp(" (%d): %s", e.ConnID, text))
}

// portFloated: IOS looks for a peer structure of the new port.
func portFloated(e ikev1.PortFloated) []Line {
	return join(
		isakmp(":(%d):Detected port floating to port = %d", e.ConnID, e.Remote.Port()),
		isakmp(": Trying to find existing peer %s/%s/%d/", e.Local.Addr(), e.Remote.Addr(), e.Remote.Port()),
	)
}

func profileMatched(profile string) []Line {
	if profile == "" {
		return isakmp(":(0):: peer matches *none* of the profiles")
	}
	return isakmp(":(0):: peer matches %s profile", profile)
}

func authenticated(e ikev1.Authenticated) []Line {
	return join(
		isakmp(":(%d):%s", e.ConnID, rows("SA authentication status:", "\tauthenticated")),
		isakmp(":(%d):SA has been authenticated with %s", e.ConnID, e.Remote.Addr()),
	)
}

func initialContact(e ikev1.InitialContact) []Line {
	return isakmp(":(%d):%s", e.ConnID, rows("Process initial contact,",
		fmt.Sprintf("bring down existing phase 1 and 2 SA's with local %s remote %s remote port %d", e.Local.Addr(), e.Remote.Addr(), e.Remote.Port())))
}

// phase is 1, or 2 for quick mode.
func phase(t wire.ExchangeType) int {
	if t == wire.ExchangeQuickMode {
		return 2
	}
	return 1
}

func duplicate(e ikev1.Duplicate) []Line {
	n := phase(e.Exchange)
	lines := isakmp(":(%d): phase %d packet is a duplicate of a previous packet.", e.ConnID, n)
	if e.Skipped {
		return join(lines, isakmp(":(%d): retransmission skipped for phase %d", e.ConnID, n))
	}
	return join(lines, isakmp(":(%d): retransmitting due to retransmit phase %d", e.ConnID, n))
}

func retransmission(e ikev1.Retransmission) []Line {
	n := phase(e.Exchange)
	what, of := e.State.String(), "sa"
	if n == 2 {
		what, of = fmt.Sprintf("%s %d ", state(e.State), e.MessageID), "node"
	}
	return join(
		isakmp(":(%d): retransmitting phase %d %s...", e.ConnID, n, what),
		isakmp(" (%d): incrementing error counter on %s, attempt %d of %d: retransmit phase %d", e.ConnID, of, e.Attempt, e.Limit, n),
	)
}

func nodeDeleted(e ikev1.NodeDeleted) []Line {
	failed := "FALSE"
	if e.Error {
		failed = "TRUE"
	}
	return isakmp(":(%d):deleting node %d error %s reason %q", e.ConnID, e.MessageID, failed, e.Reason)
}

// deleteReceived: the keepalives are those that IOS had before RFC 3706.
func deleteReceived(e ikev1.DeleteReceived) []Line {
	return join(
		isakmp(":(%d): processing DELETE payload. message ID = %d", e.ConnID, e.MessageID),
		isakmp(":(%d):peer does not do paranoid keepalives.", e.ConnID),
	)
}

func saDeleted(e ikev1.SADeleted) []Line {
	return isakmp(":(%d):deleting SA reason %q state (%s) %s (peer %s)", e.ConnID, e.Reason, e.Role, state(e.State), e.Remote.Addr())
}

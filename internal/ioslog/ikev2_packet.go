package ioslog

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/wire"
)

// contents are the payloads of a message, in two rows.
func contents(payloads []ikev2.PayloadName) string {
	var b strings.Builder
	for _, p := range payloads {
		b.WriteString(" " + p.String())
	}
	return rows("Payload contents: ", b.String()+" ")
}

// end is an end of an IKE SA, with IOS's capitals in an IPv6 address.
func end(a netip.AddrPort) string {
	return fmt.Sprintf("%s:%d", strings.ToUpper(a.Addr().String()), a.Port())
}

// packet is the block that IOS prints of a message it sends or takes.
func packet(sa ikev2.SA, head string, exchange wire.ExchangeType, id uint32, response bool, payloads []ikev2.PayloadName) []Line {
	kind := "REQUEST"
	if response {
		kind = "RESPONSE"
	}
	return blank(ikev2Line(sa, "%s", rows(head,
		fmt.Sprintf("Initiator SPI : %X - Responder SPI : %X Message id: %d", sa.SPIi[:], sa.SPIr[:], id),
		fmt.Sprintf("IKEv2 %s Exchange %s ", exchange, kind),
		contents(payloads))))
}

func sentTo(sa ikev2.SA) string {
	return fmt.Sprintf("Sending Packet [To %s/From %s/VRF i0:f0] ", end(sa.Remote), end(sa.Local))
}

func receivedFrom(sa ikev2.SA) string {
	return fmt.Sprintf("Received Packet [From %s/To %s/VRF i0:f0] ", end(sa.Remote), end(sa.Local))
}

func ikev2Sent(e ikev2.PacketSent) []Line {
	return join(
		packet(e.SA, sentTo(e.SA), e.Exchange, e.MessageID, e.Response, e.Payloads),
		ikev2Header(e.SA, e.SA.Role, e.Exchange, e.MessageID, e.Response, e.Payloads))
}

// ikev2Received: IOS prints a message that it can read, so that an encrypted one
// waits for MessageRead.
func ikev2Received(e ikev2.PacketReceived) []Line {
	from := ikev2.Initiator
	if e.Role == ikev2.Initiator {
		from = ikev2.Responder
	}
	header := ikev2Header(e.SA, from, e.Exchange, e.MessageID, e.Response, e.Payloads)
	if e.Exchange != wire.ExchangeSAInit {
		return header
	}
	return join(
		packet(e.SA, receivedFrom(e.SA), e.Exchange, e.MessageID, e.Response, e.Payloads), header,
		ikev2Line(e.SA, "Processing IKE_SA_INIT message"))
}

func ikev2Read(e ikev2.MessageRead) []Line {
	return packet(e.SA, receivedFrom(e.SA), e.Exchange, e.MessageID, e.Response, e.Payloads)
}

// ikev2Header is a line of debug crypto ikev2 packet, about a message from one of
// the two.
func ikev2Header(sa ikev2.SA, from ikev2.Role, exchange wire.ExchangeType, id uint32, response bool, payloads []ikev2.PayloadName) []Line {
	next := "NONE"
	if len(payloads) > 0 {
		next = payloads[0].Type.String()
	}
	flags := "RESPONDER"
	if from == ikev2.Initiator {
		flags = "INITIATOR"
	}
	kind := "MSG-REQUEST"
	if response {
		kind = "MSG-RESPONSE"
	}
	return []Line{{Facility: IKEv2Packet, Text: fmt.Sprintf("IKEv2-PAK:(SA ID = %d):Next payload: %s, version: 2.0 Exchange type: %s, flags: %s %s Message id: %d",
		sa.ConnID, next, exchange, flags, kind, id)}}
}

// ikev2MessageBegun: an informational exchange begins without a word.
func ikev2MessageBegun(e ikev2.MessageBegun) []Line {
	if e.Exchange == wire.ExchangeInformationalV2 {
		return nil
	}
	lines := ikev2Line(e.SA, "Generating %s message", e.Exchange)
	if e.Exchange != wire.ExchangeSAInit {
		return lines
	}
	role := "initiator"
	if e.Response {
		role = "responder"
	}
	return join(ikev2Plain("IKEv2 %s - no config data to send in IKE_SA_INIT exch", role), lines)
}

// ikev2Words are IOS's for a notification in a sentence, where they are not its
// name in small letters.
var ikev2Words = map[wire.NotifyTypeV2]string{
	wire.V2AuthenticationFailed: "authentication failure",
	wire.V2TSUnacceptable:       "TS unacceptable",
}

func notifyWords(t wire.NotifyTypeV2) string {
	if w, ok := ikev2Words[t]; ok {
		return w
	}
	return strings.ToLower(strings.ReplaceAll(t.String(), "_", " "))
}

// ikev2NotifySent: what reports no error is among the payloads of its message.
func ikev2NotifySent(e ikev2.NotifySent) []Line {
	if !e.Type.Error() {
		return nil
	}
	return failing(ikev2Line(e.SA, "Sending %s notify", notifyWords(e.Type)))
}

func ikev2NotifyReceived(e ikev2.NotifyReceived) []Line {
	if !e.Type.Error() {
		return nil
	}
	return ikev2Error(e.SA, ": Received %s notify", notifyWords(e.Type))
}

// deleted is what a Delete payload names.
func deleted(sa ikev2.SA, protocol wire.ProtocolID, spi uint32) string {
	if protocol == wire.ProtocolISAKMP {
		return fmt.Sprintf("IKEv2 SA [ISPI: 0x%X RSPI: 0x%X]", sa.SPIi[:], sa.SPIr[:])
	}
	return fmt.Sprintf("IPsec SA [SPI: 0x%08X]", spi)
}

func ikev2DeleteReceived(e ikev2.DeleteReceived) []Line {
	check := "Check for existing IPSEC SA"
	if e.Protocol == wire.ProtocolISAKMP {
		check = "Check for existing active SA"
	}
	return join(
		ikev2Line(e.SA, "Processing DELETE INFO message for %s", deleted(e.SA, e.Protocol, e.SPI)),
		ikev2Line(e.SA, "%s", check))
}

// traced is what the trace of the state machine prints of a state: the message
// that it is about, and the event by which it begins.
type traced struct {
	message uint32
	event   string
}

var traces = map[ikev2.State]traced{
	ikev2.Idle: {0, "EV_INIT_SA"}, ikev2.IBuildInit: {0, "EV_BLD_MSG"}, ikev2.IWaitInit: {0, "EV_NO_EVENT"}, ikev2.IProcessInit: {0, "EV_PROC_MSG"},
	ikev2.RInit: {0, "EV_PROC_MSG"}, ikev2.RBuildInit: {0, "EV_BLD_MSG"},
	ikev2.IBuildAuth: {1, "EV_BLD_MSG"}, ikev2.IWaitAuth: {1, "EV_NO_EVENT"}, ikev2.IProcessAuth: {1, "EV_PROC_MSG"},
	ikev2.RWaitAuth: {1, "EV_NO_EVENT"}, ikev2.RVerifyAuth: {1, "EV_VERIFY_AUTH"}, ikev2.RBuildAuth: {1, "EV_BLD_MSG"},
	ikev2.AuthDone: {1, "EV_OK"}, ikev2.Ready: {1, "EV_NO_EVENT"}, ikev2.Deleting: {1, "EV_DELETE"},
}

func ikev2State(e ikev2.StateChange) []Line {
	t := traces[e.New]
	return ikev2Internal("(SA ID = %d):SM Trace-> SA: I_SPI=%X R_SPI=%X (%s) MsgID = %d CurState: %s Event: %s",
		e.ConnID, e.SPIi[:], e.SPIr[:], e.Role, t.message, e.New, t.event)
}

func ikev2Requested(e ikev2.SARequested) []Line {
	return join(
		ikev2Internal("(%d): Choosing IKE profile %s", e.ConnID, e.Profile),
		ikev2Internal("New ikev2 sa request admitted"),
		ikev2Internal("Incrementing outgoing negotiating sa count by one"))
}

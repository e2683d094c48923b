package ikev1

import (
	"bytes"
	"encoding/binary"

	"github.com/obol-ike/obol/wire"
)

// dpdWindow is how far a sequence number of the peer's may run ahead: as many
// of its R_U_THEREs may be lost in a row, less one.
const dpdWindow = 32

// deadPeer is dead peer detection (RFC 3706) of one IKE SA.
type deadPeer struct {
	asked  bool   // the peer has asked before
	theirs uint32 // sequence number of its last R_U_THERE
}

// DPDReceived is the sequence number of an R_U_THERE, or of an answer to ours.
type DPDReceived struct {
	SA
	Type     wire.NotifyType
	Sequence uint32
}

// readDPD takes an R_U_THERE of an authenticated peer or its answer to ours.
func (s *Session) readDPD(n wire.NotifyV1, id uint32) {
	err := s.checkDPD(n)
	if err == nil {
		err = s.answerDPD(n)
	}
	if err != nil {
		s.rejected(s.header(wire.ExchangeInformational, id), err, 0)
	}
}

// checkDPD wants what RFC 3706 section 5.3 says: both cookies as the SPI and
// four octets of data.
func (s *Session) checkDPD(n wire.NotifyV1) error {
	switch {
	case n.Protocol != wire.ProtocolISAKMP || !bytes.Equal(n.SPI, concat(s.spiI[:], s.spiR[:])):
		return reject(wire.NotifyInvalidSPI, "%s of another SA", n.Type)
	case len(n.Data) != 4:
		return reject(wire.NotifyPayloadMalformed, "%s with a sequence number of %d octets", n.Type, len(n.Data))
	}
	return nil
}

// answerDPD answers with the same sequence number, also where we ask nothing
// ourselves: our vendor id said that we would. The numbers of a peer increase;
// what was said before, or might have been, is not answered (section 6.2).
func (s *Session) answerDPD(n wire.NotifyV1) error {
	d, number := &s.dpd, binary.BigEndian.Uint32(n.Data)
	if ahead := number - d.theirs; d.asked && (ahead == 0 || ahead > dpdWindow) {
		return reject(0, "DPD sequence number %#x after %#x", number, d.theirs)
	}
	d.asked, d.theirs = true, number
	s.report(DPDReceived{SA: s.sa(), Type: n.Type, Sequence: number})
	s.sendDPD(wire.NotifyDPDRUThereAck, number)
	return nil
}

func (s *Session) sendDPD(t wire.NotifyType, number uint32) {
	s.sendNotify(wire.NotifyV1{
		DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: t,
		SPI: concat(s.spiI[:], s.spiR[:]), Data: binary.BigEndian.AppendUint32(nil, number),
	})
}

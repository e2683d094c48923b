package ikev1

import (
	"bytes"
	"encoding/binary"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

const (
	// dpdWindow is how far a sequence number of the peer's may run ahead: as
	// many of its R_U_THEREs may be lost in a row, less one.
	dpdWindow = 32
	// dpdRetries are the R_U_THEREs after the first one that may stay
	// unanswered, as on IOS.
	dpdRetries = 5
	reasonDead = "P1 errcounter exceeded (PEERS_ALIVE_TIMER)"
)

// deadPeer is dead peer detection (RFC 3706) of one IKE SA.
type deadPeer struct {
	policy.Keepalive // how we ask; no Interval: not at all

	ours  uint32    // sequence number of our last R_U_THERE
	acked uint32    // that of the last answer
	open  int       // R_U_THEREs since the last sign of life
	heard time.Time // the last sign of life
	next  time.Time // of the next look, R_U_THERE or verdict; zero: never

	asked  bool   // the peer has asked before
	theirs uint32 // sequence number of its last R_U_THERE
}

// DPDSent is the sequence number of an R_U_THERE of ours, or of an answer.
type DPDSent struct {
	SA
	Type     wire.NotifyType
	Sequence uint32
}

// DPDReceived is the sequence number of an R_U_THERE, or of an answer to ours.
type DPDReceived struct {
	SA
	Type     wire.NotifyType
	Sequence uint32
}

// DPDUnanswered says that an R_U_THERE of ours had no answer in time.
type DPDUnanswered struct {
	SA
	Count, Limit int
}

// PeerDead says that the peer answered none of them.
type PeerDead struct{ SA }

// beginDPD starts asking, if the peer understands and the configuration wants
// it. RFC 3706 section 6.2: the first number is random, its high bit clear.
func (s *Session) beginDPD() {
	d := &s.up.dpd
	k := s.config.Keepalive(s.profile)
	var number [4]byte
	if !s.knows.dpd || k.Interval == 0 || s.random(number[:]) != nil {
		return
	}
	d.Keepalive, d.heard, d.next = k, s.now, s.now.Add(k.Interval)
	d.ours = binary.BigEndian.Uint32(number[:]) &^ (1 << 31)
	d.acked = d.ours
}

// alive notes a sign of life: any message that only the peer can have made.
func (s *Session) alive() {
	s.up.alone = false
	d := &s.up.dpd
	d.heard = s.now
	if d.open > 0 {
		d.open, d.next = 0, s.now.Add(d.Interval)
	}
}

// dpdTimeout asks, asks again, and gives the peer up in the end.
func (s *Session) dpdTimeout() {
	d := &s.up.dpd
	if d.next.IsZero() || s.now.Before(d.next) {
		return
	}
	switch {
	case s.main == nil && d.Periodic:
		s.probe()
		return
	case d.open > dpdRetries:
		s.peerDead()
		return
	case d.open > 0:
		s.report(DPDUnanswered{SA: s.sa(), Count: d.open, Limit: dpdRetries})
	case !d.Periodic:
		s.countTraffic()
		return
	}
	s.askDPD()
}

// askDPD sends an R_U_THERE. It gets a number of its own even as a repetition:
// the last answer may be all that was lost.
func (s *Session) askDPD() {
	d := &s.up.dpd
	d.ours++
	d.open++
	d.next = s.now.Add(d.Retry)
	s.sendDPD(wire.NotifyDPDRUThere, d.ours)
	s.step(InAlive, s.phase)
}

func (s *Session) dpdDeadline(t *deadline) {
	t.add(s.up.dpd.next, "DPD")
}

// peerDead deletes all that is shared with the peer. It is told: where only its
// own messages are lost it is not dead.
func (s *Session) peerDead() {
	s.report(PeerDead{SA: s.sa()})
	for _, c := range slices.Clone(s.pairs()) {
		s.deleteChild(c, reasonDead)
	}
	s.Delete(s.now, reasonDead)
}

// readDPD takes an R_U_THERE of an authenticated peer or its answer to ours.
func (s *Session) readDPD(n wire.NotifyV1, id uint32) {
	err := s.checkDPD(n)
	if err != nil {
		s.rejected(s.header(wire.ExchangeInformational, id), err, 0)
		return
	}
	s.alive()
	number := binary.BigEndian.Uint32(n.Data)
	s.report(DPDReceived{SA: s.sa(), Type: n.Type, Sequence: number})
	if n.Type == wire.NotifyDPDRUThereAck {
		s.up.dpd.acked = number
	} else {
		// Also where we ask nothing ourselves: our vendor id said that we would.
		s.up.dpd.asked, s.up.dpd.theirs = true, number
		s.sendDPD(wire.NotifyDPDRUThereAck, number)
	}
}

// checkDPD wants what RFC 3706 section 5.3 says: both cookies as the SPI and
// four octets of data. The numbers of a peer increase, and what was said before,
// or might have been, is refused; an answer has a number that was asked with and
// not answered (section 6.2).
func (s *Session) checkDPD(n wire.NotifyV1) error {
	switch {
	case n.Protocol != wire.ProtocolISAKMP || !bytes.Equal(n.SPI, concat(s.spiI[:], s.spiR[:])):
		return reject(wire.NotifyInvalidSPI, "%s of another SA", n.Type)
	case len(n.Data) != 4:
		return reject(wire.NotifyPayloadMalformed, "%s with a sequence number of %d octets", n.Type, len(n.Data))
	}
	d, number := &s.up.dpd, binary.BigEndian.Uint32(n.Data)
	if n.Type == wire.NotifyDPDRUThereAck {
		if ahead := number - d.acked; d.Interval == 0 || ahead == 0 || ahead > d.ours-d.acked || d.ours-number > dpdRetries {
			return reject(0, "%s with number %#x, which waits for no answer", n.Type, number)
		}
		return nil
	}
	if ahead := number - d.theirs; d.asked && (ahead == 0 || ahead > dpdWindow) {
		return reject(0, "%s with number %#x after %#x", n.Type, number, d.theirs)
	}
	return nil
}

func (s *Session) sendDPD(t wire.NotifyType, number uint32) {
	s.sendNotify(wire.NotifyV1{
		DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: t,
		SPI: concat(s.spiI[:], s.spiR[:]), Data: binary.BigEndian.AppendUint32(nil, number),
	})
	s.report(DPDSent{SA: s.sa(), Type: t, Sequence: number})
}

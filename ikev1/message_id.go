package ikev1

import "encoding/binary"

// maxExchanges is how many exchanges of the peer's an IKE SA takes before it is
// given up, those of dead peer detection not counted. Their message ids are
// remembered, so that none can be replayed: 16 octets or so each.
const maxExchanges = 1 << 14

// messageIDs are those of our exchanges: numbers that a random odd step is apart.
// They come round after 2^32, so that each is unique and none needs to be
// remembered.
type messageIDs struct {
	first, step uint32
	inverse     uint32 // of step, modulo 2^32; 0: nothing is drawn yet
	drawn       uint32
}

// own says whether an exchange of ours had an id. Such a message that comes in is
// our own, sent back: keys and hashes are the same in both directions.
func (m *messageIDs) own(id uint32) bool { return (id-m.first)*m.inverse < m.drawn }

// begin takes eight random octets.
func (m *messageIDs) begin(random [8]byte) {
	m.first, m.step = binary.BigEndian.Uint32(random[:]), binary.BigEndian.Uint32(random[4:])|1
	m.inverse = m.step // right in its low three bits; each turn doubles them
	for range 4 {
		m.inverse *= 2 - m.step*m.inverse
	}
}

// next is never zero, which is main mode's.
func (m *messageIDs) next() uint32 {
	for {
		id := m.first + m.drawn*m.step
		m.drawn++
		if id != 0 {
			return id
		}
	}
}

// drawMessageIDs begins the ids of an IKE SA.
func (s *Session) drawMessageIDs() (m messageIDs, err error) {
	var b [8]byte
	if err := s.random(b[:]); err != nil {
		return m, err
	}
	m.begin(b)
	return m, nil
}

// newMessageID draws an id no exchange of this SA had. RFC 2408 section 3.1: it
// "MUST be unique".
func (s *Session) newMessageID() (id uint32, err error) {
	u := s.up
	if u.ids.inverse == 0 {
		if u.ids, err = s.drawMessageIDs(); err != nil {
			return 0, err
		}
	}
	for {
		id := u.ids.next()
		if _, taken := u.used[id]; !taken {
			return id, nil
		}
	}
}

// spent says whether an exchange had an id, on either side.
func (s *Session) spent(id uint32) bool {
	if s.up == nil {
		return false
	}
	_, used := s.up.used[id]
	return used || s.up.ids.own(id)
}

// use notes that an exchange of the peer is genuine: its message id is spent, and
// the peer is where it came from. An IKE SA that has nearly used up its ids is
// renewed.
func (s *Session) use(m *inbound) {
	if s.up.used == nil {
		s.up.used = map[uint32]struct{}{}
	}
	s.up.used[m.MessageID] = struct{}{}
	s.follow(m.local, m.remote)
	if len(s.up.used) == maxExchanges*3/4 {
		s.up.renew = s.now
	}
	s.alive()
	s.arrived()
}

// arrived: the peer is past main mode, our last message of it needs no repetition.
func (s *Session) arrived() { s.resend = retransmission{} }

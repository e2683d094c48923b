package ikev1

import (
	"bytes"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// Limits of a message in fragments, which anybody may send who saw our cookie. The
// engine limits what all sessions, and those of one address, hold together.
const (
	maxFragments = 64
	fragmentTime = 30 * time.Second // two repetitions of the peer fit in
	fragmentCost = 64               // octets that a fragment takes beside its own
)

// assembly is a message of which some fragments are here: a session has at most one.
type assembly struct {
	header wire.Header // of its first fragment to come
	id     uint16
	peer   netip.Addr
	begun  time.Time
	pieces map[uint8][]byte
	last   uint8 // number of the last one, 0 until it is here
	size   int   // of the pieces, octets
	held   int   // of the engine's limit
}

// receiveFragment takes a fragment. The message that it completes is treated as a
// datagram that came now.
func (s *Session) receiveFragment(h wire.Header, d ike.Datagram) {
	f, err := s.parseFragment(h, d.Data)
	if err == nil {
		err = s.keepFragment(h, f)
	}
	if err != nil {
		s.rejected(h, err, 0)
		return
	}
	a := s.partial
	if int(a.last) != len(a.pieces) {
		return
	}
	s.dropFragments()
	message := a.join()
	whole, err := wire.ParseHeader(message)
	switch {
	case err != nil:
		s.rejected(h, malformed(err), 0)
	case !a.fits(whole) || whole.NextPayload == wire.PayloadFragment:
		s.rejected(h, reject(wire.NotifyPayloadMalformed, "the fragments are of another message than their headers say"), 0)
	default:
		s.report(Reassembled{SA: s.sa(), Length: len(message), Fragments: len(a.pieces)})
		s.receive(whole, ike.Datagram{Local: d.Local, Remote: d.Remote, VRF: d.VRF, Data: message})
	}
}

func (s *Session) parseFragment(h wire.Header, data []byte) (f wire.Fragment, err error) {
	if err := s.checkHeader(h, len(data)); err != nil {
		return f, err
	}
	if !s.config.ISAKMP.Fragmentation {
		return f, reject(wire.NotifyInvalidPayloadType, "a fragment, and crypto isakmp fragmentation is not configured")
	}
	// Some leave the encryption flag on, though the payload is in the clear.
	payloads, rest, err := wire.ParseChain(h.NextPayload, data[wire.HeaderLen:], wire.HeaderLen)
	if err != nil {
		return f, err
	}
	if len(payloads) != 1 || len(rest) != 0 {
		return f, reject(wire.NotifyPayloadMalformed, "a fragment that is not alone in its message")
	}
	if f, err = wire.ParseFragment(payloads[0].Body); err != nil {
		return f, err
	}
	if f.Number > maxFragments {
		return f, reject(wire.NotifyPayloadMalformed, "fragment %d, at most %d are taken", f.Number, maxFragments)
	}
	return f, nil
}

// keepFragment adds a fragment to the message that it is of. One of another
// message, or at odds with those that are here, begins anew: the peer has moved
// on, and some number every message alike.
func (s *Session) keepFragment(h wire.Header, f wire.Fragment) error {
	a := s.partial
	if a != nil && (!a.fits(h) || a.id != f.ID || a.contradicts(f)) {
		s.dropFragments()
		a = nil
	}
	if a == nil {
		a = &assembly{header: h, id: f.ID, peer: s.remote.Addr(), begun: s.now, pieces: map[uint8][]byte{}}
		s.partial = a
	}
	if _, twice := a.pieces[f.Number]; twice {
		return nil
	}
	cost := len(f.Data) + fragmentCost
	switch {
	case a.size+len(f.Data) > maxMessage:
		s.dropFragments()
		return reject(wire.NotifyPayloadMalformed, "fragments of more than %d octets", maxMessage)
	case !s.env.Hold(a.peer, cost):
		s.dropFragments()
		return reject(0, "too many fragments of unfinished messages")
	}
	a.held += cost
	a.size += len(f.Data)
	a.pieces[f.Number] = bytes.Clone(f.Data)
	if f.Last {
		a.last = f.Number
	}
	return nil
}

// fits says whether a header is of the same message; the next payload, the flags
// and the length are a fragment's own.
func (a *assembly) fits(h wire.Header) bool {
	return a.header.InitiatorSPI == h.InitiatorSPI && a.header.ResponderSPI == h.ResponderSPI && a.header.Version == h.Version &&
		a.header.Exchange == h.Exchange && a.header.MessageID == h.MessageID
}

// contradicts says whether a fragment cannot be of the same message as the others.
func (a *assembly) contradicts(f wire.Fragment) bool {
	if piece, here := a.pieces[f.Number]; here {
		return !bytes.Equal(piece, f.Data) || f.Last != (a.last == f.Number)
	}
	if a.last != 0 && (f.Last || f.Number > a.last) {
		return true
	}
	for n := range a.pieces {
		if f.Last && n > f.Number {
			return true
		}
	}
	return false
}

// join is the message, when all of it is here.
func (a *assembly) join() []byte {
	message := make([]byte, 0, a.size)
	for n := uint8(1); n <= a.last; n++ {
		message = append(message, a.pieces[n]...)
	}
	return message
}

// dropFragments forgets an unfinished message.
func (s *Session) dropFragments() {
	if a := s.partial; a != nil {
		s.env.Hold(a.peer, -a.held)
		s.partial = nil
	}
}

func (s *Session) fragmentDeadline(t *deadline) {
	if a := s.partial; a != nil {
		t.add(a.begun.Add(fragmentTime), "fragments")
	}
}

func (s *Session) fragmentTimeout() {
	if a := s.partial; a != nil && !s.now.Before(a.begun.Add(fragmentTime)) {
		s.dropFragments()
	}
}

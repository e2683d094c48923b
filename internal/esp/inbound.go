package esp

import (
	"cmp"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Inbound is an SA that packets come in by. It is safe for several goroutines.
type Inbound struct {
	account
	transform *transform
	mode      ipsec.Mode
	selector  ipsec.Selector
	mu        sync.Mutex // of the window
	window    window
}

// NewInbound takes an SA with its keys, and no AH.
func NewInbound(sa ipsec.SA, now time.Time) (*Inbound, error) {
	t, err := newTransform(sa, cipher.NewCBCDecrypter)
	if err != nil {
		return nil, err
	}
	i := &Inbound{transform: t, mode: cmp.Or(sa.Mode, ipsec.Tunnel), selector: sa.Selector}
	switch {
	case sa.Replay < 0 || sa.Replay > MaxWindow:
		return nil, errors.New("an anti-replay window has 0 to 4096 packets")
	case sa.ESN && (sa.Replay == 0 || t.icv == 0):
		return nil, errors.New("extended sequence numbers need an anti-replay window and integrity: the window tells their high-order bits")
	case t.icv > 0:
		// RFC 4303 section 3.4.3: "This service MUST NOT be enabled unless the ESP
		// integrity service also is enabled": anybody could move the window.
		i.window = newWindow(sa.Replay)
	}
	i.begin(sa, now)
	return i, nil
}

// Outer is what counts of the header that a packet of ESP came behind.
type Outer struct {
	Src, Dst netip.Addr // transport mode checks them against the selectors
	TOS      uint8      // type of service or traffic class: DSCP and ECN
}

// Open verifies a packet of ESP, from its SPI to its ICV, and decrypts it in place.
// In tunnel mode the payload is a packet of IP of the length that it says itself,
// next 4 or 41; in transport mode it is what next says.
//
// The error is a Drop, and is counted; of Dummy there is no harm. No payload comes
// with an error.
func (i *Inbound) Open(packet []byte, outer Outer, now time.Time) (next uint8, payload []byte, err error) {
	next, payload, drop := i.open(packet, outer, now)
	if drop != 0 {
		return 0, nil, i.Drops.count(drop)
	}
	return next, payload, nil
}

// open follows RFC 4303 section 3.4: sequence number (3.4.3), integrity, decryption,
// padding and what it carries (3.4.4).
func (i *Inbound) open(packet []byte, outer Outer, now time.Time) (uint8, []byte, Drop) {
	t := i.transform
	if n := len(packet) - headerLen - t.iv - t.icv; n < trailerLen || n%t.unit != 0 {
		return 0, nil, Truncated
	}
	if !i.admit(now) {
		return 0, nil, Expired
	}
	low := binary.BigEndian.Uint32(packet[4:])
	i.mu.Lock()
	seq, ok := i.window.place(low, t.esn)
	ok = ok && i.window.fresh(seq)
	i.mu.Unlock()
	if !ok {
		return 0, nil, Replayed
	}
	body, ok := t.open(packet, seq)
	if !ok {
		return 0, nil, Integrity
	}
	i.mu.Lock()
	ok = i.window.accept(seq)
	i.mu.Unlock()
	if !ok { // another worker had the same packet
		return 0, nil, Replayed
	}
	payload, ok := unpad(body)
	if !ok {
		return 0, nil, Padding
	}
	i.take(len(payload), now)
	return i.carried(body[len(body)-1], payload, outer)
}

// unpad takes padding, pad length and next header off. RFC 4303 section 2.4: "the
// receiver SHOULD inspect the Padding field".
func unpad(body []byte) ([]byte, bool) {
	n := len(body) - trailerLen
	pad := int(body[n])
	if pad > n {
		return nil, false
	}
	for i, b := range body[n-pad : n] {
		if int(b) != i+1 {
			return nil, false
		}
	}
	return body[:n-pad], true
}

const noNextHeader = 59

// carried is the payload, if the SA may carry it.
func (i *Inbound) carried(next uint8, payload []byte, outer Outer) (uint8, []byte, Drop) {
	if next == noNextHeader { // RFC 4303 section 2.6
		return 0, nil, Dummy
	}
	if i.mode == ipsec.Transport {
		h := transportHeader(next, payload, outer)
		if !h.within(&i.selector, ipsec.In) {
			return 0, nil, Outside
		}
		return next, payload, 0
	}
	if next != protocolIPv4 && next != protocolIPv6 {
		return 0, nil, Next
	}
	h, ok := parse(payload)
	switch {
	case !ok:
		return 0, nil, Malformed
	case h.own() != next:
		return 0, nil, Next
	case !h.within(&i.selector, ipsec.In):
		return 0, nil, Outside
	case !h.congest(outer.TOS):
		return 0, nil, Congested
	}
	return next, h.packet, 0
}

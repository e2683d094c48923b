package esp

import (
	"cmp"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"sync/atomic"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Outbound is an SA that packets leave by. It is safe for several goroutines.
type Outbound struct {
	account
	transform *transform
	vectors   cipher.Block // makes the vectors of CBC, with a key of its own; nil: none are random
	spi       uint32
	last      uint64 // sequence number that ends the SA
	sequence  atomic.Uint64
	mode      ipsec.Mode
	selector  ipsec.Selector
}

// NewOutbound takes an SA with its keys, and no AH. random is read here only: it
// keys the vectors of CBC.
func NewOutbound(sa ipsec.SA, random io.Reader, now time.Time) (*Outbound, error) {
	t, err := newTransform(sa, cipher.NewCBCEncrypter)
	if err != nil {
		return nil, err
	}
	o := &Outbound{transform: t, spi: sa.SPI, last: math.MaxUint32, mode: cmp.Or(sa.Mode, ipsec.Tunnel), selector: sa.Selector}
	if sa.ESN {
		o.last = math.MaxUint64
	}
	if t.block != nil {
		key := make([]byte, len(sa.EncrKey))
		if _, err := io.ReadFull(random, key); err != nil {
			return nil, fmt.Errorf("random source: %w", err)
		}
		if o.vectors, err = sa.Encr.NewCBC(key); err != nil {
			return nil, err
		}
	}
	o.begin(sa, now)
	return o, nil
}

// Headroom is the octets of ESP in front of what it carries: SPI, sequence number
// and vector.
func (o *Outbound) Headroom() int { return headerLen + o.transform.iv }

// Overhead is the most octets that Seal adds, in front and behind together.
func (o *Outbound) Overhead() int {
	return o.Headroom() + o.transform.unit - 1 + trailerLen + o.transform.icv
}

// Room is the largest packet, in octets, that Seal makes a packet of ESP of at most
// n octets of: in transport mode the largest payload. It is 0 where nothing fits.
func (o *Outbound) Room(n int) int {
	n -= o.Headroom() + o.transform.icv
	return max(0, n/o.transform.unit*o.transform.unit-trailerLen)
}

// Seal appends to dst the packet of ESP, from its SPI to its ICV, that carries a
// packet of IP: all of it in tunnel mode, what stands behind its header in
// transport mode. It allocates nothing if dst has Overhead octets more than the
// packet. The packet may overlap the room of dst in any way and is overwritten
// then; nothing is moved where it lies already at its place, Headroom octets behind
// the end of dst (in transport mode: its payload).
//
// The error is a Drop: Expired, Malformed, Outside or Exhausted, and is counted.
//
//	SPI 4, sequence number 4, vector, payload, padding, pad length 1, next header 1, ICV
func (o *Outbound) Seal(dst, packet []byte, now time.Time) ([]byte, error) {
	h, ok := parse(packet)
	if !ok {
		return nil, o.Drops.count(Malformed)
	}
	if !h.within(&o.selector, ipsec.Out) {
		return nil, o.Drops.count(Outside)
	}
	next, payload := h.tunneled()
	if o.mode == ipsec.Transport {
		if next, payload, ok = h.transported(); !ok {
			return nil, o.Drops.count(Malformed)
		}
	}
	return o.seal(dst, next, payload, now)
}

func (o *Outbound) seal(dst []byte, next uint8, payload []byte, now time.Time) ([]byte, error) {
	if !o.admit(now) {
		return nil, o.Drops.count(Expired)
	}
	seq := o.sequence.Add(1)
	if seq > o.last || seq == 0 {
		// RFC 4303 section 3.3.3: the counter must not cycle.
		o.sequence.Store(o.last)
		return nil, o.Drops.count(Exhausted)
	}
	start, n := len(dst), len(payload)
	body := start + o.Headroom()
	if cap(dst) < body {
		dst = append(dst[:cap(dst)], make([]byte, body-cap(dst))...)
	}
	// The payload first: it may lie where the header goes.
	dst = append(dst[:body], payload...)
	packet := dst[start:body]
	binary.BigEndian.PutUint32(packet, o.spi)
	binary.BigEndian.PutUint32(packet[4:], uint32(seq))
	o.vector(packet[headerLen:], seq)
	dst = trailer(dst, o.transform.unit, n, next)
	o.take(n, now)
	return o.transform.seal(dst, start, seq), nil
}

// vector fills in the initialisation vector. RFC 4106 section 3.1 has the one of a
// combined cipher never come again: it counts. RFC 3602 section 3 has that of CBC
// be unpredictable: it is the sequence number, encrypted with a key that nobody has.
func (o *Outbound) vector(iv []byte, seq uint64) {
	if len(iv) == 0 {
		return
	}
	clear(iv)
	binary.BigEndian.PutUint64(iv, seq)
	if o.vectors != nil {
		o.vectors.Encrypt(iv, iv)
	}
}

// trailer appends padding, its length and the next header. RFC 4303 section 2.4:
// "The Padding bytes are initialized with a series of (unsigned, 1-byte) integer
// values", 1, 2, 3 and so on.
func trailer(packet []byte, unit, payload int, next uint8) []byte {
	pad := (unit - (payload+trailerLen)%unit) % unit
	for i := range pad {
		packet = append(packet, byte(i+1))
	}
	return append(packet, byte(pad), next)
}

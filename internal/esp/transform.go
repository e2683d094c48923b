package esp

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"sync"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

const (
	headerLen  = 8 // SPI and sequence number
	trailerLen = 2 // pad length and next header
	alignment  = 4 // that of the trailer, whatever the cipher (RFC 4303 section 2.4)
	saltLen    = 4 // of every combined algorithm
)

// A transform protects packets with the algorithms and keys of one SA. It is safe
// for several goroutines: what an algorithm needs to work in comes from a pool.
type transform struct {
	aead  cipher.AEAD // of a combined cipher, else nil
	salt  [saltLen]byte
	block cipher.Block // of CBC; nil: combined, or esp-null
	iv    int          // octets on the wire
	unit  int          // octets that payload and trailer are a multiple of
	icv   int          // octets on the wire
	esn   bool
	pool  sync.Pool // of *bench
}

// cbc is cipher.BlockMode as crypto/cipher has it for CBC.
type cbc interface {
	cipher.BlockMode
	SetIV([]byte)
}

// A bench is where one packet is worked on: what would else be made for each.
type bench struct {
	nonce      [saltLen + 8]byte
	additional [headerLen + 4]byte
	mac        hash.Hash // nil: none
	sum        []byte    // of the mac
	mode       cbc       // nil: none
}

// newTransform takes an SA with its keys; mode makes the direction of CBC.
func newTransform(sa ipsec.SA, mode func(cipher.Block, []byte) cipher.BlockMode) (*transform, error) {
	switch {
	case sa.Protocol != ipsec.ESP || sa.AH != nil:
		return nil, errors.New("AH is for the kernel: it protects fields of the IP header that the kernel alone writes")
	case sa.Encr == nil:
		return nil, errors.New("an ESP SA without a cipher")
	case sa.Encr == suite.Null && sa.Integ == nil:
		// RFC 4303 section 3.2: either algorithm may be NULL, but not both.
		return nil, errors.New("an ESP SA that neither encrypts nor authenticates")
	}
	t := &transform{iv: sa.Encr.IV, unit: max(sa.Encr.Block, alignment), icv: sa.Encr.ICV, esn: sa.ESN}
	var err error
	switch n := len(sa.EncrKey) - sa.Encr.SaltLen; {
	case sa.Encr == suite.Null:
	case !sa.Encr.Combined():
		t.block, err = sa.Encr.NewCBC(sa.EncrKey)
	case n < 0:
		err = fmt.Errorf("key of %d octets without its salt of %d", len(sa.EncrKey), sa.Encr.SaltLen)
	default:
		copy(t.salt[:], sa.EncrKey[n:])
		t.aead, err = sa.Encr.NewAEAD(sa.EncrKey[:n])
	}
	if err != nil {
		return nil, fmt.Errorf("ESP SA 0x%08x: %w", sa.SPI, err)
	}
	if sa.Integ != nil {
		t.icv += sa.Integ.ICV
	}
	integ, key := sa.Integ, append(suite.Key(nil), sa.IntegKey...)
	t.pool.New = func() any {
		b := &bench{}
		if integ != nil {
			b.mac = hmac.New(integ.New, key)
			b.sum = make([]byte, 0, b.mac.Size())
		}
		if t.block != nil {
			b.mode = mode(t.block, make([]byte, t.iv)).(cbc)
		}
		return b
	}
	return t, nil
}

// seal encrypts what stands in dst behind a packet's header, which starts at start
// and has its vector, and appends the ICV.
func (t *transform) seal(dst []byte, start int, seq uint64) []byte {
	b := t.pool.Get().(*bench)
	defer t.pool.Put(b)
	packet, body := dst[start:], start+headerLen+t.iv
	if t.aead != nil {
		return t.aead.Seal(dst[:body], b.once(t, packet), dst[body:], b.authenticated(t, packet, seq))
	}
	if b.mode != nil {
		b.mode.SetIV(dst[start+headerLen : body])
		b.mode.CryptBlocks(dst[body:], dst[body:])
	}
	if b.mac == nil {
		return dst
	}
	return append(dst, b.check(t, packet, seq)...)
}

// open verifies a packet that has room for vector and ICV, and decrypts it in
// place: payload, padding, pad length and next header.
func (t *transform) open(packet []byte, seq uint64) ([]byte, bool) {
	b := t.pool.Get().(*bench)
	defer t.pool.Put(b)
	start := headerLen + t.iv
	if t.aead != nil {
		body, err := t.aead.Open(packet[start:start], b.once(t, packet), packet[start:], b.authenticated(t, packet, seq))
		return body, err == nil
	}
	end := len(packet) - t.icv
	if b.mac != nil && subtle.ConstantTimeCompare(b.check(t, packet[:end], seq), packet[end:]) != 1 {
		return nil, false
	}
	if b.mode != nil {
		b.mode.SetIV(packet[headerLen:start])
		b.mode.CryptBlocks(packet[start:end], packet[start:end])
	}
	return packet[start:end], true
}

// once is the nonce of a packet: salt and vector (RFC 4106 section 4, RFC 7634
// section 2).
func (b *bench) once(t *transform, packet []byte) []byte {
	copy(b.nonce[:], t.salt[:])
	copy(b.nonce[saltLen:], packet[headerLen:headerLen+8])
	return b.nonce[:]
}

// authenticated is what a combined algorithm authenticates but does not encrypt.
// RFC 4106 section 5 has the SPI and the sequence number, all of its 64 bits where
// they are extended.
func (b *bench) authenticated(t *transform, packet []byte, seq uint64) []byte {
	if !t.esn {
		return append(b.additional[:0], packet[:headerLen]...)
	}
	return binary.BigEndian.AppendUint64(append(b.additional[:0], packet[:4]...), seq)
}

// check is the ICV over a packet. RFC 4303 section 2.2.1 has the high-order bits of
// an extended sequence number behind the packet, where they are not sent.
func (b *bench) check(t *transform, packet []byte, seq uint64) []byte {
	b.mac.Reset()
	b.mac.Write(packet)
	if t.esn {
		b.mac.Write(binary.BigEndian.AppendUint32(b.additional[:0], uint32(seq>>32)))
	}
	return b.mac.Sum(b.sum)[:t.icv]
}

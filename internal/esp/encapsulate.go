// Package esp is the Encapsulating Security Payload (RFC 4303) outside the kernel:
// packets in, packets out. The laboratory sends its pings with it.
package esp

import (
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// ErrExhausted says that an SA has sent all its packets. RFC 4303 section 2.2: "The
// sender's counter and the receiver's counter MUST be reset (by establishing a new
// SA and thus a new key) prior to the transmission of the 2^32nd packet on an SA".
var ErrExhausted = errors.New("esp: sequence numbers are used up")

const (
	headerLen = 8 // SPI and sequence number
	alignment = 4 // that of the trailer, whatever the cipher (RFC 4303 section 2.4)
)

// Encapsulator makes the packets of one outbound SA.
type Encapsulator struct {
	spi, sequence uint32
	encr          *suite.Cipher
	aead          cipher.AEAD // of a combined cipher, else nil
	salt          []byte
	block         cipher.Block // nil: combined, or esp-null
	integ         *suite.Integrity
	integKey      suite.Key
}

// NewEncapsulator takes an SA with its keys. AH around it is somebody else's.
func NewEncapsulator(sa ipsec.SA) (*Encapsulator, error) {
	if sa.Protocol != ipsec.ESP || sa.Encr == nil {
		return nil, fmt.Errorf("esp: an SA of %v", sa.Protocol)
	}
	e := &Encapsulator{spi: sa.SPI, encr: sa.Encr, integ: sa.Integ, integKey: sa.IntegKey}
	key := sa.EncrKey
	var err error
	switch {
	case sa.Encr == suite.Null:
	case !sa.Encr.Combined():
		e.block, err = sa.Encr.NewCBC(key)
	case len(key) < sa.Encr.SaltLen:
		err = fmt.Errorf("esp: key of %d octets without its salt of %d", len(key), sa.Encr.SaltLen)
	default:
		n := len(key) - sa.Encr.SaltLen
		e.salt = key[n:]
		e.aead, err = sa.Encr.NewAEAD(key[:n])
	}
	if err != nil {
		return nil, err
	}
	return e, nil
}

// Encapsulate gives a packet from its SPI to its ICV. next is the IP protocol of
// the payload: 4 or 41 in tunnel mode. random gives the vector of CBC, one block.
//
//	SPI 4, sequence number 4, vector, payload, padding, pad length 1, next header 1, ICV
func (e *Encapsulator) Encapsulate(next uint8, payload []byte, random io.Reader) ([]byte, error) {
	if e.sequence == math.MaxUint32 {
		return nil, ErrExhausted
	}
	e.sequence++
	packet := binary.BigEndian.AppendUint32(nil, e.spi)
	packet = binary.BigEndian.AppendUint32(packet, e.sequence)
	packet, err := e.vector(packet, random)
	if err != nil {
		return nil, err
	}
	body := len(packet)
	packet = e.trailer(append(packet, payload...), body, next)
	switch {
	case e.aead != nil:
		nonce := slices.Concat(e.salt, packet[headerLen:body])
		return e.aead.Seal(packet[:body], nonce, packet[body:], packet[:headerLen]), nil
	case e.block != nil:
		cipher.NewCBCEncrypter(e.block, packet[headerLen:body]).CryptBlocks(packet[body:], packet[body:])
	}
	if e.integ == nil {
		return packet, nil
	}
	mac := hmac.New(e.integ.New, e.integKey)
	mac.Write(packet)
	return append(packet, mac.Sum(nil)[:e.integ.ICV]...), nil
}

// vector appends the initialisation vector. RFC 4106 section 3.1 has the one of a
// combined cipher never come again: it counts.
func (e *Encapsulator) vector(packet []byte, random io.Reader) ([]byte, error) {
	if e.aead != nil {
		return binary.BigEndian.AppendUint64(packet, uint64(e.sequence)), nil
	}
	start := len(packet)
	packet = append(packet, make([]byte, e.encr.IV)...)
	if _, err := io.ReadFull(random, packet[start:]); err != nil {
		return nil, fmt.Errorf("random source: %w", err)
	}
	return packet, nil
}

// trailer appends padding, its length and the next header. RFC 4303 section 2.4:
// "The Padding bytes are initialized with a series of (unsigned, 1-byte) integer
// values", 1, 2, 3 and so on.
func (e *Encapsulator) trailer(packet []byte, body int, next uint8) []byte {
	unit := max(e.encr.Block, alignment)
	pad := (unit - (len(packet)-body+2)%unit) % unit
	for i := range pad {
		packet = append(packet, byte(i+1))
	}
	return append(packet, byte(pad), next)
}

package ikev2

import (
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/obol-ike/obol/internal/suite"
)

// errIntegrity says that a message does not authenticate. It never says why.
var errIntegrity = errors.New("ikev2: integrity check failed")

// A direction protects the messages that go one way: what stands in an SK or
// SKF payload (RFC 7296 section 3.14),
//
//	+---------------------------------------------------------------+
//	!        Initialization Vector, of the cipher's length          !
//	+---------------------------------------------------------------+
//	!                    Encrypted IKE Payloads                     !
//	+               +-----------------------------------------------+
//	!               !             Padding (0-255 octets)            !
//	+---------------+                               +---------------+
//	!                                               !  Pad Length   !
//	+---------------------------------------------------------------+
//	!                    Integrity Checksum Data                    !
//
// The checksum covers the whole message up to itself; a combined cipher (RFC
// 5282) takes what stands before the vector as additional data.
type direction struct {
	secret suite.Key   // SK_e, with its salt
	aead   cipher.AEAD // nil: block and integ
	salt   []byte      // of secret
	count  uint64      // of messages sealed: the vector of a combined cipher

	block cipher.Block
	integ *suite.Integrity
	key   suite.Key // of integ

	iv, pad, icv int // octets: the vector, the unit of padding, the checksum
}

// newDirection takes the keys SK_e, with its salt, and SK_a. integ is nil with a
// combined cipher.
func newDirection(c *suite.Cipher, e suite.Key, integ *suite.Integrity, a suite.Key) (*direction, error) {
	if !c.Combined() {
		block, err := c.NewCBC(e)
		if err != nil {
			return nil, err
		}
		return &direction{secret: e, block: block, integ: integ, key: a, iv: c.IV, pad: c.Block, icv: integ.ICV}, nil
	}
	n := len(e) - c.SaltLen
	if n < 0 {
		return nil, fmt.Errorf("ikev2: key of %d octets without its salt of %d", len(e), c.SaltLen)
	}
	aead, err := c.NewAEAD(e[:n])
	if err != nil {
		return nil, err
	}
	return &direction{secret: e, aead: aead, salt: e[n:], iv: c.IV, pad: 1, icv: c.ICV}, nil
}

// wipe forgets what of the keys is here as it is; d may be nil.
func (d *direction) wipe() {
	if d != nil {
		d.key.Wipe()
		d.secret.Wipe()
	}
}

// sealedLen is how many octets inner octets become.
func (d *direction) sealedLen(inner int) int {
	return d.iv + inner + 1 + d.padding(inner) + d.icv
}

// padding fills the payloads and the octet of its length up to the unit.
func (d *direction) padding(inner int) int { return (d.pad - (inner+1)%d.pad) % d.pad }

// seal appends the sealed payloads to the message so far, which ends with the
// generic header of SK, or with the numbers of SKF, and whose lengths already
// count what is to come.
func (d *direction) seal(message, inner []byte, random io.Reader) ([]byte, error) {
	pad := d.padding(len(inner))
	start := len(message)
	if d.aead != nil {
		// RFC 5282 section 3.1: "the IV MUST be chosen by the encryptor in a manner
		// that ensures that the same IV value is used only once for a given key".
		message = binary.BigEndian.AppendUint64(message, d.count)
		d.count++
	} else {
		iv := make([]byte, d.iv)
		if _, err := io.ReadFull(random, iv); err != nil {
			return nil, fmt.Errorf("random source: %w", err)
		}
		message = append(message, iv...)
	}
	body := len(message)
	message = append(message, inner...)
	message = append(append(message, make([]byte, pad)...), byte(pad))
	if d.aead != nil {
		nonce := concat(d.salt, message[start:body])
		return d.aead.Seal(message[:body], nonce, message[body:], message[:start]), nil
	}
	cipher.NewCBCEncrypter(d.block, message[start:body]).CryptBlocks(message[body:], message[body:])
	return append(message, d.checksum(message)...), nil
}

// open checks and decrypts a message whose sealed part begins at start. The
// result aliases nothing.
func (d *direction) open(message []byte, start int) (inner []byte, err error) {
	sealed := len(message) - start
	if start < 0 || sealed < d.iv+d.icv+d.pad {
		return nil, errIntegrity
	}
	body := start + d.iv
	if d.aead != nil {
		inner, err = d.aead.Open(nil, concat(d.salt, message[start:body]), message[body:], message[:start])
		if err != nil {
			return nil, errIntegrity
		}
	} else {
		end := len(message) - d.icv
		if !hmac.Equal(d.checksum(message[:end]), message[end:]) || (end-body)%d.pad != 0 {
			return nil, errIntegrity
		}
		inner = make([]byte, end-body)
		cipher.NewCBCDecrypter(d.block, message[start:body]).CryptBlocks(inner, message[body:end])
	}
	// The sender authenticated the padding, so a length that does not fit is his
	// fault: his message is malformed, and no oracle.
	pad := 0
	if len(inner) > 0 {
		pad = 1 + int(inner[len(inner)-1])
	}
	if pad == 0 || pad > len(inner) {
		return nil, errPadding
	}
	return inner[:len(inner)-pad], nil
}

// errPadding is a fault of an authenticated peer: INVALID_SYNTAX.
var errPadding = errors.New("ikev2: the pad length is above what was sealed")

func (d *direction) checksum(message []byte) []byte {
	mac := hmac.New(d.integ.New, d.key)
	mac.Write(message)
	return mac.Sum(nil)[:d.icv]
}

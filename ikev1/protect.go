package ikev1

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// protection is the encryption and authentication of an IKE SA, from the
// moment its keys exist.
type protection struct {
	hash *suite.Hash
	encr *suite.Cipher // nil: the keys are wiped
	// secret is SKEYID_d, SKEYID_a and the key of encr; SKEYID_e itself is not needed
	// again. SKEYID and the proofs follow until both ends have proved themselves. It
	// is one piece because anybody can make us have it: seven would be twice as much.
	secret  suite.Key
	lasting uint16 // octets of secret that stay
	endI    uint16 // where the first proof ends
	// iv is the chain of phase 1: first a hash of the public values, then the
	// last block of each message. What phase 1 leaves starts every exchange
	// of phase 2.
	iv iv
	// cipher is encr with its key while messages of an exchange come and go. Triple DES
	// takes as long for a key as for half a message; at rest it would be half a
	// kilobyte for each IKE SA.
	cipher cipher.Block
}

// iv is as long as the longest block; a cipher goes by the first octets.
type iv [aes.BlockSize]byte

// newProtection makes the first IV too, and takes the keys over: they are wiped.
// RFC 2409 appendix B: "the
// initialization vector (IV) ... is derived from a hash of a concatenation of
// the initiator's public Diffie-Hellman value and the responder's".
func newProtection(a agreement, keys Keys, t transcript) (*protection, error) {
	p := &protection{hash: a.policy.Hash, encr: a.policy.Encr}
	e := cipherKey(p.hash, keys.E, p.encr.KeyLen(a.policy.KeyBits))
	proofI, proofR := proofs(p.hash, keys.SKEYID, t)
	p.secret = concat(keys.D, keys.A, e, keys.SKEYID, proofI, proofR)
	p.lasting = uint16(len(keys.D) + len(keys.A) + len(e))
	p.endI = uint16(len(p.secret) - len(proofR))
	for _, k := range []suite.Key{e, proofI, proofR} {
		k.Wipe()
	}
	keys.Wipe()
	var err error
	if p.cipher, err = p.encr.NewCBC(p.e()); err != nil {
		p.wipe()
		return nil, err
	}
	copy(p.iv[:], p.hash.Sum(t.gxi, t.gxr))
	return p, nil
}

// The parts of secret, in their order.
func (p *protection) d() suite.Key      { return p.secret[:p.hash.Size] }
func (p *protection) a() suite.Key      { return p.secret[p.hash.Size : 2*p.hash.Size] }
func (p *protection) e() suite.Key      { return p.secret[2*p.hash.Size : p.lasting] }
func (p *protection) skeyid() suite.Key { return p.secret[p.lasting:][:p.hash.Size] }
func (p *protection) proofI() suite.Key { return p.secret[int(p.lasting)+p.hash.Size : p.endI] }
func (p *protection) proofR() suite.Key { return p.secret[p.endI:] }

// block is the cipher with its key, which newProtection has tried.
func (p *protection) block() cipher.Block {
	if p.cipher == nil {
		p.cipher, _ = p.encr.NewCBC(p.e())
	}
	return p.cipher
}

// rest lets go of what the next exchange can make again.
func (p *protection) rest() { p.cipher = nil }

// exchangeIV starts the chain of an exchange of phase 2. RFC 2409 appendix B:
// "the IV is the hash of a concatenation of the last phase 1 CBC output block
// and the phase 2 message id".
func (p *protection) exchangeIV(id uint32) (first iv) {
	copy(first[:], p.hash.Sum(p.iv[:p.encr.Block], messageID(id)))
	return first
}

// seal encrypts the payloads of b into a datagram and returns the IV of the
// next message of its exchange. The padding is zeros up to the block.
func (p *protection) seal(h wire.Header, b *wire.Builder, first iv) (datagram []byte, next iv) {
	n := p.encr.Block
	pad := -len(b.Payloads()) & (n - 1)
	h.Flags |= wire.FlagEncryption
	h.NextPayload = b.First()
	h.Length = uint32(wire.HeaderLen + len(b.Payloads()) + pad)
	datagram = append(h.Append(make([]byte, 0, h.Length)), b.Payloads()...)
	datagram = append(datagram, make([]byte, pad)...)
	body := datagram[wire.HeaderLen:]
	cipher.NewCBCEncrypter(p.block(), first[:n]).CryptBlocks(body, body)
	copy(next[:], body[len(body)-n:])
	return datagram, next
}

// open decrypts a message without touching any state: the caller keeps the
// next IV only if he accepts what he finds. The payloads alias no input.
func (p *protection) open(m *inbound, first iv) (*opened, error) {
	n := p.encr.Block
	if len(m.Rest) == 0 || len(m.Rest)%n != 0 {
		return nil, reject(wire.NotifyPayloadMalformed, "%d octets of ciphertext are no multiple of the block", len(m.Rest))
	}
	body := make([]byte, len(m.Rest))
	cipher.NewCBCDecrypter(p.block(), first[:n]).CryptBlocks(body, m.Rest)
	payloads, rest, err := wire.ParseChain(m.NextPayload, body, wire.HeaderLen)
	if err == nil {
		err = knownPayloads(payloads)
	}
	if err != nil {
		return nil, asRejection(err)
	}
	if len(payloads) == 0 {
		return nil, reject(wire.NotifyPayloadMalformed, "encrypted message without payloads")
	}
	c := &opened{from: m, payloads: payloads, body: body[:len(body)-len(rest)]}
	copy(c.next[:], m.Rest[len(m.Rest)-n:])
	return c, nil
}

// opened is a decrypted message.
type opened struct {
	from     *inbound
	payloads []wire.Payload
	body     []byte // the payloads without the padding
	next     iv     // of the next message of the exchange
}

// afterHash is what HASH(1) and HASH(2) run over: "the entire message that
// follows the hash including all payload headers, but excluding any padding
// added for encryption" (RFC 2409 section 5.5).
func (c *opened) afterHash() []byte { return c.body[len(c.payloads[0].Raw):] }

// messageHash is prf(SKEYID_a, parts).
func (p *protection) messageHash(parts ...[]byte) []byte { return p.hash.PRF(p.a(), parts...) }

// putHash fills in the first payload of b: HASH(1), or HASH(2) with the
// initiator's nonce.
func (p *protection) putHash(b *wire.Builder, id uint32, nonce []byte) {
	chain := b.Payloads()
	body := chain[4 : 4+p.hash.Size]
	copy(body, p.messageHash(messageID(id), nonce, chain[4+p.hash.Size:]))
}

// hash3, RFC 2409 section 5.5: "HASH(3) = prf(SKEYID_a, 0 | M-ID | Ni_b | Nr_b)".
func (p *protection) hash3(q *quickMode) []byte {
	return p.messageHash([]byte{0}, messageID(q.id), q.ni, q.nr)
}

// checkHash compares the first payload, which must be HASH, in constant time.
func (c *opened) checkHash(want []byte) error {
	if c.payloads[0].Type != wire.PayloadHash {
		return reject(wire.NotifyInvalidHashInformation, "message does not begin with a HASH payload")
	}
	if !hmac.Equal(c.payloads[0].Body, want) {
		return reject(wire.NotifyInvalidHashInformation, "HASH does not verify")
	}
	return nil
}

// messageID is a message id as the hashes take it.
func messageID(id uint32) []byte { return binary.BigEndian.AppendUint32(nil, id) }

// proved forgets what only the proofs needed, and the room for it.
func (p *protection) proved() {
	if len(p.secret) == int(p.lasting) {
		return
	}
	all := p.secret
	p.secret = append(make(suite.Key, 0, p.lasting), all[:p.lasting]...)
	all.Wipe()
}

func (p *protection) wipe() {
	p.secret.Wipe()
	p.encr, p.cipher = nil, nil
}

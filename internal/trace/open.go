package trace

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"slices"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// openV1 gives the payloads of an encrypted message of version 1, nil where they
// cannot be read. RFC 2409 appendix B: phase 1 begins with a vector made of the
// public values and goes on with the last block of each message; an exchange of
// phase 2 begins with one made of the last of those and its message id.
func (r *Reader) openV1(s *session, m *wire.Message) []wire.Payload {
	known := r.keys[m.InitiatorSPI]
	if len(known) == 0 {
		return nil
	}
	k := known[0]
	n := k.Encr.Block
	if len(m.Rest) == 0 || len(m.Rest)%n != 0 {
		return nil
	}
	if s.vector == nil {
		s.vector = k.Hash.Sum(s.public[0], s.public[1])[:n]
	}
	vector := s.vector
	if m.MessageID != 0 {
		if vector = s.vectors[m.MessageID]; vector == nil {
			vector = k.Hash.Sum(s.vector, binary.BigEndian.AppendUint32(nil, m.MessageID))[:n]
		}
	}
	block, err := k.Encr.NewCBC(k.Ei)
	if err != nil {
		return nil
	}
	body := make([]byte, len(m.Rest))
	cipher.NewCBCDecrypter(block, vector).CryptBlocks(body, m.Rest)
	payloads, _, err := wire.ParseChain(m.NextPayload, body, wire.HeaderLen)
	if err != nil {
		return nil
	}
	next := bytes.Clone(m.Rest[len(m.Rest)-n:])
	if m.MessageID == 0 {
		s.vector = next
	} else {
		s.vectors[m.MessageID] = next
	}
	return payloads
}

// openV2 gives the payloads inside an SK payload, with whichever keys of the SA
// authenticate it; nil where none do.
func (r *Reader) openV2(m *wire.Message, sk wire.Payload, data []byte) []wire.Payload {
	for _, k := range r.keys[m.InitiatorSPI] {
		encr, integ := k.Ei, k.Ai
		if m.Flags&wire.FlagInitiator == 0 {
			encr, integ = k.Er, k.Ar
		}
		inner, ok := unseal(k, encr, integ, data, sk)
		if !ok || len(inner) == 0 {
			continue
		}
		if pad := int(inner[len(inner)-1]); pad < len(inner) {
			payloads, err := wire.ParseChainV2(wire.PayloadType(sk.Raw[0]), inner[:len(inner)-1-pad], sk.Offset)
			if err == nil {
				return payloads
			}
		}
	}
	return nil
}

// unseal checks and decrypts a body: vector, ciphertext, checksum (RFC 7296 section
// 3.14, RFC 5282 section 3).
func unseal(k ike.Keys, encr, integ suite.Key, data []byte, sk wire.Payload) ([]byte, bool) {
	start := len(data) - len(sk.Body)
	if k.Encr.Combined() {
		n := len(encr) - k.Encr.SaltLen
		aead, err := k.Encr.NewAEAD(encr[:n])
		if err != nil || len(sk.Body) < k.Encr.IV {
			return nil, false
		}
		nonce := slices.Concat(encr[n:], sk.Body[:k.Encr.IV])
		inner, err := aead.Open(nil, nonce, sk.Body[k.Encr.IV:], data[:start])
		return inner, err == nil
	}
	end := len(data) - k.Integ.ICV
	sealed := end - start - k.Encr.IV
	if sealed <= 0 || sealed%k.Encr.Block != 0 {
		return nil, false
	}
	mac := hmac.New(k.Integ.New, integ)
	mac.Write(data[:end])
	if !hmac.Equal(mac.Sum(nil)[:k.Integ.ICV], data[end:]) {
		return nil, false
	}
	block, err := k.Encr.NewCBC(encr)
	if err != nil {
		return nil, false
	}
	inner := make([]byte, sealed)
	cipher.NewCBCDecrypter(block, sk.Body[:k.Encr.IV]).CryptBlocks(inner, data[start+k.Encr.IV:end])
	return inner, true
}

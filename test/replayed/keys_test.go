package replayed

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/big"
	"strings"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// modp1536 is the prime of group 5, RFC 3526 section 2.
const modp1536 = "ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404dd" +
	"ef9519b3cd3a431b302b0a6df25f14374fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
	"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf0598da48361c55d39a69163fa8fd24cf5f" +
	"83655d23dca3ad961c62f356208552bb9ed529077096966d670c354e4abc9804f1746c08ca237327ffffffffffffffff"

// secrets are the keys of a recorded IKE SA, and the public values.
type secrets struct {
	ikev1.Keys
	gxi, gxr []byte
	i, r     wire.SPI
	iv       []byte // the last block of main mode
}

func (r recording) secrets() secrets {
	r.t.Helper()
	m := r.message("mm4")
	ke, _ := m.First(wire.PayloadKE)
	p, ok := new(big.Int).SetString(modp1536, 16)
	if !ok {
		r.t.Fatal("prime")
	}
	x := new(big.Int).SetBytes(r.get("x"))
	power := func(base *big.Int) []byte { return new(big.Int).Exp(base, x, p).FillBytes(make([]byte, 192)) }
	s := secrets{gxi: power(big.NewInt(2)), gxr: ke.Body, i: m.InitiatorSPI, r: m.ResponderSPI}
	// RFC 2409 section 5: "For public key encryption: SKEYID = prf(hash(Ni_b |
	// Nr_b), CKY-I | CKY-R)". The router leaves hash() out.
	h := suite.SHA1
	skeyid := h.PRF(append(r.get("ni"), r.get("nr")...), s.i[:], s.r[:])
	s.Keys = ikev1.DeriveKeys(h, skeyid, power(new(big.Int).SetBytes(s.gxr)), s.i, s.r)
	mm6 := r.get("mm6")
	s.iv = mm6[len(mm6)-aes.BlockSize:]
	return s
}

// open decrypts a message and gives its payloads, and the octets behind the
// first one without padding.
func (r recording) open(s secrets, name string, iv []byte) (payloads []wire.Payload, after []byte) {
	r.t.Helper()
	m := r.message(name)
	block, err := aes.NewCipher(s.E[:16])
	if err != nil {
		r.t.Fatal(err)
	}
	body := make([]byte, len(m.Rest))
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(body, m.Rest)
	payloads, rest, err := wire.ParseChain(m.NextPayload, body, wire.HeaderLen)
	if err != nil || len(payloads) == 0 || payloads[0].Type != wire.PayloadHash {
		r.t.Fatalf("%s: %s does not decrypt: %v", r.name, name, err)
	}
	return payloads, body[len(payloads[0].Raw) : len(body)-len(rest)]
}

func lastBlock(b []byte) []byte { return b[len(b)-aes.BlockSize:] }

// HASH_R of MM6 is what we would compute over what the router sent.
func TestHashR(t *testing.T) {
	for _, name := range []string{encryption, lifetime} {
		r := load(t, name)
		s := r.secrets()
		payloads, _ := r.open(s, "mm6", lastBlock(r.get("mm5")))
		sa, _ := r.message("mm1").First(wire.PayloadSA)
		want := suite.SHA1.PRF(s.SKEYID, s.gxr, s.gxi, s.r[:], s.i[:], sa.Body, r.get("idr"))
		if len(payloads) != 1 || !bytes.Equal(payloads[0].Body, want) {
			t.Errorf("%s: HASH_R %x, want %x", name, payloads[0].Body, want)
		}
		id, err := wire.ParseIDV1(r.get("idr"))
		if err != nil || id.Type != wire.IDIPv4Addr || id.Protocol != 17 || id.Port != 500 {
			t.Errorf("%s: the router calls itself %+v, %v", name, id, err)
		}
	}
}

// wantQM2 is what the router says in QM2: what was offered, which had no limit in
// kilobytes, and its own limit, under the SPI that it receives on.
const wantQM2 = `  SA at 52, 52 octets
    proposal 1, protocol ESP, SPI 4589f1f1
      transform 1, id 12
        encaps 1
        life type 1
        life duration 3600
        authenticator 2
        key length 128
  NONCE at 104, 24 octets
    88b125746d9e8a978fd650d465aaa740821e3179
  ID at 128, 16 octets
    ID_IPV4_ADDR_SUBNET 0a000100ffffff00, protocol 0, port 0
  ID at 144, 16 octets
    ID_IPV4_ADDR_SUBNET 0a000200ffffff00, protocol 0, port 0
  NOTIFY at 160, 28 octets
    RESPONDER_LIFETIME, protocol ESP, SPI 4589f1f1
    800100020002000400465000
`

// The hashes of quick mode, and what QM2 says.
func TestQuickMode(t *testing.T) {
	r := load(t, encryption)
	s := r.secrets()
	qm1 := r.message("qm1")
	id := binary.BigEndian.AppendUint32(nil, qm1.MessageID)
	hash := func(parts ...[]byte) []byte { return suite.SHA1.PRF(s.A, parts...) }
	iv := suite.SHA1.Sum(s.iv, id)[:aes.BlockSize]

	one, after := r.open(s, "qm1", iv)
	if want := hash(id, after); !bytes.Equal(one[0].Body, want) {
		t.Errorf("HASH(1) %x, want %x", one[0].Body, want)
	}
	two, after := r.open(s, "qm2", lastBlock(r.get("qm1")))
	if want := hash(id, r.get("qm ni"), after); !bytes.Equal(two[0].Body, want) {
		t.Errorf("HASH(2) %x, want %x", two[0].Body, want)
	}
	nonce := body(t, two, wire.PayloadNonce)
	three, _ := r.open(s, "qm3", lastBlock(r.get("qm2")))
	if want := hash([]byte{0}, id, r.get("qm ni"), nonce); !bytes.Equal(three[0].Body, want) {
		t.Errorf("HASH(3) %x, want %x", three[0].Body, want)
	}
	if tree := wire.Tree(&wire.Message{Header: r.message("qm2").Header, Payloads: two}); !strings.HasSuffix(tree, wantQM2) {
		t.Errorf("QM2 is\n%s, want\n%s", tree, wantQM2)
	}
}

func body(t *testing.T, payloads []wire.Payload, typ wire.PayloadType) []byte {
	t.Helper()
	for _, p := range payloads {
		if p.Type == typ {
			return p.Body
		}
	}
	t.Fatalf("no %s", typ)
	return nil
}

// The RESPONDER_LIFETIME of phase 1: 28800 s were offered, the router holds 300.
// It has the attribute numbers of phase 1, and both cookies as its SPI.
func TestResponderLifetime(t *testing.T) {
	r := load(t, lifetime)
	s := r.secrets()
	id := binary.BigEndian.AppendUint32(nil, r.message("info").MessageID)
	payloads, after := r.open(s, "info", suite.SHA1.Sum(s.iv, id)[:aes.BlockSize])
	if want := suite.SHA1.PRF(s.A, id, after); !bytes.Equal(payloads[0].Body, want) {
		t.Errorf("HASH(1) %x, want %x", payloads[0].Body, want)
	}
	n, err := wire.ParseNotifyV1(body(t, payloads, wire.PayloadNotify))
	if err != nil || n.Type != wire.NotifyResponderLifetime || n.Protocol != wire.ProtocolISAKMP || !bytes.Equal(n.SPI, append(s.i[:], s.r[:]...)) {
		t.Fatalf("%+v, %v", n, err)
	}
	var want []byte
	for _, a := range []wire.Attribute{{Type: wire.AttrLifeType, Value: uint64(wire.LifeSeconds)}, {Type: wire.AttrLifeDuration, Value: 300}} {
		want = a.Append(want)
	}
	if !bytes.Equal(n.Data, want) {
		t.Errorf("%x, want %x", n.Data, want)
	}
}

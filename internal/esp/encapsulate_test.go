package esp

import (
	"bytes"
	"crypto/cipher"
	"crypto/hmac"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 3602 section 4, case 5: a ping in transport mode, without authentication.
func TestVector(t *testing.T) {
	sa := ipsec.SA{SAID: ipsec.SAID{SPI: 0x4321, Protocol: ipsec.ESP}, Encr: suite.AES, EncrKey: octets(t, "90d382b4 10eeba7a d938c46c ec1a82bf")}
	e, err := NewEncapsulator(sa)
	if err != nil {
		t.Fatal(err)
	}
	iv := octets(t, "e96e8c08 ab465763 fd098d45 dd3ff893")
	payload := octets(t, "08000ebd a70a0000 8e9c083d b95b0700 08090a0b 0c0d0e0f 10111213 14151617"+
		"18191a1b 1c1d1e1f 20212223 24252627 28292a2b 2c2d2e2f 30313233 34353637")
	got, err := e.Encapsulate(1, payload, bytes.NewReader(iv))
	if err != nil {
		t.Fatal(err)
	}
	want := octets(t, "00004321 00000001 e96e8c08 ab465763 fd098d45 dd3ff893"+
		"f663c25d 325c18c6 a9453e19 4e120849 a4870b66 cc6b9965 330013b4 898dc856"+
		"a4699e52 3a55db08 0b59ec3a 8e4b7e52 775b07d1 db34ed9c 538ab50c 551b874a"+
		"a269add0 47ad2d59 13ac19b7 cfbad4a6")
	if !bytes.Equal(got, want) {
		t.Errorf("%x\nwant\n%x", got, want)
	}
}

// Packets of every cipher and integrity algorithm open again, whatever their
// length, and their sequence numbers count.
func TestEncapsulate(t *testing.T) {
	key := func(n int) suite.Key { return bytes.Repeat([]byte{1, 2, 4, 8, 0x10, 0x20, 0x40}, 12)[:n] }
	var all []ipsec.SA
	for _, c := range suite.AEADs() {
		all = append(all, ipsec.SA{Encr: c, EncrKey: key(c.KeyLen(0) + c.SaltLen)})
	}
	for _, c := range suite.Ciphers() {
		for _, i := range suite.Integrities() {
			all = append(all, ipsec.SA{Encr: c, EncrKey: key(c.KeyLen(0)), Integ: i, IntegKey: key(i.KeyLen)})
		}
	}
	for _, sa := range all {
		sa.SPI, sa.Protocol = 0x1000, ipsec.ESP
		e, err := NewEncapsulator(sa)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 40 {
			payload := bytes.Repeat([]byte{0xab}, n)
			packet, err := e.Encapsulate(4, payload, bytes.NewReader(make([]byte, 16)))
			if err != nil {
				t.Fatal(err)
			}
			if spi, seq := binary.BigEndian.Uint32(packet), binary.BigEndian.Uint32(packet[4:]); spi != 0x1000 || seq != uint32(n+1) {
				t.Errorf("SPI %#x, sequence number %d", spi, seq)
			}
			got, next := open(t, sa, packet)
			if next != 4 || !bytes.Equal(got, payload) {
				t.Errorf("%s, %d octets: %x, next header %d", sa.Encr.QM, n, got, next)
			}
		}
	}
}

// open is the receiver's side, for tests.
func open(t *testing.T, sa ipsec.SA, packet []byte) (payload []byte, next uint8) {
	t.Helper()
	if sa.Integ != nil {
		n := len(packet) - sa.Integ.ICV
		mac := hmac.New(sa.Integ.New, sa.IntegKey)
		mac.Write(packet[:n])
		if !bytes.Equal(mac.Sum(nil)[:sa.Integ.ICV], packet[n:]) {
			t.Fatal("ICV does not verify")
		}
		packet = packet[:n]
	}
	iv, body := packet[8:8+sa.Encr.IV], packet[8+sa.Encr.IV:]
	switch {
	case sa.Encr.Combined():
		n := len(sa.EncrKey) - sa.Encr.SaltLen
		aead, err := sa.Encr.NewAEAD(sa.EncrKey[:n])
		if err != nil {
			t.Fatal(err)
		}
		if body, err = aead.Open(nil, append(bytes.Clone(sa.EncrKey[n:]), iv...), body, packet[:8]); err != nil {
			t.Fatal(err)
		}
	case sa.Encr != suite.Null:
		block, err := sa.Encr.NewCBC(sa.EncrKey)
		if err != nil {
			t.Fatal(err)
		}
		cipher.NewCBCDecrypter(block, iv).CryptBlocks(body, body)
	}
	if len(body)%4 != 0 {
		t.Errorf("%d octets are no multiple of four", len(body))
	}
	pad, end := int(body[len(body)-2]), len(body)-2
	for i, b := range body[end-pad : end] {
		if int(b) != i+1 {
			t.Errorf("padding %x", body[end-pad:end])
		}
	}
	return body[:end-pad], body[len(body)-1]
}

func TestRefusals(t *testing.T) {
	esp := ipsec.SAID{Protocol: ipsec.ESP}
	for name, sa := range map[string]ipsec.SA{
		"AH":            {SAID: ipsec.SAID{Protocol: ipsec.AH}, Integ: suite.HMACSHA1},
		"key length":    {SAID: esp, Encr: suite.AES, EncrKey: make(suite.Key, 15)},
		"no salt":       {SAID: esp, Encr: suite.AESGCM16, EncrKey: make(suite.Key, 3)},
		"key of no AES": {SAID: esp, Encr: suite.AESGCM16, EncrKey: make(suite.Key, 19)},
	} {
		if _, err := NewEncapsulator(sa); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	e, err := NewEncapsulator(ipsec.SA{SAID: esp, Encr: suite.AES, EncrKey: make(suite.Key, 16)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Encapsulate(4, nil, bytes.NewReader(nil)); err == nil {
		t.Error("a vector out of nothing")
	}
	e.sequence = math.MaxUint32
	if _, err := e.Encapsulate(4, nil, bytes.NewReader(make([]byte, 16))); !errors.Is(err, ErrExhausted) {
		t.Errorf("after the last sequence number: %v", err)
	}
}

package trace

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

func key(octet byte, n int) suite.Key { return bytes.Repeat([]byte{octet}, n) }

// The tables in Wireshark's own form. That Wireshark reads them, and decrypts with
// them, is seen in test/netns.
func TestTables(t *testing.T) {
	i, r := wire.SPI{1, 2, 3, 4, 5, 6, 7, 8}, wire.SPI{9}
	v1 := ike.Keys{Version: 1, SPIi: i, SPIr: r, Encr: suite.TripleDES, Ei: key(0xe1, 24), Er: key(0xe1, 24)}
	old := ike.Keys{Version: 2, SPIi: i, SPIr: r, Encr: suite.AES, Integ: suite.HMACSHA1, Ei: key(1, 16), Er: key(1, 16), Ai: key(1, 20), Ar: key(1, 20)}
	v2 := ike.Keys{Version: 2, SPIi: i, SPIr: r, Encr: suite.AES, Integ: suite.HMACSHA1, Ei: key(0xe1, 16), Er: key(0xe2, 16), Ai: key(0xa1, 20), Ar: key(0xa2, 20)}
	gcm := ike.Keys{Version: 2, SPIi: r, SPIr: i, Encr: suite.AESGCM16, Ei: key(0xe1, 20), Er: key(0xe2, 20)}
	chacha := ike.Keys{Version: 2, SPIi: r, SPIr: r, Encr: suite.ChaCha20Poly1305, Ei: key(0xe1, 36), Er: key(0xe2, 36)}
	id := func(spi uint32, p ipsec.Protocol) ipsec.SAID {
		return ipsec.SAID{Src: netip.MustParseAddr("192.168.0.1"), Dst: netip.MustParseAddr("192.168.0.2"), SPI: spi, Protocol: p, Mark: spi}
	}
	des := ipsec.SA{SAID: id(0x1001, ipsec.ESP), Encr: suite.TripleDES, EncrKey: key(0xe3, 24), Integ: suite.HMACMD5, IntegKey: key(0xa3, 16)}
	other := des // as the other end has it
	other.Mark = 0
	v6 := ipsec.SA{SAID: ipsec.SAID{Src: netip.MustParseAddr("2001:db8::1"), Dst: netip.MustParseAddr("2001:db8::2"), SPI: 0xc0000001, Protocol: ipsec.ESP}, Encr: suite.AESGCM16, EncrKey: key(0xe4, 20)}
	young := ipsec.SA{SAID: id(0x1002, ipsec.ESP), Encr: suite.ChaCha20Poly1305, EncrKey: key(0xe5, 36)}
	ah := ipsec.SA{SAID: id(0x1003, ipsec.AH), Integ: suite.HMACSHA1, IntegKey: key(0xa6, 20)}

	const head = "# Keys of a simulated negotiation, written by obol lab\n"
	e := func(pair string, n int) string { return strings.Repeat(pair, n) }
	want := []Table{
		{"ikev1_decryption_table", []byte(head + "0102030405060708," + e("e1", 24) + "\n")},
		{"ikev2_decryption_table", []byte(head +
			`0102030405060708,0900000000000000,` + e("e1", 16) + `,` + e("e2", 16) + `,"AES-CBC-128 [RFC3602]",` + e("a1", 20) + `,` + e("a2", 20) + `,"HMAC_SHA1_96 [RFC2404]"` + "\n" +
			`0900000000000000,0102030405060708,` + e("e1", 20) + `,` + e("e2", 20) + `,"AES-GCM-128 with 16 octet ICV [RFC5282]",,,"NONE [RFC4306]"` + "\n" +
			"# 0900000000000000,0900000000000000: Wireshark has no name for CHACHA20-POLY1305\n")},
		{"esp_sa", []byte(head +
			`"IPv4","192.168.0.1","192.168.0.2","0x00001001","TripleDES-CBC [RFC2451]","0x` + e("e3", 24) + `","HMAC-MD5-96 [RFC2403]","0x` + e("a3", 16) + `"` + "\n" +
			`"IPv6","2001:db8::1","2001:db8::2","0xc0000001","AES-GCM with 16 octet ICV [RFC4106]","0x` + e("e4", 20) + `","NULL",""` + "\n" +
			`"IPv4","192.168.0.1","192.168.0.2","0x00001002","ChaCha20 with Poly1305 [RFC7634]","0x` + e("e5", 36) + `","NULL",""` + "\n")},
	}
	got := Tables([]ike.Keys{v1, old, v1, v2, gcm, chacha}, []ipsec.SA{young, des, other, ah, v6})
	for n, w := range want {
		if got[n].Name != w.Name || !bytes.Equal(got[n].Text, w.Text) {
			t.Errorf("%s:\n%s\nwant\n%s", got[n].Name, got[n].Text, w.Text)
		}
	}
}

// Every algorithm that can be configured has a name, but for those that Wireshark
// does not know.
func TestNames(t *testing.T) {
	for _, c := range append(suite.Ciphers(), suite.AEADs()...) {
		if espEncryption[c] == "" {
			t.Errorf("%s: no name in ESP", c.QM)
		}
		_, ok := ikev2Encryption(ike.Keys{Encr: c, Ei: make(suite.Key, c.KeyLen(0)+c.SaltLen)})
		if unknown := c == suite.DES || c == suite.Null || c == suite.ChaCha20Poly1305; ok == unknown {
			t.Errorf("%s in IKEv2: %v", c.IKEv2, ok)
		}
	}
	for _, i := range suite.Integrities() {
		if espAuthentication[i] == "" || ikev2Integrity[i] == "" {
			t.Errorf("%s: no name", i.Debug)
		}
	}
}

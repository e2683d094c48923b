package trace

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// Table is one of Wireshark's tables of keys, as it stands in a configuration
// directory of Wireshark's.
type Table struct {
	Name string
	Text []byte
}

// Tables makes all three:
//
//	ikev1_decryption_table  initiator's cookie, key
//	ikev2_decryption_table  SPIs, SK_ei, SK_er, encryption, SK_ai, SK_ar, integrity
//	esp_sa                  protocol, source, destination, SPI, encryption, key, authentication, key
//
// What both ends tell stands there once. Where the keys of an IKE SA changed, the
// last ones do: Wireshark knows one row a pair of SPIs.
func Tables(keys []ike.Keys, sas []ipsec.SA) []Table {
	v1, v2, esp := &rows{at: map[any]int{}}, &rows{at: map[any]int{}}, &rows{at: map[any]int{}}
	for _, k := range keys {
		if k.Version == 1 {
			v1.set(k.SPIi, ikev1Row(k))
		} else {
			v2.set([2]wire.SPI{k.SPIi, k.SPIr}, ikev2Row(k))
		}
	}
	// A Wireshark that does not know an algorithm reads no further, and that of
	// Debian 12 does not know this one.
	for _, last := range []bool{false, true} {
		for _, sa := range sas {
			if sa.Protocol == ipsec.ESP && (sa.Encr == suite.ChaCha20Poly1305) == last {
				esp.set(ipsec.SAID{Src: sa.Src, Dst: sa.Dst, SPI: sa.SPI}, espRow(sa))
			}
		}
	}
	return []Table{
		{"ikev1_decryption_table", v1.text()},
		{"ikev2_decryption_table", v2.text()},
		{"esp_sa", esp.text()},
	}
}

// rows of a table, in the order of their first appearance.
type rows struct {
	list []string
	at   map[any]int
}

func (r *rows) set(key any, row string) {
	i, ok := r.at[key]
	if !ok {
		i = len(r.list)
		r.at[key] = i
		r.list = append(r.list, "")
	}
	r.list[i] = row
}

func (r *rows) text() []byte {
	return []byte("# Keys of a simulated negotiation, written by obol lab\n" + strings.Join(r.list, ""))
}

func ikev1Row(k ike.Keys) string { return fmt.Sprintf("%x,%s\n", k.SPIi[:], bare(k.Ei)) }

func ikev2Row(k ike.Keys) string {
	encr, ok := ikev2Encryption(k)
	integ := "NONE [RFC4306]"
	if k.Integ != nil {
		integ = ikev2Integrity[k.Integ]
	}
	if !ok || integ == "" {
		return fmt.Sprintf("# %x,%x: Wireshark has no name for %s\n", k.SPIi[:], k.SPIr[:], k.Encr.IKEv2)
	}
	return fmt.Sprintf("%x,%x,%s,%s,%q,%s,%s,%q\n", k.SPIi[:], k.SPIr[:], bare(k.Ei), bare(k.Er), encr, bare(k.Ai), bare(k.Ar), integ)
}

func espRow(sa ipsec.SA) string {
	encr, known := espEncryption[sa.Encr]
	integ := "NULL"
	if sa.Integ != nil {
		integ = espAuthentication[sa.Integ]
	}
	family := "IPv4"
	if sa.Src.Is6() {
		family = "IPv6"
	}
	if !known || integ == "" {
		return fmt.Sprintf("# %s %s 0x%08x: Wireshark has no name for its algorithms\n", sa.Src, sa.Dst, sa.SPI)
	}
	return fmt.Sprintf("%q,%q,%q,%q,%q,%q,%q,%q\n", family, sa.Src, sa.Dst, fmt.Sprintf("0x%08x", sa.SPI), encr, hexOf(sa.EncrKey), integ, hexOf(sa.IntegKey))
}

// bare is a key in the form of the two tables of IKE, hexOf that of ESP's. A key has
// no other way out: it prints as its length.
func bare(k suite.Key) string { return hex.EncodeToString(k) }

func hexOf(k suite.Key) string {
	if len(k) == 0 {
		return ""
	}
	return "0x" + bare(k)
}

// Names of Wireshark's, as its dialogs show them and its tables want them.

func ikev2Encryption(k ike.Keys) (string, bool) {
	bits := 8 * (len(k.Ei) - k.Encr.SaltLen)
	switch c := k.Encr; {
	case c == suite.TripleDES:
		return "3DES [RFC2451]", true
	case c == suite.AES:
		return fmt.Sprintf("AES-CBC-%d [RFC3602]", bits), true
	case slices.Contains([]*suite.Cipher{suite.AESGCM16, suite.AESGCM12, suite.AESGCM8}, c):
		return fmt.Sprintf("AES-GCM-%d with %d octet ICV [RFC5282]", bits, c.ICV), true
	}
	return "", false
}

var ikev2Integrity = map[*suite.Integrity]string{
	suite.HMACMD5:    "HMAC_MD5_96 [RFC2403]",
	suite.HMACSHA1:   "HMAC_SHA1_96 [RFC2404]",
	suite.HMACSHA256: "HMAC_SHA2_256_128 [RFC4868]",
	suite.HMACSHA384: "HMAC_SHA2_384_192 [RFC4868]",
	suite.HMACSHA512: "HMAC_SHA2_512_256 [RFC4868]",
}

var espEncryption = map[*suite.Cipher]string{
	suite.Null:             "NULL",
	suite.DES:              "DES-CBC [RFC2405]",
	suite.TripleDES:        "TripleDES-CBC [RFC2451]",
	suite.AES:              "AES-CBC [RFC3602]",
	suite.AESGCM16:         "AES-GCM with 16 octet ICV [RFC4106]",
	suite.AESGCM12:         "AES-GCM with 12 octet ICV [RFC4106]",
	suite.AESGCM8:          "AES-GCM with 8 octet ICV [RFC4106]",
	suite.ChaCha20Poly1305: "ChaCha20 with Poly1305 [RFC7634]",
}

var espAuthentication = map[*suite.Integrity]string{
	suite.HMACMD5:    "HMAC-MD5-96 [RFC2403]",
	suite.HMACSHA1:   "HMAC-SHA-1-96 [RFC2404]",
	suite.HMACSHA256: "HMAC-SHA-256-128 [RFC4868]",
	suite.HMACSHA384: "HMAC-SHA-384-192 [RFC4868]",
	suite.HMACSHA512: "HMAC-SHA-512-256 [RFC4868]",
}

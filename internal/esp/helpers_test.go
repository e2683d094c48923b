package esp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

var (
	start = time.Unix(1700000000, 0)

	here, there   = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	here6, there6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	inside        = [2]netip.Addr{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")}
	inside6       = [2]netip.Addr{netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fd00::2")}

	all4 = ipsec.Selector{Local: netip.MustParsePrefix("0.0.0.0/0"), Remote: netip.MustParsePrefix("0.0.0.0/0")}
	all6 = ipsec.Selector{Local: netip.MustParsePrefix("::/0"), Remote: netip.MustParsePrefix("::/0")}
)

func octets(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func source() *rand.ChaCha8 { return rand.NewChaCha8([32]byte{0x0b}) }

// suites is every combination of algorithms of the table, with keys: name and SA.
func suites() (names []string, sas []ipsec.SA) {
	random := source()
	key := func(n int) suite.Key {
		k := make(suite.Key, n)
		random.Read(k)
		return k
	}
	addTo := func(name string, sa ipsec.SA) {
		sa.SAID = ipsec.SAID{Src: here, Dst: there, SPI: 0x1000 + uint32(len(sas)), Protocol: ipsec.ESP}
		sa.Mode, sa.Selector, sa.Replay = ipsec.Tunnel, all4, 64
		names, sas = append(names, name), append(sas, sa)
	}
	sizes := func(c *suite.Cipher) []int {
		if c.Bits == nil {
			return []int{0}
		}
		return c.Bits
	}
	for _, c := range suite.AEADs() {
		for _, bits := range sizes(c) {
			addTo(fmt.Sprintf("%s-%d", c.IKEv2, 8*c.KeyLen(bits)), ipsec.SA{Encr: c, EncrKey: key(c.KeyLen(bits) + c.SaltLen)})
		}
	}
	for _, c := range suite.Ciphers() {
		for _, bits := range sizes(c) {
			for _, i := range suite.Integrities() {
				addTo(fmt.Sprintf("%s-%d %s", c.IKEv2, 8*c.KeyLen(bits), i.IKEv2), ipsec.SA{Encr: c, EncrKey: key(c.KeyLen(bits)), Integ: i, IntegKey: key(i.KeyLen)})
			}
		}
	}
	return names, sas
}

// pair is both ends of an SA.
func pair(t testing.TB, sa ipsec.SA) (*Outbound, *Inbound) {
	t.Helper()
	sa.Direction = ipsec.Out
	o, err := NewOutbound(sa, source(), start)
	must(t, err)
	sa.Direction, sa.Selector = ipsec.In, sa.Selector.Mirror()
	i, err := NewInbound(sa, start)
	must(t, err)
	return o, i
}

// packet4 is a packet of IPv4 with n octets of UDP payload, all told 28 more.
func packet4(n int) []byte {
	b := appendIP(nil, inside[0], inside[1], protocolUDP, 64, 0, true, 7, 8+n)
	b = append(b, 0x30, 0x39, 0, 53, byte((8+n)>>8), byte(8+n), 0, 0)
	return append(b, bytes.Repeat([]byte{0xab}, n)...)
}

// packet6 is the same of IPv6, 48 more.
func packet6(n int) []byte {
	b := appendIP(nil, inside6[0], inside6[1], protocolUDP, 64, 0, true, 0, 8+n)
	b = append(b, 0x30, 0x39, 0, 53, byte((8+n)>>8), byte(8+n), 0, 0)
	return append(b, bytes.Repeat([]byte{0xab}, n)...)
}

var outer4 = Outer{Src: here, Dst: there}

func host(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

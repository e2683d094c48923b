package xfrm

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

func exampleSA() ipsec.SA {
	return ipsec.SA{
		SAID: ipsec.SAID{Src: netip.MustParseAddr("192.0.2.2"), Dst: netip.MustParseAddr("192.0.2.1"),
			SPI: 0x12345678, Protocol: ipsec.ESP, Mark: 0x0b000001},
		Direction: ipsec.In, Mode: ipsec.Tunnel, ReqID: ipsec.ReqIDBase | 1, Replay: 64,
		Encr: suite.AES, EncrKey: suite.Key("sixteen octets!!"), Integ: suite.HMACSHA256, IntegKey: suite.Key("thirty-two octets of secret stuff"[:32]),
		Selector: ipsec.Selector{Local: netip.MustParsePrefix("192.0.2.1/32"), Remote: netip.MustParsePrefix("192.0.2.2/32"), Protocol: ipsec.GRE},
		Soft:     ipsec.Lifetime{Duration: time.Hour - time.Nanosecond}, Hard: ipsec.Lifetime{Kilobytes: 4608000},
	}
}

// encode puts the message together as the netlink library does.
func encode(parts []nl.NetlinkRequestData) (b []byte) {
	for _, p := range parts {
		b = append(b, p.Serialize()...)
	}
	return b
}

func TestSAMessage(t *testing.T) {
	sa := exampleSA()
	b := encode(saMessage(sa))
	s, err := parseState(b)
	if err != nil {
		t.Fatal(err)
	}
	if s.id != sa.SAID || s.reqID != sa.ReqID || s.replay != 64 || s.mode != 1 {
		t.Errorf("reads back as %+v", s)
	}
	if s.lft.SoftAddExpiresSeconds != 3600 || s.lft.HardAddExpiresSeconds != 0 || s.lft.HardByteLimit != 4608000*1024 || s.lft.SoftByteLimit != nl.XFRM_INF {
		t.Errorf("lifetimes %+v", s.lft)
	}
	// struct xfrm_selector of an inbound SA: from the peer to us
	if sel := nl.DeserializeXfrmSelector(b); sel.Saddr.ToIP().String() != "192.0.2.2" || sel.Daddr.ToIP().String() != "192.0.2.1" || sel.PrefixlenS != 32 || sel.Proto != 47 || sel.Family != unix.AF_INET {
		t.Errorf("selector %+v", sel)
	}
	auth := attribute(b[nl.SizeofXfrmUsersaInfo:], nl.XFRMA_ALG_AUTH_TRUNC)
	if name := strings.TrimRight(string(auth[:64]), "\x00"); name != "hmac(sha256)" || binary.NativeEndian.Uint32(auth[64:]) != 256 || binary.NativeEndian.Uint32(auth[68:]) != 128 || string(auth[72:]) != string(sa.IntegKey) {
		t.Errorf("integrity %q", auth)
	}
	crypt := attribute(b[nl.SizeofXfrmUsersaInfo:], nl.XFRMA_ALG_CRYPT)
	if name := strings.TrimRight(string(crypt[:64]), "\x00"); name != "cbc(aes)" || binary.NativeEndian.Uint32(crypt[64:]) != 128 || string(crypt[68:]) != string(sa.EncrKey) {
		t.Errorf("cipher %q", crypt)
	}
	for i := range b {
		parseState(b[:i]) // must not panic
	}
	if strings.Contains(describeSA(sa), "octets") || strings.Contains(fmt.Sprintf("%v", s), "octets") {
		t.Error("a key shows")
	}
}

// A combined cipher is one attribute: the key with its salt, and the length of the ICV.
func TestCombinedMessage(t *testing.T) {
	for _, c := range suite.AEADs() {
		sa := exampleSA()
		sa.Encr, sa.EncrKey, sa.Integ, sa.IntegKey = c, make(suite.Key, 32+c.SaltLen), nil, nil
		b := encode(saMessage(sa))[nl.SizeofXfrmUsersaInfo:]
		aead := attribute(b, nl.XFRMA_ALG_AEAD)
		if name := strings.TrimRight(string(aead[:64]), "\x00"); name != c.XFRM || binary.NativeEndian.Uint32(aead[64:]) != 288 ||
			binary.NativeEndian.Uint32(aead[68:]) != uint32(8*c.ICV) || len(aead) != 72+36 {
			t.Errorf("%s: %q", c.QM, aead)
		}
		if attribute(b, nl.XFRMA_ALG_CRYPT) != nil || attribute(b, nl.XFRMA_ALG_AUTH_TRUNC) != nil {
			t.Errorf("%s: other algorithms beside it", c.QM)
		}
		if got := describeSA(sa); !strings.HasSuffix(got, c.XFRM+", key of 256 bits") {
			t.Error(got)
		}
	}
}

func TestDecodeExpire(t *testing.T) {
	sa := exampleSA()
	msg := func(hard uint8) []byte {
		parts := saMessage(sa)
		e := nl.XfrmUserExpire{XfrmUsersaInfo: *parts[0].(*nl.XfrmUsersaInfo), Hard: hard}
		return append(e.Serialize(), nl.NewRtAttr(nl.XFRMA_MARK, mark(sa.Mark)).Serialize()...)
	}
	for hard := range uint8(2) {
		want := ipsec.Expired{SAID: sa.SAID, Hard: hard == 1}
		if got := decode(nl.XFRM_MSG_EXPIRE, msg(hard)); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	for i := range msg(0) {
		if e, ok := decode(nl.XFRM_MSG_EXPIRE, msg(0)[:i]).(ipsec.Expired); ok && e.SAID == sa.SAID {
			t.Errorf("cut at %d it is still whole", i)
		}
	}
	sa.ReqID = 7
	if e := decode(nl.XFRM_MSG_EXPIRE, msg(1)); e != nil {
		t.Errorf("somebody else's SA: %+v", e)
	}
	sa.ReqID, sa.SPI = ipsec.ReqIDBase, 0
	if e := decode(nl.XFRM_MSG_EXPIRE, msg(1)); e != nil {
		t.Errorf("a larval SA: %+v", e)
	}
	if e := decode(nl.XFRM_MSG_MAPPING, msg(1)); e != nil {
		t.Errorf("another message: %+v", e)
	}
}

func TestDecodeAcquire(t *testing.T) {
	want := ipsec.Acquire{ReqID: ipsec.ReqIDBase | 3, Selector: ipsec.Selector{
		Local: netip.MustParsePrefix("10.0.0.1/32"), Remote: netip.MustParsePrefix("10.0.0.2/32"), Protocol: 17, LocalPort: 7000, RemotePort: 9}}
	msg := func(id ipsec.ReqID, prefix uint8) []byte {
		b := make([]byte, acquireLen)
		sel := toSelector(want.Selector, ipsec.Out)
		sel.PrefixlenS = prefix
		copy(b[acquireSelector:], sel.Serialize())
		template := nl.XfrmUserTmpl{Reqid: uint32(id)}
		return append(b, nl.NewRtAttr(nl.XFRMA_TMPL, template.Serialize()).Serialize()...)
	}
	b := msg(want.ReqID, 32)
	if got := decode(nl.XFRM_MSG_ACQUIRE, b); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for i := range b {
		if e := decode(nl.XFRM_MSG_ACQUIRE, b[:i]); e != nil {
			t.Errorf("cut at %d: %+v", i, e)
		}
	}
	if e := decode(nl.XFRM_MSG_ACQUIRE, msg(7, 32)); e != nil {
		t.Errorf("somebody else's policy: %+v", e)
	}
	if e := decode(nl.XFRM_MSG_ACQUIRE, msg(want.ReqID, 33)); e != nil {
		t.Errorf("a prefix of 33 bits: %+v", e)
	}
}

// After an overflow the expiries that were missed are found, each once, and
// nothing is reported of SAs that still stand.
func TestMissed(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	d := &Dataplane{installed: map[ipsec.SAID]*limits{}}
	id := func(spi uint32) ipsec.SAID { return ipsec.SAID{SPI: spi, Protocol: ipsec.ESP} }
	for spi, soft := range map[uint32]ipsec.Lifetime{1: {Duration: time.Minute}, 2: {Duration: time.Minute}, 3: {Duration: time.Hour}, 4: {Kilobytes: 10}, 5: {Kilobytes: 10}, 6: {}, 7: {Packets: 30}, 8: {Packets: 31}} {
		d.remember(ipsec.SA{SAID: id(spi), Soft: soft})
	}
	counters := ipsec.Counters{Added: now.Add(-2 * time.Minute), Octets: 10240, Packets: 30}
	list := []state{ // 1 is gone
		{id: id(2), counters: counters}, {id: id(3), counters: counters}, {id: id(4), counters: counters},
		{id: id(5), counters: ipsec.Counters{Added: counters.Added, Octets: 10239}}, {id: id(6), counters: counters}, {id: id(7), counters: counters}, {id: id(8), counters: counters}, {id: id(9), counters: counters},
	}
	want := map[ipsec.Expired]bool{{SAID: id(1), Hard: true}: true, {SAID: id(2)}: true, {SAID: id(4)}: true, {SAID: id(7)}: true}
	for _, e := range d.missed(list, now) {
		if !want[e] {
			t.Errorf("not missed: %+v", e)
		}
		delete(want, e)
		if !d.expired(&e) {
			t.Errorf("no news: %+v", e)
		}
		if d.expired(&e) {
			t.Errorf("news twice: %+v", e)
		}
	}
	for e := range want {
		t.Errorf("not found: %+v", e)
	}
	if d.expired(&ipsec.Expired{SAID: id(77)}) {
		t.Error("an SA of nobody is news")
	}
	d.remember(ipsec.SA{SAID: id(2)}) // updated with another lifetime
	if !d.expired(&ipsec.Expired{SAID: id(2)}) {
		t.Error("after an update a soft expiry is news again")
	}
}

// UDP encapsulation in the kernel's words: the ports are those of the packet, so
// that an inbound SA has the peer's first.
func TestEncapMessage(t *testing.T) {
	for direction, want := range map[ipsec.Direction]string{ipsec.In: "\x79\x18\x11\x94", ipsec.Out: "\x11\x94\x79\x18"} {
		sa := exampleSA()
		sa.Direction, sa.Encap = direction, &ipsec.Encap{LocalPort: 4500, RemotePort: 31000}
		// struct xfrm_encap_tmpl
		tmpl := attribute(encode(saMessage(sa))[nl.SizeofXfrmUsersaInfo:], nl.XFRMA_ENCAP)
		if binary.NativeEndian.Uint16(tmpl) != unix.UDP_ENCAP_ESPINUDP || string(tmpl[2:6]) != want {
			t.Errorf("%s: % x", direction, tmpl)
		}
	}
}

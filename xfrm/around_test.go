package xfrm

import (
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// The AH around ESP is an SA of its own in transport mode, with its own key and
// no limits; the policy asks for ESP first.
func TestAround(t *testing.T) {
	sa := exampleSA()
	sa.AH, sa.AHKey, sa.AHSPI = suite.HMACSHA1, suite.Key("twenty octets secret"), 0x9abc
	around := sa.Around()
	b := encode(saMessage(around))
	s, err := parseState(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := (ipsec.SAID{Src: sa.Src, Dst: sa.Dst, SPI: 0x9abc, Protocol: ipsec.AH, Mark: sa.Mark}); s.id != want || s.mode != 0 || s.replay != 64 || s.reqID != sa.ReqID {
		t.Errorf("reads back as %+v", s)
	}
	if s.lft.HardByteLimit != nl.XFRM_INF || s.lft.SoftAddExpiresSeconds != 0 {
		t.Errorf("limits %+v", s.lft)
	}
	if auth := attribute(b[nl.SizeofXfrmUsersaInfo:], nl.XFRMA_ALG_AUTH_TRUNC); string(auth[72:]) != "twenty octets secret" {
		t.Errorf("key %q", auth[72:])
	}
	m := nl.DeserializeXfrmUsersaInfo(b[:nl.SizeofXfrmUsersaInfo])
	if own := nl.DeserializeXfrmUsersaInfo(encode(saMessage(sa))[:nl.SizeofXfrmUsersaInfo]); m.Flags != nl.XFRM_STATE_ALIGN4 || own.Flags != 0 {
		t.Errorf("flags of AH %d, of ESP %d", m.Flags, own.Flags)
	}
	if attribute(b[nl.SizeofXfrmUsersaInfo:], nl.XFRMA_ALG_CRYPT) != nil {
		t.Error("an AH that encrypts")
	}

	p := toPolicy(ipsec.Policy{Direction: ipsec.Out, Selector: sa.Selector, ReqID: sa.ReqID, Mode: ipsec.Tunnel, Protocol: ipsec.ESP, AH: true, Local: sa.Dst, Remote: sa.Src})
	if len(p.Tmpls) != 2 || p.Tmpls[0].Proto != netlink.Proto(ipsec.ESP) || p.Tmpls[0].Mode != netlink.XFRM_MODE_TUNNEL ||
		p.Tmpls[1].Proto != netlink.Proto(ipsec.AH) || p.Tmpls[1].Mode != netlink.XFRM_MODE_TRANSPORT {
		t.Errorf("templates %+v", p.Tmpls)
	}

	// The kernel's word on the ESP SA is about both.
	d := &Dataplane{installed: map[ipsec.SAID]*limits{}}
	d.remember(sa)
	own, _ := sa.Names()
	e := ipsec.Expired{SAID: own, Hard: true}
	if !d.expired(&e) || e.SAID != sa.SAID || len(d.installed) != 0 {
		t.Errorf("expired as %+v", e.SAID)
	}
}

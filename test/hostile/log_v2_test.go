package hostile

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

const configV2 = `
crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group 19
crypto ikev2 policy P
 proposal P
crypto ikev2 keyring KR
 peer ALL
  address 0.0.0.0 0.0.0.0
  pre-shared-key cisco
crypto ikev2 profile prof1
 match identity remote %s
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile prof1
 set transform-set TS
 set ikev2-profile prof1
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source %s
 tunnel destination %s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
`

func compileV2(t *testing.T, match, local, remote string) *policy.Config {
	t.Helper()
	c, errs := policy.Compile(policy.Source{Name: "R", Text: fmt.Appendf(nil, configV2, match, local, remote)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

// newVictimV2 takes peers of these identities.
func newVictimV2(t *testing.T, match string) *victim {
	t.Helper()
	now := time.Date(2013, 7, 17, 9, 23, 48, 0, time.UTC)
	env := ike.Env{Config: compileV2(t, match, "192.168.0.2", "192.168.0.1"), PKI: pki.NewSnapshot(nil), Rand: rand.NewChaCha8([32]byte{})}
	return &victim{T: t, Engine: engine.New(now, env, engine.Options{Options: tunnel.Options{Manual: true}}), now: now, from: netip.MustParseAddrPort("192.168.0.1:500")}
}

// shownV2 reads the tables of the show commands of version 2.
func (v *victim) shownV2() {
	v.Helper()
	counters := func(ipsec.SAID) (c ipsec.Counters, ok bool) { return c, true }
	for _, write := range []func(io.Writer) error{
		func(w io.Writer) error { return show.IKEv2SA(w, v.Views(v.now).IKEv2, true) },
		func(w io.Writer) error { return show.IKEv2Session(w, v.Views(v.now).IKEv2, true) },
		func(w io.Writer) error { return show.Session(w, v.Views(v.now), v.now, counters, true) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			v.Error(err)
		}
		v.check(b.String())
	}
}

// introduce has an initiator go through the handshake with the victim, by an
// identity that no configuration could have.
func (v *victim) introduce(kind policy.IdentityKind, value string) {
	v.Helper()
	c := compileV2(v.T, "address 0.0.0.0", "192.168.0.1", "192.168.0.2")
	p := c.IKEv2.Profiles[0]
	p.Identity, p.IdentityValue = kind, value
	spi := uint32(0x1000)
	env := &ike.Env{
		Config: c, PKI: pki.NewSnapshot(nil), Rand: rand.NewChaCha8([32]byte{1}),
		Established: func(ike.Ends) bool { return false },
		NewSPI:      func() uint32 { spi++; return spi },
		Hold:        func(netip.Addr, int) bool { return true },
	}
	s := ikev2.Initiate(v.now, env, 1, c.Interface("Tunnel1"))
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		switch o := o.(type) {
		case ike.Send:
			v.sent = nil
			v.receive(o.Datagram.Data)
			for _, data := range v.sent {
				s.Handle(v.now, ike.Datagram{Local: o.Datagram.Local, Remote: o.Datagram.Remote, Data: data})
			}
		case ike.InstallSA:
			s.HandleKernel(v.now, ipsec.Installed{SAID: o.SA.SAID})
		}
	}
}

// Row 11 in version 2: whatever a peer calls itself is told and shown in one line,
// whether it is taken or refused.
func TestLogOfIdentitiesV2(t *testing.T) {
	for match, taken := range map[string]bool{"any": true, "address 0.0.0.0": false} {
		lines, up := 0, uint64(0)
		for _, kind := range []policy.IdentityKind{policy.IdentityFQDN, policy.IdentityUserFQDN, policy.IdentityKeyID} {
			for _, name := range words {
				v := newVictimV2(t, match)
				v.introduce(kind, string(name))
				v.shownV2()
				lines += v.lines
				up += v.Views(v.now).Counters.Established
			}
		}
		if lines < 100 || up > 0 != taken {
			t.Errorf("%s: %d lines, %d are taken", match, lines, up)
		}
	}
}

func messageV2(spi uint64, parts ...part) []byte {
	h := wire.Header{Version: wire.V2, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator}
	binary.BigEndian.PutUint64(h.InitiatorSPI[:], spi)
	b := wire.NewBuilder(nil, h)
	for _, p := range parts {
		b.Add(p.t, p.body)
	}
	return b.Bytes()
}

// First messages with notifications, requests and payloads of many types, and bits
// of each octet turned, are told in lines of ours.
func TestLogOfFirstMessagesV2(t *testing.T) {
	g, _ := suite.GroupByNumber(19)
	key, err := g.Generate(rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	sa := wire.SAV2{{Number: 1, Protocol: wire.ProtocolISAKMP, Transforms: []wire.TransformV2{
		{Type: wire.TransformEncr, ID: 12, KeyBits: 128}, {Type: wire.TransformPRF, ID: 5}, {Type: wire.TransformInteg, ID: 12}, {Type: wire.TransformKE, ID: 19},
	}}}
	first := []part{{wire.PayloadSAV2, sa}, {wire.PayloadKEV2, wire.KEV2{Group: 19, Data: key.Public()}}, {wire.PayloadNonceV2, wire.Raw(make([]byte, 32))}}
	var bad [][]byte
	add := func(p ...part) { bad = append(bad, messageV2(uint64(len(bad)+1), append(first[:3:3], p...)...)) }
	for _, word := range words {
		for kind := 0; kind < 256; kind += 5 {
			add(part{wire.PayloadType(kind), wire.Raw(word)})
		}
		for kind := range 0x10000 / 997 {
			add(part{wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.NotifyTypeV2(kind * 997), Data: word}})
		}
		add(part{wire.PayloadCertReqV2, wire.Raw(word)})
	}
	for at := range bad[0] {
		for _, bit := range []byte{1, 0x20, 0x80} {
			b := append([]byte(nil), bad[0]...)
			b[at] ^= bit
			bad = append(bad, b)
		}
	}
	lines := 0
	v := newVictimV2(t, "any")
	for i, data := range bad {
		v.now = v.now.Add(100 * time.Second)
		v.HandleTimeout(v.now)
		v.receive(data)
		lines = v.lines
		if i%50 == 0 {
			v.shownV2()
		}
		if t.Failed() {
			t.Fatalf("message %d: %x", i, data)
		}
	}
	if lines < 1000 {
		t.Errorf("%d messages made %d lines", len(bad), lines)
	}
}

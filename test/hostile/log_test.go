package hostile

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/show"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

const config = `
crypto isakmp policy 10
 encr aes
 authentication pre-share
 group 19
crypto isakmp key cisco address 0.0.0.0
crypto isakmp profile prof1
 match identity address 0.0.0.0
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile prof1
 set transform-set TS
 set isakmp-profile prof1
interface Ethernet0/0
 ip address 192.168.0.2 255.255.255.0
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source 192.168.0.2
 tunnel destination 192.168.0.1
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
`

// forged is what must not come to stand at the beginning of a line of ours.
const forged = "\n%FORGED"

// victim is a responder with everything written that it could say.
type victim struct {
	*testing.T
	*engine.Engine
	now   time.Time
	from  netip.AddrPort
	sent  [][]byte
	lines int
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	c, errs := policy.Compile(policy.Source{Name: "R2", Text: []byte(config)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	now := time.Date(2013, 6, 20, 13, 0, 0, 0, time.UTC)
	env := ike.Env{Config: c, PKI: pki.NewSnapshot(nil), Rand: rand.NewChaCha8([32]byte{})}
	return &victim{T: t, Engine: engine.New(now, env, engine.Options{Options: tunnel.Options{Manual: true}}), now: now, from: netip.MustParseAddrPort("192.168.0.1:500")}
}

// receive gives the victim a datagram, and writes and reads its log.
func (v *victim) receive(data []byte) {
	v.Helper()
	v.HandleDatagram(v.now, ike.Datagram{Local: netip.MustParseAddrPort("192.168.0.2:500"), Remote: v.from, Data: data})
	for o, ok := v.Poll(); ok; o, ok = v.Poll() {
		switch o := o.(type) {
		case ike.Send:
			v.sent = append(v.sent, o.Datagram.Data)
		case ike.InstallSA:
			v.HandleKernel(v.now, ipsec.Installed{SAID: o.SA.SAID})
		case ike.Report:
			for _, line := range ioslog.Lines(o) {
				v.lines++
				v.check(line.Text)
			}
		}
	}
}

// check reads what an operator would: neither a line of another's nor a control
// character.
func (v *victim) check(text string) {
	v.Helper()
	if strings.Contains("\n"+text, forged) {
		v.Errorf("a peer wrote a line: %q", text)
	}
	if i := strings.IndexFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || r == unicode.ReplacementChar
	}); i >= 0 {
		v.Errorf("a control character at %d: %q", i, text)
	}
}

// shown reads the tables of the show commands.
func (v *victim) shown() {
	v.Helper()
	for _, write := range []func(io.Writer) error{
		func(w io.Writer) error { return show.ISAKMPSA(w, v.Views(v.now).Sessions, true) },
		func(w io.Writer) error { return show.ISAKMPPeers(w, v.Views(v.now).Sessions) },
		func(w io.Writer) error { return show.Session(w, v.Views(v.now), v.now, nil, true) },
	} {
		var b strings.Builder
		if err := write(&b); err != nil {
			v.Error(err)
		}
		v.check(b.String())
	}
}

// part is a payload of a message.
type part struct {
	t    wire.PayloadType
	body wire.Appender
}

func message(x wire.ExchangeType, cookie uint64, parts ...part) []byte {
	h := wire.Header{Version: wire.V1, Exchange: x}
	binary.BigEndian.PutUint64(h.InitiatorSPI[:], cookie)
	b := wire.NewBuilder(nil, h)
	for _, p := range parts {
		b.Add(p.t, p.body)
	}
	return b.Bytes()
}

// opening is what a first message of aggressive mode begins with: SA, KE, NONCE.
func opening(t *testing.T) []part {
	t.Helper()
	g, _ := suite.GroupByNumber(19)
	key, err := g.Generate(rand.NewChaCha8([32]byte{}))
	if err != nil {
		t.Fatal(err)
	}
	sa := wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: []wire.ProposalV1{{
		Number: 1, Protocol: wire.ProtocolISAKMP, Transforms: []wire.TransformV1{{Number: 1, ID: wire.TransformKeyIKE, Attributes: []wire.Attribute{
			{Type: wire.AttrEncr, Value: 7}, {Type: wire.AttrKeyLength, Value: 128}, {Type: wire.AttrHash, Value: 2}, {Type: wire.AttrGroup, Value: 19},
			{Type: wire.AttrAuth, Value: 1}, {Type: wire.AttrLifeType, Value: 1}, {Type: wire.AttrLifeDuration, Value: 86400},
		}}},
	}}}
	return []part{{wire.PayloadSA, sa}, {wire.PayloadKE, wire.Raw(key.Public())}, {wire.PayloadNonce, wire.Raw(make([]byte, 20))}}
}

// words are what breaks lines, and what is too long for one.
var words = [][]byte{nil, {0}, []byte(forged + ": by a peer"), []byte("R1" + forged), []byte("\x1b[2J\r\x07"), {0xff, 0xfe, 0x80}, make([]byte, 300), []byte(strings.Repeat("a", 2000))}

// Row 11: half of the crashes that others had were in the line that tells of a
// refusal. Names, vendor ids, requests, notifies and deletes of every type, with
// what breaks lines in them, are written in one.
func TestLog(t *testing.T) {
	first := opening(t)
	var bad [][]byte
	n := uint64(0)
	add := func(x wire.ExchangeType, parts ...part) {
		n++
		bad = append(bad, message(x, n, parts...))
	}
	for _, word := range words {
		for id := range wire.IDType(20) {
			add(wire.ExchangeAggressive, append(first[:3:3], part{wire.PayloadID, wire.IDV1{Type: id, Protocol: 17, Port: 500, Data: word}})...)
		}
		add(wire.ExchangeMainMode, first[0], part{wire.PayloadVendorID, wire.Raw(word)})
		add(wire.ExchangeMainMode, first[0], part{wire.PayloadCertReq, wire.CertReq{Encoding: wire.EncodingX509Signature, Authority: word}})
		for kind := range 256 {
			add(wire.ExchangeMainMode, first[0], part{wire.PayloadType(kind), wire.Raw(word)})
		}
	}
	for length := range 40 {
		add(wire.ExchangeMainMode, first[0], part{wire.PayloadVendorID, wire.Raw(make([]byte, length))})
	}
	for at := range bad[0] {
		for _, bit := range []byte{1, 0x20, 0x80} {
			b := append([]byte(nil), bad[0]...)
			b[at] ^= bit
			bad = append(bad, b)
		}
	}
	lines := 0
	for i, data := range bad {
		v := newVictim(t)
		v.receive(data)
		v.shown()
		lines += v.lines
		if t.Failed() {
			t.Fatalf("message %d: %x", i, data)
		}
	}
	if lines < 1000 {
		t.Errorf("%d messages made %d lines", len(bad), lines)
	}
}

// What comes in the clear while main mode goes on is told, and is no line of the
// peer's either.
func TestLogOfNotifies(t *testing.T) {
	v := newVictim(t)
	v.receive(message(wire.ExchangeMainMode, 1, opening(t)[0]))
	if len(v.sent) != 1 {
		t.Fatalf("%d answers", len(v.sent))
	}
	h, err := wire.ParseHeader(v.sent[0])
	if err != nil {
		t.Fatal(err)
	}
	h.Exchange = wire.ExchangeInformational
	for kind := range 0x10000 / 7 {
		v.now = v.now.Add(200 * time.Millisecond)
		h.MessageID = uint32(kind + 1)
		b := wire.NewBuilder(nil, h)
		b.Add(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolID(kind), SPI: []byte(forged), Type: wire.NotifyType(kind * 7), Data: []byte(forged)})
		v.receive(b.Bytes())
	}
	v.shown()
	if v.lines < 100 || len(v.sent) != 1 {
		t.Errorf("%d lines, %d answers", v.lines, len(v.sent))
	}
}

package ikev2

import (
	"errors"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

var (
	cbcSet  = &policy.TransformSet{Name: "CBC", Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA1, Mode: ipsec.Tunnel}
	gcmSet  = &policy.TransformSet{Name: "GCM", Encr: suite.AESGCM16, KeyBits: 256, Mode: ipsec.Transport}
	ahSet   = &policy.TransformSet{Name: "AH", AH: suite.HMACSHA256, Mode: ipsec.Tunnel}
	desSet  = &policy.TransformSet{Name: "DES", Encr: suite.TripleDES, Integ: suite.HMACMD5, Mode: ipsec.Transport, Require: true}
	bareSet = &policy.TransformSet{Name: "BARE", Encr: suite.AES, KeyBits: 128, Mode: ipsec.Tunnel}
	bothSet = &policy.TransformSet{Name: "BOTH", Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA1, AH: suite.HMACSHA1, Mode: ipsec.Tunnel}
)

func group(t *testing.T, n uint16) *suite.Group {
	t.Helper()
	g, ok := suite.GroupV2(n)
	if !ok {
		t.Fatalf("no group %d", n)
	}
	return g
}

func childProposal(number uint8, protocol wire.ProtocolID, transforms ...wire.TransformV2) wire.ProposalV2 {
	return wire.ProposalV2{Number: number, Protocol: protocol, SPI: []byte{0xa1, 0x53, 0xcf, 0x67}, Transforms: transforms}
}

func TestChildOffer(t *testing.T) {
	spell := func(sa wire.SAV2) string {
		var words []string
		for _, p := range sa {
			if string(p.SPI) != "\x00\x00\x12\x34" {
				t.Errorf("SPI %x", p.SPI)
			}
			words = append(words, number(p)+p.Protocol.String()+spell(p.Transforms))
		}
		return strings.Join(words, ", ")
	}
	// "Num. transforms: 3 / AES-CBC SHA96 Don't use ESN", as IOS prints it.
	if got := spell(childOffer([]*policy.TransformSet{cbcSet}, 0x1234, nil)); got != "1:ESP 1/12/128 3/2 5/0" {
		t.Error(got)
	}
	got := spell(childOffer([]*policy.TransformSet{bothSet, gcmSet, ahSet, desSet, bareSet}, 0x1234, group(t, 14)))
	if got != "1:ESP 1/20/256 4/14 5/0, 2:AH 3/12 4/14 5/0, 3:ESP 1/3 3/1 4/14 5/0, 4:ESP 1/12/128 4/14 5/0" {
		t.Error(got)
	}
	if got := childOffer([]*policy.TransformSet{bothSet}, 1, nil); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

func TestChooseChild(t *testing.T) {
	const esp, ah = wire.ProtocolESP, wire.ProtocolAH
	aes128, sha96, useESN := tr(1, 12, 128), tr(3, 2), tr(5, 1)
	sets := func(s ...*policy.TransformSet) []*policy.TransformSet { return s }
	more := []*suite.Group{group(t, 36)}
	short, null := childProposal(1, esp, aes128, sha96, noESN), childProposal(1, esp, aes128, sha96, noESN)
	short.SPI, null.SPI = short.SPI[:3], []byte{0, 0, 0, 255}
	for what, c := range map[string]struct {
		wish  childWish
		offer wire.SAV2
		want  string // set, mode, group and the answer, or the refusals
	}{
		"agreed":                   {childWish{sets: sets(cbcSet), first: true}, wire.SAV2{childProposal(1, esp, aes128, sha96, noESN)}, "CBC Tunnel 1: 1/12/128 3/2 5/0"},
		"our first set":            {childWish{sets: sets(gcmSet, cbcSet), first: true}, wire.SAV2{childProposal(1, esp, aes128, sha96, noESN), childProposal(2, esp, gcm256, noESN)}, "GCM Tunnel 2: 1/20/256 5/0"},
		"transport":                {childWish{sets: sets(gcmSet), first: true, transport: true}, wire.SAV2{childProposal(1, esp, gcm256, tr(3, 0), noESN)}, "GCM Transport 1: 1/20/256 3/0 5/0"},
		"transport not ours":       {childWish{sets: sets(cbcSet), first: true, transport: true}, wire.SAV2{childProposal(1, esp, aes128, sha96, noESN)}, "CBC Tunnel 1: 1/12/128 3/2 5/0"},
		"transport required":       {childWish{sets: sets(desSet), first: true}, wire.SAV2{childProposal(1, esp, tr(1, 3), tr(3, 1), noESN)}, "the transform set requires transport mode"},
		"... and asked for":        {childWish{sets: sets(desSet), first: true, transport: true}, wire.SAV2{childProposal(1, esp, tr(1, 3), tr(3, 1), noESN)}, "DES Transport 1: 1/3 3/1 5/0"},
		"AH":                       {childWish{sets: sets(ahSet), first: true}, wire.SAV2{childProposal(1, ah, hmac256, noESN)}, "AH Tunnel 1: 3/12 5/0"},
		"AH with ENCR":             {childWish{sets: sets(ahSet), first: true}, wire.SAV2{childProposal(1, ah, aes128, hmac256, noESN)}, "ENCR is not understood in it"},
		"AH for ESP":               {childWish{sets: sets(ahSet), first: true}, wire.SAV2{childProposal(1, esp, aes128, hmac256, noESN)}, "it is of protocol ESP"},
		"together":                 {childWish{sets: sets(bothSet), first: true}, wire.SAV2{childProposal(1, esp, aes128, sha96, noESN)}, ""},
		"without authentication":   {childWish{sets: sets(bareSet), first: true}, wire.SAV2{childProposal(1, esp, aes128, noESN)}, "BARE Tunnel 1: 1/12/128 5/0"},
		"... which we want":        {childWish{sets: sets(cbcSet), first: true}, wire.SAV2{childProposal(1, esp, aes128, noESN)}, "it has no INTEG"},
		"... and he offers NONE":   {childWish{sets: sets(cbcSet), first: true}, wire.SAV2{childProposal(1, esp, aes128, tr(3, 0), noESN)}, "none of its INTEG will do"},
		"GMAC":                     {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, tr(1, 21, 256), noESN)}, "none of its ENCR will do"},
		"NULL and no INTEG":        {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, tr(1, 11), noESN)}, "none of its ENCR will do"},
		"either ESN":               {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, gcm256, useESN, noESN)}, "GCM Tunnel 1: 1/20/256 5/0"},
		"ESN only":                 {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, gcm256, useESN)}, "none of its ESN will do"},
		"no ESN at all":            {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, gcm256)}, "it has no ESN"},
		"a PRF":                    {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, gcm256, prf256, noESN)}, "PRF is not understood in it"},
		"SPI too short":            {childWish{sets: sets(cbcSet), first: true}, wire.SAV2{short}, "its SPI a153cf is none of a child SA"},
		"SPI reserved":             {childWish{sets: sets(cbcSet), first: true}, wire.SAV2{null}, "its SPI 000000ff is none of a child SA"},
		"group in IKE_AUTH":        {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, gcm256, group14, noESN)}, "none of its D-H will do"},
		"... NONE":                 {childWish{sets: sets(gcmSet), first: true}, wire.SAV2{childProposal(1, esp, gcm256, tr(4, 0), noESN)}, "GCM Tunnel 1: 1/20/256 4/0 5/0"},
		"PFS":                      {childWish{sets: sets(gcmSet), pfs: group(t, 19), ke: 14}, wire.SAV2{childProposal(1, esp, gcm256, group14, group19, noESN)}, "GCM Tunnel group 19 1: 1/20/256 4/19 5/0"},
		"PFS that he lacks":        {childWish{sets: sets(gcmSet), pfs: group(t, 19)}, wire.SAV2{childProposal(1, esp, gcm256, noESN)}, "it has no D-H"},
		"PFS of another group":     {childWish{sets: sets(gcmSet), pfs: group(t, 19), ke: 14}, wire.SAV2{childProposal(1, esp, gcm256, group14, tr(4, 0), noESN)}, "none of its D-H will do"},
		"any PFS, none":            {childWish{sets: sets(gcmSet), pfs: group(t, 2), anyPFS: true}, wire.SAV2{childProposal(1, esp, gcm256, tr(4, 0), noESN)}, "none of its D-H will do"},
		"any PFS":                  {childWish{sets: sets(gcmSet), pfs: group(t, 2), anyPFS: true, ke: 19}, wire.SAV2{childProposal(1, esp, gcm256, group14, group19, noESN)}, "GCM Tunnel group 19 1: 1/20/256 4/19 5/0"},
		"PFS that only he wants":   {childWish{sets: sets(gcmSet), ke: 14}, wire.SAV2{childProposal(1, esp, gcm256, group19, group14, noESN)}, "GCM Tunnel group 14 1: 1/20/256 4/14 5/0"},
		"... or may do without":    {childWish{sets: sets(gcmSet)}, wire.SAV2{childProposal(1, esp, gcm256, group19, tr(4, 0), noESN)}, "GCM Tunnel 1: 1/20/256 4/0 5/0"},
		"... a group nobody knows": {childWish{sets: sets(gcmSet), ke: 1025}, wire.SAV2{childProposal(1, esp, gcm256, tr(4, 1025), noESN)}, "none of its D-H will do"},
		"... a KEM":                {childWish{sets: sets(gcmSet), ke: 36}, wire.SAV2{childProposal(1, esp, gcm256, tr(4, 36), noESN)}, "none of its D-H will do"},
		"additional key exchange":  {childWish{sets: sets(gcmSet)}, wire.SAV2{childProposal(1, esp, gcm256, noESN, tr(6, 36))}, "none of its ADDKE1 will do"},
		"... optional":             {childWish{sets: sets(gcmSet)}, wire.SAV2{childProposal(1, esp, gcm256, noESN, tr(6, 36), tr(6, 0))}, "GCM Tunnel 1: 1/20/256 5/0 6/0"},
		"... of the IKE SA":        {childWish{sets: sets(gcmSet), ke: 19, more: more}, wire.SAV2{childProposal(1, esp, gcm256, group19, noESN, tr(6, 35), tr(6, 0), tr(7, 36))}, "GCM Tunnel group 19 1: 1/20/256 4/19 5/0 6/0 7/36"},
		"... that he lacks":        {childWish{sets: sets(gcmSet), ke: 19, more: more}, wire.SAV2{childProposal(1, esp, gcm256, group19, noESN)}, "GCM Tunnel group 19 1: 1/20/256 4/19 5/0"},
		"... without a group":      {childWish{sets: sets(gcmSet), more: more}, wire.SAV2{childProposal(1, esp, gcm256, noESN, tr(6, 36))}, "none of its ADDKE1 will do"},
		"... which is optional":    {childWish{sets: sets(gcmSet), more: more}, wire.SAV2{childProposal(1, esp, gcm256, noESN, tr(6, 36), tr(6, 0))}, "GCM Tunnel 1: 1/20/256 5/0 6/0"},
	} {
		got, ok := chooseChild(c.wish, c.offer)
		var words []string
		for _, x := range got.checks {
			if x.Refusal != "" && !ok {
				words = append(words, x.Refusal)
			}
		}
		if ok {
			words = append(words, got.set.Name+" "+got.mode.String())
			if got.group != nil {
				words[0] += " group " + spell([]wire.TransformV2{{ID: got.group.Number}})[3:]
			}
			words[0] += " " + number(got.answer) + spell(got.answer.Transforms)
			if got.spi != 0xa153cf67 || got.answer.SPI != nil {
				t.Errorf("%s: %+v", what, got)
			}
		}
		if strings.Join(words, ", ") != c.want {
			t.Errorf("%s: %q, want %q", what, words, c.want)
		}
	}
}

func TestAcceptChild(t *testing.T) {
	sets := []*policy.TransformSet{bothSet, cbcSet, gcmSet}
	offer := childOffer(sets, 0x1234, group(t, 19))
	plain := childOffer(sets, 0x1234, nil)
	hybrid := childOffer(sets, 0x1234, group(t, 19), group(t, 36))
	reserved := childProposal(2, wire.ProtocolESP, gcm256, noESN)
	reserved.SPI = make([]byte, 4)
	for what, c := range map[string]struct {
		offer wire.SAV2
		got   wire.ProposalV2
		want  *policy.TransformSet // nil: refused
	}{
		"first":              {plain, childProposal(1, wire.ProtocolESP, tr(1, 12, 128), tr(3, 2), noESN), cbcSet},
		"second":             {plain, childProposal(2, wire.ProtocolESP, gcm256, noESN), gcmSet},
		"with group":         {offer, childProposal(2, wire.ProtocolESP, gcm256, group19, noESN), gcmSet},
		"group NONE":         {plain, childProposal(2, wire.ProtocolESP, gcm256, tr(4, 0), noESN), gcmSet},
		"group left out":     {offer, childProposal(2, wire.ProtocolESP, gcm256, noESN), nil},
		"group NONE for PFS": {offer, childProposal(2, wire.ProtocolESP, gcm256, tr(4, 0), noESN), nil},
		"group unasked":      {plain, childProposal(2, wire.ProtocolESP, gcm256, group19, noESN), nil},
		"additional":         {hybrid, childProposal(2, wire.ProtocolESP, gcm256, group19, tr(6, 36), noESN), gcmSet},
		"... NONE":           {hybrid, childProposal(2, wire.ProtocolESP, gcm256, group19, tr(6, 0), noESN), gcmSet},
		"... left out":       {hybrid, childProposal(2, wire.ProtocolESP, gcm256, group19, noESN), gcmSet},
		"... both":           {hybrid, childProposal(2, wire.ProtocolESP, gcm256, group19, tr(6, 36), tr(6, 0), noESN), nil},
		"... unasked":        {offer, childProposal(2, wire.ProtocolESP, gcm256, group19, tr(6, 36), noESN), nil},
		"use ESN":            {plain, childProposal(2, wire.ProtocolESP, gcm256, tr(5, 1)), nil},
		"no ESN":             {plain, childProposal(2, wire.ProtocolESP, gcm256), nil},
		"reserved SPI":       {plain, reserved, nil},
		"no authentication":  {plain, childProposal(1, wire.ProtocolESP, tr(1, 12, 128), tr(3, 0), noESN), nil},
	} {
		got, err := acceptChild(sets, c.offer, wire.SAV2{c.got})
		if c.want == nil {
			if r := (*rejection)(nil); !errors.As(err, &r) || r.notify != wire.V2NoProposalChosen {
				t.Errorf("%s: %+v %v", what, got, err)
			}
			continue
		}
		if err != nil || got.set != c.want || got.spi != 0xa153cf67 || (got.group == nil) != (len(c.got.Of(wire.TransformKE)) == 0 || c.got.Has(tr(4, 0))) ||
			len(got.more) == 1 != c.got.Has(tr(6, 36)) {
			t.Errorf("%s: %+v %v", what, got, err)
		}
	}
}

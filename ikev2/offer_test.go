package ikev2

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// compiled are the configurations so far by their text: they never change, and most
// tests have those of others.
var compiled sync.Map

// compile reads a configuration that has to be right.
func compile(t testing.TB, text string) *policy.Config {
	t.Helper()
	if c, ok := compiled.Load(text); ok {
		return c.(*policy.Config)
	}
	c, errs := policy.Compile(policy.Source{Name: "r1.cfg", Text: []byte(text)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	compiled.Store(text, c)
	return c
}

// proposals are those of a text of crypto ikev2 proposal blocks, which are named
// P1, P2 and so on.
func proposals(t *testing.T, blocks ...string) []*policy.IKEv2Proposal {
	t.Helper()
	var text strings.Builder
	for i, b := range blocks {
		text.WriteString("crypto ikev2 proposal P" + string(rune('1'+i)) + "\n " + strings.ReplaceAll(b, ";", "\n ") + "\n")
	}
	all := compile(t, text.String()).IKEv2.Proposals
	return all[:len(blocks)]
}

func tr(t wire.TransformType, id uint16, bits ...uint16) wire.TransformV2 {
	x := wire.TransformV2{Type: t, ID: id}
	if len(bits) > 0 {
		x.KeyBits = bits[0]
	}
	return x
}

// offerOf is an IKE proposal with these transforms.
func offerOf(number uint8, transforms ...wire.TransformV2) wire.ProposalV2 {
	return wire.ProposalV2{Number: number, Protocol: wire.ProtocolISAKMP, Transforms: transforms}
}

var (
	aes256  = tr(wire.TransformEncr, 12, 256)
	gcm256  = tr(wire.TransformEncr, 20, 256)
	prf256  = tr(wire.TransformPRF, 5)
	hmac256 = tr(wire.TransformInteg, 12)
	group19 = tr(wire.TransformKE, 19)
	group14 = tr(wire.TransformKE, 14)
)

const (
	cbc = "encryption aes-cbc-256;integrity sha256;group 19"
	gcm = "encryption aes-gcm-256;prf sha256;group 19"
)

// The default offer of IOS 15 has fifteen transforms in one proposal, in the order
// of its debug.
func TestDefaultOffer(t *testing.T) {
	sa := ikeOffer(compile(t, "hostname R1\n").IKEv2.Proposals, nil)
	want := []wire.TransformV2{
		tr(1, 12, 256), tr(1, 12, 192), tr(1, 12, 128),
		tr(2, 7), tr(2, 6), tr(2, 5), tr(2, 2), tr(2, 1),
		tr(3, 14), tr(3, 13), tr(3, 12), tr(3, 2), tr(3, 1),
		tr(4, 5), tr(4, 2),
	}
	if len(sa) != 1 || sa[0].Number != 1 || sa[0].Protocol != wire.ProtocolISAKMP || len(sa[0].SPI) != 0 || !slices.Equal(sa[0].Transforms, want) {
		t.Errorf("%+v", sa)
	}
}

func TestOfferForEachProposal(t *testing.T) {
	spi := []byte("8 octets")
	sa := ikeOffer(proposals(t, gcm, "encryption chacha20-poly1305;prf sha512;group 31;additional-key-exchange ml-kem-768"), spi)
	if len(sa) != 2 || sa[1].Number != 2 || !slices.Equal(sa[0].Transforms, []wire.TransformV2{gcm256, prf256, group19}) ||
		!slices.Equal(sa[1].Transforms, []wire.TransformV2{tr(1, 28), tr(2, 7), tr(4, 31), tr(wire.TransformAKE1, 36)}) || string(sa[1].SPI) != string(spi) {
		t.Errorf("%+v", sa)
	}
	for group, want := range map[uint16]bool{19: true, 31: true, 14: false, 36: false} {
		if g, ok := offersGroup(sa, group); ok != want || ok && g.Number != group {
			t.Errorf("group %d: %v", group, ok)
		}
	}
}

func TestChooseIKE(t *testing.T) {
	bad := tr(wire.TransformEncr, 12, 256)
	bad.Unknown = true
	mlkem := tr(wire.TransformAKE1, 36)
	hybrid := gcm + ";additional-key-exchange ml-kem-768"
	for what, c := range map[string]struct {
		ours  []string
		offer wire.SAV2
		want  string // number of the peer's proposal and the transforms, or the refusals
	}{
		"agreed":                    {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, hmac256, group19)}, "1: 1/12/256 2/5 3/12 4/19"},
		"our order, not his":        {[]string{"encryption aes-cbc-256 aes-cbc-128;integrity sha512 sha256;prf sha256;group 19 14"}, wire.SAV2{offerOf(1, tr(1, 12, 128), aes256, prf256, hmac256, tr(3, 14), group14, group19)}, "1: 1/12/256 2/5 3/14 4/19"},
		"our first proposal":        {[]string{gcm, cbc}, wire.SAV2{offerOf(1, aes256, prf256, hmac256, group19), offerOf(7, gcm256, prf256, group19)}, "7: 1/20/256 2/5 4/19"},
		"NONE beside a combined":    {[]string{gcm}, wire.SAV2{offerOf(1, gcm256, prf256, tr(3, 0), group19)}, "1: 1/20/256 2/5 3/0 4/19"},
		"INTEG beside a combined":   {[]string{gcm}, wire.SAV2{offerOf(1, gcm256, prf256, hmac256, group19)}, "none of its INTEG will do"},
		"no INTEG":                  {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, group19)}, "it has no INTEG"},
		"INTEG NONE with CBC":       {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, tr(3, 0), group19)}, "none of its INTEG will do"},
		"no PRF":                    {[]string{cbc}, wire.SAV2{offerOf(1, aes256, hmac256, group19)}, "it has no PRF"},
		"PRF of AES-XCBC":           {[]string{cbc}, wire.SAV2{offerOf(1, aes256, tr(2, 4), hmac256, group19)}, "none of its PRF will do"},
		"no group":                  {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, hmac256)}, "it has no D-H"},
		"group NONE":                {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, hmac256, tr(4, 0))}, "none of its D-H will do"},
		"another group":             {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, hmac256, group14)}, "none of its D-H will do"},
		"key length left out":       {[]string{cbc}, wire.SAV2{offerOf(1, tr(1, 12), prf256, hmac256, group19)}, "none of its ENCR will do"},
		"unknown attribute":         {[]string{cbc}, wire.SAV2{offerOf(1, bad, prf256, hmac256, group19)}, "none of its ENCR will do"},
		"... another beside it":     {[]string{cbc}, wire.SAV2{offerOf(1, bad, aes256, prf256, hmac256, group19)}, "1: 1/12/256 2/5 3/12 4/19"},
		"unknown type":              {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, hmac256, group19, tr(240, 1))}, "transform type 240 is not understood in it"},
		"... another proposal":      {[]string{cbc}, wire.SAV2{offerOf(1, aes256, tr(240, 1)), offerOf(2, aes256, prf256, hmac256, group19)}, "2: 1/12/256 2/5 3/12 4/19"},
		"ESN for an IKE SA":         {[]string{cbc}, wire.SAV2{offerOf(1, aes256, prf256, hmac256, group19, tr(5, 0))}, "ESN is not understood in it"},
		"protocol ESP":              {[]string{cbc}, wire.SAV2{{Number: 1, Protocol: wire.ProtocolESP, Transforms: []wire.TransformV2{aes256, prf256, hmac256, group19}}}, "it is of protocol ESP"},
		"an SPI in IKE_SA_INIT":     {[]string{cbc}, wire.SAV2{{Number: 1, Protocol: wire.ProtocolISAKMP, SPI: make([]byte, 8), Transforms: []wire.TransformV2{aes256}}}, "its SPI has 8 octets, not 0"},
		"additional key exchange":   {[]string{hybrid}, wire.SAV2{offerOf(1, gcm256, prf256, group19, mlkem)}, "1: 1/20/256 2/5 4/19 6/36"},
		"... in his third type":     {[]string{hybrid}, wire.SAV2{offerOf(1, gcm256, prf256, group19, tr(6, 0), tr(6, 35), tr(8, 36))}, "1: 1/20/256 2/5 4/19 6/0 8/36"},
		"... which he has not":      {[]string{hybrid}, wire.SAV2{offerOf(1, gcm256, prf256, group19)}, "it has no additional key exchange ML-KEM-768"},
		"... which we have not":     {[]string{gcm}, wire.SAV2{offerOf(1, gcm256, prf256, group19, mlkem)}, "none of its ADDKE1 will do"},
		"... optional":              {[]string{gcm}, wire.SAV2{offerOf(1, gcm256, prf256, group19, mlkem, tr(6, 0))}, "1: 1/20/256 2/5 4/19 6/0"},
		"ML-KEM as the first group": {[]string{hybrid}, wire.SAV2{offerOf(1, gcm256, prf256, tr(4, 36), mlkem)}, "none of its D-H will do"},
		"nothing of ours":           {nil, wire.SAV2{offerOf(1, aes256)}, ""},
	} {
		got, ok := chooseIKE(proposals(t, c.ours...), c.offer, 0)
		words := []string{}
		for _, x := range got.checks {
			if x.Refusal != "" && !ok {
				words = append(words, x.Refusal)
			}
		}
		if ok {
			words = append(words, number(got.answer)+spell(got.answer.Transforms))
			if got.encr.V2 != got.answer.Transforms[0].ID || got.ours == nil {
				t.Errorf("%s: %+v", what, got)
			}
		}
		if strings.Join(words, ", ") != c.want {
			t.Errorf("%s: %q, want %q", what, words, c.want)
		}
	}
}

func number(p wire.ProposalV2) string { return fmt.Sprintf("%d:", p.Number) }

// spell prints transforms: " 1/12/256 2/5".
func spell(list []wire.TransformV2) string {
	var b strings.Builder
	for _, t := range list {
		fmt.Fprintf(&b, " %d/%d", t.Type, t.ID)
		if t.KeyBits != 0 {
			fmt.Fprintf(&b, "/%d", t.KeyBits)
		}
	}
	return b.String()
}

func TestAcceptIKE(t *testing.T) {
	ours := ikeOffer(proposals(t, gcm, "encryption aes-cbc-256 aes-cbc-128;integrity sha256;group 19 14;additional-key-exchange ml-kem-768"), nil)
	mlkem := tr(wire.TransformAKE1, 36)
	for what, c := range map[string]struct {
		got  wire.SAV2
		want string // the algorithms, or why not
	}{
		"combined":                {wire.SAV2{offerOf(1, gcm256, prf256, group19)}, "ESP_AES_GCM_16 256 sha256 none 19 0"},
		"... with INTEG NONE":     {wire.SAV2{offerOf(1, gcm256, prf256, tr(3, 0), group19)}, "ESP_AES_GCM_16 256 sha256 none 19 0"},
		"... with INTEG":          {wire.SAV2{offerOf(1, gcm256, prf256, hmac256, group19)}, "the peer's choice of INTEG is not one of what we offered"},
		"hybrid":                  {wire.SAV2{offerOf(2, tr(1, 12, 128), prf256, hmac256, group14, mlkem)}, "ESP_AES 128 sha256 HMAC-SHA256 14 1"},
		"another order":           {wire.SAV2{offerOf(2, mlkem, group14, hmac256, prf256, aes256)}, "ESP_AES 256 sha256 HMAC-SHA256 14 1"},
		"hybrid left out":         {wire.SAV2{offerOf(2, aes256, prf256, hmac256, group14)}, "the peer chose no ADDKE1"},
		"hybrid declined":         {wire.SAV2{offerOf(2, aes256, prf256, hmac256, group14, tr(6, 0))}, "the peer's choice of ADDKE1 is not one of what we offered"},
		"two of a type":           {wire.SAV2{offerOf(2, aes256, tr(1, 12, 128), prf256, hmac256, group14, mlkem)}, "the peer's choice of ENCR is not one of what we offered"},
		"the same twice":          {wire.SAV2{offerOf(1, gcm256, gcm256, prf256, group19)}, "the peer's choice of ENCR is not one of what we offered"},
		"no group":                {wire.SAV2{offerOf(1, gcm256, prf256)}, "the peer chose no D-H"},
		"group NONE":              {wire.SAV2{offerOf(1, gcm256, prf256, tr(4, 0))}, "the peer's choice of D-H is not one of what we offered"},
		"of another proposal":     {wire.SAV2{offerOf(1, aes256, prf256, group19)}, "the peer's choice of ENCR is not one of what we offered"},
		"a number not offered":    {wire.SAV2{offerOf(3, gcm256, prf256, group19)}, "the peer chose proposal 3, which we have not offered"},
		"two proposals":           {wire.SAV2{offerOf(1, gcm256, prf256, group19), offerOf(1, gcm256, prf256, group19)}, "the peer answers with 2 proposals, not with one"},
		"no proposal":             {nil, "the peer answers with 0 proposals, not with one"},
		"another protocol":        {wire.SAV2{{Number: 1, Protocol: wire.ProtocolESP, Transforms: []wire.TransformV2{gcm256, prf256, group19}}}, "the peer answers proposal 1 with protocol ESP and an SPI of 0 octets"},
		"an SPI":                  {wire.SAV2{{Number: 1, Protocol: wire.ProtocolISAKMP, SPI: make([]byte, 8), Transforms: []wire.TransformV2{gcm256, prf256, group19}}}, "the peer answers proposal 1 with protocol ISAKMP and an SPI of 8 octets"},
		"shorter key":             {wire.SAV2{offerOf(1, tr(1, 20, 128), prf256, group19)}, "the peer's choice of ENCR is not one of what we offered"},
		"a type nobody asked for": {wire.SAV2{offerOf(1, gcm256, prf256, group19, tr(5, 0))}, "the peer's choice of ESN is not one of what we offered"},
	} {
		a, _, err := acceptIKE(ours, c.got)
		got := ""
		if err != nil {
			got = err.Error()
			if r := (*rejection)(nil); !errors.As(err, &r) || r.notify != wire.V2NoProposalChosen {
				t.Errorf("%s: %#v", what, err)
			}
		} else {
			integ := "none"
			if a.integ != nil {
				integ = a.integ.Debug
			}
			got = fmt.Sprintf("%s %d %s %s %d %d", a.encr.QM, a.bits, a.prf.IOS, integ, a.group.Number, len(a.additional))
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

// Whatever a responder chooses, the initiator takes, and both have the same keys
// to make.
func TestOfferAndChoiceAgree(t *testing.T) {
	for _, blocks := range [][]string{{cbc}, {gcm}, {cbc, gcm}, {"encryption chacha20-poly1305;prf sha512 sha256;group 31 19;additional-key-exchange ml-kem-768", cbc}} {
		ours := proposals(t, blocks...)
		offer := ikeOffer(ours, nil)
		sent, err := wire.ParseSAV2(offer.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		choice, ok := chooseIKE(ours, sent, 0)
		if !ok {
			t.Fatalf("%v: %v", blocks, choice.checks)
		}
		answer, err := wire.ParseSAV2(wire.SAV2{choice.answer}.Append(nil))
		if err != nil {
			t.Fatal(err)
		}
		a, _, err := acceptIKE(offer, answer)
		if err != nil || a.lengths() != choice.lengths() || a.group != choice.group || len(a.additional) != len(choice.additional) {
			t.Errorf("%v: %+v, %+v, %v", blocks, a, choice.algorithms, err)
		}
	}
	for _, c := range []struct {
		a    algorithms
		want Lengths
	}{
		{algorithms{encr: suite.AESGCM16, bits: 256}, Lengths{Encr: 36}},
		{algorithms{encr: suite.AES, bits: 128, integ: suite.HMACSHA1}, Lengths{Encr: 16, Integ: 20}},
		{algorithms{encr: suite.ChaCha20Poly1305}, Lengths{Encr: 36}},
		{algorithms{encr: suite.TripleDES, integ: suite.HMACSHA512}, Lengths{Encr: 24, Integ: 64}},
	} {
		if got := c.a.lengths(); got != c.want {
			t.Errorf("%s: %+v", c.a.encr.QM, got)
		}
	}
}

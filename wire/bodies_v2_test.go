package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// ikeSA is a proposal of IOS for an IKE SA, and one with additional key
// exchanges.
func ikeSA() SAV2 {
	return SAV2{
		{Number: 1, Protocol: ProtocolISAKMP, Transforms: []TransformV2{
			{Type: TransformEncr, ID: 12, KeyBits: 256}, {Type: TransformEncr, ID: 12, KeyBits: 128}, {Type: TransformPRF, ID: 5},
			{Type: TransformInteg, ID: 12}, {Type: TransformKE, ID: 14},
		}},
		{Number: 2, Protocol: ProtocolISAKMP, SPI: octets(8), Transforms: []TransformV2{
			{Type: TransformEncr, ID: 20, KeyBits: 256}, {Type: TransformPRF, ID: 7}, {Type: TransformKE, ID: 31}, {Type: TransformAKE1, ID: 36},
		}},
	}
}

func selectors() TSV2 {
	return TSV2{
		{Protocol: 47, EndPort: 0xffff, Start: netip.MustParseAddr("192.168.0.1"), End: netip.MustParseAddr("192.168.0.1")},
		{EndPort: 0xffff, Start: netip.MustParseAddr("::"), End: netip.MustParseAddr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")},
	}
}

// sealed is a fragment as a body: in a message the numbers are followed by what
// the session encrypts.
type sealed SKF

func (f sealed) Append(dst []byte) []byte {
	return append(append(dst, byte(f.Number>>8), byte(f.Number), byte(f.Total>>8), byte(f.Total)), f.Sealed...)
}

func parseSealed(b []byte) (sealed, error) { f, err := ParseSKF(b); return sealed(f), err }

func bodiesV2() []bodyCase {
	return []bodyCase{
		bodyV2("SA", ikeSA(), len(ikeSA().Append(nil)), ParseSAV2),
		bodyV2("KE", KEV2{Group: 31, Data: octets(32)}, 5, ParseKEV2),
		bodyV2("IDi DN", IDV2{Type: IDDERASN1DN, Data: octets(40)}, 4, ParseIDV2),
		bodyV2("IDr IPv6", IDV2{Type: IDIPv6Addr, Data: octets(16)}, 20, ParseIDV2),
		bodyV2("AUTH", AuthV2{Method: AuthRSA, Data: octets(128)}, 5, ParseAuthV2),
		bodyV2("CERTREQ", CertReqV2{EncodingX509Signature, [][HashLen]byte{{1}, {2}}}, 1, ParseCertReqV2),
		bodyV2("NOTIFY", NotifyV2{Protocol: ProtocolESP, SPI: octets(4), Type: V2RekeySA}, 8, ParseNotifyV2),
		bodyV2("NOTIFY of data", NotifyV2{Type: V2NATDetectionSource, Data: octets(20)}, 4, ParseNotifyV2),
		bodyV2("DELETE IKE", DeleteV2{Protocol: ProtocolISAKMP}, 4, ParseDeleteV2),
		bodyV2("DELETE ESP", DeleteV2{Protocol: ProtocolESP, SPIs: []uint32{0x11223344, 256}}, 12, ParseDeleteV2),
		bodyV2("TSi", selectors(), 4+16+40, ParseTSV2),
		bodyV2("CFG", CPV2{CPRequest, []CPAttribute{{CPApplicationVersion, []byte("obol")}, {CPUnityBanner, nil}}}, 4, ParseCPV2),
		bodyV2("EAP", EAP{Code: 1, Identifier: 7, Data: octets(5)}, 10, ParseEAP),
		bodyV2("ENCR_FRAG", sealed{Number: 2, Total: 3, Sealed: octets(40)}, 5, parseSealed),
	}
}

func TestValuesV2(t *testing.T) {
	if sa, err := ParseSAV2(ikeSA().Append(nil)); err != nil || sa[1].Number != 2 || !bytes.Equal(sa[1].SPI, octets(8)) ||
		!reflect.DeepEqual(sa[0].Transforms, ikeSA()[0].Transforms) || len(sa[0].Of(TransformEncr)) != 2 || !sa[1].Has(TransformV2{Type: TransformAKE1, ID: 36}) {
		t.Errorf("%+v %v", sa, err)
	}
	if ts, err := ParseTSV2(selectors().Append(nil)); err != nil || !reflect.DeepEqual(ts, selectors()) {
		t.Errorf("%+v %v", ts, err)
	}
	a := SignatureV2([]byte{0x30, 1, 2}, []byte{9, 9})
	if der, sig, err := a.Algorithm(); err != nil || !bytes.Equal(der, []byte{0x30, 1, 2}) || !bytes.Equal(sig, []byte{9, 9}) {
		t.Errorf("%x %x %v", der, sig, err)
	}
	for _, data := range [][]byte{{}, {0, 1}, {3, 1, 2}, {2, 1, 2}} {
		if _, _, err := (AuthV2{AuthSignature, data}).Algorithm(); err == nil {
			t.Errorf("algorithm of %x", data)
		}
	}
	n := NotifyV2{Type: V2SignatureHashAlgorithms, Data: []byte{0, 2, 0, 5}}
	if list, err := n.SignatureHashes(); err != nil || !reflect.DeepEqual(list, []HashAlgorithm{HashSHA256, HashIdentity}) {
		t.Errorf("%v %v", list, err)
	}
	if _, err := (NotifyV2{Data: []byte{0, 2, 0}}).SignatureHashes(); err == nil {
		t.Error("three octets of hash algorithms")
	}
}

// A proposal of charon 5.9 as tcpdump shows it: AES-CBC-128, HMAC-SHA-256-128,
// PRF-HMAC-SHA-256, MODP-2048.
func TestSAV2Octets(t *testing.T) {
	want, _ := hex.DecodeString(strings.ReplaceAll("0000002c 01010004 0300000c 0100000c 800e0080 03000008 0300000c 03000008 02000005 00000008 0400000e", " ", ""))
	sa := SAV2{{Number: 1, Protocol: ProtocolISAKMP, Transforms: []TransformV2{
		{Type: TransformEncr, ID: 12, KeyBits: 128}, {Type: TransformInteg, ID: 12}, {Type: TransformPRF, ID: 5}, {Type: TransformKE, ID: 14},
	}}}
	if got := sa.Append(nil); !bytes.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if got, err := ParseSAV2(want); err != nil || !reflect.DeepEqual(got[0].Transforms, sa[0].Transforms) {
		t.Errorf("%+v %v", got, err)
	}
}

// Reserved octets are ignored: RFC 7296 section 2.5 has them so.
func TestReservedV2(t *testing.T) {
	b := ikeSA().Append(nil)
	b[1], b[9+4] = 7, 9
	if _, err := ParseSAV2(b); err != nil {
		t.Error(err)
	}
}

// A transform with an attribute that is not understood is kept and marked.
func TestUnknownAttribute(t *testing.T) {
	for what, attribute := range map[string][]byte{
		"type": {0x80, 15, 0, 128}, "variable form": {0, 14, 0, 2, 0, 128}, "no bits": {0x80, 14, 0, 0}, "twice": {0x80, 14, 0, 128, 0x80, 14, 1, 0},
	} {
		b := []byte{0, 0, 0, 16 + byte(len(attribute)), 1, 3, 0, 1, 0, 0, 0, 8 + byte(len(attribute)), 1, 0, 0, 12}
		sa, err := ParseSAV2(append(b, attribute...))
		if err != nil || !sa[0].Transforms[0].Unknown {
			t.Errorf("%s: %+v %v", what, sa, err)
		}
	}
}

// TestBodyErrorsV2 bends one field at a time.
func TestBodyErrorsV2(t *testing.T) {
	patch := func(v Appender, at int, octets ...byte) []byte {
		b := v.Append(nil)
		copy(b[at:], octets)
		return b
	}
	one := func(change func(SAV2)) []byte {
		sa := ikeSA()
		change(sa)
		return sa.Append(nil)
	}
	sa := func(b []byte) error { _, err := ParseSAV2(b); return err }
	ts := func(b []byte) error { _, err := ParseTSV2(b); return err }
	del := func(b []byte) error { _, err := ParseDeleteV2(b); return err }
	cp := func(b []byte) error { _, err := ParseCPV2(b); return err }
	for _, tt := range []struct {
		name    string
		err     error
		payload PayloadType
		offset  int
	}{
		{"no transform", sa(one(func(s SAV2) { s[1].Transforms = nil })), PayloadSAV2, 63},
		{"number of transforms", sa(patch(ikeSA(), 7, 4)), PayloadSAV2, 7},
		{"SPI over the end", sa(patch(ikeSA(), 6, 200)), PayloadSAV2, 6},
		{"Last Substruc", sa(patch(ikeSA(), 0, 3)), PayloadSAV2, 0},
		{"Last Substruc of a transform", sa(patch(ikeSA(), 8, 2)), PayloadSAV2, 8},
		{"last proposal too early", sa(patch(ikeSA(), 0, 0)), PayloadSAV2, 56},
		{"proposal too short", sa(patch(ikeSA(), 2, 0, 7)), PayloadSAV2, 2},
		{"attribute over the end", sa(patch(ikeSA(), 16, 0, 14, 0, 9)), PayloadSAV2, 18},
		{"no selector", ts(patch(selectors(), 0, 0)), PayloadTSi, 0},
		{"more selectors than octets", ts(patch(selectors(), 0, 3)), PayloadTSi, 60},
		{"fewer selectors than octets", ts(patch(selectors(), 0, 1)), PayloadTSi, 20},
		{"selector length", ts(patch(selectors(), 6, 0, 15)), PayloadTSi, 6},
		{"selector backwards", ts(patch(selectors(), 4+8, 193)), PayloadTSi, 12},
		{"DELETE of an IKE SA with SPIs", del([]byte{1, 4, 0, 1, 1, 2, 3, 4}), PayloadDeleteV2, 1},
		{"SPIs of 8 octets", del([]byte{3, 8, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8}), PayloadDeleteV2, 1},
		{"more SPIs than octets", del([]byte{3, 4, 0, 2, 1, 2, 3, 4}), PayloadDeleteV2, 2},
		{"too many SPIs", del(DeleteV2{ProtocolESP, make([]uint32, MaxSPIs+1)}.Append(nil)), PayloadDeleteV2, 2},
		{"CFG attribute over the end", cp([]byte{1, 0, 0, 0, 0, 7, 0, 1}), PayloadCP, 6},
		{"too many CFG attributes", cp(CPV2{CPRequest, make([]CPAttribute, MaxConfigAttributes+1)}.Append(nil)), PayloadCP, 4 + 4*MaxConfigAttributes},
	} {
		var bad *ParseError
		if !errors.As(tt.err, &bad) || bad.Payload != tt.payload || bad.Offset != tt.offset {
			t.Errorf("%s: %v (%+v), want %v at %d", tt.name, tt.err, bad, tt.payload, tt.offset)
		}
	}
	for what, b := range map[string][]byte{
		"EAP length": {1, 1, 0, 6, 1}, "EAP code": {5, 1, 0, 5, 1}, "EAP success with data": {3, 1, 0, 5, 1}, "EAP request without": {1, 1, 0, 4},
	} {
		if _, err := ParseEAP(b); err == nil {
			t.Errorf("%s is accepted", what)
		}
	}
	for _, numbers := range [][]byte{{0, 0, 0, 1}, {0, 1, 0, 0}, {0, 2, 0, 1}} {
		if _, err := ParseSKF(append(numbers, 1)); err == nil {
			t.Errorf("fragment %x is accepted", numbers)
		}
	}
}

func TestLimitsV2(t *testing.T) {
	many := make(SAV2, MaxProposals+1)
	for i := range many {
		many[i] = ProposalV2{Number: uint8(i + 1), Transforms: []TransformV2{{Type: TransformEncr, ID: 12}}}
	}
	if _, err := ParseSAV2(many.Append(nil)); err == nil {
		t.Error("too many proposals are accepted")
	}
	if _, err := ParseSAV2(many[:MaxProposals-1].Append(nil)); err != nil {
		t.Error(err)
	}
	for i := range many[:3] {
		many[i].Transforms = make([]TransformV2, 60)
	}
	if _, err := ParseSAV2(many[:3].Append(nil)); err == nil {
		t.Error("180 transforms are accepted")
	}
	if _, err := ParseCertReqV2(make([]byte, 1+HashLen*(MaxAuthorities+1))); err == nil {
		t.Error("too many CAs are accepted")
	}
	ts := make(TSV2, MaxSelectors+1)
	for i := range ts {
		ts[i] = selectors()[0]
	}
	if _, err := ParseTSV2(ts.Append(nil)); err == nil {
		t.Error("too many traffic selectors are accepted")
	}
	if _, err := ParseTSV2(ts[:MaxSelectors].Append(nil)); err != nil {
		t.Error(err)
	}
}

// What an SK payload holds is a chain of its own, which nothing may follow.
func TestParseChainV2(t *testing.T) {
	m := build(Header{InitiatorSPI: cookieI, Version: V2, Exchange: ExchangeSAInit, Flags: FlagInitiator}, part{PayloadKEV2, octets(40)}, part{PayloadNonceV2, octets(32)})
	payloads, err := ParseChainV2(PayloadKEV2, m[HeaderLen:], HeaderLen)
	if err != nil || len(payloads) != 2 || payloads[1].Type != PayloadNonceV2 {
		t.Fatalf("%v %v", payloads, err)
	}
	if _, err := ParseChainV2(PayloadKEV2, append(m[HeaderLen:], 0), HeaderLen); err == nil {
		t.Error("octets behind the last payload are accepted")
	}
	if PayloadSA.KnownV2() || !PayloadSKF.KnownV2() {
		t.Error("KnownV2")
	}
}

package wire

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"testing"
)

// A body is one payload's parser with a sample, seen without its type.
type bodyCase struct {
	name  string
	value Appender
	parse func([]byte) (Appender, error)
	least int // octets below which nothing may be accepted
	// reserved: there are octets that are ignored, or forms that say the same,
	// so that what is built again may differ once.
	reserved bool
}

func body[T Appender](name string, value T, least int, parse func([]byte) (T, error)) bodyCase {
	return bodyCase{name: name, value: value, parse: func(b []byte) (Appender, error) { return parse(b) }, least: least}
}

// bodyV2 is body for IKEv2, which has the receiver ignore reserved fields.
func bodyV2[T Appender](name string, value T, least int, parse func([]byte) (T, error)) bodyCase {
	c := body(name, value, least, parse)
	c.reserved = true
	return c
}

func parseNonce(b []byte) (Raw, error) { n, err := ParseNonce(b); return n, err }

// attributes is a list of them as a body.
type attributes []Attribute

func (list attributes) Append(dst []byte) []byte {
	for _, a := range list {
		dst = a.Append(dst)
	}
	return dst
}

func parseAttributeList(b []byte) (attributes, error) { a, err := ParseAttributes(b); return a, err }

// bodies is every body parser with a sample whose fixed part is least octets.
func bodies() []bodyCase {
	v6 := netip.MustParseAddr("2001:db8::1")
	return append(bodiesV2(), []bodyCase{
		body("SA phase 1", phase1SA(), 52, ParseSAV1),
		body("SA phase 2", phase2SA(), 8+2*(12+8)+36+32, ParseSAV1),
		body("ID FQDN", IDV1{Type: IDFQDN, Protocol: 17, Port: 500, Data: []byte("R1.cisco.com")}, 4, ParseIDV1),
		body("ID address", IDV1{Type: IDIPv4Addr, Protocol: 47, Data: []byte{192, 168, 0, 1}}, 8, ParseIDV1),
		body("ID subnet", IDV1{Type: IDIPv4AddrSubnet, Data: make([]byte, 8)}, 12, ParseIDV1),
		body("ID IPv6 subnet", IDV1{Type: IDIPv6AddrSubnet, Data: make([]byte, 32)}, 36, ParseIDV1),
		body("CERT", Cert{EncodingX509Signature, octets(30)}, 1, ParseCert),
		body("CERT_REQ", CertReq{EncodingX509Signature, octets(46)}, 1, ParseCertReq),
		body("NONCE", octets(20), MinNonce, parseNonce),
		body("NOTIFY", NotifyV1{DOI: DOIIPsec, Protocol: ProtocolISAKMP, SPI: octets(16), Type: NotifyInitialContact, Data: octets(3)}, 24, ParseNotifyV1),
		body("attributes", attributes(phase2SA().Proposals[0].Transforms[0].Attributes), 0, parseAttributeList),
		body("DELETE ESP", DeleteV1{DOI: DOIIPsec, Protocol: ProtocolESP, SPIs: [][]byte{{1, 2, 3, 4}, {5, 6, 7, 8}}}, 16, ParseDeleteV1),
		body("DELETE ISAKMP", DeleteV1{DOI: DOIIPsec, Protocol: ProtocolISAKMP, SPIs: [][]byte{octets(16)}}, 24, ParseDeleteV1),
		body("NAT-OA", NATOA{IDIPv4Addr, netip.MustParseAddr("10.0.0.1")}, 8, ParseNATOA),
		body("fragment", Fragment{ID: 0x1234, Number: 3, Last: true, Data: octets(9)}, 5, ParseFragment),
		body("NAT-OA IPv6", NATOA{IDIPv6Addr, v6}, 20, ParseNATOA),
	}...)
}

func TestBodyRoundTrip(t *testing.T) {
	for _, tt := range bodies() {
		b := tt.value.Append([]byte("x"))[1:]
		got, err := tt.parse(b)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if again := got.Append(nil); !bytes.Equal(again, b) {
			t.Errorf("%s: built again\n%x, was\n%x", tt.name, again, b)
		}
	}
}

// TestValues looks at values and not only at octets. The lifetimes come back in
// the variable form in which they were written.
func TestValues(t *testing.T) {
	sa, err := ParseSAV1(phase2SA().Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := phase2SA()
	for i := range want.Proposals {
		want.Proposals[i].Transforms[0].Attributes[4].Bytes = []byte{0x00, 0x46, 0x50, 0x00}
	}
	if !reflect.DeepEqual(sa, want) {
		t.Errorf("got\n%+v, want\n%+v", sa, want)
	}
	n, err := ParseNotifyV1(NotifyV1{DOI: DOIIPsec, Protocol: ProtocolESP, SPI: []byte{1, 2, 3, 4}, Type: NotifyReplayStatus, Data: []byte{9}}.Append(nil))
	if err != nil || n.Type != NotifyReplayStatus || n.Protocol != ProtocolESP || !bytes.Equal(n.SPI, []byte{1, 2, 3, 4}) || !bytes.Equal(n.Data, []byte{9}) {
		t.Errorf("%+v %v", n, err)
	}
}

// TestBodyCut cuts every body at every length: an error, or, where the tail is
// free, a value that gives the same octets.
func TestBodyCut(t *testing.T) {
	for _, tt := range bodies() {
		b := tt.value.Append(nil)
		for n := range b {
			v, err := tt.parse(b[:n:n])
			var bad *ParseError
			switch {
			case err == nil && n < tt.least:
				t.Errorf("%s cut at %d was accepted", tt.name, n)
			case err == nil:
				if again := v.Append(nil); !bytes.Equal(again, b[:n]) {
					t.Errorf("%s cut at %d: built again %x, was %x", tt.name, n, again, b[:n])
				}
			case !errors.As(err, &bad) || bad.Notify == 0 || bad.Offset > n:
				t.Errorf("%s cut at %d: %v", tt.name, n, err)
			}
		}
	}
}

func TestAttributeForms(t *testing.T) {
	for _, tt := range []struct {
		a    Attribute
		want []byte
	}{
		{Attribute{Type: AttrLifeDuration, Value: 3600}, []byte{0x80, 12, 0x0e, 0x10}},
		{Attribute{Type: AttrLifeDuration, Value: 0xffff}, []byte{0x80, 12, 0xff, 0xff}},
		{Attribute{Type: AttrLifeDuration, Value: 86400}, []byte{0, 12, 0, 4, 0, 1, 0x51, 0x80}},
		{Attribute{Type: AttrLifeDuration, Value: 1 << 32}, []byte{0, 12, 0, 8, 0, 0, 0, 1, 0, 0, 0, 0}},
		{Attribute{Type: AttrLifeDuration, Value: 5, Bytes: []byte{0, 0, 5}}, []byte{0, 12, 0, 3, 0, 0, 5}},
		{Attribute{Type: AttrLifeDuration, Bytes: []byte{}}, []byte{0, 12, 0, 0}},
	} {
		got := tt.a.Append(nil)
		if !bytes.Equal(got, tt.want) {
			t.Errorf("%+v: %x, want %x", tt.a, got, tt.want)
		}
		back, err := ParseAttributes(got)
		if err != nil || len(back) != 1 || back[0].Value != tt.a.Value || back[0].Type != tt.a.Type {
			t.Errorf("%x: %+v %v", got, back, err)
		}
		if basic := back[0].Bytes == nil; basic != (got[0] == 0x80) {
			t.Errorf("%x: bytes %v", got, back[0].Bytes)
		}
	}
	if _, ok := (TransformV1{}).Attribute(AttrEncr); ok {
		t.Error("an attribute of no attributes")
	}
	if a, ok := phase1SA().Proposals[0].Transforms[0].Attribute(AttrGroup); !ok || a.Value != 2 {
		t.Errorf("group %+v", a)
	}
}

// TestBodyErrors bends one field at a time.
func TestBodyErrors(t *testing.T) {
	one := func(change func(*SAV1)) []byte {
		sa := phase1SA()
		change(&sa)
		return sa.Append(nil)
	}
	patch := func(b []byte, at int, v ...byte) []byte { copy(b[at:], v); return b }
	del := DeleteV1{DOI: DOIIPsec, Protocol: ProtocolESP, SPIs: [][]byte{{1, 2, 3, 4}}}
	sa := func(b []byte) error { _, err := ParseSAV1(b); return err }
	id := func(b []byte) error { _, err := ParseIDV1(b); return err }
	notify := func(b []byte) error { _, err := ParseNotifyV1(b); return err }
	remove := func(b []byte) error { _, err := ParseDeleteV1(b); return err }
	natoa := func(b []byte) error { _, err := ParseNATOA(b); return err }
	for _, tt := range []struct {
		name    string
		err     error
		payload PayloadType
		offset  int
		notify  NotifyType
	}{
		{"DOI", sa(one(func(s *SAV1) { s.DOI = 2 })), PayloadSA, 0, NotifyDOINotSupported},
		{"situation", sa(one(func(s *SAV1) { s.Situation = 7 })), PayloadSA, 4, NotifySituationNotSupported},
		{"no proposal", sa(one(func(s *SAV1) { s.Proposals = nil })), PayloadProposal, 8, NotifyBadProposalSyntax},
		{"no transform", sa(one(func(s *SAV1) { s.Proposals[0].Transforms = nil })), PayloadTransform, 16, NotifyBadProposalSyntax},
		{"next payload of a proposal", sa(patch(phase1SA().Append(nil), 8, 1)), PayloadProposal, 8, NotifyBadProposalSyntax},
		{"proposal that should follow", sa(patch(phase1SA().Append(nil), 8, 2)), PayloadProposal, 52, NotifyUnequalPayloadLengths},
		{"reserved of a proposal", sa(patch(phase1SA().Append(nil), 9, 1)), PayloadProposal, 9, NotifyPayloadMalformed},
		{"octets behind the proposal", sa(append(phase1SA().Append(nil), 0)), PayloadProposal, 52, NotifyBadProposalSyntax},
		{"SPI longer than the proposal", sa(patch(phase1SA().Append(nil), 14, 200)), PayloadProposal, 14, NotifyInvalidSPI},
		{"number of transforms", sa(patch(phase1SA().Append(nil), 15, 2)), PayloadProposal, 15, NotifyBadProposalSyntax},
		{"next payload of a transform", sa(patch(phase1SA().Append(nil), 16, 2)), PayloadTransform, 16, NotifyBadProposalSyntax},
		{"transform shorter than its header", sa(patch(phase1SA().Append(nil), 18, 0, 5)), PayloadTransform, 16, NotifyBadProposalSyntax},
		{"RESERVED2", sa(patch(phase1SA().Append(nil), 22, 1)), PayloadTransform, 22, NotifyPayloadMalformed},
		{"attribute over the end", sa(patch(phase1SA().Append(nil), 46, 0, 8)), PayloadTransform, 46, NotifyBadProposalSyntax},
		{"life duration of 9 octets", sa(one(func(s *SAV1) { s.Proposals[0].Transforms[0].Attributes[5].Bytes = octets(9) })), PayloadTransform, 46, NotifyAttributesNotSupported},
		{"ID address of 5 octets", id(IDV1{Type: IDIPv4Addr, Data: octets(5)}.Append(nil)), PayloadID, 4, NotifyInvalidIDInformation},
		{"notify DOI", notify(NotifyV1{DOI: 3}.Append(nil)), PayloadNotify, 0, NotifyDOINotSupported},
		{"notify SPI", notify(patch(NotifyV1{DOI: DOIIPsec}.Append(nil), 5, 1)), PayloadNotify, 5, NotifyInvalidSPI},
		{"delete DOI", remove(patch(del.Append(nil), 3, 9)), PayloadDelete, 0, NotifyDOINotSupported},
		{"delete of nothing", remove(DeleteV1{DOI: DOIIPsec}.Append(nil)), PayloadDelete, 5, NotifyInvalidSPI},
		{"SPIs of no length", remove(patch(del.Append(nil), 5, 0, 0xff, 0xff)), PayloadDelete, 5, NotifyInvalidSPI},
		{"more SPIs than octets", remove(patch(del.Append(nil), 6, 0, 2)), PayloadDelete, 6, NotifyInvalidSPI},
		{"fewer SPIs than octets", remove(append(del.Append(nil), 0)), PayloadDelete, 6, NotifyInvalidSPI},
		{"NAT-OA type", natoa(patch(NATOA{IDIPv4Addr, netip.MustParseAddr("10.0.0.1")}.Append(nil), 0, 2)), PayloadNATOA, 0, NotifyInvalidIDInformation},
		{"NAT-OA reserved", natoa(patch(NATOA{IDIPv4Addr, netip.MustParseAddr("10.0.0.1")}.Append(nil), 3, 2)), PayloadNATOA, 1, NotifyPayloadMalformed},
		{"NAT-OA family", natoa(NATOA{IDIPv4Addr, netip.MustParseAddr("2001:db8::1")}.Append(nil)), PayloadNATOA, 4, NotifyInvalidIDInformation},
	} {
		var bad *ParseError
		if !errors.As(tt.err, &bad) || bad.Payload != tt.payload || bad.Offset != tt.offset || bad.Notify != tt.notify {
			t.Errorf("%s: %v (%+v)", tt.name, tt.err, bad)
		}
	}
}

func TestBodyLimits(t *testing.T) {
	with := func(proposals, transforms, attributes int) error {
		sa := SAV1{DOI: DOIIPsec, Situation: SituationIdentityOnly}
		transform := TransformV1{ID: 1, Attributes: make([]Attribute, attributes)}
		for range proposals {
			p := ProposalV1{Protocol: ProtocolESP}
			for range transforms {
				p.Transforms = append(p.Transforms, transform)
			}
			sa.Proposals = append(sa.Proposals, p)
		}
		_, err := ParseSAV1(sa.Append(nil))
		return err
	}
	for _, ok := range [][3]int{{MaxProposals, 1, 1}, {1, MaxTransforms, 1}, {4, MaxTransforms / 4, 1}, {1, 1, MaxAttributes}} {
		if err := with(ok[0], ok[1], ok[2]); err != nil {
			t.Errorf("%v refused: %v", ok, err)
		}
	}
	for _, over := range [][3]int{{MaxProposals + 1, 1, 1}, {1, MaxTransforms + 1, 1}, {4, MaxTransforms/4 + 1, 1}, {1, 1, MaxAttributes + 1}} {
		var bad *ParseError
		if err := with(over[0], over[1], over[2]); !errors.As(err, &bad) || bad.Notify != NotifyBadProposalSyntax {
			t.Errorf("%v: %v", over, err)
		}
	}
	spis := make([][]byte, MaxSPIs+1)
	for i := range spis {
		spis[i] = []byte{1, 2, 3, 4}
	}
	if _, err := ParseDeleteV1(DeleteV1{DOI: DOIIPsec, SPIs: spis[1:]}.Append(nil)); err != nil {
		t.Error(err)
	}
	if _, err := ParseDeleteV1(DeleteV1{DOI: DOIIPsec, SPIs: spis}.Append(nil)); err == nil {
		t.Errorf("%d SPIs accepted", len(spis))
	}
	for n, want := range map[int]bool{7: false, 8: true, 256: true, 257: false} {
		if _, err := ParseNonce(octets(n)); (err == nil) != want {
			t.Errorf("nonce of %d octets: %v", n, err)
		}
	}
}

// TestParseBodyOffset: the offset of an error in a payload is the datagram's.
func TestParseBodyOffset(t *testing.T) {
	b := mm1()
	b[HeaderLen+4+3] = 2 // the DOI
	p, _ := mustParse(t, b).First(PayloadSA)
	_, err := ParseBody(p, ParseSAV1)
	var bad *ParseError
	if !errors.As(err, &bad) || bad.Offset != HeaderLen+4 || bad.Error() != "SA payload at octet 32: DOI 2, not IPsec" {
		t.Errorf("%v", err)
	}
	if sa, err := ParseBody(Payload{Body: phase1SA().Append(nil)}, ParseSAV1); err != nil || len(sa.Proposals) != 1 {
		t.Errorf("%v", err)
	}
}

package wire

import (
	"bytes"
	"net/netip"
	"testing"
)

// Messages as the note's routers send them: what the tests cut, bend and
// compare, and what the fuzzer begins with.

var (
	cookieI = SPI{0x11, 0xe7, 0x9c, 0x30, 0x8e, 0xbb, 0xd7, 0x17}
	cookieR = SPI{0x2c, 0xa4, 0xeb, 0x67, 0x43, 0x8c, 0xfd, 0xa9}
)

func octets(n int) Raw { return bytes.Repeat([]byte{0xa5}, n) }

// phase1SA is the note's policy: 3DES, MD5, group 2, RSA signatures, one day.
func phase1SA() SAV1 {
	return SAV1{DOI: DOIIPsec, Situation: SituationIdentityOnly, Proposals: []ProposalV1{{
		Number: 1, Protocol: ProtocolISAKMP, Transforms: []TransformV1{{
			Number: 1, ID: TransformKeyIKE, Attributes: []Attribute{
				{Type: AttrEncr, Value: 5}, {Type: AttrHash, Value: 1}, {Type: AttrGroup, Value: 2}, {Type: AttrAuth, Value: 3},
				{Type: AttrLifeType, Value: uint64(LifeSeconds)}, {Type: AttrLifeDuration, Value: 86400},
			},
		}},
	}}}
}

// phase2SA offers two transform sets, esp-aes esp-sha256-hmac before esp-3des
// esp-sha-hmac.
func phase2SA() SAV1 {
	life := []Attribute{
		{Type: IPsecAttrEncaps, Value: uint64(EncapsTunnel)}, {Type: IPsecAttrLifeType, Value: uint64(LifeSeconds)}, {Type: IPsecAttrLifeDuration, Value: 3600},
		{Type: IPsecAttrLifeType, Value: uint64(LifeKilobytes)}, {Type: IPsecAttrLifeDuration, Value: 4608000},
	}
	with := func(more ...Attribute) []Attribute { return append(append([]Attribute(nil), life...), more...) }
	return SAV1{DOI: DOIIPsec, Situation: SituationIdentityOnly, Proposals: []ProposalV1{
		{Number: 1, Protocol: ProtocolESP, SPI: []byte{0xda, 0x9e, 0x8d, 0xca}, Transforms: []TransformV1{
			{Number: 1, ID: 12, Attributes: with(Attribute{Type: IPsecAttrAuth, Value: 5}, Attribute{Type: IPsecAttrKeyLength, Value: 128})}}},
		{Number: 2, Protocol: ProtocolESP, SPI: []byte{0x63, 0xa2, 0x78, 0xd7}, Transforms: []TransformV1{
			{Number: 1, ID: 3, Attributes: with(Attribute{Type: IPsecAttrAuth, Value: 2})}}},
	}}
}

type part struct {
	t    PayloadType
	body Appender
}

func build(h Header, parts ...part) []byte {
	b := NewBuilder(nil, h)
	for _, p := range parts {
		b.Add(p.t, p.body)
	}
	return b.Bytes()
}

func mainMode() Header {
	return Header{InitiatorSPI: cookieI, ResponderSPI: cookieR, Version: V1, Exchange: ExchangeMainMode}
}

func mm1() []byte {
	h := mainMode()
	h.ResponderSPI = SPI{}
	return build(h, part{PayloadSA, phase1SA()}, part{PayloadVendorID, Raw(VendorRFC3947)}, part{PayloadVendorID, Raw(VendorDraft07)},
		part{PayloadVendorID, Raw(VendorDraft03)}, part{PayloadVendorID, Raw(VendorDraft02)})
}

func mm2() []byte {
	return build(mainMode(), part{PayloadSA, phase1SA()}, part{PayloadVendorID, Raw(VendorRFC3947)})
}

// mm3 has CERT_REQ payloads of the given lengths, header included.
func mm3(unity bool, certReqs ...int) []byte {
	parts := []part{{PayloadKE, octets(128)}, {PayloadNonce, octets(20)}}
	for _, n := range certReqs {
		parts = append(parts, part{PayloadCertReq, CertReq{EncodingX509Signature, octets(n - 5)}})
	}
	if unity {
		parts = append(parts, part{PayloadVendorID, Raw(VendorUnity)})
	}
	parts = append(parts, part{PayloadVendorID, Raw(VendorDPD)}, part{PayloadVendorID, Raw(IOSVendorID(cookieR, [8]byte{1, 2, 3}))},
		part{PayloadVendorID, Raw(VendorXAUTH)}, part{PayloadNATD, octets(16)}, part{PayloadNATD, octets(16)})
	return build(mainMode(), parts...)
}

func mm5() []byte {
	spi := append(append([]byte(nil), cookieI[:]...), cookieR[:]...)
	return build(mainMode(),
		part{PayloadID, IDV1{Type: IDFQDN, Protocol: 17, Port: 500, Data: []byte("R1.cisco.com")}},
		part{PayloadCert, Cert{EncodingX509Signature, octets(300)}},
		part{PayloadSig, octets(128)},
		part{PayloadNotify, NotifyV1{DOI: DOIIPsec, Protocol: ProtocolISAKMP, SPI: spi, Type: NotifyInitialContact}})
}

func qm1() []byte {
	h := mainMode()
	h.Exchange, h.MessageID = ExchangeQuickMode, 1327257875
	host := func(last byte) IDV1 { return IDV1{Type: IDIPv4Addr, Protocol: 47, Data: []byte{192, 168, 0, last}} }
	return build(h, part{PayloadHash, octets(16)}, part{PayloadSA, phase2SA()}, part{PayloadNonce, octets(20)},
		part{PayloadID, host(1)}, part{PayloadID, host(2)}, part{PayloadNATOA, NATOA{IDIPv4Addr, netip.MustParseAddr("192.168.0.1")}})
}

func informational() []byte {
	h := mainMode()
	h.Exchange, h.MessageID = ExchangeInformational, 0xfeedbeef
	return build(h, part{PayloadHash, octets(16)},
		part{PayloadNotify, NotifyV1{DOI: DOIIPsec, Protocol: ProtocolESP, SPI: []byte{1, 2, 3, 4}, Type: NotifyResponderLifetime, Data: []byte{0x80, 1, 0, 1}}},
		part{PayloadDelete, DeleteV1{DOI: DOIIPsec, Protocol: ProtocolESP, SPIs: [][]byte{{1, 2, 3, 4}, {5, 6, 7, 8}}}},
		part{PayloadType(99), octets(7)})
}

func encrypted() []byte {
	h := mainMode()
	h.Flags, h.NextPayload = FlagEncryption, PayloadID
	h.Length = HeaderLen + 64
	return append(h.Append(nil), octets(64)...)
}

// saInitV2 is an IKEv2 message: payloads unknown here, one of them critical.
func saInitV2() []byte {
	b := build(Header{InitiatorSPI: cookieI, Version: V2, Exchange: 34, Flags: 8}, part{33, octets(44)}, part{34, octets(72)}, part{200, octets(3)})
	b[HeaderLen+48+1] = 0x80
	return b
}

func samples() map[string][]byte {
	return map[string][]byte{
		"MM1": mm1(), "MM2": mm2(), "MM3": mm3(false, 51), "MM4": mm3(true, 51, 51, 102, 53, 64, 60, 50), "MM5": mm5(),
		"QM1": qm1(), "informational": informational(), "encrypted": encrypted(), "IKEv2": saInitV2(),
	}
}

func mustParse(t testing.TB, b []byte) *Message {
	t.Helper()
	m, err := Parse(b)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return m
}

package wire

import (
	"strings"
	"testing"
)

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		b    []byte
		want string
	}{
		{mm1(), "v1.0 Main Mode 11e79c308ebbd717/0000000000000000 id 00000000 len 164: SA, VID(NAT-T RFC 3947), VID(NAT-T v7), VID(NAT-T v3), VID(NAT-T v2)"},
		{mm3(false, 51), "v1.0 Main Mode 11e79c308ebbd717/2ca4eb67438cfda9 id 00000000 len 327: KE, NONCE, CERT_REQ, VID(DPD), VID(IOS), VID(XAUTH), NAT-D, NAT-D"},
		{encrypted(), "v1.0 Main Mode 11e79c308ebbd717/2ca4eb67438cfda9 id 00000000 len 92 encrypted +64 octets"},
		{informational(), "v1.0 Informational 11e79c308ebbd717/2ca4eb67438cfda9 id feedbeef len 99: HASH, NOTIFY(RESPONDER_LIFETIME), DELETE(ESP 2), payload type 99"},
		{build(mainMode(), part{PayloadID, IDV1{Type: IDFQDN}}, part{PayloadVendorID, octets(3)}, part{PayloadNotify, octets(2)}, part{PayloadDelete, octets(2)}),
			"v1.0 Main Mode 11e79c308ebbd717/2ca4eb67438cfda9 id 00000000 len 55: ID(ID_FQDN), VID(unknown), NOTIFY, DELETE"},
		{saInitV2(), "v2.0 IKE_SA_INIT 11e79c308ebbd717/0000000000000000 id 00000000 len 159: SA, KE, payload type 200"},
	} {
		if got := Describe(mustParse(t, tt.b)); got != tt.want {
			t.Errorf("got\n%s, want\n%s", got, tt.want)
		}
	}
}

func TestTree(t *testing.T) {
	want := strings.TrimLeft(`
ISAKMP 1.0, Main Mode, cookies 11e79c308ebbd717 2ca4eb67438cfda9
  flags 0x00, message id 00000000, length 104
  SA at 28, 56 octets
    proposal 1, protocol ISAKMP
      transform 1, id 1
        encryption 5
        hash 1
        group 2
        auth 3
        life type 1
        life duration 86400
  VID at 84, 20 octets
    NAT-T RFC 3947
    4a131c81070358455c5728f20e95452f
`, "\n")
	if got := Tree(mustParse(t, mm2())); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	for _, tt := range []struct {
		b    []byte
		want []string
	}{
		{mm5(), []string{`ID_FQDN "R1.cisco.com", protocol 17, port 500`, "X.509 signature, 300 octets", "(128 octets)",
			"INITIAL_CONTACT, protocol ISAKMP, SPI 11e79c308ebbd7172ca4eb67438cfda9"}},
		{qm1(), []string{"proposal 1, protocol ESP, SPI da9e8dca", "      transform 1, id 12", "authenticator 5", "key length 128", "life duration 4608000",
			"ID_IPV4_ADDR 192.168.0.2, protocol 47, port 0", "    192.168.0.1\n"}},
		{informational(), []string{"RESPONDER_LIFETIME, protocol ESP, SPI 01020304", "    80010001", "ESP SPI 05060708", "payload type 99 at 88"}},
		{mm3(false, 51), []string{"X.509 signature, authority of 46 octets"}},
		{encrypted(), []string{"64 octets encrypted"}},
		{build(mainMode(), part{PayloadNotify, octets(2)}), []string{"malformed: NOTIFY payload at octet 34: 2 octets are too few"}},
		{build(mainMode(), part{PayloadID, IDV1{Type: IDFQDN, Data: []byte("a\x1b[31m\n")}}), []string{`"a\x1b[31m\n"`}},
		{build(mainMode(), part{PayloadID, IDV1{Type: IDDERASN1DN, Data: []byte{0x30, 0}}}), []string{"ID_DER_ASN1_DN 3000"}},
		{saInitV2(), []string{"KE at 76, 76 octets"}},
	} {
		got := Tree(mustParse(t, tt.b))
		for _, w := range tt.want {
			if !strings.Contains(got, w) {
				t.Errorf("no %q in\n%s", w, got)
			}
		}
	}
}

// TestNames: known codepoints have names, others their number; IOS calls 14
// PROPOSAL_NOT_CHOSEN.
func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		NotifyNoProposalChosen.String(): "PROPOSAL_NOT_CHOSEN", NotifyDPDRUThere.String(): "DPD/R_U_THERE", NotifyType(9999).String(): "notify type 9999",
		ExchangeQuickMode.String(): "Quick Mode", ExchangeType(99).String(): "exchange type 99", IDUserFQDN.String(): "ID_USER_FQDN", IDType(77).String(): "ID type 77",
		EncodingX509Signature.String(): "X.509 signature", ProtocolESP.String(): "ESP", ProtocolID(9).String(): "protocol 9", PayloadCertReq.String(): "CERT_REQ",
		V2.String(): "2.0", cookieI.String(): "11e79c308ebbd717",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if !(SPI{}).IsZero() || cookieI.IsZero() {
		t.Error("IsZero")
	}
}

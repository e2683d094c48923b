package ioslog

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

func TestFormat(t *testing.T) {
	at := time.Date(2013, time.June, 3, 13, 0, 37, 609_000_000, time.UTC)
	for _, c := range []struct {
		line Line
		want string
	}{
		{Line{Text: "one row"}, "*Jun  3 13:00:37.609: one row\n"},
		{Line{Text: "two\n\trows", Blank: true}, "*Jun  3 13:00:37.609: two\n\trows\n\n"},
	} {
		if got := c.line.Format(at); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// gre is the selector of the note's tunnel.
var gre = ipsec.Selector{Local: netip.MustParsePrefix("192.168.0.1/32"), Remote: netip.MustParsePrefix("192.168.0.2/32"), Protocol: ipsec.GRE}

func TestLines(t *testing.T) {
	sa := initiator(1001, ikev1.QMIdle)
	start := initiator(0, ikev1.MMNoState)
	accept := wire.TransformV1{Number: 1, ID: wire.TransformKeyIKE, Attributes: []wire.Attribute{
		{Type: wire.AttrEncr, Value: 7}, {Type: wire.AttrKeyLength, Value: 256}, {Type: wire.AttrHash, Value: 1}, {Type: wire.AttrGroup, Value: 2},
		{Type: wire.AttrAuth, Value: 3}, {Type: wire.AttrLifeType, Value: 1}, {Type: wire.AttrLifeDuration, Value: 86400, Bytes: []byte{0, 1, 0x51, 0x80}},
	}}
	quick := wire.TransformV1{Number: 1, ID: 12, Attributes: []wire.Attribute{
		{Type: wire.IPsecAttrEncaps, Value: 1}, {Type: wire.IPsecAttrLifeType, Value: 1}, {Type: wire.IPsecAttrLifeDuration, Value: 3600},
		{Type: wire.IPsecAttrLifeType, Value: 2}, {Type: wire.IPsecAttrLifeDuration, Value: 4608000, Bytes: []byte{0, 0x46, 0x50, 0}},
		{Type: wire.IPsecAttrAuth, Value: 5}, {Type: wire.IPsecAttrKeyLength, Value: 128},
	}}
	child := ipsec.SA{
		SAID:      ipsec.SAID{Src: sa.Remote.Addr(), Dst: sa.Local.Addr(), SPI: 0xDA9E8DCA, Protocol: ipsec.ESP},
		Direction: ipsec.In, Mode: ipsec.Tunnel, Encr: suite.AES, EncrKey: make(suite.Key, 32), Integ: suite.HMACSHA256, Selector: gre,
		Hard: ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000},
	}
	expired := certificate(t)
	for _, c := range []struct {
		name  string
		event ike.Event
		want  string
	}{
		{"request without a profile", ikev1.SARequested{SA: start}, `ISAKMP:(0): SA request profile is (NULL)
ISAKMP: Created a peer struct for 192.168.0.2, peer port 500
ISAKMP: local port 500, remote port 500
ISAKMP: set new node 0 to QM_IDLE      `},
		{"main mode", ikev1.SAInserted{SA: start}, `ISAKMP:(0):Can not start Aggressive mode, trying Main mode.`},
		{"main mode, responder", ikev1.SAInserted{SA: responder(start)}, ``},
		{"first message", ikev1.ExchangeBegun{SA: start, Exchange: wire.ExchangeMainMode}, `ISAKMP:(0): beginning Main Mode exchange`},
		{"quick mode", ikev1.ExchangeBegun{SA: sa, Exchange: wire.ExchangeQuickMode, MessageID: 1327257875}, `ISAKMP:(1001):beginning Quick Mode exchange, M-ID of 1327257875`},
		{"state", ikev1.StateChange{SA: start, Input: ikev1.InSARequest, Old: ikev1.Ready, New: ikev1.IMM1}, `ISAKMP:(0):Input = IKE_MESG_FROM_IPSEC, IKE_SA_REQ_MM
ISAKMP:(0):Old State = IKE_READY  New State = IKE_I_MM1
`},
		{"node", ikev1.StateChange{SA: sa, Node: 7, Input: ikev1.InInitQM, Old: ikev1.QMReady, New: ikev1.QMIQM1}, `ISAKMP:(1001):Node 7, Input = IKE_MESG_INTERNAL, IKE_INIT_QM
ISAKMP:(1001):Old State = IKE_QM_READY  New State = IKE_QM_I_QM1
`},
		{"sent", ikev1.PacketSent{SA: sa}, `ISAKMP:(1001): sending packet to 192.168.0.2 my_port 500 peer_port 500 (I) QM_IDLE      
ISAKMP:(1001):Sending an IKE IPv4 Packet.`},
		{"received, new", ikev1.PacketReceived{SA: ikev1.SA{Role: ikev1.NewPeer, State: ikev1.NewSA, Local: sa.Local, Remote: netip.MustParseAddrPort("192.168.0.2:512")}},
			`ISAKMP (0): received packet from 192.168.0.2 dport 500 sport 512 Global (N) NEW SA`},
		{"payload", ikev1.PayloadRead{SA: sa, Payload: wire.PayloadNonce, MessageID: 9}, `ISAKMP:(1001): processing NONCE payload. message ID = 9`},
		{"vendor built", ikev1.VendorIDBuilt{SA: start, VendorID: wire.VendorDraft07}, `ISAKMP:(0): constructed NAT-T vendor-07 ID`},
		{"vendor built in silence", ikev1.VendorIDBuilt{SA: start, VendorID: wire.VendorDPD}, ``},
		{"vendor RFC 3947", ikev1.VendorIDRead{SA: start, VendorID: wire.VendorRFC3947}, `ISAKMP:(0): processing vendor id payload
ISAKMP:(0): vendor ID seems Unity/DPD but major 69 mismatch
ISAKMP:(0): vendor ID is NAT-T RFC 3947`},
		{"vendor draft 2", ikev1.VendorIDRead{SA: start, VendorID: wire.VendorDraft02}, `ISAKMP:(0): processing vendor id payload
ISAKMP:(0): vendor ID seems Unity/DPD but major 123 mismatch
ISAKMP:(0): vendor ID is NAT-T v2`},
		{"vendor DPD", ikev1.VendorIDRead{SA: sa, VendorID: wire.VendorDPD}, `ISAKMP:(1001): processing vendor id payload
ISAKMP:(1001): vendor ID is DPD`},
		{"vendor IOS", ikev1.VendorIDRead{SA: sa, VendorID: make([]byte, 16), IOS: true}, `ISAKMP:(1001): processing vendor id payload
ISAKMP:(1001): speaking to another IOS box!`},
		{"vendor unknown", ikev1.VendorIDRead{SA: sa, VendorID: []byte{14: 1, 15: 0}}, `ISAKMP:(1001): processing vendor id payload
ISAKMP:(1001): vendor ID seems Unity/DPD but hash mismatch`},
		{"NAT-D, no NAT", ikev1.NATDRead{SA: sa, Payload: 20}, `ISAKMP:received payload type 20
ISAKMP (1001): No NAT Found for self or peer`},
		{"NAT-D, we are behind a NAT", ikev1.NATDRead{SA: sa, Payload: 20, Self: true}, `ISAKMP:received payload type 20
ISAKMP (1001): My hash no match -  this node inside NAT`},
		{"NAT-D, the peer is behind a NAT", ikev1.NATDRead{SA: sa, Payload: 130, Peer: true}, `ISAKMP:received payload type 130
ISAKMP (1001): His hash no match - this node outside NAT`},
		{"NAT-D, both are", ikev1.NATDRead{SA: sa, Payload: 20, Self: true, Peer: true}, `ISAKMP:received payload type 20
ISAKMP (1001): NAT found, both nodes inside NAT`},
		{"port floated", ikev1.PortFloated{SA: ikev1.SA{ConnID: 1001, Local: netip.MustParseAddrPort("192.168.0.1:4500"), Remote: netip.MustParseAddrPort("192.168.0.2:4501")}},
			`ISAKMP:(1001):Detected port floating to port = 4501
ISAKMP: Trying to find existing peer 192.168.0.1/192.168.0.2/4501/`},
		{"transform taken", ikev1.TransformChecked{SA: start, Transform: accept, Priority: 10}, `ISAKMP:(0):Checking ISAKMP transform 1 against priority 10 policy
ISAKMP:      encryption AES-CBC
ISAKMP:      keylength of 256
ISAKMP:      hash MD5
ISAKMP:      default group 2
ISAKMP:      auth RSA sig
ISAKMP:      life type in seconds
ISAKMP:      life duration (VPI) of  0x0 0x1 0x51 0x80 
ISAKMP:(0):atts are acceptable. Next payload is 0`},
		{"transform refused", ikev1.TransformChecked{SA: start, Transform: wire.TransformV1{Number: 2, Attributes: []wire.Attribute{{Type: wire.AttrEncr, Value: 1 << 40}}},
			Priority: 20, More: true, Refusal: "Encryption algorithm offered does not match policy!"}, `ISAKMP:(0):Checking ISAKMP transform 2 against priority 20 policy
ISAKMP:      encryption... What? 1099511627776?
ISAKMP:(0):Encryption algorithm offered does not match policy!
ISAKMP:(0):atts are not acceptable. Next payload is 3`},
		{"lifetime", ikev1.LifetimeAgreed{SA: start, Offered: 24 * time.Hour, Actual: 24 * time.Hour}, `ISAKMP:(0):Acceptable atts:actual life: 0
ISAKMP:(0):Acceptable atts:life: 0
ISAKMP:(0):Fill atts in sa vpi_length:4
ISAKMP:(0):Fill atts in sa life_in_seconds:86400
ISAKMP:(0):Returning Actual lifetime: 86400
ISAKMP:(0):Started lifetime timer: 86400.
`},
		{"short lifetime", ikev1.LifetimeAgreed{SA: start, Offered: 20 * time.Minute, Actual: 10 * time.Minute}, `ISAKMP:(0):Acceptable atts:actual life: 0
ISAKMP:(0):Acceptable atts:life: 0
ISAKMP:(0):Basic life_in_seconds:1200
ISAKMP:(0):Returning Actual lifetime: 600
ISAKMP:(0):Started lifetime timer: 600.
`},
		{"lifetime of the responder", ikev1.LifetimeAgreed{SA: sa, Actual: time.Hour, Restarted: true}, `ISAKMP:(1001): processing responder lifetime
ISAKMP:(1001): start processing isakmp responder lifetime
ISAKMP:(1001): restart ike sa timer to 3600 secs`},
		{"no offer", ikev1.NoOfferAccepted{SA: start}, `ISAKMP:(0):no offers accepted!
ISAKMP:(0): phase 1 SA policy not acceptable! (local 192.168.0.1 remote 192.168.0.2)
%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Main mode failed with peer at 192.168.0.2`},
		{"initial contact sent", ikev1.InitialContactSent{SA: sa}, `ISAKMP:(1001):Send initial contact`},
		{"initial contact", ikev1.InitialContact{SA: sa}, `ISAKMP:(1001):Process initial contact,
bring down existing phase 1 and 2 SA's with local 192.168.0.1 remote 192.168.0.2 remote port 500`},
		{"address identity", ikev1.IDPayload{SA: sa, Next: 8, ID: wire.IDV1{Type: wire.IDIPv4Addr, Protocol: 17, Port: 500, Data: []byte{192, 168, 0, 2}}, Length: 12}, `ISAKMP (1001): ID payload
	next-payload : 8
	type         : 1
	address      : 192.168.0.2
	protocol     : 17
	port         : 500
	length       : 12`},
		{"identity that breaks lines", ikev1.IDPayload{SA: sa, Next: 6, ID: wire.IDV1{Type: wire.IDFQDN, Data: []byte("a\nb\x1b[31m\xff")}, Length: 17}, `ISAKMP (1001): ID payload
	next-payload : 6
	type         : 2
	FQDN name    : a\0Ab\1B[31m\uFFFD
	protocol     : 0
	port         : 0
	length       : 17`},
		{"key found", ikev1.KeySearched{SA: start, Keyring: "default"}, `ISAKMP:(0):found peer pre-shared key matching 192.168.0.2`},
		{"key found for an offer", ikev1.KeySearched{SA: start, Keyring: "default", Comparing: true, Profiles: []string{"prof1", "prof2"}}, `ISAKMP:(0):found peer pre-shared key matching 192.168.0.2
ISAKMP:(0): local preshared key found
ISAKMP : Scanning profiles for xauth ... prof1 prof2`},
		{"no key", ikev1.KeySearched{SA: start}, `ISAKMP:(0):No pre-shared key with 192.168.0.2!`},
		{"key of the profile", ikev1.ProfileKeyring{SA: sa, Profile: "prof1", Keyring: "RA", Found: true}, `ISAKMP:(1001):Found ADDRESS key in keyring RA`},
		{"key of another's", ikev1.ProfileKeyring{SA: sa, Profile: "prof1", Keyring: "RA"}, `ISAKMP:(1001):Key not found in keyrings of profile , aborting exchange`},
		{"aggressive mode", ikev1.SAInserted{SA: start, Exchange: wire.ExchangeAggressive}, ``},
		{"aggressive mode begins", ikev1.ExchangeBegun{SA: start, Exchange: wire.ExchangeAggressive}, `ISAKMP:(0): beginning Aggressive Mode exchange`},
		{"hash in aggressive mode", ikev1.HashRefused{SA: sa, Exchange: wire.ExchangeAggressive}, `%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Aggressive mode failed with peer at 192.168.0.2`},
		{"aggressive mode disabled", ikev1.AggressiveDisabled{SA: start}, `%CRYPTO-5-IKMP_AG_MODE_DISABLED: Unable to initiate or respond to Aggressive Mode while disabled`},
		{"aggressive mode refused", engine.AggressiveDisabled{}, `%CRYPTO-5-IKMP_AG_MODE_DISABLED: Unable to initiate or respond to Aggressive Mode while disabled`},
		{"hash", ikev1.HashRefused{SA: sa}, `%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Main mode failed with peer at 192.168.0.2`},
		{"no profile", ikev1.ProfileMatched{SA: sa}, `ISAKMP:(0):: peer matches *none* of the profiles`},
		{"authenticated", ikev1.Authenticated{SA: sa}, `ISAKMP:(1001):SA authentication status:
	authenticated
ISAKMP:(1001):SA has been authenticated with 192.168.0.2`},
		{"not in the list", ikev1.ProfileListExamined{SA: sa, Trustpoint: "IOSCA2"}, `ISAKMP: Examining profile list for trustpoint IOSCA2`},
		{"fallback", ikev1.TrustpointChosen{SA: sa, Trustpoint: "IOSCA2", Fallback: true}, ``},
		{"any issuer", ikev1.CertReqRead{SA: sa, Encoding: wire.EncodingX509Signature}, `ISAKMP:(1001): processing CERT_REQ payload. message ID = 0
ISAKMP:(1001): peer wants a CT_X509_SIGNATURE cert`},
		{"two trustpoints", ikev1.ValidationListBuilt{SA: sa, Profile: "prof1", Trustpoints: []string{"A", "B"}}, `ISAKMP:(1001): peer's pubkey isn't cached
ISAKMP:(1001):Profile has no keyring, aborting key search
ISAKMP:(0): Creating CERT validation list: A, B,`},
		{"all trustpoints", ikev1.ValidationListBuilt{SA: sa}, `ISAKMP:(1001): peer's pubkey isn't cached`},
		{"no CRL", ikev1.PKICall{SA: sa, Call: ikev1.ValidateChain, Answer: true, Verdict: &pki.Verdict{Code: pki.NoCRL, Reason: "no CRL of cn=CA1"}},
			`CRYPTO_PKI: (A03E9) Certificate validation failed: no CRL of cn=CA1
ISAKMP:(1001): PKI->IKE Validate certificate chain state (I) QM_IDLE       (peer 192.168.0.2)`},
		{"revoked", ikev1.CertRefused{SA: sa, Verdict: pki.Verdict{Code: pki.Revoked, Serial: "02"}}, `%PKI-3-CERTIFICATE_REVOKED: Certificate chain validation has failed.  The certificate (SN: 02) is revoked
%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad: certificate invalid
ISAKMP:(1001): Unknown error in cert validation, -1`},
		{"expired", ikev1.CertRefused{SA: sa, Verdict: pki.Verdict{Code: pki.Expired, Serial: "02", Certificate: expired}}, `%PKI-3-CERTIFICATE_INVALID_EXPIRED: Certificate chain validation has failed.  The certificate (SN: 02) has expired.    Validity period ended on 00:51:51 UTC Feb 23 2026
%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad: certificate invalid
ISAKMP:(1001): Unknown error in cert validation, -1`},
		{"not yet valid", ikev1.CertRefused{SA: sa, Verdict: pki.Verdict{Code: pki.NotYetValid, Serial: "02", Certificate: expired}}, `%PKI-3-CERTIFICATE_INVALID_NOT_YET_VALID: Certificate chain validation has failed.  The certificate (SN: 02) is not yet valid   Validity period starts on 00:51:51 UTC Feb 3 2026
%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad: certificate invalid
ISAKMP:(1001): Unknown error in cert validation, -1`},
		{"identity and certificate", ikev1.IDCertMismatch{SA: sa, ID: wire.IDV1{Type: wire.IDIPv4Addr, Data: []byte{111, 111, 111, 2}}, Subject: name(t, "ipaddress=172.16.5.2,cn=x")},
			`%CRYPTO-6-IKMP_NO_ID_CERT_ADDR_MATCH: ID of 111.111.111.2 (type 1) and certificate addr with 172.16.5.2`},
		{"signature", ikev1.SignatureRefused{SA: sa, Reason: "does not hold"}, `%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Main mode failed with peer at 192.168.0.2`},
		{"duplicate", ikev1.Duplicate{SA: sa, Exchange: wire.ExchangeMainMode}, `ISAKMP:(1001): phase 1 packet is a duplicate of a previous packet.
ISAKMP:(1001): retransmitting due to retransmit phase 1`},
		{"duplicate too soon", ikev1.Duplicate{SA: sa, Exchange: wire.ExchangeQuickMode, Skipped: true}, `ISAKMP:(1001): phase 2 packet is a duplicate of a previous packet.
ISAKMP:(1001): retransmission skipped for phase 2`},
		{"retransmission", ikev1.Retransmission{SA: start, Exchange: wire.ExchangeMainMode, Attempt: 2, Limit: 5}, `ISAKMP:(0): retransmitting phase 1 MM_NO_STATE...
ISAKMP (0): incrementing error counter on sa, attempt 2 of 5: retransmit phase 1`},
		{"retransmission of quick mode", ikev1.Retransmission{SA: sa, Exchange: wire.ExchangeQuickMode, MessageID: 9, Attempt: 1, Limit: 5}, `ISAKMP:(1001): retransmitting phase 2 QM_IDLE       9 ...
ISAKMP (1001): incrementing error counter on node, attempt 1 of 5: retransmit phase 2`},
		{"refused", ikev1.MessageRejected{SA: sa, Reason: "certificate refused"}, ``},
		{"malformed", ikev1.MessageRejected{SA: sa, Malformed: true}, `%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 192.168.0.2 failed its sanity check or is malformed`},
		{"refused unread", ikev1.MessageRejected{SA: sa, Exchange: wire.ExchangeInformational, Clear: true}, `%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Informational mode failed with peer at 192.168.0.2`},
		{"notify sent", ikev1.NotifySent{SA: sa, Type: wire.NotifyNoProposalChosen, Protocol: wire.ProtocolESP, SPI: []byte{0, 0, 1, 0}, MessageID: 5}, `ISAKMP:(1001):Sending NOTIFY PROPOSAL_NOT_CHOSEN protocol 3
	spi 256, message ID = 5`},
		{"status received", ikev1.NotifyReceived{SA: sa, Type: wire.NotifyInitialContact, Protocol: wire.ProtocolISAKMP, SPI: make([]byte, 16), Authenticated: true}, `ISAKMP:(1001): processing NOTIFY INITIAL_CONTACT protocol 1
	spi 0, message ID = 0`},
		{"error received", ikev1.NotifyReceived{SA: sa, Type: wire.NotifyNoProposalChosen, Protocol: wire.ProtocolESP, Authenticated: true}, `ISAKMP:(1001): processing NOTIFY PROPOSAL_NOT_CHOSEN protocol 3
	spi 0, message ID = 0
%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Informational mode failed with peer at 192.168.0.2`},
		{"error in the clear", ikev1.NotifyReceived{SA: sa, Type: wire.NotifyNoProposalChosen, Protocol: wire.ProtocolISAKMP}, `ISAKMP:(1001): processing NOTIFY PROPOSAL_NOT_CHOSEN protocol 1
	spi 0, message ID = 0`},
		{"R_U_THERE sent", ikev1.DPDSent{SA: sa, Type: wire.NotifyDPDRUThere, Sequence: 0x2d4f5a00}, `ISAKMP:(1001): seq. no 0x2D4F5A00`},
		{"no answer", ikev1.DPDUnanswered{SA: sa, Count: 1, Limit: 5}, `ISAKMP:(1001):DPD incrementing error counter (1/5)`},
		{"dead", ikev1.PeerDead{SA: sa}, `ISAKMP:(1001):peer 192.168.0.2 not responding!`},
		{"R_U_THERE", ikev1.DPDReceived{SA: sa, Type: wire.NotifyDPDRUThere, Sequence: 0x2d4f5a00}, `ISAKMP:(1001): DPD/R_U_THERE received from peer 192.168.0.2, sequence 0x2D4F5A00`},
		{"delete", ikev1.DeleteReceived{SA: sa, MessageID: 6}, `ISAKMP:(1001): processing DELETE payload. message ID = 6
ISAKMP:(1001):peer does not do paranoid keepalives.`},
		{"node gone", ikev1.NodeDeleted{SA: sa, MessageID: 6, Error: true, Reason: "QM rejected"}, `ISAKMP:(1001):deleting node 6 error TRUE reason "QM rejected"`},
		{"SA gone", ikev1.SADeleted{SA: sa, Reason: "No reason"}, `ISAKMP:(1001):deleting SA reason "No reason" state (I) QM_IDLE       (peer 192.168.0.2)`},
		{"spi", ikev1.SPIAllocated{SA: sa, Initiator: true}, `ISAKMP:(1001):QM Initiator gets spi`},
		{"spi of the responder", ikev1.SPIAllocated{SA: sa}, `ISAKMP:(1001):QM Responder gets spi`},
		{"request", ikev1.IPsecRequested{SA: sa, Selector: gre, Set: &policy.TransformSet{Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA256, Mode: ipsec.Tunnel},
			Lifetime: ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000}}, `IPSEC(sa_request): ,
  (key eng. msg.) OUTBOUND local= 192.168.0.1:500, remote= 192.168.0.2:500,
    local_proxy= 192.168.0.1/255.255.255.255/47/0,
    remote_proxy= 192.168.0.2/255.255.255.255/47/0,
    protocol= ESP, transform= esp-aes esp-sha256-hmac  (Tunnel), 
    lifedur= 3600s and 4608000kb, 
    spi= 0x0(0), conn_id= 0, keysize= 128, flags= 0x0`},
		{"quick mode transform", ikev1.IPsecTransformChecked{SA: sa, Proposal: 1, Protocol: wire.ProtocolESP, Transform: quick, Selector: gre,
			Set: &policy.TransformSet{Encr: suite.AES, KeyBits: 128, Integ: suite.HMACSHA256, Mode: ipsec.Tunnel}}, `ISAKMP:(1001):Checking IPSec proposal 1
ISAKMP: transform 1, ESP_AES
ISAKMP:   attributes in transform:
ISAKMP:      encaps is 1 (Tunnel)
ISAKMP:      SA life type in seconds
ISAKMP:      SA life duration (basic) of 3600
ISAKMP:      SA life type in kilobytes
ISAKMP:      SA life duration (VPI) of  0x0 0x46 0x50 0x0 
ISAKMP:      authenticator is HMAC-SHA256
ISAKMP:      key length is 128
ISAKMP:(1001):atts are acceptable.
IPSEC(validate_proposal_request): proposal part #1
IPSEC(validate_proposal_request): proposal part #1,
  (key eng. msg.) INBOUND local= 192.168.0.1:0, remote= 192.168.0.2:0,
    local_proxy= 192.168.0.1/255.255.255.255/47/0,
    remote_proxy= 192.168.0.2/255.255.255.255/47/0,
    protocol= ESP, transform= esp-aes esp-sha256-hmac  (Tunnel), 
    lifedur= 0s and 0kb, 
    spi= 0x0(0), conn_id= 0, keysize= 128, flags= 0x0`},
		{"quick mode refused", ikev1.IPsecProposalRefused{SA: sa, Reason: "transform proposal not supported for identity", Offered: "esp-aes esp-sha256-hmac"},
			`IPSEC(ipsec_process_proposal): transform proposal not supported for identity: 
{esp-aes esp-sha256-hmac }
ISAKMP:(1001): IPSec policy invalidated proposal with error 256
ISAKMP:(1001): phase 2 SA policy not acceptable! (local 192.168.0.1 remote 192.168.0.2)
%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Quick mode failed with peer at 192.168.0.2`},
		{"proxies", ikev1.ProxiesChecked{SA: sa, Selector: gre, Tunnel: "Tunnel1"}, `Crypto mapdb : proxy_match
	src addr     : 192.168.0.1
	dst addr     : 192.168.0.2
	protocol     : 47
	src port     : 0
	dst port     : 0
(ipsec_process_proposal)Map Accepted: Tunnel1-head-0, 65537`},
		{"proxies of another profile", ikev1.ProxiesChecked{SA: sa, Selector: gre, Reason: "map_db_check_isakmp_profile profile did not match"}, `Crypto mapdb : proxy_match
	src addr     : 192.168.0.1
	dst addr     : 192.168.0.2
	protocol     : 47
	src port     : 0
	dst port     : 0
map_db_check_isakmp_profile profile did not match
map_db_find_best did not find matching map
IPSEC(ipsec_process_proposal): proxy identities not supported
ISAKMP:(1001): IPSec policy invalidated proposal with error 32
ISAKMP:(1001): phase 2 SA policy not acceptable! (local 192.168.0.1 remote 192.168.0.2)
%CRYPTO-6-IKMP_MODE_FAILURE: Processing of Quick mode failed with peer at 192.168.0.2`},
		{"installed", ikev1.IPsecInstalled{SA: sa, Child: child, Tunnel: "Tunnel1"}, `IPSEC(key_engine): got a queue event with 1 KMI message(s)
Crypto mapdb : proxy_match
	src addr     : 192.168.0.1
	dst addr     : 192.168.0.2
	protocol     : 47
	src port     : 0
	dst port     : 0
IPSEC(crypto_ipsec_create_ipsec_sas): Map found Tunnel1-head-0, 65537
IPSEC(create_sa): sa created,
  (sa) sa_dest= 192.168.0.1, sa_proto= 50, 
    sa_spi= 0xDA9E8DCA(3667824074), 
    sa_trans= esp-aes 256 esp-sha256-hmac , sa_conn_id= 1001
    sa_lifetime(k/sec)= (4608000/3600),
  (identity) local= 192.168.0.1:0, remote= 192.168.0.2:0,
    local_proxy= 192.168.0.1/255.255.255.255/47/0,
    remote_proxy= 192.168.0.2/255.255.255.255/47/0
ISAKMP:(1001):Received IPSec Install callback... proceeding with the negotiation
ISAKMP:(1001):Successfully installed IPSEC SA (SPI:0xDA9E8DCA) on Tunnel1`},
		{"not installed", ikev1.IPsecInstalled{SA: sa, Child: child, Tunnel: "Tunnel1", Err: errors.New("no such algorithm")},
			`ISAKMP:(1001):Failed to install IPSEC SA (SPI:0xDA9E8DCA) on Tunnel1: no such algorithm`},
		{"ISAKMP on", engine.ISAKMPOnOff{On: true}, `%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON`},
		{"ISAKMP off", engine.ISAKMPOnOff{}, `%CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is OFF`},
		// 1051138797 is DBG-NAT's own SPI
		{"invalid SPI", engine.InvalidSPI{SAID: ipsec.SAID{Src: netip.MustParseAddr("103.1.1.1"), Dst: netip.MustParseAddr("61.128.1.1"), SPI: 0x3EA71AED, Protocol: ipsec.ESP}, Interface: "GigabitEthernet1"},
			`%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=61.128.1.1, prot=50, spi=0x3EA71AED(1051138797), srcaddr=103.1.1.1, input interface=GigabitEthernet1`},
		{"invalid SPI, interface unknown", engine.InvalidSPI{SAID: ipsec.SAID{Src: sa.Remote.Addr(), Dst: sa.Local.Addr(), SPI: 1, Protocol: ipsec.ESP}},
			`%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=192.168.0.1, prot=50, spi=0x1(1), srcaddr=192.168.0.2`},
		{"invalid SPI, no IKE SA", engine.InvalidSPI{SAID: ipsec.SAID{Src: sa.Remote.Addr(), Dst: sa.Local.Addr(), SPI: 0xAB, Protocol: ipsec.ESP}, NoSA: true},
			`%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=192.168.0.1, prot=50, spi=0xAB(171), srcaddr=192.168.0.2
ISAKMP: ignoring request to send delete notify (no ISAKMP sa) src 192.168.0.1 dst 192.168.0.2 for SPI 0xAB`},
		{"no SA", engine.NoSA{Remote: sa.Remote}, `%CRYPTO-4-IKMP_NO_SA: IKE message from 192.168.0.2 has no SA and is not an initialization offer`},
		{"bad message", engine.BadMessage{Remote: sa.Remote}, `%CRYPTO-4-IKMP_BAD_MESSAGE: IKE message from 192.168.0.2 failed its sanity check or is malformed`},
		{"line protocol", tunnel.LineProtocol{Interface: "Tunnel1", Up: true}, `%LINEPROTO-5-UPDOWN: Line protocol on Interface Tunnel1, changed state to up`},
		{"session up", engine.SessionStatus{Up: true, Remote: netip.MustParseAddrPort("192.168.0.2:500"), PeerID: "R2.cisco.com"},
			`%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP  .  Peer 192.168.0.2:500       Id: R2.cisco.com`},
		{"session down", engine.SessionStatus{Remote: netip.MustParseAddrPort("192.168.0.2:4500"), PeerID: "192.168.0.2"},
			`%CRYPTO-5-SESSION_STATUS: Crypto tunnel is DOWN.  Peer 192.168.0.2:4500       Id: 192.168.0.2`},
		{"session of version 2", engine.SessionStatus{IKEv2: true, Up: true, Remote: netip.MustParseAddrPort("192.168.0.2:500"), PeerID: "192.168.0.2"},
			`%CRYPTO-5-IKEV2_SESSION_STATUS: Crypto tunnel v2 is UP.  Peer 192.168.0.2:500       Id: 192.168.0.2`},
		{"link lost", tunnel.LinkLost{Interface: "Tunnel1"}, `%LINK-5-CHANGED: Interface Tunnel1, changed state to reset`},
		{"recursion", tunnel.RecursiveRouting{Interface: "Tunnel1"}, `%TUN-5-RECURDOWN: Tunnel1 temporarily disabled due to recursive routing`},
		{"configured", engine.Configured{From: "r1.cfg"}, `%SYS-5-CONFIG_I: Configured from r1.cfg by console`},
		{"rollback scheduled", engine.RollbackScheduled{To: "r1.cfg", In: 5 * time.Minute},
			`%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_START_ABSTIMER: User: console: Scheduled to rollback to config r1.cfg in 5 minutes`},
		{"rollback near", engine.RollbackNear{To: "r1.cfg"},
			`%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_WARNING_ABSTIMER: System will rollback to config r1.cfg in one minute. Enter "configure confirm" if you wish to keep what you've configured`},
		{"confirmed", engine.RollbackConfirmed{}, `%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_CONFIRM: User: console: Confirm the configuration change`},
		{"rollback", engine.RollbackBegun{To: "r1.cfg"}, `%ARCHIVE_DIFF-5-ROLLBK_CNFMD_CHG_ROLLBACK_START: Start rolling to: r1.cfg`},
		{"no line of IOS", ike.SessionUp{}, ``},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, text(t, c.event)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

// text is all that an event renders to, each line in its facility.
func text(t *testing.T, e ike.Event) string {
	t.Helper()
	var rows []string
	for _, l := range Lines(ike.Report{Event: e}) {
		rows = append(rows, l.Text)
		if l.Blank {
			rows = append(rows, "")
		}
		if !slices.Contains(facilities(l.Text), l.Facility) {
			t.Errorf("facility %v: %s", l.Facility, l.Text)
		}
		if l.Facility == Syslog && !Logged(e) {
			t.Errorf("Logged does not know %T: %s", e, l.Text)
		}
	}
	return strings.Join(rows, "\n")
}

// facilities are those that a message's beginning may be of. In version 2 an
// error may begin as any other line does.
func facilities(text string) []Facility {
	for prefix, f := range map[string][]Facility{
		"%": {Syslog}, "CRYPTO_PKI": {PKI}, "ISAKMP": {ISAKMP}, "Choosing trustpoint": {ISAKMP},
		"IKEv2:": {IKEv2, IKEv2Error, IKEv2Internal}, "IKEv2-ERROR:": {IKEv2Error}, "IKEv2-PAK:": {IKEv2Packet},
	} {
		if strings.HasPrefix(text, prefix) {
			return f
		}
	}
	return []Facility{IPSEC}
}

// silent are the events that IOS has no line for: what they say is in other
// lines already, or is for the structured log.
var silent = []string{
	"ikev1.CertValidated", "ikev1.MethodMissing", "ikev2.MethodRefused", "ikev2.KeyMissing", "ikev1.DeleteSent", "ikev1.RekeyNeeded", "ikev1.Fragmented", "ikev1.Reassembled",
	"ikev2.Duplicate", "ikev2.CollisionSettled", "ikev2.RekeyFailed", "engine.Rekeyed",
	"engine.Unsupported", "engine.HalfOpenLimit", "engine.Simultaneous",
	"tunnel.RouteUnresolved",
	"ikev2.Probed", "ike.SessionUp", "ike.SessionDown", "ike.ChildDown", "ike.NegotiationFailed",
}

// TestEveryEvent: an event that is added must be given its lines, or be named
// above.
func TestEveryEvent(t *testing.T) {
	rendered := map[string]bool{}
	for _, path := range []string{"lines.go", "lines_ikev2.go"} {
		ast.Inspect(parse(t, path), func(n ast.Node) bool {
			if c, ok := n.(*ast.CaseClause); ok {
				for _, e := range c.List {
					if s, ok := e.(*ast.SelectorExpr); ok {
						rendered[s.X.(*ast.Ident).Name+"."+s.Sel.Name] = true
					}
				}
			}
			return true
		})
	}
	for _, name := range silent {
		if rendered[name] {
			t.Errorf("%s is both silent and rendered", name)
		}
		rendered[name] = true
	}
	paths := []string{"../engine/events.go", "../engine/session_status.go", "../tunnel/events.go", "../ike/ike.go"}
	for _, version := range []string{"1", "2"} {
		files, err := filepath.Glob("../../ikev" + version + "/events*.go")
		if err != nil || len(files) < 3 {
			t.Fatal(files, err)
		}
		paths = append(paths, files...)
	}
	for _, path := range paths {
		file := parse(t, path)
		found := events(file)
		if len(found) == 0 {
			t.Errorf("%s: no events found", path)
		}
		for _, name := range found {
			if name = file.Name.Name + "." + name; !rendered[name] {
				t.Errorf("no lines for %s", name)
			}
		}
	}
}

func parse(t *testing.T, path string) *ast.File {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// events lists the types of a file that are events: they have the method, or
// embed SA, which has it.
func events(file *ast.File) (names []string) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Name.Name == "IsEvent" {
				if id := n.Recv.List[0].Type.(*ast.Ident); id.Name != "SA" {
					names = append(names, id.Name)
				}
			}
		case *ast.TypeSpec:
			if s, ok := n.Type.(*ast.StructType); ok && len(s.Fields.List) > 0 && len(s.Fields.List[0].Names) == 0 {
				names = append(names, n.Name.Name)
			}
		}
		return true
	})
	return names
}

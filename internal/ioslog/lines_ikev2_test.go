package ioslog

import (
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

func TestLinesV2(t *testing.T) {
	sa, r := initiatorV2(), responderV2()
	six := sa
	six.Local, six.Remote = netip.MustParseAddrPort("[fc00:123:123:123::2]:500"), netip.MustParseAddrPort("[fc00:123:123:123::1]:500")
	group, _ := suite.GroupByNumber(5)
	offer := wire.ProposalV2{Number: 1, Protocol: wire.ProtocolISAKMP, Transforms: []wire.TransformV2{
		{Type: wire.TransformEncr, ID: 12, KeyBits: 256}, {Type: wire.TransformEncr, ID: 12, KeyBits: 128}, {Type: wire.TransformEncr, ID: 99},
		{Type: wire.TransformPRF, ID: 2}, {Type: wire.TransformInteg, ID: 2}, {Type: wire.TransformKE, ID: 5}, {Type: wire.TransformAKE1, ID: 36},
	}}
	rekey := offer
	rekey.SPI, rekey.Transforms = make([]byte, 8), offer.Transforms[:1]
	esp := wire.ProposalV2{Number: 1, Protocol: wire.ProtocolESP, SPI: make([]byte, 4), Transforms: []wire.TransformV2{
		{Type: wire.TransformEncr, ID: 12, KeyBits: 128}, {Type: wire.TransformInteg, ID: 2}, {Type: wire.TransformESN, ID: 0},
	}}
	child := ipsec.SA{
		SAID:      ipsec.SAID{Src: sa.Remote.Addr(), Dst: sa.Local.Addr(), SPI: 0xDA9E8DCA, Protocol: ipsec.ESP},
		Direction: ipsec.In, Mode: ipsec.Tunnel, Encr: suite.AES, EncrKey: make(suite.Key, 32), Integ: suite.HMACSHA256, Selector: gre,
		Hard: ipsec.Lifetime{Duration: time.Hour, Kilobytes: 4608000},
	}
	outbound := child
	outbound.SAID, outbound.Direction = ipsec.SAID{Src: sa.Local.Addr(), Dst: sa.Remote.Addr(), SPI: 7, Protocol: ipsec.ESP}, ipsec.Out
	init := payloadNames(int(wire.PayloadSAV2), int(wire.PayloadKEV2), int(wire.PayloadNonceV2), int(wire.V2NATDetectionSource))
	sealed := payloadNames(int(wire.PayloadSK))
	for _, c := range []struct {
		name  string
		event ike.Event
		want  string
	}{
		{"requested", ikev2.SARequested{SA: sa, Tunnel: "Tunnel1", Profile: "profile1"}, `IKEv2:(1): Choosing IKE profile profile1
IKEv2:New ikev2 sa request admitted
IKEv2:Incrementing outgoing negotiating sa count by one`},
		{"inserted", ikev2.SAInserted{SA: sa}, "IKEv2:(SA ID = 1):Insert SA \n"},
		{"state", ikev2.StateChange{SA: r, Old: ikev2.RWaitAuth, New: ikev2.RVerifyAuth},
			`IKEv2:(SA ID = 1):SM Trace-> SA: I_SPI=1D418169B24BF95A R_SPI=A64500006F000060 (R) MsgID = 1 CurState: R_VERIFY_AUTH Event: EV_VERIFY_AUTH`},
		{"first message", ikev2.MessageBegun{SA: sa, Exchange: wire.ExchangeSAInit}, `IKEv2:IKEv2 initiator - no config data to send in IKE_SA_INIT exch
IKEv2:(SA ID = 1):Generating IKE_SA_INIT message`},
		{"its answer", ikev2.MessageBegun{SA: r, Exchange: wire.ExchangeSAInit, Response: true}, `IKEv2:IKEv2 responder - no config data to send in IKE_SA_INIT exch
IKEv2:(SA ID = 1):Generating IKE_SA_INIT message`},
		{"third message", ikev2.MessageBegun{SA: sa, Exchange: wire.ExchangeAuth}, `IKEv2:(SA ID = 1):Generating IKE_AUTH message`},
		{"informational", ikev2.MessageBegun{SA: sa, Exchange: wire.ExchangeInformationalV2}, ``},
		{"encrypted", ikev2.EncryptionBegun{SA: sa, Payloads: init[:2]}, "IKEv2:(SA ID = 1):Building packet for encryption.  \nPayload contents: \n SA KE \n"},
		{"sent", ikev2.PacketSent{SA: six, Exchange: wire.ExchangeSAInit, Payloads: init}, `IKEv2:(SA ID = 1):Sending Packet [To FC00:123:123:123::1:500/From FC00:123:123:123::2:500/VRF i0:f0] 
Initiator SPI : 1D418169B24BF95A - Responder SPI : A64500006F000060 Message id: 0
IKEv2 IKE_SA_INIT Exchange REQUEST 
Payload contents: 
 SA KE N NOTIFY(NAT_DETECTION_SOURCE_IP) 

IKEv2-PAK:(SA ID = 1):Next payload: SA, version: 2.0 Exchange type: IKE_SA_INIT, flags: INITIATOR MSG-REQUEST Message id: 0`},
		{"received", ikev2.PacketReceived{SA: r, Exchange: wire.ExchangeSAInit, Response: true, Payloads: init[:1]}, `IKEv2:(SA ID = 1):Received Packet [From 192.168.0.1:500/To 192.168.0.2:500/VRF i0:f0] 
Initiator SPI : 1D418169B24BF95A - Responder SPI : A64500006F000060 Message id: 0
IKEv2 IKE_SA_INIT Exchange RESPONSE 
Payload contents: 
 SA 

IKEv2-PAK:(SA ID = 1):Next payload: SA, version: 2.0 Exchange type: IKE_SA_INIT, flags: INITIATOR MSG-RESPONSE Message id: 0
IKEv2:(SA ID = 1):Processing IKE_SA_INIT message`},
		{"received, encrypted", ikev2.PacketReceived{SA: r, Exchange: wire.ExchangeAuth, MessageID: 1, Payloads: sealed},
			`IKEv2-PAK:(SA ID = 1):Next payload: ENCR, version: 2.0 Exchange type: IKE_AUTH, flags: INITIATOR MSG-REQUEST Message id: 1`},
		{"received, without payloads", ikev2.PacketReceived{SA: r, Exchange: wire.ExchangeAuth, MessageID: 1},
			`IKEv2-PAK:(SA ID = 1):Next payload: NONE, version: 2.0 Exchange type: IKE_AUTH, flags: INITIATOR MSG-REQUEST Message id: 1`},
		{"read", ikev2.MessageRead{SA: r, Exchange: wire.ExchangeAuth, MessageID: 1, Payloads: init[1:2]}, `IKEv2:(SA ID = 1):Received Packet [From 192.168.0.1:500/To 192.168.0.2:500/VRF i0:f0] 
Initiator SPI : 1D418169B24BF95A - Responder SPI : A64500006F000060 Message id: 1
IKEv2 IKE_AUTH Exchange REQUEST 
Payload contents: 
 KE 
`},
		{"rejected", ikev2.MessageRejected{SA: r, Reason: "a line\nof two"}, `IKEv2-ERROR:(SA ID = 1):: a line\0Aof two`},
		{"again", ikev2.Retransmission{SA: sa}, "IKEv2:(SA ID = 1):Retransmitting packet\n"},
		{"window", ikev2.WindowChecked{SA: sa, Window: 5}, `IKEv2:(SA ID = 1):Checking if request will fit in peer window `},

		{"default policy", ikev2.PolicyFound{SA: six, Policy: "default", Smart: true}, `IKEv2:Searching Policy with fvrf 0, local address FC00:123:123:123::2
IKEv2:Using the Default Policy for Proposal
IKEv2:Found Policy 'default'`},
		{"policy", ikev2.PolicyFound{SA: sa, Policy: "site"}, "IKEv2:Searching Policy with fvrf 0, local address 192.168.0.1\nIKEv2:Found Policy 'site'"},
		{"no policy", ikev2.PolicyFound{SA: sa}, "IKEv2:Searching Policy with fvrf 0, local address 192.168.0.1\nIKEv2-ERROR:(SA ID = 1):: Failed to find a matching policy"},
		{"keyring", ikev2.KeyringSearched{SA: sa, Keyring: "KR", Block: "R2"}, "IKEv2:% Getting preshared key from profile keyring KR\nIKEv2:% Matched peer block 'R2'"},
		{"no block", ikev2.KeyringSearched{SA: sa, Keyring: "KR"}, `IKEv2:% Getting preshared key from profile keyring KR`},
		{"no keyring", ikev2.KeyringSearched{SA: sa}, ``},
		{"IKE proposal", ikev2.ProposalBuilt{SA: sa, Proposal: offer}, `IKEv2:(SA ID = 1):IKE Proposal: 1, SPI size: 0 (initial negotiation), 
Num. transforms: 7
   AES-CBC   AES-CBC   ENCR_99   SHA1   SHA96   DH_GROUP_1536_MODP/Group 5   ML-KEM-768 
`},
		{"IKE proposal of a rekey", ikev2.ProposalBuilt{SA: sa, Proposal: rekey}, "IKEv2:(SA ID = 1):IKE Proposal: 1, SPI size: 8 (IKE rekey), \nNum. transforms: 1\n   AES-CBC \n"},
		{"ESP proposal", ikev2.ProposalBuilt{SA: sa, Proposal: esp}, `IKEv2:(SA ID = 1):ESP Proposal: 1, SPI size: 4 (IPSec negotiation), 
Num. transforms: 3
   AES-CBC   SHA96   Don't use ESN 
`},
		{"refused offer", ikev2.OfferRefused{SA: r, Received: wire.SAV2{offer}, Expected: wire.SAV2{esp}}, `IKEv2-ERROR:(SA ID = 1):Received Policies: : Failed to find a matching policy
Proposal 1:  ENCRYPTION: AES-CBC-256 AES-CBC-128 ENCR_99 PRF: SHA1 INTEGRITY: SHA96 DH GROUP: DH_GROUP_1536_MODP/Group 5
IKEv2-ERROR:(SA ID = 1):Expected Policies: : Failed to find a matching policy
Proposal 1:  ENCRYPTION: AES-CBC-128 INTEGRITY: SHA96 ESN: Don't use ESN`},
		{"another group", ikev2.GroupWanted{SA: sa, Sent: 2, Group: group}, `IKEv2:(SA ID = 1):Processing invalid ke notification, we sent group 2, peer prefers group 5`},
		{"init verified", ikev2.InitVerified{SA: r}, `IKEv2:(SA ID = 1):Verify SA init message`},
		{"no NAT", ikev2.NATChecked{SA: r}, "IKEv2:(SA ID = 1):Checking NAT discovery\nIKEv2:(SA ID = 1):NAT not found"},
		{"NATs", ikev2.NATChecked{SA: r, Self: true, Peer: true}, "IKEv2:(SA ID = 1):Checking NAT discovery\nIKEv2:(SA ID = 1):NAT INSIDE found\nIKEv2:(SA ID = 1):NAT OUTSIDE found"},
		{"public value", ikev2.DHComputed{SA: sa, Group: group}, `IKEv2:(SA ID = 1):[IKEv2 -> Crypto Engine] Computing DH public key, DH Group 5
IKEv2:(SA ID = 1):[Crypto Engine -> IKEv2] DH key Computation PASSED
IKEv2:(SA ID = 1):Request queued for computation of DH key`},
		{"secret", ikev2.DHComputed{SA: sa, Group: group, Secret: true}, `IKEv2:(SA ID = 1):[IKEv2 -> Crypto Engine] Computing DH secret key, DH Group 5
IKEv2:(SA ID = 1):[Crypto Engine -> IKEv2] DH key Computation PASSED
IKEv2:(SA ID = 1):Request queued for computation of DH secret`},
		{"keys", ikev2.KeysDerived{SA: sa}, `IKEv2:(SA ID = 1):[IKEv2 -> Crypto Engine] Calculate SKEYSEED and create rekeyed IKEv2 SA
IKEv2:(SA ID = 1):[Crypto Engine -> IKEv2] SKEYSEED calculation and creation of rekeyed IKEv2 SA PASSED`},
		{"init done", ikev2.InitCompleted{SA: sa}, `IKEv2:(SA ID = 1):Completed SA init exchange`},

		{"hashes of nobody", ikev2.HashesResolved{SA: sa, Choice: pki.Choice{Index: -1}, PKI: pki.NewSnapshot(nil)}, `IKEv2:(SA ID = 1):[IKEv2 -> PKI] Retrieving trustpoint(s) from received certificate hash(es)
IKEv2:(SA ID = 1):[PKI -> IKEv2] Retrieved trustpoint(s): NONE`},
		{"certificate by URL", ikev2.CertificateSought{SA: sa, URL: "http://192.0.2.80/r2.cer"}, `IKEv2:(SA ID = 1):[IKEv2 -> PKI] Getting certificate from http://192.0.2.80/r2.cer`},
		{"... here", ikev2.CertificateFetched{SA: sa, URL: "http://192.0.2.80/r2.cer"}, `IKEv2:(SA ID = 1):[PKI -> IKEv2] Getting of certificate from http://192.0.2.80/r2.cer PASSED`},
		{"... not here", ikev2.CertificateFetched{SA: sa, URL: "http://192.0.2.80/r2.cer", Reason: "too large"}, `IKEv2:(SA ID = 1):[PKI -> IKEv2] Getting of certificate from http://192.0.2.80/r2.cer FAILED`},
		{"no chain", ikev2.ChainFetched{SA: sa, Trustpoint: "TP1"}, `IKEv2:(SA ID = 1):[IKEv2 -> PKI] Getting cert chain for the trustpoint TP1
IKEv2:(SA ID = 1):[PKI -> IKEv2] Getting of cert chain for the trustpoint FAILED`},
		{"configuration", ikev2.ConfigBuilt{SA: sa, Config: wire.CPV2{Type: wire.CPRequest, Attributes: []wire.CPAttribute{
			{Type: wire.CPApplicationVersion, Value: []byte("obol")}, {Type: wire.CPUnitySplitDNS}, {Type: 1},
		}}}, `IKEv2:Config data to send:
IKEv2:(SA ID = 1):Config-type: Config-request 
IKEv2:(SA ID = 1):Attrib type: app-version, length: 4, data: obol
IKEv2:(SA ID = 1):Attrib type: split-dns, length: 0
IKEv2:(SA ID = 1):Attrib type: unknown - 1, length: 0
IKEv2:(SA ID = 1):Have config mode data to send`},
		{"our key", ikev2.AuthBuilt{SA: sa, Method: "PSK", ID: "192.168.0.1", KeyLen: 5}, `IKEv2:(SA ID = 1):Check for EAP exchange
IKEv2:(SA ID = 1):Generate my authentication data
IKEv2:(SA ID = 1):Use preshared key for id 192.168.0.1, key len 5
IKEv2:(SA ID = 1):Get my authentication method
IKEv2:(SA ID = 1):My authentication method is 'PSK'`},
		{"our signature", ikev2.AuthBuilt{SA: sa, Method: "RSA", ID: "192.168.0.1"}, `IKEv2:(SA ID = 1):Check for EAP exchange
IKEv2:(SA ID = 1):Generate my authentication data
IKEv2:(SA ID = 1):Get my authentication method
IKEv2:(SA ID = 1):My authentication method is 'RSA'`},
		{"our identity", ikev2.IdentityBuilt{SA: sa, Payload: wire.PayloadIDi, ID: "192.168.0.1", Type: "IPv4 address"},
			`IKEv2:(SA ID = 1):Constructing IDi payload: '192.168.0.1' of type 'IPv4 address'`},
		{"notifications", ikev2.AuthNotifiesRead{SA: sa}, `IKEv2:(SA ID = 1):Process auth response notify`},
		{"no profile", ikev2.ProfileSearched{SA: r, PeerID: "a\x1b[0m", Type: "FQDN"}, `IKEv2:(SA ID = 1):Searching policy based on peer's identity 'a\1B[0m' of type 'FQDN'
IKEv2:%Profile could not be found by peer certificate.
IKEv2:% IKEv2 profile not found
IKEv2:(SA ID = 1):: Failed to locate an item in the database`},
		{"verified", ikev2.PolicyVerified{SA: r}, "IKEv2:(SA ID = 1):Verify peer's policy\nIKEv2:(SA ID = 1):Peer's policy verified"},
		{"peer's key", ikev2.PeerKeySearched{SA: r, PeerID: "192.168.0.1"}, "IKEv2:(SA ID = 1):Get peer's preshared key for 192.168.0.1\nIKEv2:(SA ID = 1):Verify peer's authentication data"},
		{"good chain", ikev2.ChainValidated{SA: r, Verdict: pki.Verdict{OK: true}}, `IKEv2:(SA ID = 1):[IKEv2 -> PKI] Validating certificate chain
CRYPTO_PKI: (A0001) Adding peer certificate
CRYPTO_PKI: ip-ext-val: IP extension validation not required
CRYPTO_PKI: (A0001) Check for identical certs
CRYPTO_PKI: (A0001) Create a list of suitable trustpoints
CRYPTO_PKI: (A0001) Certificate validation succeeded
IKEv2:(SA ID = 1):[PKI -> IKEv2] Validation of certificate chain PASSED
IKEv2:(SA ID = 1):Verify peer's authentication data`},
		{"revoked", ikev2.ChainValidated{SA: r, Verdict: pki.Verdict{Code: pki.Revoked, Serial: "1A", Reason: "it is revoked"}}, `IKEv2:(SA ID = 1):[IKEv2 -> PKI] Validating certificate chain
CRYPTO_PKI: (A0001) Adding peer certificate
CRYPTO_PKI: ip-ext-val: IP extension validation not required
CRYPTO_PKI: (A0001) Check for identical certs
CRYPTO_PKI: (A0001) Create a list of suitable trustpoints
CRYPTO_PKI: (A0001) Certificate validation failed: it is revoked
%PKI-3-CERTIFICATE_REVOKED: Certificate chain validation has failed.  The certificate (SN: 1A) is revoked
IKEv2:(SA ID = 1):[PKI -> IKEv2] Validation of certificate chain FAILED`},
		{"good proof", ikev2.AuthVerified{SA: r, OK: true}, "IKEv2:(SA ID = 1):Verification of peer's authenctication data PASSED\nIKEv2:(SA ID = 1):Check for EAP exchange"},
		{"identity", ikev2.IDCertMismatch{SA: r, ID: "192.168.0.7", Type: wire.IDIPv4Addr, Subject: name(t, subjectR1)},
			`%CRYPTO-6-IKMP_NO_ID_CERT_ADDR_MATCH: ID of 192.168.0.7 (type 1) and certificate addr with 192.168.0.1`},
		{"selectors", ikev2.SelectorsRefused{SA: r, Reason: "no tunnel"}, `map_db_find_best did not find matching map
IPSEC(ipsec_process_proposal): proxy identities not supported
IKEv2:(SA ID = 1):There was no IPSEC policy found for received TS`},
		{"first exchange failed", ikev2.HandshakeFailed{SA: sa, Exchange: wire.ExchangeSAInit}, `IKEv2-ERROR:(SA ID = 1):Initial exchange failed: Initial exchange failed`},
		{"second exchange failed", ikev2.HandshakeFailed{SA: sa, Exchange: wire.ExchangeAuth}, `IKEv2-ERROR:(SA ID = 1):Auth exchange failed ; : Failed to authenticate the IKE SA`},

		{"up", ikev2.SACreated{SA: sa, LocalID: "192.168.0.1", PeerID: "R2", Lifetime: 24 * time.Hour}, `IKEv2:(SA ID = 1):IKEV2 SA created; inserting SA into database. SA lifetime timer (86400 sec) started
IKEv2:(SA ID = 1):Session with IKE ID PAIR (R2, 192.168.0.1) is UP
IKEv2:IKEv2 MIB tunnel started, tunnel index 1`},
		{"only one", ikev2.DuplicateChecked{SA: sa}, "IKEv2:(SA ID = 1):Checking for duplicate IKEv2 SA\nIKEv2:(SA ID = 1):No duplicate IKEv2 SA found"},
		{"not the only one", ikev2.DuplicateChecked{SA: sa, Found: true}, `IKEv2:(SA ID = 1):Checking for duplicate IKEv2 SA`},
		{"initial contact", ikev2.InitialContact{SA: r}, `IKEv2:(SA ID = 1):Process initial contact`},
		{"inbound", ikev2.ChildInstalled{SA: sa, Child: child, Tunnel: "Tunnel1"}, `IKEv2:(SA ID = 1):[IKEv2 -> IPsec] Create IPsec SA into IPsec database
IPSEC(key_engine): got a queue event with 1 KMI message(s)
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
    sa_trans= esp-aes 256 esp-sha256-hmac , sa_conn_id= 1
    sa_lifetime(k/sec)= (4608000/3600),
  (identity) local= 192.168.0.1:0, remote= 192.168.0.2:0,
    local_proxy= 192.168.0.1/255.255.255.255/47/0,
    remote_proxy= 192.168.0.2/255.255.255.255/47/0`},
		{"outbound", ikev2.ChildInstalled{SA: sa, Child: outbound, Tunnel: "Tunnel1"}, `IPSEC(create_sa): sa created,
  (sa) sa_dest= 192.168.0.2, sa_proto= 50, 
    sa_spi= 0x7(7), 
    sa_trans= esp-aes 256 esp-sha256-hmac , sa_conn_id= 1
    sa_lifetime(k/sec)= (4608000/3600),
  (identity) local= 192.168.0.1:0, remote= 192.168.0.2:0,
    local_proxy= 192.168.0.1/255.255.255.255/47/0,
    remote_proxy= 192.168.0.2/255.255.255.255/47/0
IKEv2:(SA ID = 1):[IPsec -> IKEv2] Creation of IPsec SA into IPsec database PASSED`},
		{"not installed", ikev2.ChildInstalled{SA: sa, Child: child, Err: errors.New("no")}, `IKEv2:(SA ID = 1):[IPsec -> IKEv2] Creation of IPsec SA into IPsec database FAILED`},
		{"child wanted", ikev2.ChildRequested{SA: sa, Tunnel: "Tunnel1"}, `IKEv2:(SA ID = 1):Generating CREATE_CHILD_SA message`},
		{"rekey wanted", ikev2.RekeyRequested{SA: sa}, `IKEv2:(SA ID = 1):Generating CREATE_CHILD_SA message`},
		{"child asked for", ikev2.ChildAsked{SA: sa, Tunnel: "Tunnel1"}, `IKEv2:(SA ID = 1):Processing CREATE_CHILD_SA message`},
		{"rekey asked for", ikev2.RekeyAsked{SA: sa}, `IKEv2:(SA ID = 1):Processing CREATE_CHILD_SA message`},
		{"child refused", ikev2.CreateRefused{SA: sa, Type: wire.V2TSUnacceptable}, `IKEv2-ERROR:(SA ID = 1):: Received TS unacceptable notify
IKEv2-ERROR:(SA ID = 1):Create child exchange failed: Create child exchange failed`},
		{"rekeyed", ikev2.SARekeyed{SA: sa}, "IKEv2:(SA ID = 1):Insert SA \n"},
		{"float", ikev2.PortFloated{SA: func() ikev2.SA {
			x := r
			x.Remote = netip.MustParseAddrPort("192.168.0.1:61000")
			x.Local = netip.MustParseAddrPort("192.168.0.2:4500")
			return x
		}()}, `IKEv2:(SA ID = 1):NAT detected float to init port 61000, resp port 4500`},
		{"status sent", ikev2.NotifySent{SA: sa, Type: wire.V2RekeySA}, ``},
		{"no proposal", ikev2.NotifySent{SA: r, Type: wire.V2NoProposalChosen}, `IKEv2:(SA ID = 1):Sending no proposal chosen notify`},
		{"refused by the peer", ikev2.NotifyReceived{SA: sa, Type: wire.V2NoProposalChosen}, `IKEv2-ERROR:(SA ID = 1):: Received no proposal chosen notify`},
		{"status received", ikev2.NotifyReceived{SA: sa, Type: wire.V2RekeySA}, ``},
		{"delete wanted", ikev2.DeleteQueued{SA: sa, Reason: "unknown"}, `IKEv2:(SA ID = 1):Queuing IKE SA delete request reason: unknown`},
		{"child deleted", ikev2.DeleteSent{SA: sa, Protocol: wire.ProtocolESP, SPI: 0xA153CF67}, `IKEv2:(SA ID = 1):Sending DELETE INFO message for IPsec SA [SPI: 0xA153CF67]`},
		{"SA deleted", ikev2.DeleteSent{SA: sa, Protocol: wire.ProtocolISAKMP}, `IKEv2:(SA ID = 1):Sending DELETE INFO message for IKEv2 SA [ISPI: 0x1D418169B24BF95A RSPI: 0xA64500006F000060]`},
		{"child deleted by the peer", ikev2.DeleteReceived{SA: sa, Protocol: wire.ProtocolESP, SPI: 7}, `IKEv2:(SA ID = 1):Processing DELETE INFO message for IPsec SA [SPI: 0x00000007]
IKEv2:(SA ID = 1):Check for existing IPSEC SA`},
		{"SA deleted by the peer", ikev2.DeleteReceived{SA: sa, Protocol: wire.ProtocolISAKMP}, `IKEv2:(SA ID = 1):Processing DELETE INFO message for IKEv2 SA [ISPI: 0x1D418169B24BF95A RSPI: 0xA64500006F000060]
IKEv2:(SA ID = 1):Check for existing active SA`},
		{"acknowledged", ikev2.InformationalAnswered{SA: sa}, `IKEv2:(SA ID = 1):Processing ACK to informational exchange`},
		{"timed out", ikev2.TimedOut{SA: sa, Timer: ikev2.AuthTimer}, `IKEv2:(1): AUTH TIMER timed out`},
		{"dead", ikev2.PeerDead{SA: sa}, `IKEv2-ERROR:(SA ID = 1):: Maximum number of retransmissions reached`},
		{"gone", ikev2.SADeleted{SA: sa, Reason: "whatever"}, `IKEv2:(SA ID = 1):Deleting SA`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, text(t, c.event)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
}

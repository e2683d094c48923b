package wire

// Payload types of RFC 2408 section 3.1, RFC 3947 section 3.1 and what came
// before it.
const (
	PayloadSA         PayloadType = 1
	PayloadProposal   PayloadType = 2
	PayloadTransform  PayloadType = 3
	PayloadKE         PayloadType = 4
	PayloadID         PayloadType = 5
	PayloadCert       PayloadType = 6
	PayloadCertReq    PayloadType = 7
	PayloadHash       PayloadType = 8
	PayloadSig        PayloadType = 9
	PayloadNonce      PayloadType = 10
	PayloadNotify     PayloadType = 11
	PayloadDelete     PayloadType = 12
	PayloadVendorID   PayloadType = 13
	PayloadConfig     PayloadType = 14 // mode configuration, "attributes"
	PayloadNATDOld    PayloadType = 15 // NAT-D of draft-ietf-ipsec-nat-t-ike-04 to 08
	PayloadNATOAOld   PayloadType = 16 // NAT-OA of these
	PayloadNATD       PayloadType = 20
	PayloadNATOA      PayloadType = 21
	PayloadNATDDraft  PayloadType = 130 // draft-ietf-ipsec-nat-t-ike-00 to 03
	PayloadNATOADraft PayloadType = 131
	PayloadFragment   PayloadType = 132 // Cisco's fragmentation of IKEv1
)

var payloadNames = map[PayloadType]string{
	PayloadNone: "NONE", PayloadSA: "SA", PayloadProposal: "PROPOSAL", PayloadTransform: "TRANSFORM", PayloadKE: "KE", PayloadID: "ID",
	PayloadCert: "CERT", PayloadCertReq: "CERT_REQ", PayloadHash: "HASH", PayloadSig: "SIG", PayloadNonce: "NONCE", PayloadNotify: "NOTIFY",
	PayloadDelete: "DELETE", PayloadVendorID: "VID", PayloadConfig: "CFG", PayloadNATDOld: "NAT-D(15)", PayloadNATOAOld: "NAT-OA(16)", PayloadNATD: "NAT-D", PayloadNATOA: "NAT-OA",
	PayloadNATDDraft: "NAT-D(130)", PayloadNATOADraft: "NAT-OA(131)", PayloadFragment: "FRAGMENT",
}

func (t PayloadType) String() string {
	if s, ok := payloadNamesV2[t]; ok {
		return s
	}
	return name(payloadNames, t, "payload type")
}

// Exchange types of RFC 2408 section 3.1 and RFC 2409 appendix A.
const (
	ExchangeNone          ExchangeType = 0
	ExchangeBase          ExchangeType = 1
	ExchangeMainMode      ExchangeType = 2 // Identity Protection
	ExchangeAuthOnly      ExchangeType = 3
	ExchangeAggressive    ExchangeType = 4
	ExchangeInformational ExchangeType = 5
	ExchangeTransaction   ExchangeType = 6 // mode configuration and XAUTH
	ExchangeQuickMode     ExchangeType = 32
	ExchangeNewGroup      ExchangeType = 33
)

var exchangeNames = map[ExchangeType]string{
	ExchangeNone: "None", ExchangeBase: "Base", ExchangeMainMode: "Main Mode", ExchangeAuthOnly: "Authentication Only", ExchangeAggressive: "Aggressive Mode",
	ExchangeInformational: "Informational", ExchangeTransaction: "Transaction", ExchangeQuickMode: "Quick Mode", ExchangeNewGroup: "New Group Mode",
}

func (t ExchangeType) String() string {
	if s, ok := exchangeNamesV2[t]; ok {
		return s
	}
	return name(exchangeNames, t, "exchange type")
}

// Flags of IKEv1 (RFC 2408 section 3.1).
const (
	FlagEncryption Flags = 1
	FlagCommit     Flags = 2
	FlagAuthOnly   Flags = 4
)

// DOIs of RFC 2408 and RFC 2407.
const (
	DOIISAKMP uint32 = 0
	DOIIPsec  uint32 = 1
)

// SituationIdentityOnly is the one situation IKEv1 uses (RFC 2407 section
// 4.2.1).
const SituationIdentityOnly uint32 = 1

// TransformKeyIKE is the one transform of protocol ISAKMP, KEY_IKE (RFC 2407
// section 4.4.2).
const TransformKeyIKE uint8 = 1

// Attributes of phase 1 (RFC 2409 appendix A).
const (
	AttrEncr         uint16 = 1
	AttrHash         uint16 = 2
	AttrAuth         uint16 = 3
	AttrGroup        uint16 = 4
	AttrGroupType    uint16 = 5
	AttrGroupPrime   uint16 = 6
	AttrGroupGenOne  uint16 = 7
	AttrGroupGenTwo  uint16 = 8
	AttrGroupCurveA  uint16 = 9
	AttrGroupCurveB  uint16 = 10
	AttrLifeType     uint16 = 11
	AttrLifeDuration uint16 = 12
	AttrPRF          uint16 = 13
	AttrKeyLength    uint16 = 14
	AttrFieldSize    uint16 = 15
	AttrGroupOrder   uint16 = 16
)

// Attributes of phase 2 (RFC 2407 section 4.5).
const (
	IPsecAttrLifeType     uint16 = 1
	IPsecAttrLifeDuration uint16 = 2
	IPsecAttrGroup        uint16 = 3
	IPsecAttrEncaps       uint16 = 4
	IPsecAttrAuth         uint16 = 5
	IPsecAttrKeyLength    uint16 = 6
	IPsecAttrKeyRounds    uint16 = 7
	IPsecAttrDictSize     uint16 = 8
	IPsecAttrCompAlg      uint16 = 9
)

// Values of the life type attributes, the same in both phases.
const (
	LifeSeconds   uint16 = 1
	LifeKilobytes uint16 = 2
)

// Values of the encapsulation mode attribute (RFC 2407 section 4.5, RFC 3947
// section 5.1).
const (
	EncapsTunnel       uint16 = 1
	EncapsTransport    uint16 = 2
	EncapsUDPTunnel    uint16 = 3
	EncapsUDPTransport uint16 = 4
	// Of draft-ietf-ipsec-nat-t-ike-00 to 03, from the private range.
	EncapsUDPTunnelDraft    uint16 = 61443
	EncapsUDPTransportDraft uint16 = 61444
)

var attrNames = map[uint16]string{
	AttrEncr: "encryption", AttrHash: "hash", AttrAuth: "auth", AttrGroup: "group", AttrGroupType: "group type", AttrGroupPrime: "group prime",
	AttrGroupGenOne: "group generator one", AttrGroupGenTwo: "group generator two", AttrGroupCurveA: "group curve A", AttrGroupCurveB: "group curve B",
	AttrLifeType: "life type", AttrLifeDuration: "life duration", AttrPRF: "prf", AttrKeyLength: "keylength", AttrFieldSize: "field size", AttrGroupOrder: "group order",
}

var ipsecAttrNames = map[uint16]string{
	IPsecAttrLifeType: "life type", IPsecAttrLifeDuration: "life duration", IPsecAttrGroup: "group", IPsecAttrEncaps: "encaps", IPsecAttrAuth: "authenticator",
	IPsecAttrKeyLength: "key length", IPsecAttrKeyRounds: "key rounds", IPsecAttrDictSize: "dictionary size", IPsecAttrCompAlg: "private compression algorithm",
}

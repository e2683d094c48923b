package wire

// Payload types of RFC 7296 section 3.2 and RFC 7383 section 2.5. What is in SK
// and SKF is encrypted: they end a chain, and their next payload is the first
// one inside.
const (
	PayloadSAV2       PayloadType = 33
	PayloadKEV2       PayloadType = 34
	PayloadIDi        PayloadType = 35
	PayloadIDr        PayloadType = 36
	PayloadCertV2     PayloadType = 37
	PayloadCertReqV2  PayloadType = 38
	PayloadAuth       PayloadType = 39
	PayloadNonceV2    PayloadType = 40
	PayloadNotifyV2   PayloadType = 41
	PayloadDeleteV2   PayloadType = 42
	PayloadVendorIDV2 PayloadType = 43
	PayloadTSi        PayloadType = 44
	PayloadTSr        PayloadType = 45
	PayloadSK         PayloadType = 46
	PayloadCP         PayloadType = 47
	PayloadEAP        PayloadType = 48
	PayloadSKF        PayloadType = 53
)

// payloadNamesV2 has the words of debug crypto ikev2.
var payloadNamesV2 = map[PayloadType]string{
	PayloadSAV2: "SA", PayloadKEV2: "KE", PayloadIDi: "IDi", PayloadIDr: "IDr", PayloadCertV2: "CERT", PayloadCertReqV2: "CERTREQ",
	PayloadAuth: "AUTH", PayloadNonceV2: "N", PayloadNotifyV2: "NOTIFY", PayloadDeleteV2: "DELETE", PayloadVendorIDV2: "VID",
	PayloadTSi: "TSi", PayloadTSr: "TSr", PayloadSK: "ENCR", PayloadCP: "CFG", PayloadEAP: "EAP", PayloadSKF: "ENCR_FRAG",
}

func (t PayloadType) encrypts() bool { return t == PayloadSK || t == PayloadSKF }

// KnownV2 says whether IKEv2 gives the type a meaning that is understood here. Any
// other is skipped, or with its critical bit refuses the message (RFC 7296
// section 2.5), whatever the number means in IKEv1.
func (t PayloadType) KnownV2() bool {
	_, known := payloadNamesV2[t]
	return known
}

// Exchange types of RFC 7296 section 3.1, RFC 9242 section 3.1 and RFC 9370 section
// 2.2.4.
const (
	ExchangeSAInit          ExchangeType = 34
	ExchangeAuth            ExchangeType = 35
	ExchangeCreateChildSA   ExchangeType = 36
	ExchangeInformationalV2 ExchangeType = 37
	ExchangeIntermediate    ExchangeType = 43
	ExchangeFollowupKE      ExchangeType = 44
)

var exchangeNamesV2 = map[ExchangeType]string{
	ExchangeSAInit: "IKE_SA_INIT", ExchangeAuth: "IKE_AUTH", ExchangeCreateChildSA: "CREATE_CHILD_SA",
	ExchangeInformationalV2: "INFORMATIONAL", ExchangeIntermediate: "IKE_INTERMEDIATE", ExchangeFollowupKE: "IKE_FOLLOWUP_KE",
}

// Flags of IKEv2 (RFC 7296 section 3.1).
const (
	FlagInitiator Flags = 0x08
	FlagVersion   Flags = 0x10 // a higher major version could be spoken
	FlagResponse  Flags = 0x20
)

// TransformType is what a transform of IKEv2 is a choice of (RFC 7296 section
// 3.3.2, RFC 9370 section 2.1).
type TransformType uint8

// Transform types.
const (
	TransformEncr  TransformType = 1
	TransformPRF   TransformType = 2
	TransformInteg TransformType = 3
	TransformKE    TransformType = 4 // Diffie-Hellman group
	TransformESN   TransformType = 5
	TransformAKE1  TransformType = 6 // first additional key exchange; 12 is the seventh
	TransformAKE7  TransformType = 12
)

var transformTypeNames = map[TransformType]string{
	TransformEncr: "ENCR", TransformPRF: "PRF", TransformInteg: "INTEG", TransformKE: "D-H", TransformESN: "ESN", TransformAKE1: "ADDKE1",
	7: "ADDKE2", 8: "ADDKE3", 9: "ADDKE4", 10: "ADDKE5", 11: "ADDKE6", TransformAKE7: "ADDKE7",
}

func (t TransformType) String() string { return name(transformTypeNames, t, "transform type") }

// AttrKeyLengthV2 is the one attribute of transforms, a key's length in bits
// (RFC 7296 section 3.3.5).
const AttrKeyLengthV2 uint16 = 14

// AuthMethod is how an AUTH payload was made.
type AuthMethod uint8

// Authentication methods of RFC 7296 section 3.8, RFC 4754 and RFC 7427.
const (
	AuthRSA       AuthMethod = 1 // RSASSA-PKCS1-v1_5, as a rule with SHA-1
	AuthPSK       AuthMethod = 2
	AuthDSS       AuthMethod = 3
	AuthECDSA256  AuthMethod = 9 // with SHA-256 on P-256
	AuthECDSA384  AuthMethod = 10
	AuthECDSA521  AuthMethod = 11
	AuthNull      AuthMethod = 13
	AuthSignature AuthMethod = 14 // its algorithm comes first, as DER
)

var authNames = map[AuthMethod]string{
	AuthRSA: "RSA", AuthPSK: "PSK", AuthDSS: "DSS", AuthECDSA256: "ECDSA-256", AuthECDSA384: "ECDSA-384", AuthECDSA521: "ECDSA-521",
	AuthNull: "NULL", AuthSignature: "digital signature",
}

func (m AuthMethod) String() string { return name(authNames, m, "authentication method") }

// HashAlgorithm is a hash of RFC 7427 section 4, as SIGNATURE_HASH_ALGORITHMS
// lists them.
type HashAlgorithm uint16

// Hash algorithms; Identity stands for signatures that hash by themselves (RFC
// 8420).
const (
	HashSHA1     HashAlgorithm = 1
	HashSHA256   HashAlgorithm = 2
	HashSHA384   HashAlgorithm = 3
	HashSHA512   HashAlgorithm = 4
	HashIdentity HashAlgorithm = 5
)

// Encodings that IKEv2 adds (RFC 7296 section 3.6): a hash and a URL of what
// is meant.
const (
	EncodingHashURL       CertEncoding = 12
	EncodingHashURLBundle CertEncoding = 13
)

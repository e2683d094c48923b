package wire

import (
	"encoding/hex"
	"fmt"
)

// Version is the major and minor version of a message, four bits each.
type Version uint8

// Versions.
const (
	V1 Version = 0x10
	V2 Version = 0x20
)

// Major is the major version.
func (v Version) Major() uint8 { return uint8(v >> 4) }

// Minor is the minor version.
func (v Version) Minor() uint8 { return uint8(v & 15) }

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major(), v.Minor()) }

// SPI names an IKE SA on one side; IKEv1 calls it a cookie.
type SPI [8]byte

func (s SPI) String() string { return hex.EncodeToString(s[:]) }

// IsZero says whether the SPI is not known yet.
func (s SPI) IsZero() bool { return s == SPI{} }

// PayloadType is the type of a payload. IKEv1 has 1 to 21, IKEv2 33 and above,
// private ones begin at 128: the versions share one space.
type PayloadType uint8

// PayloadNone ends a chain.
const PayloadNone PayloadType = 0

// ExchangeType is the exchange a message belongs to. IKEv1 has 0 to 33, IKEv2
// 34 and above.
type ExchangeType uint8

// Flags of the header.
type Flags uint8

// ProtocolID is a security protocol.
type ProtocolID uint8

// Protocols, the same in both versions but for IPCOMP.
const (
	ProtocolNone   ProtocolID = 0
	ProtocolISAKMP ProtocolID = 1
	ProtocolAH     ProtocolID = 2
	ProtocolESP    ProtocolID = 3
	ProtocolIPCOMP ProtocolID = 4
)

var protocolNames = map[ProtocolID]string{
	ProtocolNone: "none", ProtocolISAKMP: "ISAKMP", ProtocolAH: "AH", ProtocolESP: "ESP", ProtocolIPCOMP: "IPCOMP",
}

func (p ProtocolID) String() string { return name(protocolNames, p, "protocol") }

// NotifyType is the type of a notification. The numbers mean different things
// in the two versions; these are IKEv1's names.
type NotifyType uint16

// IDType is the type of an identity, the same in both versions.
type IDType uint8

// Identity types of RFC 2407 section 4.6.2.1. IKEv2 took over 1, 2, 3, 5, 9,
// 10 and 11.
const (
	IDIPv4Addr       IDType = 1
	IDFQDN           IDType = 2
	IDUserFQDN       IDType = 3
	IDIPv4AddrSubnet IDType = 4
	IDIPv6Addr       IDType = 5
	IDIPv6AddrSubnet IDType = 6
	IDIPv4AddrRange  IDType = 7
	IDIPv6AddrRange  IDType = 8
	IDDERASN1DN      IDType = 9
	IDDERASN1GN      IDType = 10
	IDKeyID          IDType = 11
)

var idNames = map[IDType]string{
	IDIPv4Addr: "ID_IPV4_ADDR", IDFQDN: "ID_FQDN", IDUserFQDN: "ID_USER_FQDN", IDIPv4AddrSubnet: "ID_IPV4_ADDR_SUBNET",
	IDIPv6Addr: "ID_IPV6_ADDR", IDIPv6AddrSubnet: "ID_IPV6_ADDR_SUBNET", IDIPv4AddrRange: "ID_IPV4_ADDR_RANGE",
	IDIPv6AddrRange: "ID_IPV6_ADDR_RANGE", IDDERASN1DN: "ID_DER_ASN1_DN", IDDERASN1GN: "ID_DER_ASN1_GN", IDKeyID: "ID_KEY_ID",
}

func (t IDType) String() string { return name(idNames, t, "ID type") }

// CertEncoding says what a certificate payload holds, the same in both
// versions.
type CertEncoding uint8

// Certificate encodings of RFC 2408 section 3.9.
const (
	EncodingPKCS7           CertEncoding = 1
	EncodingPGP             CertEncoding = 2
	EncodingDNSSigned       CertEncoding = 3
	EncodingX509Signature   CertEncoding = 4
	EncodingX509KeyExchange CertEncoding = 5
	EncodingKerberos        CertEncoding = 6
	EncodingCRL             CertEncoding = 7
	EncodingARL             CertEncoding = 8
	EncodingSPKI            CertEncoding = 9
	EncodingX509Attribute   CertEncoding = 10
)

var encodingNames = map[CertEncoding]string{
	EncodingPKCS7: "PKCS #7", EncodingPGP: "PGP", EncodingDNSSigned: "DNS signed key", EncodingX509Signature: "X.509 signature",
	EncodingX509KeyExchange: "X.509 key exchange", EncodingKerberos: "Kerberos tokens", EncodingCRL: "CRL", EncodingARL: "ARL",
	EncodingSPKI: "SPKI", EncodingX509Attribute: "X.509 attribute",
}

func (e CertEncoding) String() string { return name(encodingNames, e, "encoding") }

// name looks a codepoint up and falls back to its number.
func name[T ~uint8 | ~uint16 | ~uint32](names map[T]string, v T, kind string) string {
	if s, ok := names[v]; ok {
		return s
	}
	return fmt.Sprintf("%s %d", kind, v)
}

package suite

import (
	"crypto/ecdh"
	"crypto/mlkem"
)

// groups is the table, by number. Exponents: 256 bits are twice the strength of
// a modulus of up to 3072 bits, 4096 bits take 320. In group 24 an exponent is a
// number below the order of the subgroup, 256 bits too.
var groups = []*Group{
	{Number: 1, Name: "MODP-768", IKEv2: "DH_GROUP_768_MODP/Group 1", Bits: 768, PublicLen: 96, SharedLen: 96, kind: newMODP(prime768, "02", "", 256)},
	{Number: 2, Name: "MODP-1024", IKEv2: "DH_GROUP_1024_MODP/Group 2", Bits: 1024, PublicLen: 128, SharedLen: 128, kind: newMODP(prime1024, "02", "", 256)},
	{Number: 5, Name: "MODP-1536", IKEv2: "DH_GROUP_1536_MODP/Group 5", Bits: 1536, PublicLen: 192, SharedLen: 192, kind: newMODP(prime1536, "02", "", 256)},
	{Number: 14, Name: "MODP-2048", IKEv2: "DH_GROUP_2048_MODP/Group 14", Bits: 2048, PublicLen: 256, SharedLen: 256, kind: newMODP(prime2048, "02", "", 256)},
	{Number: 15, Name: "MODP-3072", IKEv2: "DH_GROUP_3072_MODP/Group 15", Bits: 3072, PublicLen: 384, SharedLen: 384, kind: newMODP(prime3072, "02", "", 256)},
	{Number: 16, Name: "MODP-4096", IKEv2: "DH_GROUP_4096_MODP/Group 16", Bits: 4096, PublicLen: 512, SharedLen: 512, kind: newMODP(prime4096, "02", "", 320)},
	{Number: 19, Name: "ECP-256", IKEv2: "DH_GROUP_256_ECP/Group 19", Bits: 256, PublicLen: 64, SharedLen: 32, kind: ecp{ecdh.P256(), 0xff}},
	{Number: 20, Name: "ECP-384", IKEv2: "DH_GROUP_384_ECP/Group 20", Bits: 384, PublicLen: 96, SharedLen: 48, kind: ecp{ecdh.P384(), 0xff}},
	{Number: 21, Name: "ECP-521", IKEv2: "DH_GROUP_521_ECP/Group 21", Bits: 521, PublicLen: 132, SharedLen: 66, kind: ecp{ecdh.P521(), 0x01}},
	{Number: 24, Name: "MODP-2048-256", IKEv2: "DH_GROUP_2048_256_MODP/Group 24", Bits: 2048, PublicLen: 256, SharedLen: 256, kind: newMODP(prime24, generator24, order24, 256)},
}

// groupsV2 are those that only IKEv2 has; ML-KEM is an additional key exchange
// and never the first.
var groupsV2 = []*Group{
	{Number: 31, Name: "CURVE25519", IKEv2: "DH_GROUP_25519_CURVE/Group 31", Bits: 255, PublicLen: 32, SharedLen: 32, kind: x25519{}},
	{
		Number: 36, Name: "ML-KEM-768", IKEv2: "ML-KEM-768", Bits: 768, PublicLen: mlkem.EncapsulationKeySize768, SharedLen: mlkem.SharedKeySize, kind: mlkem768{},
		encapsulate: encapsulate768, AnswerLen: mlkem.CiphertextSize768,
	},
}

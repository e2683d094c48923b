package wire

import (
	"bytes"
	"encoding/hex"
)

// Vendor IDs of IKEv1.
var (
	VendorRFC3947       = mustHex("4a131c81070358455c5728f20e95452f")
	VendorDraft07       = mustHex("439b59f8ba676c4c7737ae22eab8f582")
	VendorDraft03       = mustHex("7d9419a65310ca6f2c179d9215529d56")
	VendorDraft02       = mustHex("90cb80913ebb696e086381b5ec427b1f") // of "...-02\n", the one that was deployed
	VendorDraft02Plain  = mustHex("cd60464335df21f87cfdb2fc68b6a448") // of "...-02", as the draft has it
	VendorDPD           = mustHex("afcad71368a1f1c96b8696fc77570100")
	VendorXAUTH         = mustHex("09002689dfd6b712")
	VendorUnity         = mustHex("12f5f28c457168a9702d9fe274cc0100")
	VendorFragmentation = mustHex("4048b7d56ebce88525e7de7f00d6c2d3") // 4 octets of capabilities may follow
)

// vendors names them. A prefix is enough where capabilities follow.
var vendors = []struct {
	id     []byte
	prefix bool
	name   string
}{
	{VendorRFC3947, false, "NAT-T RFC 3947"},
	{VendorDraft07, false, "NAT-T v7"},
	{VendorDraft03, false, "NAT-T v3"},
	{VendorDraft02, false, "NAT-T v2"},
	{VendorDraft02Plain, false, "NAT-T v2"},
	{VendorDPD, false, "DPD"},
	{VendorXAUTH, false, "XAUTH"},
	{VendorUnity, false, "Unity"},
	{VendorFragmentation, true, "FRAGMENTATION"},
}

// VendorName names a vendor ID in IOS's words, "" if it is not known.
func VendorName(vid []byte) string {
	for _, v := range vendors {
		if bytes.Equal(vid, v.id) || v.prefix && bytes.HasPrefix(vid, v.id) {
			return v.name
		}
	}
	return ""
}

// iosMask is what IOS puts over the responder's cookie to make the first half
// of the vendor ID by which it knows another IOS box.
var iosMask = SPI{0xf5, 0xc7, 0xa7, 0x1d, 0x00, 0x01, 0x00, 0x00}

// IOSVendorID is the vendor ID of an IOS box: the responder's cookie under
// IOS's mask, then eight octets that differ from session to session.
func IOSVendorID(cookieR SPI, tail [8]byte) []byte {
	vid := make([]byte, 0, 16)
	for i := range cookieR {
		vid = append(vid, cookieR[i]^iosMask[i])
	}
	return append(vid, tail[:]...)
}

// IsIOSVendorID says whether a vendor ID is that of an IOS box in a session
// with the responder's cookie.
func IsIOSVendorID(vid []byte, cookieR SPI) bool {
	return len(vid) == 16 && bytes.Equal(vid[:8], IOSVendorID(cookieR, [8]byte{})[:8])
}

func mustHex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err) // a constant of this package is wrong
	}
	return b
}

package wire

import "unicode"

// Vendor IDs of IKEv2, which are text as it stands.
var (
	VendorV2DeleteReason = []byte("CISCO-DELETE-REASON")
	VendorV2Copyright    = []byte("CISCO(COPYRIGHT)&Copyright (c) 2009 Cisco Systems, Inc.")
	VendorV2Rev02        = []byte("CISCOVPN-REV-02")
	VendorV2DynamicRoute = []byte("CISCO-DYNAMIC-ROUTE")
	VendorV2FlexVPN      = []byte("FLEXVPN-SUPPORTED")
)

// VendorNameV2 names a vendor ID: its first word if it is text, else IKEv1's
// name for it, "" if it is not known.
func VendorNameV2(vid []byte) string {
	for i, c := range vid {
		if c > unicode.MaxASCII || !unicode.IsPrint(rune(c)) {
			return VendorName(vid)
		}
		if i == 40 || c == '&' {
			return string(vid[:i])
		}
	}
	return string(vid)
}

package wire

import (
	"encoding/hex"
	"testing"
)

// TestIOSVendorID holds four vendor IDs of IOS responders seen in public
// captures against their cookies.
func TestIOSVendorID(t *testing.T) {
	for _, tt := range [][2]string{
		{"92ca5e88033673ed", "670df995033773edfe045a868dba66db"},
		{"05c09f9f46cff22f", "f007388246cef22f005a112caef0b26c"},
		{"2ca4eb67438cfda9", "d9634c7a438dfda970f20bcb0c1ac1c7"},
		{"5b5fbd354bbd28f6", "ae981a284bbc28f62a5cb1013b814c89"},
	} {
		cookie, vid := SPI(mustHex(tt[0])), mustHex(tt[1])
		if !IsIOSVendorID(vid, cookie) {
			t.Errorf("%s is not known with cookie %s", tt[1], tt[0])
		}
		if got := hex.EncodeToString(IOSVendorID(cookie, [8]byte(vid[8:]))); got != tt[1] {
			t.Errorf("cookie %s gives %s, want %s", tt[0], got, tt[1])
		}
		if IsIOSVendorID(vid[:15], cookie) || IsIOSVendorID(vid, SPI{}) || VendorName(vid) != "" {
			t.Errorf("%s is taken for what it is not", tt[1])
		}
	}
}

// TestVendorNames: byte 14 is what IOS prints as "major N mismatch", so its
// debug output fixes that octet of each ID.
func TestVendorNames(t *testing.T) {
	for _, tt := range []struct {
		vid    []byte
		name   string
		byte14 byte
	}{
		{VendorRFC3947, "NAT-T RFC 3947", 69}, {VendorDraft07, "NAT-T v7", 245}, {VendorDraft03, "NAT-T v3", 157}, {VendorDraft02, "NAT-T v2", 123},
		{VendorFragmentation, "FRAGMENTATION", 194}, {append(VendorFragmentation[:16:16], 0xc0, 0, 0, 0), "FRAGMENTATION", 194},
		{VendorUnity, "Unity", 1}, {VendorDPD, "DPD", 1},
	} {
		if VendorName(tt.vid) != tt.name || tt.vid[14] != tt.byte14 {
			t.Errorf("%x is %q, byte 14 %d; want %q, %d", tt.vid, VendorName(tt.vid), tt.vid[14], tt.name, tt.byte14)
		}
	}
	if VendorName(VendorXAUTH) != "XAUTH" || len(VendorXAUTH) != 8 || VendorName(nil) != "" || VendorName(append(VendorDPD[:16:16], 0)) != "" {
		t.Error("XAUTH, nothing or a longer DPD is misnamed")
	}
}

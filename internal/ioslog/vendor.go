package ioslog

import (
	"bytes"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/wire"
)

// vendors are the vendor ids that have lines of their own.
var vendors = []struct {
	id    []byte
	read  string // "vendor ID is ..."
	built string // "constructed NAT-T vendor-... ID", "" when IOS says nothing
}{
	{wire.VendorRFC3947, "NAT-T RFC 3947", "rfc3947"},
	{wire.VendorDraft07, "NAT-T v7", "07"},
	{wire.VendorDraft03, "NAT-T v3", "03"},
	{wire.VendorDraft02, "NAT-T v2", "02"},
	{wire.VendorDraft02Plain, "NAT-T v2", "02"},
	{wire.VendorXAUTH, "XAUTH", ""},
	{wire.VendorUnity, "Unity", ""},
	{wire.VendorDPD, "DPD", ""},
}

func vendorIDBuilt(e ikev1.VendorIDBuilt) []Line {
	for _, v := range vendors {
		if v.built != "" && bytes.Equal(v.id, e.VendorID) {
			return isakmp(":(%d): constructed NAT-T vendor-%s ID", e.ConnID, v.built)
		}
	}
	return nil
}

// vendorIDRead: before IOS knows a vendor id it takes it for Unity or DPD and
// compares the major version, which is the octet before the last. The eight
// octets of XAUTH have no such octet; IOS reads beyond them.
func vendorIDRead(e ikev1.VendorIDRead) []Line {
	const major = 14
	lines := isakmp(":(%d): processing vendor id payload", e.ConnID)
	if e.IOS {
		return join(lines, isakmp(":(%d): speaking to another IOS box!", e.ConnID))
	}
	if !bytes.Equal(e.VendorID, wire.VendorUnity) && !bytes.Equal(e.VendorID, wire.VendorDPD) && len(e.VendorID) > major {
		if e.VendorID[major] == 1 {
			lines = join(lines, isakmp(":(%d): vendor ID seems Unity/DPD but hash mismatch", e.ConnID))
		} else {
			lines = join(lines, isakmp(":(%d): vendor ID seems Unity/DPD but major %d mismatch", e.ConnID, e.VendorID[major]))
		}
	}
	for _, v := range vendors {
		if bytes.Equal(v.id, e.VendorID) {
			return join(lines, isakmp(":(%d): vendor ID is %s", e.ConnID, v.read))
		}
	}
	return lines
}

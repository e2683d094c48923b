package wire

import (
	"bytes"
	"encoding/binary"
)

// Fragment is the body of a fragment payload, Cisco's way to send a message that
// is larger than the path takes (there is no RFC):
//
//	 0                   1                   2                   3
//	+---------------+---------------+-------------------------------+
//	! Next Payload=0!   RESERVED    !         Payload Length        !
//	+---------------+---------------+---------------+---------------+
//	!          Fragment ID          !    Number     !     Flags     !
//	+---------------+---------------+---------------+---------------+
//	!   a slice of the message, header and ciphertext included ...  !
//
// It is alone in a message that has the cookies, the exchange and the message id
// of the whole one.
type Fragment struct {
	ID     uint16 // of the whole message
	Number uint8  // from 1
	Last   bool
	Data   []byte
}

// FragmentOverhead is what a fragment has beside Data: the header, the generic
// payload header, and four octets of its own.
const FragmentOverhead = HeaderLen + genericLen + fragmentLen

const fragmentLen = 4

// ParseFragment parses the body of a fragment payload.
func ParseFragment(body []byte) (Fragment, error) {
	switch {
	case len(body) <= fragmentLen:
		return Fragment{}, malformed(PayloadFragment, len(body), "%d octets are no fragment", len(body))
	case body[2] == 0:
		return Fragment{}, malformed(PayloadFragment, 2, "fragment 0: numbers begin with 1")
	case body[3] > 1:
		return Fragment{}, malformed(PayloadFragment, 3, "flags %#x, 0 and 1 are known", body[3])
	}
	return Fragment{binary.BigEndian.Uint16(body), body[2], body[3] == 1, body[fragmentLen:]}, nil
}

// Append appends the body of a fragment payload.
func (f Fragment) Append(dst []byte) []byte {
	last := byte(0)
	if f.Last {
		last = 1
	}
	return append(append(binary.BigEndian.AppendUint16(dst, f.ID), f.Number, last), f.Data...)
}

// VendorFragmentationIOS is the vendor ID with the capabilities that Cisco's
// devices announce.
var VendorFragmentationIOS = append(bytes.Clone(VendorFragmentation), 0xc0, 0, 0, 0)

// FragmentsPhase1 says whether a vendor ID announces fragments of main and
// aggressive mode. The first bit of the capabilities says so; those who send
// none can do it too.
func FragmentsPhase1(vid []byte) bool {
	capabilities, ok := bytes.CutPrefix(vid, VendorFragmentation)
	return ok && (len(capabilities) == 0 || capabilities[0]&0x80 != 0)
}

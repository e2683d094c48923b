package ikev2

import (
	"fmt"
	"io"

	"github.com/obol-ike/obol/wire"
)

// vendorIDs are those of IKE_SA_INIT, of which IOS 15.3 has two. Which two is
// not known: these are the ones of its age.
func vendorIDs() [][]byte { return [][]byte{wire.VendorV2DeleteReason, wire.VendorV2Copyright} }

// authVendorLen is the length of the vendor ID that IKE_AUTH begins with, octets.
const authVendorLen = 16

// authVendorID is that vendor ID. It differs from session to session, and what it
// says is not known.
func authVendorID(random io.Reader) ([]byte, error) {
	id := make([]byte, authVendorLen)
	if _, err := io.ReadFull(random, id); err != nil {
		return nil, fmt.Errorf("random source: %w", err)
	}
	return id, nil
}

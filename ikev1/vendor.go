package ikev1

import (
	"bytes"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// vendorsSA are the vendor ids of MM1 and MM2 as IOS 15.3T sends them, those of
// NAT-T: all that it knows as initiator, the best of the peer's as responder. The
// others come with the nonce.
func (s *Session) vendorsSA() [][]byte {
	switch {
	case s.config.NoNATTransparency:
		return nil
	case s.role == Initiator:
		return [][]byte{wire.VendorRFC3947, wire.VendorDraft07, wire.VendorDraft03, wire.VendorDraft02}
	case s.nat.method == nil:
		return nil
	}
	return [][]byte{s.nat.method.vendor}
}

// vendorsKE are the vendor ids of MM3 and MM4. The one that Wireshark calls
// unknown begins with the responder's cookie in disguise; how IOS makes its
// second half is not known, we take random octets. A responder with a pre-shared
// key leaves out XAUTH, as it wants none. Only a responder says CISCO-UNITY.
func (s *Session) vendorsKE() ([][]byte, error) {
	var tail [8]byte
	if err := s.random(tail[:]); err != nil {
		return nil, err
	}
	ids := [][]byte{wire.VendorDPD, wire.IOSVendorID(s.spiR, tail)}
	if s.role == Initiator || s.agreed.policy.Auth != policy.PreShare {
		ids = append(ids, wire.VendorXAUTH)
	}
	if s.role == Responder {
		ids = append([][]byte{wire.VendorUnity}, ids...)
	}
	return ids, nil
}

func (s *Session) addVendors(b *wire.Builder, ids [][]byte) {
	for _, id := range ids {
		b.Add(wire.PayloadVendorID, wire.Raw(id))
		s.report(VendorIDBuilt{SA: s.sa(), VendorID: id})
	}
}

// readVendors notes what the peer says of itself.
func (s *Session) readVendors(payloads []wire.Payload) {
	for _, p := range payloads {
		if p.Type != wire.PayloadVendorID {
			continue
		}
		id := bytes.Clone(p.Body)
		s.readFragmentation(id)
		s.knows.dpd = s.knows.dpd || bytes.Equal(id, wire.VendorDPD)
		s.report(VendorIDRead{SA: s.sa(), VendorID: id, IOS: wire.IsIOSVendorID(id, s.spiR)})
	}
}

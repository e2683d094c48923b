package ikev2

import (
	"errors"
	"testing"
	"testing/iotest"

	"github.com/obol-ike/obol/wire"
)

func TestConfigRequest(t *testing.T) {
	got, err := readConfig(append(payloadsOf(t, wire.PayloadCP, configRequest()), payloadsOf(t, wire.PayloadNonceV2, wire.Raw("no CFG"))...))
	if err != nil || len(got) != 1 || got[0].Type != wire.CPRequest {
		t.Fatalf("%+v %v", got, err)
	}
	want := []uint16{7, 28675, 28672, 28681, 28674} // app-version, split-dns, banner, backup-gateway, def-domain
	for i, a := range got[0].Attributes {
		if a.Type != want[i] || (i == 0) != (len(a.Value) > 0) {
			t.Errorf("%d: %+v", i, a)
		}
	}
	if _, err := readConfig(payloadsOf(t, wire.PayloadCP, wire.Raw{1, 0, 0, 0, 0})); err == nil {
		t.Error("a cut attribute")
	}
}

func TestVendorIDs(t *testing.T) {
	var names []string
	for _, id := range vendorIDs() {
		names = append(names, wire.VendorNameV2(id))
	}
	if len(names) != 2 || names[0] != "CISCO-DELETE-REASON" || names[1] != "CISCO(COPYRIGHT)" {
		t.Errorf("%q", names)
	}
	a, err := authVendorID(random(1))
	if err != nil || len(a) != authVendorLen {
		t.Errorf("%x %v", a, err)
	}
	if b, err := authVendorID(random(2)); err != nil || string(a) == string(b) {
		t.Errorf("%x %v", b, err)
	}
	if _, err := authVendorID(iotest.ErrReader(errors.New("dry"))); err == nil {
		t.Error("octets from nowhere")
	}
}

package ipsec

import (
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/state"
	"github.com/obol-ike/obol/internal/suite"
)

// Every field of an SA goes along in a state, one that is added later too.
func TestState(t *testing.T) {
	life := Lifetime{Duration: time.Hour, Kilobytes: 1, Packets: 2}
	sa := SA{
		SAID:      SAID{Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("192.0.2.2"), SPI: 256, Protocol: ESP, Mark: 3, AHSPI: 257},
		Direction: In, Mode: Tunnel, DF: DFSet,
		Encr: suite.AES, EncrKey: suite.Key{1}, Integ: suite.HMACSHA1, IntegKey: suite.Key{2}, AH: suite.HMACMD5, AHKey: suite.Key{3},
		Selector: Selector{Local: netip.MustParsePrefix("10.0.0.0/8"), Remote: netip.MustParsePrefix("0.0.0.0/0"), Protocol: GRE, LocalPort: 4, RemotePort: 5},
		ReqID:    ReqIDBase + 1, IfID: 6, Replay: 64, ESN: true, Encap: &Encap{LocalPort: 4500, RemotePort: 4501}, Soft: life, Hard: life,
	}
	for v, i := reflect.ValueOf(sa), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("the SA of this test has no %s", v.Type().Field(i).Name)
		}
	}
	w := state.Writer(time.Time{})
	sa.State(w)
	var got SA
	r := state.Reader(w.Octets(), time.Time{})
	if got.State(r); r.End() != nil || !reflect.DeepEqual(got, sa) {
		t.Errorf("%+v\nis\n%+v\n%v", sa, got, r.End())
	}
}

package ikev2

import (
	"bytes"
	"crypto/rand"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"testing/iotest"
	"time"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

var peerAddr = netip.MustParseAddr("192.0.2.2")

// opened is what a receiver makes of one fragment.
type opened struct {
	h     wire.Header
	f     wire.SKF
	first wire.PayloadType
	inner []byte
}

func openFragment(t *testing.T, in *direction, data []byte) opened {
	t.Helper()
	m, err := wire.Parse(data)
	if err != nil || len(m.Payloads) != 1 || m.Payloads[0].Type != wire.PayloadSKF {
		t.Fatalf("%+v %v", m, err)
	}
	p := m.Payloads[0]
	f, err := wire.ParseBody(p, wire.ParseSKF)
	if err != nil {
		t.Fatal(err)
	}
	inner, err := in.open(data, len(data)-len(f.Sealed))
	if err != nil {
		t.Fatal(err)
	}
	return opened{m.Header, f, wire.PayloadType(p.Raw[0]), inner}
}

// held counts what a holder has given out.
type held struct{ octets, limit int }

func (h *held) hold(_ netip.Addr, octets int) bool {
	if h.octets+octets > h.limit {
		return false
	}
	h.octets += octets
	return true
}

// Every pair of algorithms fits its fragments into the room, and what was cut
// comes together again in any order, with duplicates.
func TestFragments(t *testing.T) {
	h := wire.Header{InitiatorSPI: wire.SPI{1}, ResponderSPI: wire.SPI{2}, Version: wire.V2, Exchange: wire.ExchangeAuth, Flags: wire.FlagInitiator, MessageID: 1}
	each(t, func(t *testing.T, out, in *direction) {
		for _, n := range []int{0, 1, 300, 1000, 4000} {
			for _, room := range []int{544, 1232} {
				inner := make([]byte, n)
				rand.Read(inner)
				all, err := out.sealFragments(h, wire.PayloadIDi, inner, room, rand.Reader)
				if err != nil || len(all) == 0 {
					t.Fatal(err)
				}
				if n == 4000 && (len(all) < 4 || len(all[0]) < room-15) {
					t.Errorf("room for %d: %d fragments, the first of %d octets", room, len(all), len(all[0]))
				}
				var r reassembly
				count := &held{limit: 1 << 20}
				slices.Reverse(all)
				for i, data := range all {
					if len(data) > room {
						t.Fatalf("a fragment of %d octets, room for %d", len(data), room)
					}
					x := openFragment(t, in, data)
					if (x.first == wire.PayloadIDi) != (x.f.Number == 1) || x.h.MessageID != 1 || !r.wants(x.h, x.f) {
						t.Fatalf("%+v", x)
					}
					whole, first, err := r.add(time.Unix(0, 0), peerAddr, x.h, x.f, x.first, x.inner, count.hold)
					if err != nil || (whole != nil) != (i == len(all)-1) && n > 0 {
						t.Fatalf("fragment %d of %d: %d octets, %v", x.f.Number, x.f.Total, len(whole), err)
					}
					if whole == nil && n > 0 && r.wants(x.h, x.f) {
						t.Error("wants a fragment twice")
					}
					if i == len(all)-1 && (!bytes.Equal(whole, inner) || first != wire.PayloadIDi) {
						t.Errorf("%d octets became %d, first payload %s", n, len(whole), first)
					}
				}
				if count.octets != 0 || len(r) != 0 {
					t.Errorf("%d octets held, %d messages", count.octets, len(r))
				}
			}
		}
	})
}

func TestFragmentRoom(t *testing.T) {
	for _, c := range []struct {
		local string
		mtu   int
		want  int
	}{
		{"192.0.2.1:500", 576, 548}, {"192.0.2.1:4500", 576, 544}, {"[2001:db8::1]:500", 1280, 1232}, {"[::ffff:192.0.2.1]:500", 1280, 1252},
	} {
		if got := fragmentRoom(c.mtu, netip.MustParseAddrPort(c.local)); got != c.want {
			t.Errorf("%s, MTU %d: %d, want %d", c.local, c.mtu, got, c.want)
		}
	}
	if !fragments([]wire.NotifyV2{{Type: wire.V2Cookie}, {Type: wire.V2FragmentationSupported}}) || fragments([]wire.NotifyV2{{Type: wire.V2Cookie}}) {
		t.Error("the announcement is not seen")
	}
}

// An MTU without room for a fragment is not obeyed.
func TestFragmentsOfNoRoom(t *testing.T) {
	d, err := newDirection(suite.AES, make(suite.Key, 16), suite.HMACSHA512, make(suite.Key, 64))
	if err != nil {
		t.Fatal(err)
	}
	all, err := d.sealFragments(wire.Header{Version: wire.V2}, wire.PayloadIDi, make([]byte, 1000), fragmentRoom(68, netip.MustParseAddrPort("192.0.2.1:4500")), rand.Reader)
	if err != nil || len(all) != 4 {
		t.Errorf("%d fragments, %v", len(all), err)
	}
	if _, err := d.sealFragments(wire.Header{Version: wire.V2}, wire.PayloadIDi, make([]byte, 1000), 548, iotest.ErrReader(errors.New("dry"))); err == nil {
		t.Error("a fragment without an initialization vector")
	}
}

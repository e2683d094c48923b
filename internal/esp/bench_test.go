package esp

import (
	"bytes"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// roundTrip seals and opens one packet in the caller's buffer, without a window.
func roundTrip(t testing.TB, sa ipsec.SA, packet []byte) (seal, open func()) {
	sa.Replay = 0
	o, i := pair(t, sa)
	buffer := make([]byte, 0, 2048)
	sealed, err := o.Seal(nil, packet, start)
	must(t, err)
	seal = func() {
		if _, err := o.Seal(buffer, packet, start); err != nil {
			t.Fatal(err)
		}
	}
	arrived := make([]byte, len(sealed))
	open = func() {
		copy(arrived, sealed)
		if _, _, err := i.Open(arrived, outer4, start); err != nil {
			t.Fatal(err)
		}
	}
	return seal, open
}

// No packet costs an allocation, of any suite.
func TestAllocations(t *testing.T) {
	names, sas := suites()
	for k, sa := range sas {
		seal, open := roundTrip(t, sa, packet4(1372))
		if n := testing.AllocsPerRun(100, seal); n != 0 {
			t.Errorf("%s: %v allocations to seal", names[k], n)
		}
		if n := testing.AllocsPerRun(100, open); n != 0 {
			t.Errorf("%s: %v allocations to open", names[k], n)
		}
	}
	g, packet, buffer := GRE{Src: here, Dst: there, HasKey: true, Checksum: true}, packet4(1300), make([]byte, 0, 2048)
	if n := testing.AllocsPerRun(100, func() {
		b, err := g.Encapsulate(buffer, packet)
		must(t, err)
		if b, err = g.Decapsulate(ipsec.GRE, b[20:], 0); err != nil || !bytes.Equal(b, packet) {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations through GRE", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		if _, ok := TooBig(buffer, packet, 1280, here); !ok {
			t.Fatal("no answer")
		}
	}); n != 0 {
		t.Errorf("%v allocations to answer what is too big", n)
	}
}

// Octets each way, of packets of 1400 octets.
func BenchmarkESP(b *testing.B) {
	names, sas := suites()
	for k, sa := range sas {
		switch {
		case sa.Encr.Combined(), sa.Encr != suite.DES && sa.Integ == suite.HMACSHA256, sa.Encr == suite.AES && sa.KeyBits() == 128:
		default:
			continue
		}
		seal, open := roundTrip(b, sa, packet4(1372))
		for _, way := range []struct {
			name string
			run  func()
		}{{"seal", seal}, {"open", open}} {
			b.Run(names[k]+"/"+way.name, func(b *testing.B) {
				b.SetBytes(1400)
				for b.Loop() {
					way.run()
				}
			})
		}
	}
}

// BenchmarkOpenWindow has the anti-replay window too, and the clock.
func BenchmarkOpenWindow(b *testing.B) {
	_, sas := suites()
	sa := sas[0]
	sa.Replay = MaxWindow
	o, i := pair(b, sa)
	buffer, packet := make([]byte, 0, 2048), packet4(1372)
	b.SetBytes(1400)
	for b.Loop() {
		sealed, err := o.Seal(buffer, packet, time.Now())
		must(b, err)
		if _, _, err := i.Open(sealed, outer4, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

package esp

import (
	"bytes"
	"encoding/binary"
	"math"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// Packets of every suite of the table come through, whatever their length; with
// extended sequence numbers some lengths will do.
func TestRoundTrip(t *testing.T) {
	names, sas := suites()
	buffer := make([]byte, 0, 2048)
	for k, sa := range sas {
		for _, sa.ESN = range []bool{false, true} {
			o, i := pair(t, sa)
			sequence, step := uint64(0), 1
			if sa.ESN { // over the edge of the low-order bits
				sequence, step = 1<<32-20, 37
				o.sequence.Store(sequence)
				i.window.top = sequence
			}
			for n := 0; n <= 1500-28; n += step {
				packet := packet4(n)
				sealed, err := o.Seal(buffer, packet, start)
				must(t, err)
				sequence++
				if spi, seq := binary.BigEndian.Uint32(sealed), binary.BigEndian.Uint32(sealed[4:]); spi != sa.SPI || seq != uint32(sequence) {
					t.Fatalf("%s: SPI %#x, sequence number %d", names[k], spi, seq)
				}
				if extra := len(sealed) - len(packet); extra > o.Overhead() || len(sealed)%alignment != 0 {
					t.Fatalf("%s: %d octets more, at most %d", names[k], extra, o.Overhead())
				}
				next, got, err := i.Open(sealed, outer4, start)
				if err != nil || next != protocolIPv4 || !bytes.Equal(got, packet) {
					t.Fatalf("%s, %d octets, ESN %v: next header %d, %v", names[k], len(packet), sa.ESN, next, err)
				}
			}
			if c := i.Counters(); c.Packets != uint64(1472/step+1) || c.Octets != o.Counters().Octets || c.LastUsed.IsZero() {
				t.Errorf("%s: %+v, sent %+v", names[k], c, o.Counters())
			}
		}
	}
}

// IPv6 in tunnel mode, and transport mode, where the payload alone travels.
func TestModes(t *testing.T) {
	_, sas := suites()
	sa := sas[0]
	sa.Selector = all6
	o, i := pair(t, sa)
	sealed, err := o.Seal(nil, packet6(9), start)
	must(t, err)
	if next, got, err := i.Open(sealed, outer4, start); err != nil || next != protocolIPv6 || !bytes.Equal(got, packet6(9)) {
		t.Errorf("IPv6: next header %d, %x, %v", next, got, err)
	}

	sa.Mode, sa.Selector = ipsec.Transport, ipsec.Selector{Local: host(here), Remote: host(there), Protocol: ipsec.GRE}
	o, i = pair(t, sa)
	packet := append(appendIP(nil, here, there, ipsec.GRE, 255, 0, false, 1, 5), "hello"...)
	sealed, err = o.Seal(nil, packet, start)
	must(t, err)
	if next, got, err := i.Open(sealed, outer4, start); err != nil || next != ipsec.GRE || string(got) != "hello" {
		t.Errorf("transport mode: next header %d, %q, %v", next, got, err)
	}
}

func TestRefusals(t *testing.T) {
	esp := ipsec.SAID{Protocol: ipsec.ESP}
	for name, sa := range map[string]ipsec.SA{
		"AH":             {SAID: ipsec.SAID{Protocol: ipsec.AH}, Integ: suite.HMACSHA1},
		"AH around":      {SAID: esp, Encr: suite.AES, EncrKey: make(suite.Key, 16), Integ: suite.HMACSHA1, AH: suite.HMACSHA1},
		"no cipher":      {SAID: esp, Integ: suite.HMACSHA1},
		"key length":     {SAID: esp, Encr: suite.AES, EncrKey: make(suite.Key, 15)},
		"no salt":        {SAID: esp, Encr: suite.AESGCM16, EncrKey: make(suite.Key, 3)},
		"key of no AES":  {SAID: esp, Encr: suite.AESGCM16, EncrKey: make(suite.Key, 19)},
		"nothing at all": {SAID: esp, Encr: suite.Null},
	} {
		if _, err := NewOutbound(sa, source(), start); err == nil {
			t.Errorf("%s: taken outbound", name)
		}
		if _, err := NewInbound(sa, start); err == nil {
			t.Errorf("%s: taken inbound", name)
		}
	}
	aes := ipsec.SA{SAID: esp, Encr: suite.AES, EncrKey: make(suite.Key, 16)}
	if _, err := NewOutbound(aes, bytes.NewReader(make([]byte, 15)), start); err == nil {
		t.Error("vectors out of nothing")
	}
	for _, sa := range []ipsec.SA{{Replay: -1}, {Replay: MaxWindow + 1}, {ESN: true}} {
		sa.SAID, sa.Encr, sa.EncrKey = esp, suite.AESGCM16, make(suite.Key, 20)
		if _, err := NewInbound(sa, start); err == nil {
			t.Errorf("a window of %d, ESN %v", sa.Replay, sa.ESN)
		}
	}
}

// A sequence number never comes twice: the SA ends with its last.
func TestExhausted(t *testing.T) {
	_, sas := suites()
	for _, sas[0].ESN = range []bool{false, true} {
		o, _ := pair(t, sas[0])
		o.sequence.Store(o.last - 1)
		if _, err := o.Seal(nil, packet4(1), start); err != nil {
			t.Errorf("the last: %v", err)
		}
		for range 3 {
			if _, err := o.Seal(nil, packet4(1), start); err != Exhausted {
				t.Errorf("after the last: %v", err)
			}
		}
		if o.Of(Exhausted) != 3 {
			t.Errorf("%d drops", o.Of(Exhausted))
		}
	}
	if o, _ := pair(t, sas[0]); o.last != math.MaxUint64 {
		t.Errorf("the last extended sequence number is %d", o.last)
	}
}

package esp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
)

// Packets that a Linux kernel has sealed open to the octet, of every suite. The tests
// of tag vm have recorded them; a line has these fields:
//
//	test, IKEv2 number and key, behind an x, of the cipher, of the integrity algorithm, mode,
//	high-order bits of the sequence number or "-", packet, payload
func TestKernelPackets(t *testing.T) {
	text, err := os.ReadFile("testdata/kernel.txt")
	must(t, err)
	seen := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		var name, high, key, integKey, mode, sealed, payload string
		var encr, integ uint16
		if _, err := fmt.Sscan(line, &name, &encr, &key, &integ, &integKey, &mode, &high, &sealed, &payload); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		packet, want := octets(t, sealed), octets(t, payload)
		sa := ipsec.SA{
			SAID: ipsec.SAID{SPI: binary.BigEndian.Uint32(packet), Protocol: ipsec.ESP}, Mode: ipsec.Transport, Selector: all4,
			EncrKey: octets(t, key[1:]), IntegKey: octets(t, integKey[1:]), ESN: high != "-", Replay: 64,
		}
		if mode == ipsec.Tunnel.String() {
			sa.Mode = ipsec.Tunnel
			if want[0]>>4 == 6 {
				sa.Selector = all6
			}
		}
		sa.Encr, _ = suite.CipherV2(encr)
		sa.Integ, _ = suite.IntegrityV2(integ)
		i, err := NewInbound(sa, start)
		must(t, err)
		if sa.ESN {
			var bits uint64
			_, err := fmt.Sscan(high, &bits)
			must(t, err)
			i.window.top = bits<<32 | uint64(binary.BigEndian.Uint32(packet[4:])) - 1
		}
		if _, got, err := i.Open(packet, outer4, start); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %x, %v, want %x", name, got, err, want)
		}
		suiteName := fmt.Sprintf("%d %d %d", encr, sa.KeyBits(), integ)
		seen[suiteName+" "+mode], seen[suiteName+" ESN"] = true, seen[suiteName+" ESN"] || sa.ESN
	}
	_, sas := suites()
	for _, sa := range sas {
		integ := uint16(0)
		if sa.Integ != nil {
			integ = sa.Integ.V2
		}
		for _, what := range []string{"Tunnel", "Transport", "ESN"} {
			if name := fmt.Sprintf("%d %d %d %s", sa.Encr.V2, sa.KeyBits(), integ, what); !seen[name] {
				t.Errorf("no packet of %s", name)
			}
		}
	}
}

package scenario

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
)

// started runs the beginning of a script.
func started(t testing.TB, seed uint64, script string) *run {
	t.Helper()
	archive := &txtar.Archive{Comment: []byte("enrol R1 IOSCA1 IOSCA2\nenrol R2 IOSCA2 IOSCA1\n" + script)}
	complete(t, archive)
	r := newRun(archive, seed)
	if err := r.all(); err != nil {
		t.Fatal(err)
	}
	return r
}

// The same seed gives the same octets, and another one others.
func TestDeterminism(t *testing.T) {
	octets := func(seed uint64) []byte {
		r := started(t, seed, "loss 20%\nduplicate 20%\njitter 1s\nstart auto\nadvance 5m\n")
		var all bytes.Buffer
		for _, s := range r.world.Sent {
			fmt.Fprintf(&all, "%v %v %v %x\n", s.At, s.From.Name, s.Lost, s.Datagram.Data)
		}
		return all.Bytes()
	}
	first := octets(7)
	if !bytes.Equal(first, octets(7)) {
		t.Error("a run cannot be repeated")
	}
	if bytes.Equal(first, octets(8)) {
		t.Error("the seed does not matter")
	}
}

// A flood of first messages is cut off at the limits, and does not keep the real
// peer out: its MM1 comes from an address of its own.
func TestHalfOpenFlood(t *testing.T) {
	r := started(t, 1, "start R2\nstart R1\nloss 100%\ninitiate R1 Tunnel1\nadvance 1s\nloss 0%\n")
	mm1 := r.world.Sent[0].Datagram
	r1, _ := r.router("R1")
	r2, _ := r.router("R2")
	flood := func(from netip.Addr, n int) {
		for i := range n {
			d := ike.Datagram{Local: mm1.Remote, Remote: netip.AddrPortFrom(from, 500), Data: bytes.Clone(mm1.Data)}
			binary.BigEndian.PutUint64(d.Data, uint64(i)+1<<32) // the initiator's cookie
			r.world.Inject(r2.Router, d)
		}
		r.world.Run(time.Millisecond)
	}
	counters := func() engine.Counters { return r2.Views().Counters }

	flood(netip.MustParseAddr("203.0.113.1"), 100)
	if c := counters(); c.HalfOpen != 64 || c.HalfOpenDrops != 36 {
		t.Errorf("one address: %d half-open, %d dropped; want 64, 36", c.HalfOpen, c.HalfOpenDrops)
	}
	flood(netip.MustParseAddr("203.0.113.1"), 64) // the same cookies again: no new sessions
	if c := counters(); c.HalfOpen != 64 || c.HalfOpenDrops != 36 {
		t.Errorf("repeated: %d half-open, %d dropped; want 64, 36", c.HalfOpen, c.HalfOpenDrops)
	}
	if err := r.command("want event R2 HalfOpenLimit of one address"); err != nil {
		t.Error(err)
	}
	if err := r.command("wait up 30s"); err != nil {
		t.Errorf("the peer is kept out: %v", err)
	}
	for i := range 30 {
		flood(netip.AddrFrom4([4]byte{203, 0, 114, byte(i)}), 64)
	}
	if c := counters(); c.HalfOpen != 1000 {
		t.Errorf("many addresses: %d half-open, want 1000", c.HalfOpen)
	}
	if err := r.command("want event R2 HalfOpenLimit in all"); err != nil {
		t.Error(err)
	}
	r.world.Run(70 * time.Second)
	if c := counters(); c.HalfOpen != 0 {
		t.Errorf("after a minute %d are left", c.HalfOpen)
	}
	if n := len(r2.Views().Sessions); n != 1 {
		t.Errorf("%d sessions, want that of R1", n)
	}
	if err := r1.Command(ike.ClearISAKMP{ConnID: 7}); err == nil {
		t.Error("an SA that is not there was cleared")
	}
}

// A flood of refused messages is no flood of log lines: neither first messages
// with an offer that will not do, nor garbage with the cookies of a session.
func TestRefusalFlood(t *testing.T) {
	r := started(t, 1, "start\nloss 100%\ninitiate R1 Tunnel1\nadvance 1s\nloss 0%\nmark\n")
	mm1 := r.world.Sent[0].Datagram
	r2, _ := r.router("R2")
	stranger := netip.MustParseAddrPort("203.0.113.1:500")
	inject := func(data []byte) {
		r.world.Inject(r2.Router, ike.Datagram{Local: mm1.Remote, Remote: stranger, Data: data})
	}
	inject(mm1.Data)
	r.world.Run(time.Millisecond)
	mm2 := r.world.Sent[len(r.world.Sent)-1].Datagram.Data
	for i := range 200 {
		garbage := bytes.Clone(mm2)
		garbage[len(garbage)-1] = byte(i)
		garbage[28+1] = 1 // reserved
		inject(garbage)
		offer := bytes.Clone(mm1.Data)
		binary.BigEndian.PutUint64(offer, uint64(i)+1<<32)
		offer[59] = 99 // the cipher
		inject(offer)
	}
	r.world.Run(time.Second)
	lines := 0
	for _, report := range r2.Reports[r2.reported:] {
		if _, failed := report.Event.(ike.NegotiationFailed); failed {
			lines++
		}
		for _, l := range ioslog.Lines(report) {
			if l.Facility == ioslog.Syslog {
				lines++
			}
		}
	}
	if c := r2.Views().Counters; c.Muted < 300 || lines < 10 || lines > 60 {
		t.Errorf("%d lines for the log, %d reports left out: %+v", lines, c.Muted, c)
	}
}

// Whatever belongs to nobody is answered by silence.
func TestSilence(t *testing.T) {
	r := started(t, 1, "start\ninitiate R1 Tunnel1\nwait up 5s\nadvance 1s\n")
	r2, _ := r.router("R2")
	var mm1, qm []byte
	for _, s := range r.world.Sent {
		switch len(s.Datagram.Data) {
		case 164:
			if mm1 == nil {
				mm1 = s.Datagram.Data
			} else {
				qm = s.Datagram.Data
			}
		}
	}
	change := func(b []byte, do func([]byte)) []byte {
		b = bytes.Clone(b)
		do(b)
		return b
	}
	peer := netip.MustParseAddrPort("192.168.0.1:500")
	stranger := netip.MustParseAddrPort("203.0.113.9:500")
	for _, test := range []struct {
		name  string
		from  netip.AddrPort
		data  []byte
		event string
	}{
		{"empty", stranger, nil, "BadMessage"},
		{"half a header", stranger, mm1[:20], "BadMessage"},
		{"cut", stranger, mm1[:100], "BadMessage"},
		{"unknown cookies", stranger, change(qm, func(b []byte) { b[0]++ }), "NoSA"},
		{"known cookies of another's", stranger, qm, "NoSA"},
		{"informational in the clear", stranger, change(mm1, func(b []byte) { b[18] = 5; b[0]++ }), "NoSA"},
		{"quick mode without an SA", stranger, change(mm1, func(b []byte) { b[18] = 32; b[0]++ }), "NoSA"},
		{"aggressive mode", stranger, change(mm1, func(b []byte) { b[18] = 4; b[0]++ }), "BadMessage"},
		{"IKEv2", stranger, change(mm1, func(b []byte) { b[17] = 0x20; b[0]++ }), "Unsupported"},
		{"a later minor version", stranger, change(mm1, func(b []byte) { b[17] = 0x11; b[0]++ }), "Unsupported"},
		{"no initiator cookie", stranger, change(mm1, func(b []byte) { clear(b[:8]) }), "BadMessage"},
		{"no first payload", stranger, change(mm1, func(b []byte) { b[16] = 0; b[0]++ }), "BadMessage"},
		{"the peer's first message again", peer, mm1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := r.command("mark"); err != nil {
				t.Fatal(err)
			}
			before := len(r2.Views().Sessions)
			r.world.Inject(r2.Router, ike.Datagram{Local: netip.MustParseAddrPort("192.168.0.2:500"), Remote: test.from, Data: test.data})
			r.world.Run(20 * time.Second)
			if err := r.command("want lengths"); err != nil {
				t.Errorf("answered: %v", err)
			}
			if test.event != "" {
				if err := r.command("want event R2 " + test.event); err != nil {
					t.Error(err)
				}
			}
			if after := len(r2.Views().Sessions); after != before {
				t.Errorf("%d sessions, were %d", after, before)
			}
		})
	}
	if err := r.command("want carries R1 Tunnel1 R2 Tunnel1"); err != nil {
		t.Error(err)
	}
}

// On shutdown the peer is told first; then everything goes, the policies last,
// so that nothing leaves in the clear meanwhile.
func TestShutdownOrder(t *testing.T) {
	r := started(t, 1, "start\ninitiate R1 Tunnel1\nwait up 5s\nadvance 1s\nmark\n")
	r1, _ := r.router("R1")
	orders := len(r1.Dataplane.Log)
	if err := r1.Command(ike.Shutdown{}); err != nil {
		t.Fatal(err)
	}
	if n := len(r.world.Sent) - r.sent; n != 2 {
		t.Errorf("%d datagrams, want a delete of the child SA and one of the IKE SA", n)
	}
	var kinds []string
	for _, order := range r1.Dataplane.Log[orders:] {
		words := strings.Fields(order)
		kinds = append(kinds, words[0]+" "+words[1])
	}
	want := []string{"sa del", "sa del", "route del", "link del", "link del", "policy del", "policy del"}
	if !slices.Equal(kinds, want) {
		t.Errorf("orders %q, want %q", kinds, want)
	}
	if err := r1.Command(ike.Initiate{Tunnel: "Tunnel1"}); err != engine.ErrClosed {
		t.Errorf("initiated after shutdown: %v", err)
	}
	r.world.Run(time.Minute)
	if err := r.command("want nothing left"); err != nil {
		t.Error(err)
	}
}

// Tunnels that cannot be initiated say why.
func TestRefusals(t *testing.T) {
	r := started(t, 1, "start\n")
	r1, _ := r.router("R1")
	var none *engine.NoTunnelError
	if err := r1.Command(ike.Initiate{Tunnel: "Tunnel9"}); !errors.As(err, &none) {
		t.Errorf("no such tunnel: %v", err)
	}
	var noSA *engine.NoSAError
	if err := r1.Command(ike.ClearISAKMP{ConnID: 1001}); !errors.As(err, &noSA) {
		t.Errorf("no such SA: %v", err)
	}
	for _, test := range []struct{ change, reason string }{
		{"interface Tunnel1\n shutdown\n", "administratively down"},
		{"crypto ipsec profile prof1\n responder-only\n", "responder-only"},
		{"interface Tunnel1\n no tunnel protection ipsec profile prof1\n", "no tunnel protection"},
		{"no crypto isakmp enable\n", "ISAKMP is OFF"},
	} {
		config, err := compile("R1.cfg", string(noteConfig(t, "R1.cfg"))+test.change)
		if err != nil {
			t.Errorf("%q: %v", test.change, err)
			continue
		}
		if err := r1.Command(ike.Adopt{Config: config}); err != nil {
			t.Fatal(err)
		}
		var refused *engine.RefusedError
		if err := r1.Command(ike.Initiate{Tunnel: "Tunnel1"}); !errors.As(err, &refused) || refused.Reason != test.reason {
			t.Errorf("%q: refused with %v, want %q", test.change, err, test.reason)
		}
	}
}

// BenchmarkTunnel is a whole main mode and quick mode, both roles, with all that
// lies around it.
func BenchmarkTunnel(b *testing.B) {
	r := started(b, 1, "start\n")
	b.ReportAllocs()
	for b.Loop() {
		for _, line := range []string{"initiate R1 Tunnel1", "wait up 5s", "clear R1 session", "advance 60s", "want nothing left"} {
			if err := r.command(line); err != nil {
				b.Fatal(err)
			}
		}
	}
}

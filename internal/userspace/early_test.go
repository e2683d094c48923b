package userspace

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

// What comes before its SA stands is given to it then, before what comes later, and
// no more of it than 256 packets.
func TestExpected(t *testing.T) {
	d, written := bare(t)
	out, in := pairOfSAs(t, 64)
	sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := newReceiver(d)
	send := func(n int) {
		for range n {
			packet := make([]byte, headerIPv4+4)
			packet[0], packet[3], packet[8], packet[9] = 0x45, byte(len(packet)), 64, 254
			copy(packet[12:], []byte{10, 0, 0, 1, 10, 0, 0, 2})
			headerChecksum(packet[:headerIPv4])
			b, err := sa.Seal(nil, packet, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			take(r, []netio.Train{{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(there, 4500), Packets: b, Size: len(b)}})
		}
	}
	send(1) // nobody waits for it
	if err := d.ExpectSA(in.SAID, in.Encap); err != nil {
		t.Fatal(err)
	}
	send(300)
	if err := d.InstallSA(in); err != nil {
		t.Fatal(err)
	}
	send(1)
	counters, err := d.QuerySA(in.SAID)
	if err != nil || counters.Packets != 257 || counters.ReplayErrors != 0 {
		t.Errorf("%+v, %v, want 257 packets", counters, err)
	}
	buffer := make([]byte, 1<<16)
	if n, err := written.Read(buffer); err != nil || n != 257*(offloadLen+headerIPv4+4) {
		t.Errorf("%d octets written, %v", n, err)
	}
	if d.unknown.Load() != 301 { // those kept count as well: they met no SA
		t.Errorf("%d packets of no SA", d.unknown.Load())
	}
	if len(d.expected) != 0 {
		t.Error("it is still expected")
	}
}

// However many SAs are expected and however long packets are, no more than a megabyte
// is kept; what was kept makes room when its SA is expected no more.
func TestExpectedOctets(t *testing.T) {
	d, _ := bare(t)
	_, in := pairOfSAs(t, 64)
	packet := make([]byte, 60000)
	train := netio.Train{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(there, 4500), Packets: packet, Size: len(packet)}
	ids := make([]ipsec.SAID, maxExpected)
	for i := range ids {
		ids[i] = in.SAID
		ids[i].SPI += uint32(i)
		if err := d.ExpectSA(ids[i], in.Encap); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			d.keep(ids[i].SPI, &train, packet)
		}
	}
	if d.kept > earlyOctets || d.kept+len(packet)+keptTrain <= earlyOctets {
		t.Errorf("%d octets are kept of %d", d.kept, earlyOctets)
	}
	for _, id := range ids {
		if err := d.RemoveSA(id); err != nil {
			t.Fatal(err)
		}
	}
	if d.kept != 0 || len(d.expected) != 0 {
		t.Errorf("%d octets of %d SAs are kept still", d.kept, len(d.expected))
	}
}

// What comes early with another encapsulation is not the SA's either, and tells of no
// new address.
func TestExpectedElsewhere(t *testing.T) {
	d, written := bare(t)
	out, in := pairOfSAs(t, 64)
	in.Encap = nil
	if err := d.ExpectSA(in.SAID, in.Encap); err != nil {
		t.Fatal(err)
	}
	sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	r := newReceiver(d)
	for _, port := range []uint16{4500, 0} {
		packet := make([]byte, headerIPv4)
		packet[0], packet[3], packet[8] = 0x45, headerIPv4, 64
		headerChecksum(packet)
		b, err := sa.Seal(nil, packet, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		take(r, []netio.Train{{Local: netip.AddrPortFrom(here, port), Remote: netip.AddrPortFrom(there, port), Packets: b, Size: len(b)}})
	}
	if err := d.InstallSA(in); err != nil {
		t.Fatal(err)
	}
	if n, err := written.Read(make([]byte, 1<<16)); err != nil || n != offloadLen+headerIPv4 {
		t.Errorf("%d octets written, %v, want one packet", n, err)
	}
	d.events.put(ipsec.LinkLost{})
	for _, want := range []ipsec.Event{ipsec.InvalidSPI{SAID: in.SAID}, ipsec.LinkLost{}} {
		if e := <-d.Events(); e != want {
			t.Errorf("event %+v, want %+v", e, want)
		}
	}
}

// Between a packet's arrival and its turn its SA comes to stand: it is opened once, with
// what was kept.
func TestExpectedMeanwhile(t *testing.T) {
	d, written := bare(t)
	out, in := pairOfSAs(t, 64)
	in.Encap = out.Encap
	sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err := errors.Join(err, d.ExpectSA(in.SAID, in.Encap)); err != nil {
		t.Fatal(err)
	}
	r, list := newReceiver(d), []netio.Train{numbered(t, sa, 1)}
	r.Claim(list)
	if err := d.InstallSA(in); err != nil {
		t.Fatal(err)
	}
	r.Handle(list)
	if c, err := d.QuerySA(in.SAID); err != nil || c.Packets != 1 || c.Errors() != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	inOrder(t, written, 1)
}

// What came early by the successor does not overtake what a worker has of the SA before.
func TestEarlyOvertakesNothing(t *testing.T) {
	d, written := bare(t)
	out, in := pairOfSAs(t, 64)
	before, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err := errors.Join(err, d.InstallSA(in)); err != nil {
		t.Fatal(err)
	}
	in.SPI++
	out.SPI++
	next, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err := errors.Join(err, d.ExpectSA(in.SAID, in.Encap)); err != nil {
		t.Fatal(err)
	}
	slow, list := newReceiver(d), []netio.Train{numbered(t, before, 1)}
	slow.Claim(list)
	take(newReceiver(d), []netio.Train{numbered(t, next, 2)})
	var installs sync.WaitGroup
	installs.Go(func() {
		if err := d.InstallSA(in); err != nil {
			t.Error(err)
		}
	})
	time.Sleep(50 * time.Millisecond) // enough to overtake
	slow.Handle(list)
	installs.Wait()
	take(slow, []netio.Train{numbered(t, next, 3)})
	inOrder(t, written, 3)
}

const sizeNumbered = headerIPv4 + 4

// numbered is a packet with a number, sealed.
func numbered(t *testing.T, sa *esp.Outbound, n byte) netio.Train {
	t.Helper()
	packet := make([]byte, sizeNumbered)
	packet[0], packet[3], packet[8], packet[9], packet[headerIPv4] = 0x45, sizeNumbered, 64, 254, n
	headerChecksum(packet[:headerIPv4])
	b, err := sa.Seal(nil, packet, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return netio.Train{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(there, 4500), Packets: b, Size: len(b)}
}

// inOrder wants those with 1 to n to have been written so.
func inOrder(t *testing.T, written io.Reader, n byte) {
	t.Helper()
	b := make([]byte, offloadLen+sizeNumbered)
	for i := range n {
		if _, err := io.ReadFull(written, b); err != nil {
			t.Fatal(err)
		}
		if got := b[offloadLen+headerIPv4]; got != i+1 {
			t.Errorf("packet %d in the place of %d", got, i+1)
		}
	}
}

// Packets of no SA are counted, and one is told of, whatever comes in the same minute.
func TestInvalidSPI(t *testing.T) {
	d, _ := bare(t)
	b := make([]byte, 3*16+3) // the last is shorter than an SPI
	for i := range 3 {
		binary.BigEndian.PutUint32(b[16*i:], 0x5000+uint32(i))
	}
	r := newReceiver(d)
	for range 100 {
		take(r, []netio.Train{{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(there, 20000), Packets: b, Size: 16}})
	}
	if n := d.InvalidSPIs(); n != 400 {
		t.Errorf("%d are counted", n)
	}
	if len(r.claimed)+len(r.runs) != 0 {
		t.Error("something is opened")
	}
	want := ipsec.InvalidSPI{SAID: ipsec.SAID{Src: there, Dst: here, SPI: 0x5000, Protocol: ipsec.ESP}}
	if e := <-d.Events(); e != want {
		t.Errorf("event %+v", e)
	}
	d.events.put(ipsec.LinkLost{})
	if e := <-d.Events(); e != (ipsec.LinkLost{}) {
		t.Errorf("and again %+v", e)
	}
}

// What the device refuses is counted packet by packet, also where they are one frame.
func TestRefused(t *testing.T) {
	d, written := bare(t)
	out, in := pairOfSAs(t, 64)
	sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err := errors.Join(err, d.InstallSA(in)); err != nil {
		t.Fatal(err)
	}
	written.Close()
	s := &sender{plane: d, tunnel: d.tunnels["Tunnel1"], out: make([]byte, 0, sealed)}
	o := &outbound{id: out.SAID, esp: sa}
	o.ends.Store(ends(out))
	s.tunnel.way.Store(&way{sas: []*outbound{o}})
	s.of, s.now = o, time.Now()
	offload, packet := made(false, protocolTCP, 3*1398, 1398, true)
	cut(handed(offload, packet), s.packet)
	train := s.trains[0]
	train.Local, train.Remote = netip.AddrPortFrom(here, 4500), netip.AddrPortFrom(there, 4500)
	take(newReceiver(d), []netio.Train{train})
	if c, err := d.QuerySA(in.SAID); err != nil || c.Packets != 3 || c.FormErrors != 3 || d.in[in.SAID].esp.Of(esp.Refused) != 3 {
		t.Errorf("%+v, %v", c, err)
	}
}

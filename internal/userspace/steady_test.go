package userspace

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/suite"
)

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
	all   = netip.MustParsePrefix("0.0.0.0/0")
)

// pairOfSAs is one SA of AES-GCM as both of its ends have it.
func pairOfSAs(t *testing.T, replay int) (out, in ipsec.SA) {
	t.Helper()
	out = ipsec.SA{
		SAID:      ipsec.SAID{Src: there, Dst: here, SPI: 0x1000, Protocol: ipsec.ESP},
		Direction: ipsec.Out, Mode: ipsec.Tunnel, Encr: suite.AESGCM16, EncrKey: make(suite.Key, 20),
		Selector: ipsec.Selector{Local: all, Remote: all}, ReqID: ipsec.ReqIDBase | 1,
		Encap: &ipsec.Encap{LocalPort: 4500, RemotePort: 4500},
	}
	in = out
	in.Direction, in.Replay = ipsec.In, replay
	return out, in
}

// bare is a data plane without a host and a wire, with one VTI whose device is a
// pipe.
func bare(t *testing.T) (d *Dataplane, written *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	conn, err := w.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	d = &Dataplane{
		random: rand.Reader, events: newEvents(), expected: map[uint32]*kept{},
		tunnels: map[string]*tunnel{}, in: map[ipsec.SAID]*inbound{}, out: map[ipsec.SAID]*outbound{},
	}
	d.given = newReceiver(d)
	tu := &tunnel{link: ipsec.Link{Name: "Tunnel1", Kind: ipsec.VTI, Local: here, Remote: there, Key: 7}, device: &device{file: w, conn: conn, datagram: true}}
	d.tunnels["Tunnel1"] = tu
	for _, direction := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		if err := d.SetPolicy(ipsec.Policy{Direction: direction, Selector: ipsec.Selector{Local: all, Remote: all}, Mark: 7, ReqID: ipsec.ReqIDBase | 1}); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
		close(d.events.closed)
	})
	return d, r
}

// take is a worker's turn.
func take(r *receiver, trains []netio.Train) {
	r.Claim(trains)
	r.Handle(trains)
}

// From a train to the TUN device, and from what that hands over to a train, nothing
// is allocated.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	d, written := bare(t)
	out, in := pairOfSAs(t, 0) // the same train comes again and again
	if err := d.InstallSA(in); err != nil {
		t.Fatal(err)
	}
	tu := d.tunnels["Tunnel1"]
	sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	o := &outbound{id: out.SAID, esp: sa}
	o.ends.Store(ends(out))
	tu.way.Store(&way{sas: []*outbound{o}})
	s := &sender{plane: d, tunnel: tu, out: make([]byte, 0, sealed), trains: make([]netio.Train, 0, netio.MaxTrain)}
	offload, packet := made(false, protocolTCP, 40000, 1398, true)
	const sizeOfLast = 8 + 8 + (headerIPv4 + headerTCP + 12 + 40000%1398 + 2 + 2) + 16 // with two of padding
	handedOver := handed(offload, packet)
	again := bytes.Clone(handedOver)
	segment := s.packet
	seal := func() {
		s.out, s.trains, s.full, s.of, s.now = s.out[:0], s.trains[:0], false, o, time.Now()
		copy(again, handedOver)
		cut(again, segment)
	}
	if n := testing.AllocsPerRun(50, seal); n != 0 {
		t.Errorf("sending: %v allocations", n)
	}
	if len(s.trains) != 1 || len(s.trains[0].Packets) != 28*s.trains[0].Size+sizeOfLast {
		t.Fatalf("%d trains: %d octets of packets of %d", len(s.trains), len(s.trains[0].Packets), s.trains[0].Size)
	}

	r := newReceiver(d)
	sealedTrain := netio.Train{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(there, 4500), Size: s.trains[0].Size}
	whole := bytes.Clone(s.trains[0].Packets)
	sealedTrain.Packets = bytes.Clone(whole)
	trains := []netio.Train{sealedTrain}
	buffer := make([]byte, 1<<16)
	open := func() {
		copy(sealedTrain.Packets, whole)
		r.Claim(trains)
		r.Handle(trains)
		if n, err := written.Read(buffer); err != nil || n != offloadLen+len(packet) {
			t.Errorf("%d octets, %v, want %d", n, err, offloadLen+len(packet))
		}
	}
	if n := testing.AllocsPerRun(50, open); n != 0 {
		t.Errorf("receiving: %v allocations", n)
	}
	if !bytes.Equal(buffer[:offloadLen+len(packet)], handedOver) {
		t.Error("what comes out is not what went in")
	}
}

// Several workers that take turns lose nothing of an SA's order, whatever else is in
// their trains.
func TestOrderAmongWorkers(t *testing.T) {
	d, written := bare(t)
	var seal []*esp.Outbound
	for spi := range uint32(3) {
		out, in := pairOfSAs(t, 64)
		out.SPI, in.SPI = 0x1000+spi, 0x1000+spi
		sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
		if err := errors.Join(err, d.InstallSA(in)); err != nil {
			t.Fatal(err)
		}
		seal = append(seal, sa)
	}
	const trains, size = 200, headerIPv4 + 8
	var turn sync.Mutex
	sent := 0
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			r := newReceiver(d)
			for {
				turn.Lock()
				if sent == trains {
					turn.Unlock()
					return
				}
				sent++
				var list []netio.Train
				for i := range seal { // each SA in another order
					i = (i + sent) % len(seal)
					packet := make([]byte, size)
					packet[0], packet[3], packet[8], packet[9] = 0x45, size, 64, 254
					binary.BigEndian.PutUint32(packet[headerIPv4:], uint32(i))
					binary.BigEndian.PutUint32(packet[headerIPv4+4:], uint32(sent))
					headerChecksum(packet[:headerIPv4])
					b, err := seal[i].Seal(nil, packet, time.Now())
					if err != nil {
						t.Error(err)
					}
					list = append(list, netio.Train{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(there, 4500), Packets: b, Size: len(b)})
				}
				r.Claim(list)
				turn.Unlock()
				r.Handle(list)
			}
		})
	}
	var last [3]uint32
	b := make([]byte, offloadLen+size)
	for range trains * len(seal) {
		if _, err := io.ReadFull(written, b); err != nil {
			t.Fatal(err)
		}
		of, number := binary.BigEndian.Uint32(b[offloadLen+headerIPv4:]), binary.BigEndian.Uint32(b[offloadLen+headerIPv4+4:])
		if number != last[of]+1 {
			t.Fatalf("SA %d: %d after %d", of, number, last[of])
		}
		last[of] = number
	}
	workers.Wait()
}

// A packet whose authentication held tells of its new address once until the SA is
// updated; one of another encapsulation, destination or SPI is dropped.
func TestMapped(t *testing.T) {
	d, _ := bare(t)
	out, in := pairOfSAs(t, 64)
	if err := d.InstallSA(in); err != nil {
		t.Fatal(err)
	}
	sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	d.told = time.Now() // of those of no SA
	r := newReceiver(d)
	send := func(local, remote netip.AddrPort, spoil func([]byte)) {
		packet := make([]byte, headerIPv4)
		packet[0], packet[3], packet[8] = 0x45, headerIPv4, 64
		headerChecksum(packet)
		b, err := sa.Seal(nil, packet, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		spoil(b)
		take(r, []netio.Train{{Local: local, Remote: remote, Packets: b, Size: len(b)}})
	}
	leave := func([]byte) {}
	own, moved := netip.AddrPortFrom(here, 4500), netip.AddrPortFrom(there, 20000)
	send(own, netip.AddrPortFrom(there, 4500), leave)
	send(own, moved, func(b []byte) { b[len(b)-1]++ })
	send(own, moved, leave)
	send(own, moved, leave)
	send(netip.AddrPortFrom(here, 0), netip.AddrPortFrom(there, 0), leave)
	send(netip.AddrPortFrom(there, 4500), moved, leave)
	send(own, moved, func(b []byte) { binary.BigEndian.PutUint32(b, 0x2000) })
	if e := <-d.Events(); e != (ipsec.Mapped{SAID: in.SAID, Remote: moved}) {
		t.Errorf("event %+v", e)
	}
	counters, err := d.QuerySA(in.SAID)
	if err != nil || counters.Packets != 3 || counters.IntegrityErrors != 1 || d.unknown.Load() != 3 {
		t.Errorf("%+v, %v, %d of no SA", counters, err, d.unknown.Load())
	}
	in.Encap = &ipsec.Encap{LocalPort: 4500, RemotePort: 20000}
	if err := d.UpdateSA(in); err != nil {
		t.Fatal(err)
	}
	send(own, moved, leave)
	send(own, netip.AddrPortFrom(there, 4500), leave)
	if e := <-d.Events(); e != (ipsec.Mapped{SAID: in.SAID, Remote: netip.AddrPortFrom(there, 4500)}) {
		t.Errorf("event %+v", e)
	}
}

// One packet that is sent again and again, each time from another address, where no
// window refuses it, leaves one event to whoever is slow to read them, the newest.
func TestMappedManyTimes(t *testing.T) {
	d, _ := bare(t)
	_, in := pairOfSAs(t, 0)
	if err := d.InstallSA(in); err != nil {
		t.Fatal(err)
	}
	r, last := newReceiver(d), netip.AddrPort{}
	for port := range uint16(1000) {
		last = netip.AddrPortFrom(there, 10000+port)
		r.mapped(d.in[in.SAID], last)
	}
	for range 4 { // some have been on their way before the rest came
		if e := <-d.Events(); e == (ipsec.Mapped{SAID: in.SAID, Remote: last}) {
			return
		}
	}
	t.Error("more events wait than there are SAs")
}

// Without an SA a packet is dropped, and one is asked for once; when it is gone
// again too.
func TestAcquire(t *testing.T) {
	d, _ := bare(t)
	out, _ := pairOfSAs(t, 64)
	s := &sender{plane: d, tunnel: d.tunnels["Tunnel1"], out: make([]byte, 0, sealed)}
	_, packet := made(false, protocolTCP, 100, 0, true)
	asked := func() {
		t.Helper()
		s.packet(packet)
		s.packet(packet)
		if e := <-d.Events(); e != (ipsec.Acquire{ReqID: out.ReqID, Selector: out.Selector}) {
			t.Errorf("event %+v", e)
		}
	}
	asked()
	if err := d.InstallSA(out); err != nil {
		t.Fatal(err)
	}
	if err := d.InstallSA(out); err == nil {
		t.Error("installed twice")
	}
	s.packet(packet)
	if len(s.out) == 0 {
		t.Error("nothing is sealed")
	}
	if c, err := d.QuerySA(out.SAID); err != nil || c.Packets != 1 || c.LifetimeErrors != 2 || c.Errors() != 2 {
		t.Errorf("%+v, %v, want the two packets that had no SA", c, err)
	}
	if err := d.RemoveSA(out.SAID); err != nil {
		t.Fatal(err)
	}
	asked()
	if n := d.tunnels["Tunnel1"].unsent.Load(); n != 4 {
		t.Errorf("%d packets without an SA", n)
	}
	if err := d.InstallSA(ipsec.SA{SAID: ipsec.SAID{Protocol: ipsec.AH}}); err == nil {
		t.Error("AH is installed")
	}
}

// The newest outbound SA sends, and the one before when that is gone.
func TestNewestSends(t *testing.T) {
	d, _ := bare(t)
	out, _ := pairOfSAs(t, 64)
	tu := d.tunnels["Tunnel1"]
	for spi := range uint32(3) {
		out.SPI = 100 + spi
		if err := d.InstallSA(out); err != nil {
			t.Fatal(err)
		}
		if got := tu.way.Load().sas[0].id.SPI; got != out.SPI {
			t.Errorf("SPI %d sends, want %d", got, out.SPI)
		}
	}
	for spi := uint32(102); spi > 100; spi-- {
		out.SPI = spi
		if err := d.RemoveSA(out.SAID); err != nil {
			t.Fatal(err)
		}
		if got := tu.way.Load().sas[0].id.SPI; got != spi-1 {
			t.Errorf("SPI %d sends, want %d", got, spi-1)
		}
	}
	for _, direction := range []ipsec.Direction{ipsec.Out, ipsec.In} {
		if err := d.RemovePolicy(ipsec.Policy{Direction: direction, Selector: out.Selector, Mark: 7}); err != nil {
			t.Fatal(err)
		}
	}
	if tu.way.Load() != nil {
		t.Error("it sends without a policy")
	}
}

// Soft is told once, hard once, by volume and by time, and the SA is gone then.
func TestLimits(t *testing.T) { synctest.Test(t, limits) }

func limits(t *testing.T) {
	d, _ := bare(t)
	out, _ := pairOfSAs(t, 64)
	out.Soft, out.Hard = ipsec.Lifetime{Duration: 50 * time.Millisecond}, ipsec.Lifetime{Duration: 150 * time.Millisecond}
	if err := d.InstallSA(out); err != nil {
		t.Fatal(err)
	}
	for _, hard := range []bool{false, true} {
		if e := <-d.Events(); e != (ipsec.Expired{SAID: out.SAID, Hard: hard}) {
			t.Errorf("event %+v, want hard %v", e, hard)
		}
	}
	if _, err := d.QuerySA(out.SAID); err == nil {
		t.Error("it stands after its end")
	}
	if len(d.tunnels["Tunnel1"].way.Load().sas) != 0 {
		t.Error("it sends after its end")
	}
}

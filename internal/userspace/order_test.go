package userspace

import (
	"crypto/rand"
	"errors"
	"io"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/esp"
	"github.com/obol-ike/obol/internal/netio"
)

// At a rekeying the packets of a flow come by one SA and then by its successor, and by
// two workers: they keep their order all the same.
func TestOrderAtRekeying(t *testing.T) {
	d, written := bare(t)
	const size = headerIPv4 + 4
	var workers [2]*receiver
	var lists [2][]netio.Train
	for i := range workers {
		out, in := pairOfSAs(t, 64)
		out.SPI, in.SPI = 0x1000+uint32(i), 0x1000+uint32(i)
		sa, err := esp.NewOutbound(out, rand.Reader, time.Now())
		if err := errors.Join(err, d.InstallSA(in)); err != nil {
			t.Fatal(err)
		}
		packet := make([]byte, size)
		packet[0], packet[3], packet[8], packet[9] = 0x45, size, 64, 254
		packet[headerIPv4] = byte(i)
		headerChecksum(packet[:headerIPv4])
		b, err := sa.Seal(nil, packet, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		workers[i] = newReceiver(d)
		lists[i] = []netio.Train{{Local: netip.AddrPortFrom(here, 4500), Remote: netip.AddrPortFrom(there, 4500), Packets: b, Size: len(b)}}
	}
	workers[0].Claim(lists[0])
	var second sync.WaitGroup
	second.Go(func() {
		workers[1].Claim(lists[1])
		workers[1].Handle(lists[1])
	})
	time.Sleep(50 * time.Millisecond) // enough for the second to overtake
	workers[0].Handle(lists[0])
	second.Wait()
	b := make([]byte, offloadLen+size)
	for i := range workers {
		if _, err := io.ReadFull(written, b); err != nil {
			t.Fatal(err)
		}
		if got := b[offloadLen+headerIPv4]; int(got) != i {
			t.Errorf("packet %d in the place of %d", got, i)
		}
	}
}

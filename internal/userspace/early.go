package userspace

import (
	"bytes"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
)

// Bounds of what comes before its SA stands. Nobody has authenticated it, so that it
// costs a megabyte at most, whoever guesses SPIs: what a gigabit a second brings in the 8
// milliseconds of one IKE message.
const (
	maxExpected = 32  // SAs at a time
	maxEarly    = 256 // trains of each
	earlyOctets = 1 << 20
	keptTrain   = 128 // octets that a train costs besides its packets
)

// kept is what came early for an SA.
type kept struct {
	packets []netio.Train
	octets  int
}

// ExpectSA keeps what arrives for an SA until InstallSA or RemoveSA: 256 packets, or as
// many trains of them, and a megabyte of all SAs together. Beyond 32 SAs at a time nothing is kept, and that is no
// error.
func (d *Dataplane) ExpectSA(id ipsec.SAID, _ *ipsec.Encap) error {
	d.early.Lock()
	defer d.early.Unlock()
	if len(d.expected) < maxExpected && id.Protocol == ipsec.ESP {
		d.expected[id.SPI] = &kept{}
		d.expecting.Store(int32(len(d.expected)))
	}
	return nil
}

func (d *Dataplane) unexpect(id ipsec.SAID) {
	d.early.Lock()
	defer d.early.Unlock()
	d.expectNoMore(id.SPI)
}

func (d *Dataplane) expectNoMore(spi uint32) {
	if k := d.expected[spi]; k != nil {
		d.kept -= k.octets
		delete(d.expected, spi)
		d.expecting.Store(int32(len(d.expected)))
	}
}

// keep notes a packet whose SA is expected. It gives the SA if that stands meanwhile.
func (d *Dataplane) keep(spi uint32, t netio.Train) *inbound {
	if d.expecting.Load() == 0 {
		return nil
	}
	d.early.Lock()
	defer d.early.Unlock()
	if sa := d.table.find(spi); sa != nil {
		return sa
	}
	octets := len(t.Packets) + keptTrain
	if k := d.expected[spi]; k != nil && len(k.packets) < maxEarly && d.kept+octets <= earlyOctets {
		t.Packets = bytes.Clone(t.Packets)
		k.packets = append(k.packets, t)
		k.octets += octets
		d.kept += octets
	}
	return nil
}

// admit lets an SA receive: what came early first, then what comes.
func (d *Dataplane) admit(sa *inbound) {
	d.early.Lock()
	defer d.early.Unlock()
	if k := d.expected[sa.id.SPI]; k != nil {
		for _, t := range k.packets {
			if sa.takes(t) {
				d.given.open(sa, t, t.Packets)
			}
		}
		d.given.flush()
		d.expectNoMore(sa.id.SPI)
	}
	d.table.put(sa.id.SPI, sa)
}

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
// many trains of them, and a megabyte of all SAs together. Beyond
// 32 SAs at a time nothing is kept, and that is no error.
func (d *Dataplane) ExpectSA(id ipsec.SAID, _ *ipsec.Encap) error {
	d.claiming.Lock()
	defer d.claiming.Unlock()
	if len(d.expected) < maxExpected && id.Protocol == ipsec.ESP {
		d.expected[id.SPI] = &kept{}
	}
	return nil
}

func (d *Dataplane) unexpect(id ipsec.SAID) {
	d.claiming.Lock()
	defer d.claiming.Unlock()
	if d.expected[id.SPI] != nil {
		d.expectNoMore(id.SPI)
	}
}

func (d *Dataplane) expectNoMore(spi uint32) {
	d.kept -= d.expected[spi].octets
	delete(d.expected, spi)
}

// keep notes a packet whose SA is expected. It is false for another, and where there is
// no room.
func (d *Dataplane) keep(spi uint32, t *netio.Train, packet []byte) bool {
	k, octets := d.expected[spi], len(packet)+keptTrain
	if k == nil || len(k.packets) == maxEarly || d.kept+octets > earlyOctets {
		return false
	}
	early := *t
	early.Packets, early.Size = bytes.Clone(packet), len(packet)
	k.packets = append(k.packets, early)
	k.octets += octets
	d.kept += octets
	return true
}

// admit lets an SA receive: what came early first, then what comes. Its tunnel's turn it
// waits for like any other worker.
func (d *Dataplane) admit(sa *inbound) {
	d.claiming.Lock()
	defer d.claiming.Unlock()
	if k := d.expected[sa.id.SPI]; k != nil {
		to := sa.tunnel.Load()
		for i := range k.packets {
			if t := &k.packets[i]; sa.takes(t) {
				d.given.claim(run{t, sa, to, t.Packets})
			} else {
				d.stray(sa.id.SPI, t)
			}
		}
		d.given.Handle(nil)
		d.expectNoMore(sa.id.SPI)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.in[sa.id] == sa { // no limit was reached meanwhile
		d.table.put(sa.id.SPI, sa)
	}
}

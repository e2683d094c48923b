package userspace

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/state"
)

// maxHeld is a limit of a state: more than there ever are, of devices or of SAs.
const maxHeld = 1 << 20

// Export ends the data plane, and gives what the next process goes on with: all SAs with
// their keys, sequence numbers and windows. It sends nothing any more before it writes,
// so that no sequence number is used twice. The TUN devices stay, with their addresses and
// routes; what is to be sent by them is dropped until the next process has them.
func (d *Dataplane) Export(now time.Time) ([]byte, error) {
	d.mu.Lock()
	devices, tunnels := slices.Sorted(maps.Keys(d.tunnels)), slices.Collect(maps.Values(d.tunnels))
	clear(d.tunnels)
	d.mu.Unlock()
	var errs []error
	for _, t := range tunnels {
		errs = append(errs, t.device.persist(1), t.device.close())
		<-t.done
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("keeping TUN devices: %w", err)
	}
	c := state.Writer(now)
	err := d.state(c, &devices)
	return c.Octets(), err
}

// Import goes on with what Export gave at a time, once Adopt has said with which SAs, and
// SetLink and SetPolicy with which tunnels. After an error there is to be a Sweep.
func (d *Dataplane) Import(octets []byte, at time.Time) error {
	var devices []string
	if err := d.state(state.Reader(octets, at), &devices); err != nil {
		return fmt.Errorf("state of the data plane: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, name := range devices {
		d.inherited[name] = true
	}
	return nil
}

// state describes the names of the devices and all SAs, the oldest first, either way.
func (d *Dataplane) state(c *state.Codec, devices *[]string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	state.List(c, devices, maxHeld, func(name *string) { state.String(c, name) })
	var sas []ipsec.SA
	for _, out := range slices.SortedFunc(maps.Values(d.out), func(a, b *outbound) int { return cmp.Compare(a.order, b.order) }) {
		sas = append(sas, out.sa)
	}
	for _, in := range d.in {
		sas = append(sas, in.sa)
	}
	state.List(c, &sas, maxHeld, func(sa *ipsec.SA) { d.stateSA(c, sa) })
	return c.End()
}

func (d *Dataplane) stateSA(c *state.Codec, sa *ipsec.SA) {
	sa.State(c)
	if c.Reading() && c.Err() == nil {
		_, err := d.add(*sa)
		c.Want(err == nil, "SA that can be installed")
	}
	if c.Err() != nil {
		return
	}
	if in := d.in[sa.SAID]; in != nil {
		in.esp.State(c)
		in.timer.Stop()
		in.timer = d.watch(sa.SAID, in.esp)
		return
	}
	out := d.out[sa.SAID]
	out.esp.State(c)
	out.timer.Stop()
	out.timer = d.watch(sa.SAID, out.esp)
}

// Adopt keeps, of the SAs that Import has read, those that are to stand. The others go; of
// those that are not there it tells as of SAs that have expired.
func (d *Dataplane) Adopt(standing []ipsec.SA) (gone []ipsec.Expired, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stands := map[ipsec.SAID]bool{}
	for _, sa := range standing {
		stands[sa.SAID] = true
		if d.in[sa.SAID] == nil && d.out[sa.SAID] == nil {
			gone = append(gone, ipsec.Expired{SAID: sa.SAID, Hard: true})
		}
	}
	for _, id := range slices.Concat(slices.Collect(maps.Keys(d.in)), slices.Collect(maps.Keys(d.out))) {
		if !stands[id] {
			d.forget(id)
		}
	}
	for id, sa := range d.in {
		d.table.put(id.SPI, sa)
	}
	return gone, nil
}

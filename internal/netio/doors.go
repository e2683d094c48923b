package netio

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ike"
)

// Doors are the sockets of the global VRF, and those of each front-door VRF: these are
// bound to its device, and see its peers alone.
type Doors struct {
	global  *Sockets
	options Options

	mu      sync.RWMutex
	vrfs    map[string]*door
	deliver func([]ike.Datagram) // what Receive was given
	working sync.WaitGroup       // that receive of a VRF
	closed  bool
}

// door is a VRF's sockets and the index of the device that they are bound to.
type door struct {
	*Sockets
	device int
}

// ListenDoors opens the sockets of the global VRF and of others.
func ListenDoors(o Options, vrfs ...string) (*Doors, error) {
	before := take(o.Kept)
	defer before.close()
	global, err := listenAll(o, before)
	if err != nil {
		return nil, err
	}
	o.IKE, o.NATT = global.Ports()
	d := &Doors{global: global, options: o, vrfs: map[string]*door{}}
	if err := d.open(vrfs, before); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// Open opens the sockets of VRFs where they are not open, or where the device is another
// one by now. What is open stays so: somebody there may still have to be told something.
func (d *Doors) Open(vrfs []string) error { return d.open(vrfs, nil) }

func (d *Doors) open(vrfs []string, before kept) error {
	for _, name := range vrfs {
		device, err := net.InterfaceByName(name)
		if err != nil {
			return fmt.Errorf("VRF %s: %w", name, cause(err))
		}
		d.mu.RLock()
		old := d.vrfs[name]
		d.mu.RUnlock()
		if old != nil && old.device == device.Index {
			continue
		}
		if old != nil {
			old.Close()
		}
		s, err := d.listen(name, before)
		if err != nil {
			return fmt.Errorf("VRF %s: %w", name, err)
		}
		if err := d.add(name, &door{s, device.Index}); err != nil {
			return errors.Join(err, s.Close())
		}
	}
	return nil
}

func (d *Doors) add(name string, s *door) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return net.ErrClosed
	}
	d.vrfs[name] = s
	if d.deliver != nil {
		d.receive(s.Sockets)
	}
	return nil
}

// listen opens a VRF's sockets. To the system those of the global VRF have the same
// ports everywhere; only while both allow it there are others beside them.
func (d *Doors) listen(vrf string, before kept) (*Sockets, error) {
	o := d.options
	o.VRF = vrf
	if err := d.global.reuse(1); err != nil {
		return nil, err
	}
	s, err := listenAll(o, before)
	if err == nil {
		err = s.reuse(0)
	}
	return s, errors.Join(err, d.global.reuse(0))
}

// reuse sets SO_REUSEADDR, which matters when another socket is bound.
func (s *Sockets) reuse(value int) error {
	for _, sock := range s.all {
		raw, err := sock.udp.SyscallConn()
		if err == nil {
			err = onSocket(raw, func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, value) })
		}
		if err != nil {
			return fmt.Errorf("SO_REUSEADDR: %w", err)
		}
	}
	return nil
}

// Receive reads all of them until Close, as Sockets.Receive does.
func (d *Doors) Receive(deliver func([]ike.Datagram)) error {
	d.mu.Lock()
	d.deliver = deliver
	for _, s := range d.vrfs {
		d.receive(s.Sockets)
	}
	d.mu.Unlock()
	err := d.global.Receive(deliver)
	d.working.Wait()
	return err
}

// receive reads a VRF's sockets. That they fail is no reason to end: the device is gone,
// and Open opens others when it is back.
func (d *Doors) receive(s *Sockets) {
	d.working.Go(func() { s.Receive(d.deliver) })
}

// Send writes the datagrams in order, each by the door of its VRF.
func (d *Doors) Send(datagrams []ike.Datagram) error {
	var errs []error
	for len(datagrams) > 0 {
		vrf, n := datagrams[0].VRF, 1
		for n < len(datagrams) && datagrams[n].VRF == vrf {
			n++
		}
		if s := d.of(vrf); s != nil {
			errs = append(errs, s.Send(datagrams[:n]))
		} else {
			errs = append(errs, fmt.Errorf("sending from %s: no socket is open in VRF %s", datagrams[0].Local, vrf))
		}
		datagrams = datagrams[n:]
	}
	return errors.Join(errs...)
}

// of are the sockets of a VRF, nil when none are open.
func (d *Doors) of(vrf string) *Sockets {
	if vrf == "" {
		return d.global
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	if s := d.vrfs[vrf]; s != nil {
		return s.Sockets
	}
	return nil
}

// Ports are the ports taken, for IKE and for IKE behind NAT.
func (d *Doors) Ports() (ike, natt uint16) { return d.global.Ports() }

// ESP gives the wire of the global VRF, where Options asked for it.
func (d *Doors) ESP() *ESP { return d.global.ESP() }

// Counters are those of all doors together.
func (d *Doors) Counters() Counters {
	sum := d.global.Counters()
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, s := range d.vrfs {
		sum = sum.plus(s.Counters())
	}
	return sum
}

func (c Counters) plus(o Counters) Counters {
	return Counters{
		Received: c.Received + o.Received, Keepalives: c.Keepalives + o.Keepalives, Oversize: c.Oversize + o.Oversize,
		NoMarker: c.NoMarker + o.NoMarker, Sent: c.Sent + o.Sent, SendErrors: c.SendErrors + o.SendErrors,
	}
}

// Close makes Receive return.
func (d *Doors) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	errs := []error{d.global.Close()}
	for _, s := range d.vrfs {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

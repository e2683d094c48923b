// Package load asks an IKE daemon for tunnels, whoever made it: obol's engine as
// the initiator, with a socket of its own and no kernel. What it wants installed
// stands at once.
package load

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/tunnel"
)

// patience is how long one tunnel may take.
const patience = 10 * time.Second

// An Initiator asks one daemon for the interface Tunnel1 of its configuration.
type Initiator struct {
	engine        *engine.Engine
	conn          *net.UDPConn
	local, remote netip.AddrPort
	buf           [65536]byte

	up, child bool  // what stands
	failed    error // why nothing will
}

// New makes an initiator on a socket that is connected to the daemon.
func New(env ike.Env, conn *net.UDPConn) *Initiator {
	env.Rand = rand.Reader
	return &Initiator{
		engine: engine.New(time.Now(), env, engine.Options{Options: tunnel.Options{Manual: true}}),
		conn:   conn,
		local:  addrPort(conn.LocalAddr()),
		remote: addrPort(conn.RemoteAddr()),
	}
}

func addrPort(a net.Addr) netip.AddrPort {
	p := a.(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(p.Addr().Unmap(), p.Port())
}

// Up brings the tunnel up. A daemon whose kernel has no ESP may authenticate in
// IKEv2 and refuse the child SA: then there is no error, and child is false.
func (i *Initiator) Up() (child bool, err error) {
	i.up, i.child, i.failed = false, false, nil
	if err := i.engine.Command(time.Now(), ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
		return false, err
	}
	for end := time.Now().Add(patience); ; {
		switch err := i.carryOut(); {
		case err != nil:
			return false, err
		case i.child || i.up && i.failed != nil:
			return i.child, nil
		case i.failed != nil:
			return false, i.failed
		case time.Now().After(end):
			return false, fmt.Errorf("no tunnel after %v", patience)
		}
		if err := i.receive(); err != nil {
			return false, err
		}
	}
}

// Down tells the daemon that the tunnel is gone, and does not wait for an answer.
func (i *Initiator) Down() error {
	if err := i.engine.Command(time.Now(), ike.ClearSession{}); err != nil {
		return err
	}
	return i.carryOut()
}

// Close closes the socket. What stands is not taken down.
func (i *Initiator) Close() error { return i.conn.Close() }

// receive waits for a datagram or for a deadline of the engine.
func (i *Initiator) receive() error {
	next, _ := i.engine.NextTimeout()
	if err := i.conn.SetReadDeadline(next); err != nil {
		return err
	}
	n, err := i.conn.Read(i.buf[:])
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		i.engine.HandleTimeout(time.Now())
		return nil
	case err != nil:
		return err
	}
	i.engine.HandleDatagram(time.Now(), ike.Datagram{Local: i.local, Remote: i.remote, Data: i.buf[:n]})
	return nil
}

// carryOut does what the engine wants.
func (i *Initiator) carryOut() error {
	for o, ok := i.engine.Poll(); ok; o, ok = i.engine.Poll() {
		switch o := o.(type) {
		case ike.Send:
			if _, err := i.conn.Write(o.Datagram.Data); err != nil {
				return err
			}
		case ike.InstallSA:
			i.engine.HandleKernel(time.Now(), ipsec.Installed{SAID: o.SA.SAID})
		case ike.Report:
			switch e := o.Event.(type) {
			case ike.SessionUp:
				i.up = true
			case ike.ChildUp:
				i.child = true
			case ike.NegotiationFailed:
				i.failed = fmt.Errorf("%s: %s", e.Stage, e.Reason)
			}
		}
	}
	return nil
}

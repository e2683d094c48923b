//go:build bench

package bench

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

// An initiator is obol's engine with a socket and no kernel: what it wants
// installed stands at once.
type initiator struct {
	engine        *engine.Engine
	conn          *net.UDPConn
	local, remote netip.AddrPort
	buf           [65536]byte
}

func newInitiator(env ike.Env, conn *net.UDPConn, local, remote netip.AddrPort) *initiator {
	env.Rand = rand.Reader
	return &initiator{
		engine: engine.New(time.Now(), env, engine.Options{Options: tunnel.Options{Manual: true}}),
		conn:   conn, local: local, remote: remote,
	}
}

// tunnel brings Tunnel1 up and takes it down again, with the DELETEs of both
// phases.
func (i *initiator) tunnel() error {
	if err := i.engine.Command(time.Now(), ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
		return err
	}
	for end := time.Now().Add(patience); ; {
		up, err := i.carryOut()
		if err != nil {
			return err
		}
		if up {
			if err := i.engine.Command(time.Now(), ike.ClearSession{}); err != nil {
				return err
			}
			_, err := i.carryOut()
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("no tunnel after %v", patience)
		}
		if err := i.receive(); err != nil {
			return err
		}
	}
}

// receive waits for a datagram or for a deadline of the engine.
func (i *initiator) receive() error {
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

// carryOut does what the engine wants, and says whether the tunnel came up.
func (i *initiator) carryOut() (up bool, err error) {
	for o, ok := i.engine.Poll(); ok; o, ok = i.engine.Poll() {
		switch o := o.(type) {
		case ike.Send:
			if _, err := i.conn.Write(o.Datagram.Data); err != nil {
				return false, err
			}
		case ike.InstallSA:
			i.engine.HandleKernel(time.Now(), ipsec.Installed{SAID: o.SA.SAID})
		case ike.Report:
			switch e := o.Event.(type) {
			case ike.ChildUp:
				up = true
			case ike.NegotiationFailed:
				return false, fmt.Errorf("%s: %s", e.Stage, e.Reason)
			}
		}
	}
	return up, nil
}

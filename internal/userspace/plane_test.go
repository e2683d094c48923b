//go:build netns

package userspace

import (
	"crypto/rand"
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/test/netlab"
	"github.com/obol-ike/obol/test/plane"
)

// The data plane in userspace does what every data plane does.
func TestDataplane(t *testing.T) {
	plane.Test(t, plane.Plane{
		Open:    openHere,
		TakeESP: func(*plane.Router, netip.AddrPort) {}, // it has the sockets already
	})
}

// inHost is a data plane with sockets to itself, whose links come to stand in its own
// namespace wherever it is called.
type inHost struct {
	*Dataplane
	sockets *netio.Sockets
	host    *netlab.Host
}

func openHere(h *netlab.Host) (ipsec.Dataplane, error) {
	sockets, err := netio.Listen(netio.Options{IKE: netio.PortIKE, NATT: netio.PortNATT, ESP: true})
	if err != nil {
		return nil, err
	}
	d, err := New(sockets.ESP(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return inHost{d, sockets, h}, nil
}

func (h inHost) SetLink(l ipsec.Link) error {
	return h.host.Do(func() error { return h.Dataplane.SetLink(l) })
}

func (h inHost) Close() error {
	h.sockets.Close()
	return h.Dataplane.Close()
}

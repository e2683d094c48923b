package xfrm

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/rtnetlink"
)

// Dataplane drives the kernel of one network namespace.
type Dataplane struct {
	links   *rtnetlink.Interfaces
	handle  *netlink.Handle          // policies
	sockets map[int]*nl.SocketHandle // our own messages
	release string                   // of the kernel
	watch   *watcher
	errors  *os.File // what was dropped and why; nil: the kernel does not count

	expected map[uint32]kept // what comes early, by SPI
	deaf     bool            // there is no CAP_NET_RAW for it

	mu        sync.Mutex
	installed map[ipsec.SAID]*limits // SAs of ours that have not expired
}

var _ ipsec.Dataplane = (*Dataplane)(nil)

// New opens the data plane of the caller's network namespace. Later calls work
// in that namespace, whichever thread makes them.
func New() (*Dataplane, error) {
	d, err := open(eventBuffer)
	if err != nil {
		return nil, err
	}
	go d.watch.run(d)
	return d, nil
}

// open makes a data plane that does not read its events yet.
func open(eventBuffer int) (*Dataplane, error) {
	d := &Dataplane{sockets: map[int]*nl.SocketHandle{}, expected: map[uint32]kept{}, installed: map[ipsec.SAID]*limits{}}
	var err error
	if d.handle, err = netlink.NewHandle(unix.NETLINK_XFRM); err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	if d.links, err = rtnetlink.Open(); err != nil {
		d.Close()
		return nil, err
	}
	s, err := openSocket()
	if err != nil {
		d.Close()
		return nil, err
	}
	d.sockets[unix.NETLINK_XFRM] = &nl.SocketHandle{Socket: s}
	if d.watch, err = newWatcher(eventBuffer); err != nil {
		d.Close()
		return nil, err
	}
	d.errors, _ = os.Open("/proc/thread-self/net/xfrm_stat") // of this namespace, also later
	d.release = kernelRelease()
	return d, nil
}

// openSocket opens an XFRM socket in the current namespace, with the kernel's
// own words in its errors.
func openSocket() (*nl.NetlinkSocket, error) {
	s, err := nl.GetNetlinkSocketAt(netns.None(), netns.None(), unix.NETLINK_XFRM)
	if err != nil {
		return nil, fmt.Errorf("netlink: %w", err)
	}
	if err := s.SetExtAck(true); err != nil {
		s.Close()
		return nil, fmt.Errorf("netlink: %w", err)
	}
	return s, nil
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// String names the data plane for show and logs.
func (d *Dataplane) String() string {
	return "Linux " + d.release + " XFRM: ESP and AH, VTI, GRE"
}

// Events reports Expired, Mapped and Acquire until Close. They are to be read: while
// nobody does, the kernel's queue may overflow, and then the expired SAs are
// found by comparing with the kernel's list. A hard expiry may come without a
// soft one before it: the kernel skips that when its timer is late.
func (d *Dataplane) Events() <-chan ipsec.Event { return d.watch.events }

// Close ends the events and gives back the sockets. What is installed stays.
func (d *Dataplane) Close() error {
	if d.watch != nil {
		d.watch.close()
	}
	for _, s := range d.sockets {
		s.Close()
	}
	for _, k := range d.expected {
		unix.Close(k.fd)
	}
	if d.links != nil {
		d.links.Close()
	}
	d.handle.Close()
	d.errors.Close()
	return nil
}

// InvalidSPIs are the kernel's XfrmInNoStates: packets of ESP and AH of which no state has
// the SPI.
func (d *Dataplane) InvalidSPIs() uint64 {
	text, err := io.ReadAll(io.NewSectionReader(d.errors, 0, maxErrors))
	if err != nil {
		return 0 // it does not count
	}
	return invalidSPIs(string(text))
}

// maxErrors is more than the octets of all the kernel's counters.
const maxErrors = 1 << 16

func invalidSPIs(text string) uint64 {
	_, rest, _ := strings.Cut(text, "XfrmInNoStates")
	n := uint64(0)
	fmt.Sscan(rest, &n)
	return n
}

// SetLink makes the link, or changes what differs.
func (d *Dataplane) SetLink(l ipsec.Link) error { return d.links.SetLink(l) }

// RemoveLink takes a link down and removes it. That there is none is no error.
func (d *Dataplane) RemoveLink(name string) error { return d.links.RemoveLink(name) }

// SetRoute adds a route. One that stands already is no error.
func (d *Dataplane) SetRoute(r ipsec.Route) error { return d.links.SetRoute(r) }

// LinkDiffers says what of a link does not stand as it was set.
func (d *Dataplane) LinkDiffers(l ipsec.Link) (string, error) { return d.links.LinkDiffers(l) }

// RouteDiffers says how a route does not stand as it was set.
func (d *Dataplane) RouteDiffers(r ipsec.Route) (string, error) { return d.links.RouteDiffers(r) }

// RemoveRoute removes a route of ours. That there is none is no error.
func (d *Dataplane) RemoveRoute(r ipsec.Route) error { return d.links.RemoveRoute(r) }

// request starts a message of our own that goes over our own sockets.
func (d *Dataplane) request(message, flags int) *nl.NetlinkRequest {
	r := nl.NewNetlinkRequest(message, flags)
	r.Sockets = d.sockets
	return r
}

package xfrm

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Sweep removes everything that is recognisably ours and nothing else, in an
// order that lets nothing out in clear:
//
//   - SAs before links: the kernel answers a GRE packet that it has just
//     decrypted, and has no interface for, with an ICMP error that quotes it;
//   - policies last: while they stand, a link without SAs sends nothing.
//
// In between traffic may have asked for SAs again, hence the second round. Sweep
// goes on after an error and returns all of them.
func (d *Dataplane) Sweep() error {
	return errors.Join(d.sweepStates(), d.sweepLinks(), d.sweepRoutes(), d.sweepStates(), d.sweepPolicies())
}

func (d *Dataplane) sweepLinks() (err error) {
	list, listErr := d.handle.LinkList()
	if listErr != nil {
		return fmt.Errorf("list interfaces: %w", listErr)
	}
	if groupIsOurs(list) && d.deleteGroup() == nil {
		list = slices.DeleteFunc(list, func(l netlink.Link) bool { return l.Attrs().Group == linkGroup })
	}
	for _, l := range list {
		if oursLink(l.Attrs()) {
			err = errors.Join(err, d.deleteLink(l))
		}
	}
	return err
}

// groupIsOurs says whether the group that we put our links in holds some of
// ours and nothing of others.
func groupIsOurs(list []netlink.Link) (some bool) {
	for _, l := range list {
		if a := l.Attrs(); a.Group == linkGroup {
			if !oursLink(a) {
				return false
			}
			some = true
		}
	}
	return some
}

// deleteGroup removes all links of our group at once: after each request the
// kernel waits tens of milliseconds for its readers, however many links it
// takes.
func (d *Dataplane) deleteGroup() error {
	r := d.request(unix.RTM_DELLINK, unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(linkGroup)))
	_, err := r.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

func (d *Dataplane) sweepRoutes() (err error) {
	ours := &netlink.Route{Protocol: routeProtocol, Table: unix.RT_TABLE_UNSPEC}
	list, listErr := d.handle.RouteListFiltered(netlink.FAMILY_ALL, ours, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE)
	if listErr != nil {
		return fmt.Errorf("list routes: %w", listErr)
	}
	for _, r := range list {
		if delErr := d.handle.RouteDel(&r); delErr != nil && !errors.Is(delErr, syscall.ESRCH) {
			err = errors.Join(err, fmt.Errorf("remove route %s: %w", r.Dst, delErr))
		}
	}
	return err
}

func (d *Dataplane) sweepStates() (err error) {
	list, listErr := d.states()
	if listErr != nil {
		return listErr
	}
	for _, s := range list {
		if !s.reqID.Ours() {
			continue
		}
		id := s.id
		if id.SPI == 0 {
			var gone error
			if id, gone = d.nameLarval(s); gone != nil {
				continue // it has expired meanwhile; if not, it will within 30 s
			}
		}
		err = errors.Join(err, d.RemoveSA(id))
	}
	return err
}

// larvalSPI is given to larval SAs so that they can be removed.
const larvalSPI = 0x6f62

// nameLarval gives an SPI to a larval SA, the kernel's note that traffic waits
// for an SA: without one it cannot be named, hence not be removed. An error
// says that there is no such SA any more.
func (d *Dataplane) nameLarval(s state) (ipsec.SAID, error) {
	r := d.request(nl.XFRM_MSG_ALLOCSPI, unix.NLM_F_ACK)
	r.AddData(&nl.XfrmUserSpiInfo{
		XfrmUsersaInfo: nl.XfrmUsersaInfo{
			Id:    nl.XfrmId{Daddr: toXfrm(s.id.Dst), Proto: uint8(s.id.Protocol)},
			Saddr: toXfrm(s.id.Src), Reqid: uint32(s.reqID), Family: family(s.id.Dst), Mode: s.mode,
		},
		Min: larvalSPI, Max: larvalSPI,
	})
	if s.id.Mark != 0 {
		r.AddData(nl.NewRtAttr(nl.XFRMA_MARK, mark(s.id.Mark)))
	}
	_, err := r.Execute(unix.NETLINK_XFRM, 0)
	s.id.SPI = larvalSPI
	return s.id, err
}

func (d *Dataplane) sweepPolicies() (err error) {
	list, listErr := d.handle.XfrmPolicyList(netlink.FAMILY_ALL)
	if listErr != nil {
		return fmt.Errorf("list policies: %w", listErr)
	}
	for _, p := range list {
		if !ours(p) {
			continue
		}
		// By its index: the library reads some IPv6 selectors back as IPv4.
		if delErr := d.handle.XfrmPolicyDel(&p); delErr != nil && !errors.Is(delErr, syscall.ENOENT) {
			err = errors.Join(err, fmt.Errorf("remove %s policy %s %s: %w", p.Dir, p.Src, p.Dst, delErr))
		}
	}
	return err
}

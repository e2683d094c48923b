package rtnetlink

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// SweepLinks removes the links that are recognisably ours and nothing else, and
// the addresses of lo that stand for loopback interfaces. It goes on after an error
// and returns all of them.
func (i *Interfaces) SweepLinks() error {
	err := i.sweepLo()
	list, listErr := Whole(i.handle.LinkList)
	if listErr != nil {
		return errors.Join(err, fmt.Errorf("list interfaces: %w", listErr))
	}
	if slices.ContainsFunc(list, func(l netlink.Link) bool { return oursLink(l.Attrs()) }) {
		err = errors.Join(err, i.adjusting.removeTable())
	}
	if groupIsOurs(list) && i.deleteGroup() == nil {
		list = slices.DeleteFunc(list, func(l netlink.Link) bool { return l.Attrs().Group == linkGroup })
	}
	for _, l := range list {
		if oursLink(l.Attrs()) {
			err = errors.Join(err, i.deleteLink(l))
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
func (i *Interfaces) deleteGroup() error {
	r := i.request(unix.RTM_DELLINK, unix.NLM_F_ACK)
	r.AddData(nl.NewIfInfomsg(unix.AF_UNSPEC))
	r.AddData(nl.NewRtAttr(unix.IFLA_GROUP, nl.Uint32Attr(linkGroup)))
	_, err := r.Execute(unix.NETLINK_ROUTE, 0)
	return err
}

// SweepRoutes removes the routes that are recognisably ours and nothing else.
func (i *Interfaces) SweepRoutes() (err error) {
	list, listErr := i.ourRoutes()
	if listErr != nil {
		return listErr
	}
	for _, r := range list {
		if delErr := i.handle.RouteDel(&r); delErr != nil && !errors.Is(delErr, syscall.ESRCH) {
			err = errors.Join(err, fmt.Errorf("remove route %s: %w", r.Dst, delErr))
		}
	}
	return err
}

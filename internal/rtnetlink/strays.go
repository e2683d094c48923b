package rtnetlink

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Strays names links and routes that are recognisably ours and not of the intent.
func (i *Interfaces) Strays(intent ipsec.Intent) (names []string, err error) {
	links := map[string]bool{}
	for _, l := range intent.Links {
		links[l.Name] = true
	}
	standing, err := Whole(i.handle.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	for _, l := range standing {
		if a := l.Attrs(); oursLink(a) && !links[a.Name] {
			names = append(names, "interface "+a.Name)
		}
	}
	routes := map[ipsec.Route]bool{}
	for _, r := range intent.Routes {
		routes[ipsec.Route{Dst: r.Dst.Masked(), Via: r.Via, Metric: r.Metric}] = true
	}
	list, err := i.ourRoutes()
	if err != nil {
		return nil, err
	}
	for _, k := range list {
		if r := fromRoute(k); !routes[r] {
			names = append(names, describeRoute(r))
		}
	}
	return names, nil
}

// ourRoutes are those of every table.
func (i *Interfaces) ourRoutes() ([]netlink.Route, error) {
	ours := &netlink.Route{Protocol: routeProtocol, Table: unix.RT_TABLE_UNSPEC}
	list, err := i.routes(ours, netlink.RT_FILTER_PROTOCOL|netlink.RT_FILTER_TABLE)
	if err != nil {
		return nil, fmt.Errorf("list routes: %w", err)
	}
	return list, nil
}

// fromRoute is toRoute backwards, but for the device.
func fromRoute(k netlink.Route) ipsec.Route {
	r := ipsec.Route{Metric: k.Priority}
	if via, ok := netip.AddrFromSlice(k.Gw); ok {
		r.Via = via.Unmap()
	}
	if dst, ok := fromIPNet(k.Dst); ok {
		r.Dst = dst
	}
	return r
}

package rtnetlink

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
)

// routeProtocol marks our routes: "o" in ASCII. iproute2 shows "proto 111".
const routeProtocol = 111

func describeRoute(r ipsec.Route) string {
	s := "route " + r.Dst.String()
	if r.Via.IsValid() {
		s += " via " + r.Via.String()
	}
	if r.Dev != "" {
		s += " dev " + r.Dev
	}
	if r.VRF != "" {
		s += " vrf " + r.VRF
	}
	return fmt.Sprintf("%s metric %d", s, r.Metric)
}

// toRoute needs the device to be there, where one is named.
func (i *Interfaces) toRoute(r ipsec.Route) (*netlink.Route, error) {
	table, err := i.tableOf(r.VRF)
	if err != nil {
		return nil, err
	}
	k := &netlink.Route{Dst: toIPNet(r.Dst.Masked()), Priority: r.Metric, Protocol: routeProtocol, Table: table, Gw: r.Via.AsSlice()}
	if r.Dev == "" {
		return k, nil
	}
	dev := r.Dev
	if _, ok := i.onLo[dev]; ok {
		dev = "lo"
	}
	l, err := i.handle.LinkByName(dev)
	if err != nil {
		return nil, err
	}
	k.LinkIndex = l.Attrs().Index
	if !r.Via.IsValid() {
		k.Scope = netlink.SCOPE_LINK
	}
	return k, nil
}

// SetRoute adds a route. One that stands already is no error; two of ours to
// the same destination with the same metric stand side by side, and the kernel
// uses the first. One that is not ours is left, and that is an error.
func (i *Interfaces) SetRoute(r ipsec.Route) error {
	k, err := i.toRoute(r)
	if err == nil {
		err = i.addRoute(k)
	}
	if err != nil {
		return fmt.Errorf("set %s: %w", describeRoute(r), err)
	}
	return nil
}

func (i *Interfaces) addRoute(k *netlink.Route) error {
	err := i.handle.RouteAdd(k)
	if !errors.Is(err, syscall.EEXIST) {
		return err
	}
	list, err := i.routes(k, netlink.RT_FILTER_DST|netlink.RT_FILTER_TABLE)
	if err != nil {
		return err
	}
	for _, old := range list {
		switch {
		case old.Priority != k.Priority:
		case old.Protocol != routeProtocol:
			return errors.New("one with this destination and metric exists and is not obol's")
		case old.Gw.Equal(k.Gw) && (k.LinkIndex == 0 || old.LinkIndex == k.LinkIndex):
			return nil
		}
	}
	return i.handle.RouteAppend(k)
}

// RouteDiffers says how a route does not stand as it was set.
func (i *Interfaces) RouteDiffers(r ipsec.Route) (string, error) {
	k, err := i.toRoute(r)
	var absent netlink.LinkNotFoundError
	if errors.As(err, &absent) {
		return "its interface was removed", nil
	}
	if err != nil {
		return "", err
	}
	list, err := i.routes(k, netlink.RT_FILTER_DST|netlink.RT_FILTER_TABLE)
	if err != nil {
		return "", err
	}
	for _, old := range list {
		if old.Priority == k.Priority && old.Protocol == routeProtocol && old.Gw.Equal(k.Gw) && (k.LinkIndex == 0 || old.LinkIndex == k.LinkIndex) {
			return "", nil
		}
	}
	return "it was removed", nil
}

// RemoveRoute removes a route of ours. That there is none, or that its
// interface is gone, is no error.
func (i *Interfaces) RemoveRoute(r ipsec.Route) error {
	k, err := i.toRoute(r)
	if err == nil {
		err = i.handle.RouteDel(k)
	}
	var absent netlink.LinkNotFoundError
	if err == nil || errors.Is(err, syscall.ESRCH) || errors.Is(err, syscall.ENODEV) || errors.As(err, &absent) {
		return nil
	}
	return fmt.Errorf("remove %s: %w", describeRoute(r), err)
}

// PathMTU is the MTU of the way between two addresses, octets, as far as the kernel has
// heard.
func (i *Interfaces) PathMTU(local, remote netip.Addr) (int, error) {
	routes, err := i.handle.RouteGetWithOptions(remote.AsSlice(), &netlink.RouteGetOptions{SrcAddr: local.AsSlice()})
	if err == nil && len(routes) == 0 {
		err = unix.ENETUNREACH
	}
	if err != nil {
		return 0, fmt.Errorf("route from %s to %s: %w", local, remote, err)
	}
	if mtu := routes[0].MTU; mtu > 0 {
		return mtu, nil
	}
	link, err := i.handle.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return 0, fmt.Errorf("interface from %s to %s: %w", local, remote, err)
	}
	return link.Attrs().MTU, nil
}

package daemon

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"

	"github.com/obol-ike/obol/internal/policy"
)

// A device is a Linux interface and its addresses.
type device struct {
	name      string
	mtu       int
	addresses []netip.Addr
}

func (d device) has(a netip.Addr) bool {
	for _, own := range d.addresses {
		if own == a {
			return true
		}
	}
	return false
}

func linuxDevices() ([]device, error) {
	links, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	devices := make([]device, 0, len(links))
	for _, link := range links {
		d := device{name: link.Name, mtu: link.MTU}
		addresses, err := link.Addrs()
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			if p, err := netip.ParsePrefix(a.String()); err == nil {
				d.addresses = append(d.addresses, p.Addr().Unmap())
			}
		}
		devices = append(devices, d)
	}
	return devices, nil
}

// findDevices completes a configuration that nobody shares yet with what IOS
// does not know: which Linux interface each Ethernet-like one is, by !obol
// linux-device or by its address. An interface that is not found is left out
// with a warning, since a router's configuration pasted whole names many; one
// that the configuration ties to a Linux interface, or a tunnel source that is
// no address of this host, is an error.
func findDevices(cfg *policy.Config, warnings io.Writer) (paths, error) {
	devices, err := linuxDevices()
	if err != nil {
		return nil, fmt.Errorf("listing the interfaces of this host: %w", err)
	}
	for _, name := range cfg.FrontDoors() {
		if !slices.ContainsFunc(devices, func(d device) bool { return d.name == name }) {
			return nil, fmt.Errorf("%s: vrf %s: there is no Linux device %[2]s: the VRF that tunnels go by is the host's, with its own interface in it (ip link add %[2]s type vrf table N)", cfg.VRF(name).Pos, name)
		}
	}
	for _, itf := range cfg.Interfaces {
		if itf.Kind != policy.Physical || itf.Shutdown || itf.Device == "" && len(itf.Addresses) == 0 {
			continue
		}
		tied := itf.Device != ""
		if problem := locate(itf, devices); problem != "" {
			if tied {
				return nil, fmt.Errorf("%s: interface %s: %s", itf.Pos, itf.Name, problem)
			}
			fmt.Fprintf(warnings, "%s: warning: interface %s: %s\n", itf.Pos, itf.Name, problem)
		}
	}
	for _, itf := range cfg.Interfaces {
		if itf.Tunnel != nil && !itf.Shutdown && !isLocal(itf.Tunnel.Source, cfg, devices) {
			return nil, fmt.Errorf("%s: interface %s: tunnel source %s is no address of this host", itf.Pos, itf.Name, itf.Tunnel.Source)
		}
	}
	return devices, nil
}

// paths are the ways that packets take from this host.
type paths []device

// mtu is that of a way that begins at an address: its interface's; 0: there is none.
func (p paths) mtu(local netip.Addr) int {
	for _, d := range p {
		if d.has(local) {
			return d.mtu
		}
	}
	return 0
}

// pathMTU is the MTU towards a tunnel's destination, as the host was when the
// configuration was compiled.
func (d *Daemon) pathMTU(local, _ netip.Addr) int { return d.paths.Load().mtu(local) }

// locate sets the interface's device, or says why it cannot.
func locate(itf *policy.Interface, devices []device) (problem string) {
	for _, d := range devices {
		switch {
		case itf.Device != "" && d.name != itf.Device:
		case len(itf.Addresses) == 0, d.has(itf.Addresses[0].Addr()):
			itf.Device = d.name
			return ""
		case itf.Device != "":
			return fmt.Sprintf("%s has not the address %s", d.name, itf.Addresses[0].Addr())
		}
	}
	if itf.Device != "" {
		return "there is no Linux interface " + itf.Device
	}
	return fmt.Sprintf("no Linux interface has the address %s (give it one, or say `!obol linux-device NAME`)", itf.Addresses[0].Addr())
}

// isLocal says whether an address is this host's, or will be: loopback
// interfaces of the configuration are made later.
func isLocal(a netip.Addr, cfg *policy.Config, devices []device) bool {
	for _, d := range devices {
		if d.has(a) {
			return true
		}
	}
	for _, itf := range cfg.Interfaces {
		for _, p := range itf.Addresses {
			if itf.Kind == policy.Loopback && p.Addr() == a {
				return true
			}
		}
	}
	return false
}

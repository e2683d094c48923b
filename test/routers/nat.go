package routers

import (
	"errors"
	"fmt"
	"strings"
)

// NAT masquerades for one of the two routers, in a namespace of its own. Nothing
// but UDP passes.
//
//	Ethernet0/0 172.16.0.N ── in 172.16.0.254 (obol-nat) out 192.168.0.N ── the other one
type NAT struct{ ns, outside string }

const natRules = `flush ruleset
table ip nat {
	chain post {
		type nat hook postrouting priority srcnat
		oifname "out" meta l4proto udp masquerade to :%d-%d
	}
	chain forward {
		type filter hook forward priority filter
		meta l4proto != udp drop
	}
}
`

// Masquerade puts a router of the pair behind a NAT that has the router's old
// address; what leaves gets ports from 10000 on. It goes with Close.
func (p *Pair) Masquerade(r *Router) (*NAT, error) {
	n := &NAT{ns: "obol-nat" + strings.TrimPrefix(p.R1.NS, "obol-r1"), outside: r.Address}
	if err := clearAway(n.ns); err != nil {
		return nil, err
	}
	number := r.Address[len(r.Address)-1:]
	for _, line := range []string{
		"ip netns add " + n.ns,
		"ip -n " + r.NS + " link set " + Outer + " netns " + n.ns + " name out",
		"ip link add " + Outer + " netns " + r.NS + " type veth peer name in netns " + n.ns,
		"ip -n " + r.NS + " address add 172.16.0." + number + "/24 dev " + Outer,
		"ip -n " + r.NS + " link set " + Outer + " up",
		"ip -n " + n.ns + " address add 172.16.0.254/24 dev in",
		"ip -n " + n.ns + " address add " + r.Address + "/24 dev out",
		"ip -n " + n.ns + " link set in up",
		"ip -n " + n.ns + " link set out up",
		"ip -n " + r.NS + " route add 192.168.0.0/24 via 172.16.0.254",
		"ip netns exec " + n.ns + " sysctl -qw net.ipv4.ip_forward=1",
	} {
		if _, err := run(strings.Fields(line)...); err != nil {
			return n, errors.Join(err, n.Close())
		}
	}
	if err := n.ports(10000); err != nil {
		return n, errors.Join(err, n.Close())
	}
	return n, nil
}

// ports are where new flows come out from now on: a thousand, from first.
func (n *NAT) ports(first int) error {
	return with(fmt.Sprintf(natRules, first, first+999), "ip", "netns", "exec", n.ns, "nft", "-f", "-")
}

// Rebind makes the NAT forget its flows, as the kernel does when the interface
// goes down that they leave by, and gives them other ports.
func (n *NAT) Rebind(first int) error {
	err := n.ports(first)
	for _, state := range []string{"down", "up"} {
		_, failed := run("ip", "-n", n.ns, "link", "set", "out", state)
		err = errors.Join(err, failed)
	}
	return err
}

// Readdress gives the NAT another outer address, on the same wire, and makes it forget
// its flows.
func (n *NAT) Readdress(outside string, first int) error {
	for _, change := range [][]string{{"del", n.outside}, {"add", outside}} {
		if _, err := run("ip", "-n", n.ns, "address", change[0], change[1]+"/24", "dev", "out"); err != nil {
			return err
		}
	}
	n.outside = outside
	return n.Rebind(first)
}

// Close removes the NAT and the wire.
func (n *NAT) Close() error {
	_, err := run("ip", "netns", "del", n.ns)
	return err
}

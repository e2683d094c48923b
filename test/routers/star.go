package routers

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Star is a hub and its spokes, each in a namespace of its own, around one that routes
// between them. For the first spokes it is a NAT too, whose one address they share.
//
//	hub 192.0.2.1 ── hub 192.0.2.254 (obol-star) s1 ── 172.16.0.1  SPOKE1, hidden
//	                                             s3 ── 203.0.113.3 SPOKE3
type Star struct {
	Hub    *Router
	Spokes []*Router // the hidden ones first

	dir, ns string
	lock    *os.File
}

// Addresses of a star.
const (
	HubAddress = "192.0.2.1"
	StarNAT    = "192.0.2.254"
)

const starRules = `table ip nat {
	chain post {
		type nat hook postrouting priority srcnat
		oifname "hub" ip saddr 172.16.0.0/24 meta l4proto udp masquerade to :10000-10999
	}
	chain forward {
		type filter hook forward priority filter
		ip saddr 172.16.0.0/24 meta l4proto != udp drop
	}
}
`

// NewStar makes one of n spokes of which so many are hidden; spoke gives the
// configuration of each, by its number and the address of its Ethernet0/0. Only one
// stands at a time; what a killed process left of one is cleared away.
func NewStar(bin, hub string, n, hidden int, spoke func(number int, address string) string) (*Star, error) {
	const ns = "obol-star"
	lock, err := claim("-star", [2]string{ns, "obol-hub"})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "obol-star")
	if err != nil {
		lock.Close()
		return nil, err
	}
	router := func(name, ns, address string) *Router {
		return &Router{
			Name: name, NS: ns, Address: address, bin: bin,
			Config: filepath.Join(dir, name+".cfg"), Store: filepath.Join(dir, name), Socket: filepath.Join(dir, name+".sock"),
		}
	}
	s := &Star{Hub: router("HUB", "obol-hub", HubAddress), dir: dir, ns: ns, lock: lock}
	err = os.WriteFile(s.Hub.Config, []byte(hub), 0o600)
	for i := 1; i <= n && err == nil; i++ {
		address := fmt.Sprintf("203.0.113.%d", i)
		if i <= hidden {
			address = fmt.Sprintf("172.16.0.%d", i)
		}
		r := router(fmt.Sprintf("SPOKE%d", i), fmt.Sprintf("obol-spoke%d", i), address)
		s.Spokes = append(s.Spokes, r)
		err = os.WriteFile(r.Config, []byte(spoke(i, address)), 0o600)
	}
	if err == nil {
		err = s.wire()
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Star) all() []*Router { return append([]*Router{s.Hub}, s.Spokes...) }

// wire joins each of them to the middle, which has an address for all.
func (s *Star) wire() error {
	add := []string{"netns add " + s.ns}
	middle := []string{"link set lo up"}
	for i, r := range s.all() {
		if err := clearAway(r.NS); err != nil {
			return err
		}
		link := "hub"
		if i > 0 {
			link = fmt.Sprintf("s%d", i)
		}
		add = append(add, "netns add "+r.NS, "link add "+Outer+" netns "+r.NS+" type veth peer name "+link+" netns "+s.ns)
		middle = append(middle, "address add "+StarNAT+" peer "+r.Address+"/32 dev "+link, "link set "+link+" up")
	}
	err := clearAway(s.ns)
	if err == nil {
		err = batch("", add)
	}
	if err == nil {
		err = batch(s.ns, middle)
	}
	for _, r := range s.all() {
		if err == nil {
			err = batch(r.NS, []string{
				"link set lo up",
				"address add " + r.Address + "/24 dev " + Outer,
				"link set " + Outer + " up",
				"route add " + StarNAT + "/32 dev " + Outer + " src " + r.Address,
				"route add default via " + StarNAT,
			})
		}
	}
	if err != nil {
		return err
	}
	if _, err = run("ip", "netns", "exec", s.ns, "sysctl", "-qw", "net.ipv4.ip_forward=1"); err != nil {
		return err
	}
	return with(starRules, "ip", "netns", "exec", s.ns, "nft", "-f", "-")
}

// batch has one ip carry out commands in a namespace, "" for this one.
func batch(ns string, commands []string) error {
	args := []string{"ip", "-batch", "-"}
	if ns != "" {
		args = []string{"ip", "-n", ns, "-batch", "-"}
	}
	return with(strings.Join(commands, "\n")+"\n", args...)
}

// with runs a command that reads a text.
func with(text string, args ...string) error {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = strings.NewReader(text)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// Close stops all daemons and takes everything down.
func (s *Star) Close() error {
	var errs []error
	for _, r := range s.all() {
		errs = append(errs, r.Stop(), clearAway(r.NS))
	}
	return errors.Join(append(errs, clearAway(s.ns), os.RemoveAll(s.dir), s.lock.Close())...)
}

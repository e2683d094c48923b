package routers

import (
	"errors"
	"strings"
)

// A Wire between the two routers is a bridge in a namespace of its own: what a router
// sends has been seen at its interface before netem takes it.
//
//	R1 e0 ── a (obol-wire) b ── e0 R2
type Wire struct{ ns string }

// Bridge puts one between the routers. It goes with Close of the pair.
func (p *Pair) Bridge() (*Wire, error) {
	w := &Wire{ns: "obol-wire" + strings.TrimPrefix(p.R1.NS, "obol-r1")}
	if err := clearAway(w.ns); err != nil {
		return nil, err
	}
	p.also = append(p.also, func() error {
		_, err := run("ip", "netns", "del", w.ns)
		return err
	})
	for _, line := range []string{
		"ip netns add " + w.ns,
		"ip -n " + p.R1.NS + " link set " + Outer + " netns " + w.ns + " name b",
		"ip link add " + Outer + " netns " + p.R1.NS + " type veth peer name a netns " + w.ns,
		"ip -n " + p.R1.NS + " address add " + p.R1.Address + "/24 dev " + Outer,
		"ip -n " + p.R1.NS + " link set " + Outer + " up",
		"ip -n " + w.ns + " link add name wire type bridge",
		"ip -n " + w.ns + " link set dev wire up",
		"ip -n " + w.ns + " link set dev a master wire up",
		"ip -n " + w.ns + " link set dev b master wire up",
	} {
		if _, err := run(strings.Fields(line)...); err != nil {
			return nil, err
		}
	}
	return w, w.Impair("")
}

// Impair does to packets of both directions what netem's words say (tc-netem(8)), and
// nothing where there are none.
func (w *Wire) Impair(netem string) error {
	var errs []error
	for _, dev := range []string{"a", "b"} {
		line := "ip netns exec " + w.ns + " tc qdisc replace dev " + dev + " root netem limit 10000 " + netem
		_, err := run(strings.Fields(line)...)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

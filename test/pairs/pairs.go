// Package pairs makes pairs of configurations at random from a seed: what two
// routers of the note's topology may differ in, so that some tunnels come up from
// both sides, some from one and some from none.
package pairs

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/obol-ike/obol/test/script"
	"github.com/obol-ike/obol/test/testca"
)

// Pair is two routers with a tunnel, Tunnel1, between them.
type Pair struct {
	Seed uint64
	IKE  int // version
	R1   End
	R2   End
}

// End is one router: what of its configuration is chosen at random.
type End struct {
	Name, Address, Peer string
	Peers               string // the peer's name

	PreShared   bool
	Enrolled    []string  // trustpoints, oldest first
	Declared    []string  // the same as they stand in the configuration
	Profiles    []Profile // the tunnel's is prof1
	GRE         bool      // a GRE tunnel; else a VTI
	Encryptions []string  // of phase 1, a policy or proposal each
	Group       string    // of phase 1
	Transforms  []string  // transform sets
	PFS         string    // "": none
	Key         string    // pre-shared
}

// Profile is an IKE profile.
type Profile struct {
	Name  string
	List  []string // ca trust-point or pki trustpoint
	Match string   // the rule, without "match identity"
	By    string   // self-identity or identity local
}

// Trustpoints that there are, of three CAs.
var Trustpoints = []string{"IOSCA1", "IOSCA2", "IOSCA3"}

// generator draws.
type generator struct{ *rand.Rand }

// sometimes is true in so many of a hundred cases.
func (g generator) sometimes(percent int) bool { return g.IntN(100) < percent }

func (g generator) one(of ...string) string { return of[g.IntN(len(of))] }

// some draws at least so many of a list, in any order.
func (g generator) some(least int, of []string) []string {
	list := slices.Clone(of)
	g.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:min(len(list), least+g.IntN(len(list)-least+1))]
}

func newGenerator(seed uint64) generator { return generator{rand.New(rand.NewPCG(seed, 1))} }

// ends are the routers without anything chosen.
func ends(seed uint64, ike int) *Pair {
	return &Pair{
		Seed: seed, IKE: ike,
		R1: End{Name: "R1", Address: "192.168.0.1", Peer: "192.168.0.2", Peers: "R2"},
		R2: End{Name: "R2", Address: "192.168.0.2", Peer: "192.168.0.1", Peers: "R1"},
	}
}

// Certificates makes a pair that differs in nothing but its certificates:
// trustpoints, the order of enrolment, and the lists of the profiles.
func Certificates(seed uint64, ike int) *Pair {
	g, p := newGenerator(seed), ends(seed, ike)
	for _, e := range []*End{&p.R1, &p.R2} {
		e.enrol(g)
		e.GRE, e.Encryptions, e.Group, e.Transforms = true, []string{"3des"}, "2", []string{"esp-aes esp-sha256-hmac"}
		e.Profiles = []Profile{{Name: "prof1", List: e.list(g), Match: e.rule(ike, "host"), By: "fqdn"}}
	}
	return p
}

func (e *End) enrol(g generator) {
	e.Enrolled = g.some(1, Trustpoints)
	e.Declared = g.some(len(e.Enrolled), e.Enrolled)
}

// list is the list of a profile: often none.
func (e *End) list(g generator) []string {
	if len(e.Enrolled) == 0 || g.sometimes(40) {
		return nil
	}
	return g.some(1, e.Enrolled)
}

// rule is one that matches the peer, or everybody but the peer.
func (e *End) rule(ike int, kind string) string {
	v2 := ike == 2
	switch {
	case kind == "host" && v2:
		return "remote fqdn " + e.Peers + ".cisco.com"
	case kind == "host":
		return "host " + e.Peers + ".cisco.com"
	case kind == "domain" && v2:
		return "remote fqdn domain cisco.com"
	case kind == "domain":
		return "host domain cisco.com"
	case kind == "address" && v2:
		return "remote address " + e.Peer + " 255.255.255.255"
	case kind == "address":
		return "address " + e.Peer + " 255.255.255.255"
	case kind == "network" && v2:
		return "remote address 192.168.0.0 255.255.255.0"
	case kind == "network":
		return "address 192.168.0.0 255.255.255.0"
	case v2:
		return "remote fqdn R9.cisco.com"
	}
	return "host R9.cisco.com"
}

// Any makes a pair that differs in whatever a tunnel can fail at. Most choices
// fit, so that most pairs get far.
func Any(seed uint64) *Pair {
	g := newGenerator(seed)
	p := ends(seed, 1+g.IntN(2))
	preShared, by := g.sometimes(30), g.one("fqdn", "fqdn", "address")
	encryption, group, transform := g.one("3des", "aes 128", "aes 256"), g.one("2", "14"), g.one(transformSets...)
	gre, pfs := g.sometimes(60), g.one("", "", "group2", "group14")
	if preShared {
		by = "address"
	}
	for _, e := range []*End{&p.R1, &p.R2} {
		e.PreShared, e.GRE, e.PFS, e.Group, e.Key = preShared, gre, pfs, group, "secret"
		e.Encryptions, e.Transforms = []string{encryption}, []string{transform}
		if !preShared {
			e.enrol(g)
		}
		kinds := map[string][]string{"fqdn": {"host", "host", "host", "domain"}, "address": {"address", "address", "network"}}[by]
		e.Profiles = []Profile{{Name: "prof1", List: e.list(g), Match: e.rule(p.IKE, g.one(kinds...)), By: by}}
		e.stray(g, p.IKE, kinds)
	}
	return p
}

var transformSets = []string{"esp-aes esp-sha256-hmac", "esp-3des esp-sha-hmac", "esp-aes 256 esp-sha-hmac"}

// stray makes one end differ, now and then.
func (e *End) stray(g generator, ike int, kinds []string) {
	if g.sometimes(25) { // another profile that matches the peer too, perhaps
		other := Profile{Name: "prof0", List: e.list(g), Match: e.rule(ike, g.one(append(kinds, "other")...)), By: e.Profiles[0].By}
		if g.sometimes(50) {
			other.Name = "prof2"
		}
		e.Profiles = append(e.Profiles, other)
		slices.SortFunc(e.Profiles, func(a, b Profile) int { return int(a.Name[4]) - int(b.Name[4]) })
	}
	switch g.IntN(40) {
	case 0:
		e.Encryptions[0] = g.one("3des", "aes 128", "aes 256")
	case 1:
		e.Group = g.one("2", "14", "5")
	case 2:
		e.Transforms = []string{g.one(transformSets...)}
	case 3:
		e.GRE = !e.GRE
	case 4:
		e.PFS = g.one("", "group2", "group14")
	case 5:
		e.Key = "other"
	case 6:
		for i := range e.Profiles {
			e.Profiles[i].Match = e.rule(ike, "other")
		}
	case 7:
		if e.PreShared = !e.PreShared; len(e.Enrolled) == 0 {
			e.enrol(g)
		}
	}
	if g.sometimes(40) {
		e.Encryptions = append(e.Encryptions, g.one("3des", "aes 128", "aes 256"))
		g.Shuffle(len(e.Encryptions), func(i, j int) { e.Encryptions[i], e.Encryptions[j] = e.Encryptions[j], e.Encryptions[i] })
	}
	if g.sometimes(40) {
		e.Transforms = append(e.Transforms, g.one(transformSets...))
	}
	e.Encryptions, e.Transforms = unique(e.Encryptions), unique(e.Transforms)
}

// unique keeps the first of what is equal.
func unique(list []string) (out []string) {
	for _, x := range list {
		if !slices.Contains(out, x) {
			out = append(out, x)
		}
	}
	return out
}

// Setup is the pair with its certificates, ready to be started.
func (p *Pair) Setup() (*script.Setup, error) {
	s := &script.Setup{
		Routers: []*script.Router{{Name: "R1", Config: p.R1.Config(p.IKE)}, {Name: "R2", Config: p.R2.Config(p.IKE)}},
		CAs:     map[string]*testca.CA{},
		Bits:    2048,
	}
	for i, tp := range Trustpoints {
		s.CAs[tp] = testca.New(fmt.Sprintf("CA%d", i+1), i)
	}
	for _, e := range []*End{&p.R1, &p.R2} {
		if err := s.Enrol(e.Name, e.Enrolled...); err != nil {
			return nil, err
		}
	}
	return s, nil
}

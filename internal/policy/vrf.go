package policy

import (
	"hash/fnv"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
)

// VRF is vrf definition NAME, or ip vrf NAME: a VRF device of Linux of that name.
type VRF struct {
	Name  string
	Table uint32 // of Linux: !obol vrf-table, else one made from the name
	Pos   ios.Pos
}

// vrfTables are the tables that are made from names: 0x6f620000 and 16 bits of a hash,
// so that a name has the same one after every edit of the others.
const vrfTables = 0x6f620000

type vrfPart struct {
	vrfs blocks[string, vrfDraft]
	vrf  *vrfDraft
}

type vrfDraft struct {
	VRF
	at ios.Place
}

var vrfCommands = []ios.Command[*builder]{
	{Syntax: "vrf definition name:WORD", Enter: vrfMode, Do: openVRF},
	{Syntax: "ip vrf name:WORD", Enter: vrfMode, Do: openVRF},
}

// vrfMode reads both forms. What MPLS needs of a VRF is nothing to a VRF device: route
// distinguishers and targets, address families.
var vrfMode = (&ios.Mode[*builder]{
	Name:    "config-vrf",
	Foreign: phrases("import|export|maximum|mdt|vnet|inter-as-hybrid|bgp|context|snmp|vpn|default-information"),
	Unknown: func(b *builder, l ios.Line) { b.ignore(l, "vrf ") },
}).Add(
	ios.Command[*builder]{Syntax: "description LINE"},
	ios.Command[*builder]{Syntax: "rd WORD"},
	ios.Command[*builder]{Syntax: "address-family {ipv4 | ipv6} [unicast | multicast]"},
	ios.Command[*builder]{Syntax: "exit-address-family"},
	ios.Command[*builder]{Syntax: "route-target {import | export | both} WORD [stitching]"},
	ios.Command[*builder]{Syntax: "route-target WORD"},
).Directives(ios.Command[*builder]{Syntax: "vrf-table <1-4294967295>", Do: func(b *builder, m *ios.Match) { b.vrf.Table = uint32(m.Int("N")) }})

func openVRF(b *builder, m *ios.Match) {
	name := m.Str("name")
	if m.Form != ios.Set {
		b.vrfs.drop(name)
		return
	}
	if len(name) > maxDeviceName {
		m.Fail("name", "want at most 15 characters, as its Linux device has that name", "%.40q is no fit name", name)
		return
	}
	b.vrf = b.vrfs.open(name, func() *vrfDraft { return &vrfDraft{VRF: VRF{Name: name, Pos: m.Line.Pos}, at: m.Place("name")} })
}

// finishVRFs gives each its table.
func (b *builder) finishVRFs() {
	owner := map[uint32]string{}
	for name, d := range b.vrfs.all {
		if d.Table == 0 {
			h := fnv.New32a()
			h.Write([]byte(name))
			d.Table = vrfTables | h.Sum32()&0xffff
		}
		switch other := owner[d.Table]; {
		case 253 <= d.Table && d.Table <= 255:
			b.fail(d.at, "want !obol vrf-table N below it with another N", "table %d is one of Linux's own", d.Table)
		case other != "":
			b.fail(d.at, "want !obol vrf-table N below it with an N of its own", "VRF %s has the table %d of VRF %s", name, d.Table, other)
		}
		owner[d.Table] = name
		b.cfg.VRFs = append(b.cfg.VRFs, d.VRF)
	}
}

// noVRF says that a tunnel's VRF, at either side, does not exist, "" when it does. A
// configuration in excerpts often has no more than the names.
func (b *builder) noVRF(d *interfaceDraft) string {
	for _, name := range []string{d.VRF, d.tunnel.VRF} {
		if name != "" && b.vrfs.get(name) == nil {
			return "there is no vrf definition " + name
		}
	}
	return ""
}

// In is the configuration as peers meet it that come by a front-door VRF, "" for the
// global one: what is for peers of another is not for them.
func (c *Config) In(fvrf string) *Config {
	if front := c.fronts[fvrf]; front != nil {
		return front
	}
	return c
}

// addFronts makes what In gives.
func (c *Config) addFronts() {
	fronts := map[string]*Config{}
	c.fronts = fronts
	for _, v := range c.VRFs {
		front := *c
		front.fvrf = v.Name
		fronts[v.Name] = &front
	}
	fronts[""] = c
}

// VRF is the VRF of a name, nil when there is none.
func (c *Config) VRF(name string) *VRF {
	for i := range c.VRFs {
		if c.VRFs[i].Name == name {
			return &c.VRFs[i]
		}
	}
	return nil
}

// UsesVRF says whether a tunnel, at either side, or a loopback interface is in a VRF.
func (c *Config) UsesVRF(name string) bool {
	return slices.ContainsFunc(c.Interfaces, func(i *Interface) bool {
		ours := i.Kind == Loopback || i.Tunnel != nil || i.Template != nil
		return ours && i.VRF == name || i.Tunnel != nil && i.Tunnel.VRF == name || i.Template != nil && i.Template.VRF == name
	})
}

// FrontDoors are the VRFs in which tunnels have their ends, besides the global one.
func (c *Config) FrontDoors() (list []string) {
	seen := map[string]bool{"": true}
	for _, i := range c.Interfaces {
		for _, t := range []*Tunnel{i.Tunnel, i.Template} {
			if t != nil && !i.Shutdown && !seen[t.VRF] {
				seen[t.VRF] = true
				list = append(list, t.VRF)
			}
		}
	}
	return list
}

// whose says in which VRF peers are.
func whose(fvrf string) string {
	if fvrf == "" {
		return "it is for peers of the global VRF"
	}
	return "it is for peers of VRF " + fvrf
}

package policy

import (
	"net/netip"
	"slices"
)

// prefixes finds which of many prefixes hold an address, by one look for each length that
// there is and not for each prefix.
type prefixes struct {
	at      map[netip.Prefix][]int // positions
	lengths []int                  // of either family
	none    []int                  // positions without a prefix
}

// newPrefixes takes n entries, each with the prefixes that it has.
func newPrefixes(n int, of func(i int) []netip.Prefix) prefixes {
	p := prefixes{at: map[netip.Prefix][]int{}}
	for i := range n {
		some := false
		for _, x := range of(i) {
			if !x.IsValid() {
				continue
			}
			some = true
			x = x.Masked()
			p.at[x] = append(p.at[x], i)
			if !slices.Contains(p.lengths, x.Bits()) {
				p.lengths = append(p.lengths, x.Bits())
			}
		}
		if !some {
			p.none = append(p.none, i)
		}
	}
	return p
}

// containing are the positions of those that hold an address, each once, in order.
func (p prefixes) containing(a netip.Addr) (list []int) {
	for _, bits := range p.lengths {
		if x, err := a.Prefix(bits); err == nil { // else it is too long for the family
			list = append(list, p.at[x]...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

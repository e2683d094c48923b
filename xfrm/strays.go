package xfrm

import (
	"fmt"

	"github.com/obol-ike/obol/internal/ipsec"
)

// Strays names what is recognisably ours in the kernel and not of the intent. Larval
// SAs are the kernel's own: it lets them expire.
func (d *Dataplane) Strays(i ipsec.Intent) (names []string, err error) {
	if names, err = d.links.Strays(i); err != nil {
		return nil, err
	}
	known := map[ipsec.SAID]bool{}
	for _, id := range i.SAs {
		known[id] = true
	}
	states, err := d.states()
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		if s.reqID.Ours() && s.id.SPI != 0 && !known[s.id] {
			names = append(names, "SA "+describeID(s.id))
		}
	}
	strays, err := d.strayPolicies(i.Policies)
	return append(names, strays...), err
}

// strayPolicies knows policies by the kernel's index.
func (d *Dataplane) strayPolicies(intent []ipsec.Policy) (names []string, err error) {
	known := map[int]bool{}
	for _, p := range intent {
		// One that is not there is for PolicyDiffers.
		if k, err := d.handle.XfrmPolicyGet(toPolicy(p)); err == nil {
			known[k.Index] = true
		}
	}
	list, err := d.policies()
	if err != nil {
		return nil, fmt.Errorf("list policies: %w", err)
	}
	for _, p := range list {
		if ours(p) && !known[p.Index] {
			names = append(names, fmt.Sprintf("%s policy %s -> %s index %d", p.Dir, p.Src, p.Dst, p.Index))
		}
	}
	return names, nil
}

package daemon

import (
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/xfrm"
)

// openDataplane gives the kernel's, or one in memory. The error is one line.
func openDataplane(inMemory bool, cfg *policy.Config) (ipsec.Dataplane, error) {
	if inMemory {
		return newMemory(), nil
	}
	if err := xfrm.Check(needs(cfg)); err != nil {
		return nil, fmt.Errorf("%w (--dataplane none negotiates without it)", err)
	}
	return xfrm.New()
}

// needs is what a configuration wants of the kernel: it is better to hear of a
// missing algorithm now than when the first SA is to be installed.
func needs(cfg *policy.Config) xfrm.Need {
	var n xfrm.Need
	for _, itf := range cfg.Interfaces {
		if kind := linkKind(itf); kind != 0 && !slices.Contains(n.Links, kind) {
			n.Links = append(n.Links, kind)
		}
		if itf.Tunnel == nil || itf.Tunnel.Protection == nil {
			continue
		}
		for _, set := range itf.Tunnel.Protection.Transforms {
			if set.Encr != nil && !slices.Contains(n.Encr, set.Encr) {
				n.Encr = append(n.Encr, set.Encr)
			}
			if set.Integ != nil && !slices.Contains(n.Integ, set.Integ) {
				n.Integ = append(n.Integ, set.Integ)
			}
		}
	}
	return n
}

// linkKind is what an interface will be in the kernel, 0 for none of ours.
func linkKind(itf *policy.Interface) ipsec.LinkKind {
	switch {
	case itf.Kind == policy.Loopback:
		return ipsec.Dummy
	case itf.Tunnel == nil:
		return 0
	}
	return tunnel.LinkKind(itf.Tunnel.Mode)
}

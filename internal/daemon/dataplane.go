package daemon

import (
	"errors"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/xfrm"
)

// openDataplane gives the kernel's, or one in memory. The error is one line.
func openDataplane(inMemory bool, cfg *policy.Config) (ipsec.Dataplane, error) {
	if inMemory {
		return newMemory(), nil
	}
	features := xfrm.Probe()
	if lacksNeeded(features, cfg) {
		return nil, errors.New(features.Missing() + " (--dataplane none negotiates without it)")
	}
	return xfrm.New()
}

// lacksNeeded says whether the kernel cannot do what this configuration wants
// of it. An algorithm that it lacks is found when an SA is to be installed: the
// peer may choose another.
func lacksNeeded(f xfrm.Features, cfg *policy.Config) bool {
	if f.ESP() != nil {
		return true
	}
	for _, itf := range cfg.Interfaces {
		if kind := linkKind(itf); kind != 0 && f.Links[kind] != nil {
			return true
		}
	}
	return false
}

// linkKind is what an interface will be in the kernel, 0 for none of ours.
func linkKind(itf *policy.Interface) ipsec.LinkKind {
	switch {
	case itf.Kind == policy.Loopback:
		return ipsec.Dummy
	case itf.Tunnel == nil:
		return 0
	case itf.Tunnel.Mode == policy.IPsecIPv4:
		return ipsec.VTI
	}
	return ipsec.GREIP
}

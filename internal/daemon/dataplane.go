package daemon

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/netio"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/internal/userspace"
	"github.com/obol-ike/obol/xfrm"
)

// A Plane is what carries the SAs: the words of --dataplane.
type Plane string

// Planes. Auto is the kernel where that has all that the configuration needs, else
// userspace.
const (
	Auto      Plane = "auto"
	Kernel    Plane = "xfrm"
	Userspace Plane = "userspace"
	None      Plane = "none"
)

// choose tries out what a plane needs, and says on w what Auto has taken and why.
// The error is one line.
func choose(p Plane, cfg *policy.Config, w io.Writer) (Plane, error) {
	if p == None {
		return p, nil
	}
	var lacks, refuses error
	if p != Userspace {
		if lacks = xfrm.Check(needs(cfg)); lacks == nil {
			if p == Auto {
				fmt.Fprintln(w, "obold: data plane: xfrm, as this kernel has all that the configuration needs")
			}
			return Kernel, nil
		}
	}
	if p != Kernel {
		if refuses = userspaceCarries(cfg); refuses == nil {
			if p == Auto {
				fmt.Fprintf(w, "obold: data plane: userspace, as %v\n", lacks)
			}
			return Userspace, nil
		}
	}
	const without = "--dataplane none negotiates without a data plane"
	switch p {
	case Kernel:
		return p, fmt.Errorf("%w (%s)", lacks, without)
	case Userspace:
		return p, fmt.Errorf("%w (%s)", refuses, without)
	}
	return p, fmt.Errorf("%w; and in userspace: %w (%s)", lacks, refuses, without)
}

// userspaceCarries says why userspace cannot carry a configuration here, nil where it can.
func userspaceCarries(cfg *policy.Config) error {
	if err := userspace.Probe(); err != nil {
		return err
	}
	return beyondUserspace(cfg)
}

// beyondUserspace is what of a configuration userspace carries nowhere, nil for nothing.
func beyondUserspace(cfg *policy.Config) error {
	for _, itf := range cfg.Interfaces {
		tu := tunnelOf(itf)
		switch {
		case itf.VRF != "" && itf.Kind == policy.Loopback:
			return fmt.Errorf("%s: interface %s is in VRF %s: userspace carries what is in none", itf.Pos, itf.Name, itf.VRF)
		case tu == nil || itf.Shutdown:
		case itf.VRF != "" || tu.VRF != "":
			return fmt.Errorf("%s: interface %s is in a VRF, or its ends are: userspace carries what is in none", itf.Pos, itf.Name)
		case tu.Protection == nil:
			return fmt.Errorf("%s: interface %s has no tunnel protection: userspace carries what IPsec protects", itf.Pos, itf.Name)
		case slices.ContainsFunc(tu.Protection.Transforms, func(set *policy.TransformSet) bool { return set.AH != nil || set.Encr == nil }):
			return fmt.Errorf("%s: interface %s: %w", itf.Pos, itf.Name, userspace.ErrAH)
		}
	}
	return nil
}

// tunnelOf is what an interface, or those that are cloned from it, are as a tunnel; nil: no
// tunnel.
func tunnelOf(itf *policy.Interface) *policy.Tunnel {
	if itf.Template != nil {
		return itf.Template
	}
	return itf.Tunnel
}

// openDataplane opens the one that was chosen.
func openDataplane(p Plane, sockets *netio.Doors) (ipsec.Dataplane, error) {
	switch p {
	case Kernel:
		return xfrm.New()
	case Userspace:
		return userspace.New(sockets.ESP(), rand.Reader)
	}
	return newMemory(), nil
}

// sweep cleans up after an earlier obold, whichever data plane that had: policies
// which it left in the kernel would drop what userspace carries.
func sweep(plane ipsec.Dataplane) error {
	if _, ok := plane.(*userspace.Dataplane); ok {
		if kernel, err := xfrm.New(); err == nil {
			err = kernel.Sweep()
			kernel.Close()
			if err != nil {
				return err
			}
		}
	}
	return plane.Sweep()
}

// needs is what a configuration wants of the kernel: it is better to hear of a
// missing algorithm now than when the first SA is to be installed.
func needs(cfg *policy.Config) xfrm.Need {
	var n xfrm.Need
	for _, itf := range cfg.Interfaces {
		inVRF := itf.VRF != "" && (itf.Kind == policy.Loopback || itf.Tunnel != nil || itf.Template != nil)
		if inVRF && !slices.Contains(n.Links, ipsec.VRF) {
			n.Links = append(n.Links, ipsec.VRF)
		}
		tu := tunnelOf(itf)
		for _, kind := range linkKinds(tu) {
			if !slices.Contains(n.Links, kind) {
				n.Links = append(n.Links, kind)
			}
		}
		if tu == nil || tu.Protection == nil {
			continue
		}
		for _, set := range tu.Protection.Transforms {
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

// linkKinds are what a tunnel will be in the kernel: a VTI is an XFRM interface once its
// peer turns out to be behind a NAT. Loopback interfaces need none of it.
func linkKinds(tu *policy.Tunnel) []ipsec.LinkKind {
	switch {
	case tu == nil:
		return nil
	case tu.Mode.VTI():
		return []ipsec.LinkKind{tunnel.LinkKind(tu), ipsec.XFRM}
	}
	return []ipsec.LinkKind{tunnel.LinkKind(tu)}
}

package sim

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
)

// sender is the SA that takes a tunnel's packets: of those that fit the policy,
// the one installed last, as in Linux.
func (d *Dataplane) sender(tunnel string) (ipsec.SA, error) {
	p, err := d.policy(tunnel, ipsec.Out)
	if err != nil {
		return ipsec.SA{}, err
	}
	for _, id := range slices.Backward(d.order) {
		sa := d.SAs[id]
		if sa.Direction == ipsec.Out && fits(sa, p) {
			return sa, nil
		}
	}
	return ipsec.SA{}, fmt.Errorf("%s: no outbound SA", tunnel)
}

// receives says why decrypted packets would not come out of a tunnel.
func (d *Dataplane) receives(tunnel string) error {
	p, err := d.policy(tunnel, ipsec.In)
	if err != nil {
		return err
	}
	for _, sa := range d.SAs {
		if sa.Direction == ipsec.In && fits(sa, p) {
			return nil
		}
	}
	return fmt.Errorf("%s: no inbound SA fits the policy", tunnel)
}

func (d *Dataplane) policy(tunnel string, direction ipsec.Direction) (ipsec.Policy, error) {
	l, ok := d.Link(tunnel)
	if !ok || !l.Up {
		return ipsec.Policy{}, fmt.Errorf("%s is down", tunnel)
	}
	reqID := d.router.config.Interface(tunnel).Tunnel.ReqID
	for _, p := range d.Policies {
		if p.Direction == direction && p.ReqID == reqID {
			return p, nil
		}
	}
	return ipsec.Policy{}, fmt.Errorf("%s: no %v policy", tunnel, direction)
}

// fits says whether a policy's template takes an SA.
func fits(sa ipsec.SA, p ipsec.Policy) bool {
	return sa.ReqID == p.ReqID && sa.Mode == p.Mode && sa.Protocol == p.Protocol && sa.Mark == p.Mark
}

// match compares both ends of one SA.
func match(out, in ipsec.SA) error {
	switch {
	case in.Direction != ipsec.In:
		return errors.New("not inbound at the receiver")
	case out.Encr != in.Encr || out.Integ != in.Integ || out.Mode != in.Mode:
		return errors.New("the ends differ in algorithms or mode")
	case !bytes.Equal(out.EncrKey, in.EncrKey) || !bytes.Equal(out.IntegKey, in.IntegKey):
		return errors.New("the ends differ in keys")
	case out.Selector != in.Selector.Mirror():
		return fmt.Errorf("selectors %v and %v are not mirrored", out.Selector, in.Selector)
	}
	return nil
}

// mark of a tunnel in the configuration.
func (d *Dataplane) mark(tunnel string) uint32 {
	if itf := d.router.config.Interface(tunnel); itf != nil && itf.Kind == policy.TunnelInterface && itf.Tunnel != nil {
		return itf.Tunnel.Mark
	}
	return 0
}

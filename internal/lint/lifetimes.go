package lint

import "github.com/obol-ike/obol/internal/ios"

// lifetimes tells of lifetimes that the two ends of a link do not share: IKEv1
// agrees on the shorter one; in IKEv2 each end renews by its own.
func (c *checker) lifetimes(l link) {
	if p, q := l.a.ikev2(), l.b.ikev2(); p != nil && p.Lifetime != q.Lifetime {
		c.add(LifetimeDiffers, Info, []ios.Pos{p.Pos, q.Pos}, "configure the same lifetime in both profiles", "The IKE SA lives %s at %s and %s at %s: the shorter one renews it", p.Lifetime, l.a.Name, q.Lifetime, l.b.Name)
	}
	if q, p := l.agreed(l.a, l.b); q != nil && p.Lifetime != q.Lifetime {
		c.add(LifetimeDiffers, Info, []ios.Pos{p.Pos, q.Pos}, "configure the same lifetime in both policies", "The IKE SA lives %s at %s and %s at %s: the shorter one holds", p.Lifetime, l.a.Name, q.Lifetime, l.b.Name)
	}
	x, y := l.a.ipsec(), l.b.ipsec()
	if x.Lifetime != y.Lifetime {
		c.add(LifetimeDiffers, Info, []ios.Pos{x.Pos, y.Pos}, "configure the same set security-association lifetime in both profiles",
			"The IPsec SAs live %s and %d kilobytes at %s, %s and %d kilobytes at %s: the lower ones hold", x.Lifetime.Duration, x.Lifetime.Kilobytes, l.a.Name, y.Lifetime.Duration, y.Lifetime.Kilobytes, l.b.Name)
	}
}

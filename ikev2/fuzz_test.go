package ikev2

import (
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// Whatever is offered, what is chosen was offered: of one proposal, one transform
// of each type.
func FuzzOffer(f *testing.F) {
	c, errs := policy.Compile(policy.Source{Name: "r1.cfg", Text: []byte("crypto ikev2 proposal P\n encryption aes-gcm-256\n prf sha256\n group 19\n additional-key-exchange ml-kem-768\n")})
	if len(errs) > 0 {
		f.Fatal(errs)
	}
	ours, sets := c.IKEv2.Proposals, []*policy.TransformSet{gcmSet, cbcSet, ahSet}
	f.Add(ikeOffer(ours, nil).Append(nil))
	f.Add(childOffer(sets, 0x1234, nil).Append(nil))
	f.Fuzz(func(t *testing.T, body []byte) {
		sa, err := wire.ParseSAV2(body)
		if err != nil {
			return
		}
		check := func(answer wire.ProposalV2) {
			for _, x := range answer.Transforms {
				if len(answer.Of(x.Type)) != 1 {
					t.Fatalf("%+v", answer)
				}
			}
			if !slices.ContainsFunc(sa, func(p wire.ProposalV2) bool {
				return p.Number == answer.Number && p.Protocol == answer.Protocol && !slices.ContainsFunc(answer.Transforms, func(x wire.TransformV2) bool { return !p.Has(x) })
			}) {
				t.Fatalf("%+v is not one of %+v", answer, sa)
			}
		}
		if got, ok := chooseIKE(ours, sa, 0); ok {
			check(got.answer)
			if got.encr == nil || got.prf == nil || got.group == nil || got.integ == nil && !got.encr.Combined() {
				t.Fatalf("%+v", got.algorithms)
			}
		}
		if got, ok := chooseChild(childWish{sets: sets, first: true}, sa); ok {
			check(got.answer)
		}
		if got, _, err := acceptIKE(ikeOffer(ours, nil), sa); err == nil && (got.encr == nil || got.group == nil || len(sa) != 1) {
			t.Fatalf("%+v", got)
		}
	})
}

// What is narrowed never is more than what was wanted.
func FuzzSelectors(f *testing.F) {
	ours, theirs := selectorsOf(gre)
	f.Add(ours.Append(nil), theirs.Append(nil))
	ours, theirs = selectorsOf(six)
	f.Add(ours.Append(nil), theirs.Append(nil))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		ours, err := wire.ParseTSV2(a)
		if err != nil {
			return
		}
		theirs, err := wire.ParseTSV2(b)
		if err != nil {
			return
		}
		for _, sel := range []ipsec.Selector{vti, gre} {
			got, err := narrowed(sel, ours, theirs)
			if err == nil && (!sel.Local.Overlaps(got.Local) || got.Local.Bits() < sel.Local.Bits() || got.Remote.Bits() < sel.Remote.Bits() || sel.Protocol != 0 && got.Protocol != sel.Protocol) {
				t.Fatalf("%s narrowed to %s", sel, got)
			}
			if offered(ours, theirs, sel) && len(ours) == 1 && len(theirs) == 1 && !holds(ours[0], selectorOf(sel.Local, sel.Protocol, 0)) {
				t.Fatalf("%s is not in %+v", sel, ours)
			}
		}
	})
}

package ikev1

import (
	"testing"

	"github.com/obol-ike/obol/pki"
)

// TestNotStarted: a main mode that cannot begin says so, and whether it is for
// want of a key.
func TestNotStarted(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*pairOf)
		noKey bool
	}{
		"no policy":      {func(p *pairOf) { p.r1.env.Config.Policies = nil }, false},
		"no certificate": {func(p *pairOf) { p.r1.env.PKI = pki.NewSnapshot(nil) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			c.spoil(p)
			p.initiate(p.r1)
			want(t, p.r1, func(e NotStarted) bool { return e.NoKey == c.noKey })
			p.r1.wantIdle()
		})
	}
	p := newPair(t)
	p.up(p.r1)
	if begun := all[NotStarted](p.r1); len(begun) > 0 {
		t.Errorf("it began: %+v", begun)
	}
}

// TestQuickRequested: the quick mode that follows main mode is no request of its
// own; one for an SA that stands is, and so is a rekey.
func TestQuickRequested(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	if n := len(all[QuickRequested](p.r1)) + len(all[QuickRequested](p.r2)); n != 0 {
		t.Errorf("%d requests with main mode", n)
	}
	p.r1.session.StartQuick(p.now, p.r1.itf)
	p.r1.collect(p.now)
	p.settle()
	if n := len(all[QuickRequested](p.r1)); n != 1 {
		t.Errorf("%d requests after another quick mode", n)
	}
	want(t, p.r1, func(e QuickRequested) bool { return e.Tunnel == "Tunnel1" && e.State == QMIdle })
	p.r1.session.rekey(p.r1.session.children[0])
	p.r1.collect(p.now)
	if n := len(all[QuickRequested](p.r1)); n != 2 {
		t.Errorf("%d requests after a rekey", n)
	}
}

// TestTransformCheckSaysForWhat: both sides tell the set and the selector that a
// transform was taken for.
func TestTransformCheckSaysForWhat(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	for _, r := range []*party{p.r1, p.r2} {
		set, selector := r.itf.Tunnel.Protection.Transforms[0], r.itf.Tunnel.Selector()
		want(t, r, func(e IPsecTransformChecked) bool { return e.Refusal == "" && e.Set == set && e.Selector == selector })
	}
}

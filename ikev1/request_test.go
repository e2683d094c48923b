package ikev1

import (
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
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
	p := newPair(t, aggressively)
	p.r1.env.PKI = pki.NewSnapshot(nil)
	p.initiate(p.r1)
	want(t, p.r1, func(e NotStarted) bool { return e.NoKey && e.Exchange == wire.ExchangeAggressive })
	p = newPair(t)
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
	p.r1.session.StartChild(p.now, p.r1.itf)
	p.r1.collect(p.now)
	p.settle()
	if n := len(all[QuickRequested](p.r1)); n != 1 {
		t.Errorf("%d requests after another quick mode", n)
	}
	want(t, p.r1, func(e QuickRequested) bool { return e.Tunnel == "Tunnel1" && e.State == QMIdle })
	p.r1.session.rekey(p.r1.session.pairs()[0])
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

// TestNodes: a delete of ours is a node that is purged at once, at the peer one
// that ends when it is read.
func TestNodes(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	if ours, theirs := all[NodeCreated](p.r1), all[NodeCreated](p.r2); len(ours) != 0 || len(theirs) != 1 {
		t.Errorf("a quick mode of R1's: %d nodes there, %d at R2", len(ours), len(theirs))
	}
	p.r1.session.Delete(p.now, "BY user command")
	p.r1.collect(p.now)
	p.settle()
	created, purged := all[NodeCreated](p.r1), all[NodePurged](p.r1)
	if len(created) != 1 || len(purged) != 1 || created[0].MessageID != purged[0].MessageID || created[0].MessageID == 0 {
		t.Fatalf("created %+v, purged %+v", created, purged)
	}
	id := created[0].MessageID
	want(t, p.r2, func(e NodeCreated) bool { return e.MessageID == id })
	want(t, p.r2, func(e InformationalRead) bool { return e.MessageID == id })
	if n := len(all[NodePurged](p.r2)); n != 0 {
		t.Errorf("%d nodes purged at R2", n)
	}
}

// TestForgedNode: what does not prove that it is the peer's makes no node.
func TestForgedNode(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	before := len(all[NodeCreated](p.r2))
	p.r1.session.sendNotify(wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyInitialContact})
	p.r1.collect(p.now)
	for _, datagram := range p.r1.sent {
		datagram[len(datagram)-1] ^= 1
	}
	p.settle()
	if n := len(all[NodeCreated](p.r2)) - before; n != 0 || len(all[InformationalRead](p.r2)) != 0 {
		t.Errorf("%d nodes of a forged message", n)
	}
}

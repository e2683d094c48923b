package ikev1

import (
	"bytes"
	"slices"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// both makes a router's transform set one of AH and ESP together.
func both(_ string, c *policy.Config) { c.Transforms[0].AH = suite.HMACSHA1 }

// AH and ESP are agreed on together: two SPIs of the peer's, a key for each
// protocol, one pair for who rekeys and deletes.
func TestBoth(t *testing.T) {
	p := newPair(t, both)
	p.up(p.r1)
	for _, sa := range p.r1.sas {
		peer, ok := p.r2.sas[sa.SAID]
		switch {
		case !ok || sa.AHSPI == 0 || sa.AH != suite.HMACSHA1 || sa.Encr != suite.AES:
			t.Fatalf("R1 has %v, R2 %v", sa.SAID, p.r2.sas)
		case len(sa.AHKey) != suite.HMACSHA1.KeyLen || !bytes.Equal(sa.AHKey, peer.AHKey) || !bytes.Equal(sa.EncrKey, peer.EncrKey):
			t.Error("the ends differ in keys")
		case bytes.HasPrefix(sa.EncrKey, sa.AHKey[:16]):
			t.Error("AH and ESP have the same key material")
		}
	}
	if public := p.r1.session.pairs()[0].in; !bytes.Equal(public.AHKey, make([]byte, 20)) {
		t.Error("a key is kept")
	}
	p.r1.session.rekey(p.r1.session.pairs()[0])
	p.r1.collect(p.now)
	p.settle()
	p.advance(2*drainTime, nil)
	for _, r := range []*party{p.r1, p.r2} {
		if len(r.session.pairs()) != 1 || len(r.sas) != 2 {
			t.Errorf("%s after a rekey: %d pairs, %d SAs", r.name, len(r.session.pairs()), len(r.sas))
		}
	}
	// The peer that deletes one of the two deletes the pair.
	c := p.r2.session.pairs()[0]
	p.r2.session.now = p.now
	p.r2.session.sendDelete(wire.ProtocolAH, []byte{byte(c.in.AHSPI >> 24), byte(c.in.AHSPI >> 16), byte(c.in.AHSPI >> 8), byte(c.in.AHSPI)})
	p.r2.collect(p.now)
	p.step(p.r2)
	if len(p.r1.sas) != 0 {
		t.Errorf("%d SAs are left", len(p.r1.sas))
	}
}

// A choice that is part of what belongs together, or more than that, is refused.
func TestChoiceOfBoth(t *testing.T) {
	p := newPair(t, both, func(_ string, c *policy.Config) {
		alone := *c.Transforms[0]
		alone.AH = nil
		c.IPsec[0].Transforms = append(c.IPsec[0].Transforms, &alone)
	})
	ours := quickOffer(p.r1.itf, 0x5000)
	ah, esp, alone := ours[0], ours[1], ours[2]
	renumbered := func(n uint8, list ...wire.ProposalV1) []wire.ProposalV1 {
		list = slices.Clone(list)
		for i := range list {
			list[i].Number = n
		}
		return list
	}
	twice := esp
	twice.Transforms = slices.Repeat(esp.Transforms, 2)
	for _, c := range []struct {
		name string
		got  []wire.ProposalV1
		ok   bool
	}{
		{"as offered", []wire.ProposalV1{ah, esp}, true},
		{"in another order", []wire.ProposalV1{esp, ah}, true},
		{"renumbered", renumbered(9, ah, esp), true},
		{"ESP alone, which is offered too", []wire.ProposalV1{alone}, true},
		{"AH alone", []wire.ProposalV1{ah}, false},
		{"AH twice", []wire.ProposalV1{ah, ah}, false},
		{"all", ours, false},
		{"two numbers", []wire.ProposalV1{ah, alone}, false},
		{"two transforms", []wire.ProposalV1{ah, twice}, false},
	} {
		if got := offered(ours, c.got); got != c.ok {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

package ikev1

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// aggressively makes both routers begin in aggressive mode.
func aggressively(_ string, c *policy.Config) { c.Profiles[0].Aggressive = true }

// Three messages bring the SA up, from either side.
func TestAggressive(t *testing.T) {
	for _, first := range []string{"R1", "R2"} {
		t.Run(first, func(t *testing.T) {
			p := newPair(t, psk, aggressively).uncertified()
			i, r := p.r1, p.r2
			if first == "R2" {
				i, r = r, i
			}
			p.up(i)
			if n := len(i.lens) + len(r.lens); n != 6 {
				t.Errorf("%d datagrams, want 3 of aggressive and 3 of quick mode", n)
			}
			want(t, r, func(InitialContact) bool { return true })
			want(t, i, func(e ExchangeBegun) bool { return e.Exchange == wire.ExchangeQuickMode })
			phases := func(x *party) string {
				var names []string
				for _, e := range all[StateChange](x) {
					if e.Node == 0 {
						names = append(names, strings.TrimPrefix(e.New.String(), "IKE_"))
					}
				}
				return strings.Join(names, " ")
			}
			if got, want := phases(i), "I_AM1 P1_COMPLETE P1_COMPLETE"; got != want {
				t.Errorf("initiator %q, want %q", got, want)
			}
			if got, want := phases(r), "R_AM_AAA_AWAIT R_AM2 P1_COMPLETE P1_COMPLETE"; got != want {
				t.Errorf("responder %q, want %q", got, want)
			}
			for id, mine := range i.sas {
				if his := r.sas[id]; !bytes.Equal(mine.EncrKey, his.EncrKey) || len(mine.EncrKey) == 0 {
					t.Errorf("keys of %v differ", id)
				}
			}
		})
	}
}

// Each of the three messages may be lost, once or twice.
func TestAggressiveLoss(t *testing.T) {
	for lost := range 3 {
		for times := 1; times <= 2; times++ {
			p := newPair(t, psk, aggressively)
			p.initiate(p.r1)
			length, left := 0, times
			n := 0
			lose := func(_ *party, data []byte) bool {
				if data[18] != byte(wire.ExchangeAggressive) {
					return false
				}
				if n == lost {
					length = len(data)
				}
				n++
				if len(data) == length && left > 0 {
					left--
					return true
				}
				return false
			}
			for len(p.r1.sent)+len(p.r2.sent) > 0 {
				for _, r := range []*party{p.r1, p.r2} {
					if len(r.sent) > 0 {
						if d := r.next(); !lose(r, d) {
							p.deliver(p.other(r), d)
						}
					}
				}
			}
			p.advance(45*time.Second, lose)
			if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 || left != 0 {
				t.Errorf("AG%d lost %d times: not up\n%s\n%s", lost+1, times, p.r1.story(), p.r2.story())
			}
		}
	}
}

// The responder knows the name before it answers: a key of that name is found.
func TestAggressiveKeyOfName(t *testing.T) {
	named := func(name string, c *policy.Config) {
		c.Profiles[0].SelfIdentity = policy.IdentityFQDN
		peer := map[string]string{"R1": "R2", "R2": "R1"}[name] + ".cisco.com"
		c.Profiles[0].Matches = []policy.Match{{Kind: policy.MatchHost, Value: peer}}
	}
	p := newPair(t, psk, aggressively, named, on("R2", func(c *policy.Config) {
		c.Keyrings[0].Keys = []policy.PreSharedKey{{Host: "R1.cisco.com", Key: suite.Key("cisco")}, {Prefix: netip32("192.168.0.1"), Key: suite.Key("juniper")}}
	}))
	p.up(p.r1)
	want(t, p.r2, func(e ProfileMatched) bool { return e.PeerID == "R1.cisco.com" && e.Profile == "prof1" })
}

// match identity group is the profile of a peer whose name is a key id.
func TestAggressiveGroup(t *testing.T) {
	p := newPair(t, psk, aggressively, on("R2", func(c *policy.Config) {
		c.Profiles[0].Matches = []policy.Match{{Kind: policy.MatchGroup, Value: "branch"}}
	}))
	p.initiate(p.r1)
	ag1 := p.r1.next()
	m, err := wire.Parse(ag1)
	if err != nil {
		t.Fatal(err)
	}
	b := wire.NewBuilder(nil, m.Header)
	for _, x := range m.Payloads {
		body := x.Body
		if x.Type == wire.PayloadID {
			body = wire.IDV1{Type: wire.IDKeyID, Protocol: 17, Port: 500, Data: []byte("branch")}.Append(nil)
		}
		b.Add(x.Type, wire.Raw(body))
	}
	p.deliver(p.r2, b.Bytes())
	want(t, p.r2, func(e ProfileMatched) bool { return e.PeerID == "branch" && e.Profile == "prof1" })
	if len(p.r2.sent) != 1 || p.r2.session.phase != RAM2 {
		t.Errorf("AG1 with a group is not answered: %s", p.r2.story())
	}
}

// Another key: the initiator refuses AG2, tells nobody, and both ends say why.
func TestAggressiveOtherKey(t *testing.T) {
	p := newPair(t, psk, aggressively, on("R2", func(c *policy.Config) { c.Keyrings[0].Keys[0].Key = suite.Key("juniper") }))
	p.initiate(p.r1)
	p.settle()
	want(t, p.r1, func(e HashRefused) bool { return e.Exchange == wire.ExchangeAggressive })
	if len(p.r1.lens) != 1 || len(p.r2.lens) != 1 || p.r1.session.crypt != nil {
		t.Errorf("R1 sent %d, R2 %d datagrams, want 1 and 1", len(p.r1.lens), len(p.r2.lens))
	}
	p.advance(2*time.Minute, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
	want(t, p.r1, func(e ike.NegotiationFailed) bool { return e.Stage == "AG2" && e.Reason == "HASH does not verify" })
	want(t, p.r2, func(e ike.NegotiationFailed) bool {
		return e.Reason == "no answer to AG2: the peer's pre-shared key may not be that of keyring default"
	})
}

// What aggressive mode cannot be done with is refused before anything is sent,
// or answered with the one refusal in the clear.
func TestAggressiveUnable(t *testing.T) {
	for _, c := range []struct {
		name   string
		change option
		reason string
	}{
		{"disabled", on("R1", func(c *policy.Config) { c.ISAKMP.NoAggressive = true }), errAggressiveDisabled.Error()},
		{"no key", on("R1", func(c *policy.Config) { c.Keyrings = nil }), "no pre-shared key with 192.168.0.2"},
		{"no policy", on("R1", func(c *policy.Config) { c.Policies = nil }), "no crypto isakmp policy is configured"},
		{"no name", on("R1", func(c *policy.Config) { c.Hostname, c.Profiles[0].SelfIdentity = "", policy.IdentityFQDN }), "ID_FQDN: no identity to give"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, psk, aggressively, c.change)
			p.initiate(p.r1)
			want(t, p.r1, func(e ike.NegotiationFailed) bool { return e.Stage == "AG1" && strings.HasPrefix(e.Reason, c.reason) })
			p.r1.wantIdle()
		})
	}
	p := newPair(t, psk, aggressively, on("R2", func(c *policy.Config) { c.Policies[0].Hash = suite.SHA1 }))
	p.initiate(p.r1)
	p.settle()
	want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.NotifyNoProposalChosen })
	want(t, p.r2, func(e NoOfferAccepted) bool { return e.Exchange == wire.ExchangeAggressive })
	p.r2.wantIdle()
}

// One public value is of one group: policies of another are not offered.
func TestAggressiveGroupOfOffer(t *testing.T) {
	p := newPair(t, psk, aggressively, func(_ string, c *policy.Config) {
		strong, weak := *c.Policies[0], *c.Policies[0]
		strong.Priority, weak.Priority = 20, 30
		strong.Group, _ = suite.GroupByNumber(14)
		weak.Hash = suite.SHA1
		c.Policies = append(c.Policies, &strong, &weak)
	})
	p.initiate(p.r1)
	var hashes []uint64
	for _, x := range p.r1.session.main.(sentAG1).transforms {
		for _, a := range x.Attributes {
			switch {
			case a.Type == wire.AttrHash:
				hashes = append(hashes, a.Value)
			case a.Type == wire.AttrGroup && a.Value != 2:
				t.Errorf("group %d is offered", a.Value)
			}
		}
	}
	if !slices.Equal(hashes, []uint64{1, 2}) {
		t.Errorf("hashes %d are offered, want MD5 and SHA of policies 10 and 30", hashes)
	}
	p.settle()
	if !p.r1.session.Established() {
		t.Error("not up")
	}
}

// An AG2 that does not prove itself says nothing of the peer, nor that it
// understands DPD: a peer that does not would be given up for dead.
func TestForgedAG2SaysNothing(t *testing.T) {
	p := newPair(t, psk, aggressively)
	p.initiate(p.r1)
	p.step(p.r1)
	forged := p.r2.next()
	if !bytes.Contains(forged, wire.VendorDPD) {
		t.Fatal("R2 does not announce DPD")
	}
	m, err := wire.Parse(forged)
	if err != nil {
		t.Fatal(err)
	}
	ke, _ := m.First(wire.PayloadKE)
	ke.Body[0] ^= 1
	p.unharmed(p.r1, forged, "AG2 with another public value")
	want(t, p.r1, func(HashRefused) bool { return true })
	if p.r1.session.knows.dpd {
		t.Error("it is believed to understand DPD")
	}
}

// crypto isakmp peer begins aggressive mode with its own name and key, whatever the
// profile says, and offers nothing that its key does not do.
func TestAggressivePeer(t *testing.T) {
	peer := on("R1", func(c *policy.Config) {
		signed := *c.Policies[0]
		signed.Priority, signed.Auth = 5, policy.RSASig
		c.Policies = append([]*policy.ISAKMPPolicy{&signed}, c.Policies...)
		c.Keyrings = nil
		c.Peers = []*policy.ISAKMPPeer{{
			Addr: netip32("192.168.0.2").Addr(), Endpoint: wire.IDV1{Type: wire.IDFQDN, Protocol: 17, Port: 500, Data: []byte("branch.cisco.com")},
			Keyring: &policy.Keyring{Name: "of the peer", Keys: []policy.PreSharedKey{{Prefix: netip32("192.168.0.2"), Key: suite.Key("cisco")}}},
		}}
	})
	named := on("R2", func(c *policy.Config) {
		c.Profiles[0].Matches = []policy.Match{{Kind: policy.MatchHost, Value: "branch.cisco.com"}}
	})
	p := newPair(t, psk, peer, named)
	p.up(p.r1)
	want(t, p.r2, func(e ike.SessionUp) bool { return e.PeerID == "branch.cisco.com" && e.Profile == "prof1" })
	want(t, p.r1, func(e AuthenticationBegun) bool { return e.Method == policy.PreShare && e.IDType == wire.IDFQDN })

	p = newPair(t, psk, peer, on("R1", func(c *policy.Config) { c.Policies = c.Policies[:1] }))
	p.initiate(p.r1)
	want(t, p.r1, func(e ike.NegotiationFailed) bool {
		return e.Reason == "no crypto isakmp policy authenticates with pre-share, as set aggressive-mode password does"
	})
	p.r1.wantIdle()
}

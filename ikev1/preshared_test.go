package ikev1

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// psk gives both routers a key for each other, and nothing but addresses as
// names.
func psk(name string, c *policy.Config) {
	peer := map[string]string{"R1": "192.168.0.2", "R2": "192.168.0.1"}[name]
	c.Policies[0].Auth = policy.PreShare
	c.Keyrings = []*policy.Keyring{{Name: "default", Keys: []policy.PreSharedKey{{Prefix: netip32(peer), Key: suite.Key("cisco")}}}}
	c.Profiles[0].SelfIdentity = policy.IdentityAddress
	c.Profiles[0].Matches = []policy.Match{{Kind: policy.MatchAddress, Prefix: netip32(peer)}}
}

// uncertified takes both stores away.
func (p *pairOf) uncertified() *pairOf {
	p.r1.env.PKI, p.r2.env.PKI = pki.NewSnapshot(nil), pki.NewSnapshot(nil)
	return p
}

// Without a certificate anywhere a key brings the tunnel up from either side:
// no CERTREQ, no CERT, HASH behind ID, INITIAL_CONTACT behind HASH.
func TestPreSharedKey(t *testing.T) {
	for _, first := range []string{"R1", "R2"} {
		t.Run(first, func(t *testing.T) {
			p := newPair(t, psk).uncertified()
			i, r := p.r1, p.r2
			if first == "R2" {
				i, r = r, i
			}
			p.up(i)
			if got, want := i.lens[:3], []int{164, 276, 92}; !slices.Equal(got, want) {
				t.Errorf("MM1, MM3, MM5: %v, want %v", got, want)
			}
			if got, want := r.lens[:3], []int{104, 284, 60}; !slices.Equal(got, want) {
				t.Errorf("MM2, MM4, MM6: %v, want %v", got, want)
			}
			want(t, r, func(InitialContact) bool { return true })
			for _, x := range []*party{i, r} {
				want(t, x, func(e KeySearched) bool { return e.Keyring == "default" && e.Comparing })
				want(t, x, func(e AuthenticationBegun) bool { return e.Method == policy.PreShare && e.IDType == wire.IDIPv4Addr })
				for _, e := range all[IDPayload](x) {
					if e.Next != wire.PayloadHash || e.Length != 12 {
						t.Errorf("%+v", e)
					}
				}
				if n := len(all[CertReqBuilt](x)) + len(all[CertBuilt](x)) + len(all[PKICall](x)); n != 0 {
					t.Errorf("%s: %d words about certificates", x.name, n)
				}
				if v := x.session.View(p.now); v.Auth != "psk" {
					t.Errorf("%s shows %q", x.name, v.Auth)
				}
			}
			for id, mine := range i.sas {
				if his := r.sas[id]; !bytes.Equal(mine.EncrKey, his.EncrKey) || len(mine.EncrKey) == 0 {
					t.Errorf("keys of %v differ", id)
				}
			}
		})
	}
}

// The responder asks nobody for extended authentication when it has a key.
func TestXAUTHVendor(t *testing.T) {
	for _, c := range []struct {
		change    option
		responder bool
	}{{psk, false}, {func(string, *policy.Config) {}, true}} {
		p := newPair(t, c.change)
		p.up(p.r1)
		says := func(r *party) bool {
			return slices.ContainsFunc(all[VendorIDBuilt](r), func(e VendorIDBuilt) bool { return bytes.Equal(e.VendorID, wire.VendorXAUTH) })
		}
		if !says(p.r1) || says(p.r2) != c.responder {
			t.Errorf("XAUTH of the initiator %v, of the responder %v; want true, %v", says(p.r1), says(p.r2), c.responder)
		}
	}
}

// Another key: MM5 cannot be read, nobody answers, and both ends say why.
func TestOtherKey(t *testing.T) {
	p := newPair(t, psk, on("R2", func(c *policy.Config) { c.Keyrings[0].Keys[0].Key = suite.Key("juniper") })).uncertified()
	p.initiate(p.r1)
	p.settle()
	if n := len(p.r2.lens); n != 2 {
		t.Errorf("R2 sent %d datagrams, want MM2 and MM4", n)
	}
	want(t, p.r2, func(e MessageRejected) bool {
		return e.Malformed && e.Notify == 0 && strings.HasSuffix(e.Reason, "the peer's pre-shared key may not be that of keyring default")
	})
	p.advance(2*time.Minute, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
	want(t, p.r1, func(e ike.NegotiationFailed) bool {
		return e.Stage == "MM5" && e.Reason == "no answer to MM5: the peer's pre-shared key may not be that of keyring default"
	})
}

// forgeIdentity is MM5 or MM6 with a HASH of zeros, of one who has the keys.
func (r *party) forgeIdentity() []byte {
	h := r.session.header(wire.ExchangeMainMode, 0)
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadID, wire.IDV1{Type: wire.IDIPv4Addr, Protocol: 17, Port: 500, Data: r.addr.Addr().AsSlice()})
	b.Add(wire.PayloadHash, wire.Raw(make([]byte, r.session.crypt.hash.Size)))
	data, _ := r.session.crypt.seal(h, b, r.session.crypt.iv)
	return data
}

// A HASH that does not hold is refused in silence; the true message is taken.
func TestHashRefused(t *testing.T) {
	p := newPair(t, psk)
	p.initiate(p.r1)
	for _, r := range []*party{p.r1, p.r2, p.r1, p.r2} {
		p.step(r)
	}
	mm5 := p.r1.next()
	forger := &party{session: p.r2.session, addr: p.r1.addr} // R2's chain stands where MM5's begins
	p.unharmed(p.r2, forger.forgeIdentity(), "MM5 with another HASH")
	want(t, p.r2, func(HashRefused) bool { return true })
	p.deliver(p.r2, mm5)
	mm6 := p.r2.next()
	forger = &party{session: p.r1.session, addr: p.r2.addr}
	p.unharmed(p.r1, forger.forgeIdentity(), "MM6 with another HASH")
	want(t, p.r1, func(HashRefused) bool { return true })
	p.deliver(p.r1, mm6)
	p.settle()
	if !p.r1.session.Established() || !p.r2.session.Established() {
		t.Error("the true messages did not bring the SA up")
	}
}

// The responder finds the key by address. The profile that the identity leads
// to may want another keyring's: that is refused, in silence.
func TestKeyOfOtherKeyring(t *testing.T) {
	p := newPair(t, psk, on("R2", func(c *policy.Config) {
		own := &policy.Keyring{Name: "K", Keys: c.Keyrings[0].Keys}
		c.Keyrings = append(c.Keyrings, own)
		c.Profiles[0].Keyring = own
	}))
	p.initiate(p.r1)
	p.settle()
	want(t, p.r2, func(e ProfileKeyring) bool { return !e.Found && e.Keyring == "default" && e.Profile == "prof1" })
	if len(p.r2.lens) != 2 {
		t.Errorf("R2 sent %d datagrams, want MM2 and MM4", len(p.r2.lens))
	}
	p.advance(2*time.Minute, nil)
	p.r2.wantIdle()
	want(t, p.r2, func(e ike.NegotiationFailed) bool {
		return e.Reason == "the key of 192.168.0.1 is of keyring default, profile prof1 wants keyring K"
	})
	// As initiator R2 takes the profile's keyring from the start.
	p.up(p.r2)
	want(t, p.r2, func(e KeySearched) bool { return e.Keyring == "K" })
}

// Of several policies those are offered, and accepted, whose authentication can
// be carried out.
func TestMethods(t *testing.T) {
	both := func(_ string, c *policy.Config) {
		signed := *c.Policies[0]
		signed.Priority, signed.Auth = 20, policy.RSASig
		c.Policies = append(c.Policies, &signed)
	}
	noKey := func(r *party) { r.env.Config.Keyrings = nil }
	noCertificate := func(r *party) { r.env.PKI = pki.NewSnapshot(nil) }
	for _, c := range []struct {
		name   string
		change func(r1, r2 *party)
		offers []int // priorities that R1 offers, by its own checks of R2's choice
		auth   string
	}{
		{"both", func(_, _ *party) {}, []int{10, 20}, "psk"},
		{"the initiator has no key", func(r1, _ *party) { noKey(r1) }, []int{20}, "rsig"},
		{"the responder has no key", func(_, r2 *party) { noKey(r2) }, []int{10, 20}, "rsig"},
		{"the initiator has no certificate", func(r1, _ *party) { noCertificate(r1) }, []int{10}, "psk"},
		{"nothing in common", func(r1, r2 *party) { noKey(r1); noCertificate(r2) }, []int{20}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t, psk, both)
			c.change(p.r1, p.r2)
			p.initiate(p.r1)
			if st := p.r1.session.main.(sentMM1); len(st.transforms) != len(c.offers) {
				t.Errorf("%d transforms, want policies %v", len(st.transforms), c.offers)
			}
			p.settle()
			if v := p.r1.session.View(p.now); v.Auth != c.auth || p.r1.session.Established() != (c.auth != "") {
				t.Errorf("%q, want %q\n%s", v.Auth, c.auth, p.r1.story())
			}
		})
	}
}

// With neither a key nor a certificate nothing is sent.
func TestNothingToOffer(t *testing.T) {
	p := newPair(t, psk, on("R1", func(c *policy.Config) {
		c.Keyrings[0].Keys[0].Prefix = netip.MustParsePrefix("198.51.100.0/24")
	}))
	p.initiate(p.r1)
	want(t, p.r1, func(e KeySearched) bool { return e.Keyring == "" && !e.Comparing })
	want(t, p.r1, func(e NotStarted) bool { return e.NoKey })
	want(t, p.r1, func(e ike.NegotiationFailed) bool { return e.Reason == "no pre-shared key with 192.168.0.2" })
	p.r1.wantIdle()
	p.initiate(p.r2) // and R1 accepts none
	p.settle()
	want(t, p.r1, func(e NotifySent) bool { return e.Type == wire.NotifyNoProposalChosen })
}

package engine

import (
	"crypto"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// presharedLimit is what an established pair of version 2 may cost with keys in
// place of certificates.
const presharedLimit = 6 << 10

// A kindV2 is what the target of a measurement and its peers have agreed on.
type kindV2 struct {
	name  string
	group string
	ca    *testca.CA // nil: pre-shared keys
	limit uint64
}

// certified is a CA of short signatures, since it is to certify many peers.
func certified() *testca.CA { return testca.NewWith("CA1", testca.EC(9), crypto.SHA256) }

func (k kindV2) config(tb testing.TB, own netip.Addr, more string, peers ...netip.Addr) *policy.Config {
	words := []string{"group 19", "group " + k.group}
	if k.ca != nil {
		words = append(words, "remote pre-share", "remote ecdsa-sig", "local pre-share", "local ecdsa-sig", "keyring local KR", "pki trustpoint TP")
		more += "crypto pki trustpoint TP\n revocation-check none\n"
	}
	c, errs := policy.Compile(policy.Source{Name: "R", Text: []byte(strings.NewReplacer(words...).Replace(routerV2Text(own, more, peers...)))})
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	return c
}

// store is a router's: each has a certificate of its own, of one of a few keys.
func (k kindV2) store(own netip.Addr, key byte) *pki.Snapshot {
	if k.ca == nil {
		return pki.NewSnapshot(nil)
	}
	id := k.ca.EnrollWith(testca.RouterName(own.String(), own.String(), "1"), testca.EC(key))
	return pki.NewSnapshot([]*pki.Trustpoint{testca.Trustpoint("TP", id, 1)})
}

// cost is the live heap of the target for each of n peers whose until-th message
// does not come.
func (k kindV2) cost(tb testing.TB, n, until int) uint64 {
	var peers []netip.Addr
	for i := range n + 1 {
		peers = append(peers, peerAddr(i))
	}
	r := targetOf(tb, k.config(tb, hubAddr, generous, peers...))
	r.env.PKI = k.store(hubAddr, 1)
	life := func(i int) {
		s := strangeOf(tb, k.config(tb, peers[i], "", hubAddr), k.store(peers[i], 2), peers[i], 0)
		s.carry(r, until)
		if until == 0 && !s.Established() {
			tb.Fatalf("not authenticated: %q", r.reasons)
		}
		r.sent = nil
	}
	life(n) // whatever is made once
	before := live()
	for i := range n {
		life(i)
	}
	after := live()
	if v := r.Views(start); len(v.IKEv2) != n+1 || until == 0 && int(v.Counters.Children) != n+1 {
		tb.Fatalf("%d sessions, %d children", len(v.IKEv2), v.Counters.Children)
	}
	return (after - before) / uint64(n)
}

// A half-open responder and an established pair of version 2 stay within their
// limits.
func TestMemoryV2(t *testing.T) {
	const auth = 2 // the peer's message that does not come
	for _, s := range []struct {
		kindV2
		n, until int
	}{
		{kindV2{name: "half-open", group: "19", limit: halfOpenLimit}, 150, auth},
		{kindV2{name: "half-open in group 14", group: "14", limit: halfOpenLimit}, 150, auth},
		{kindV2{name: "established", group: "19", limit: presharedLimit}, 150, 0},
		// So many that what pki remembers of the first few hundred is a part only.
		{kindV2{name: "established by certificate", group: "19", ca: certified(), limit: establishedLimit}, 500, 0},
	} {
		got := s.cost(t, s.n, s.until)
		t.Logf("%s: %d octets each", s.name, got)
		if got > s.limit {
			t.Errorf("%s: %d octets each, at most %d", s.name, got, s.limit)
		}
	}
}

// BenchmarkMemoryV2 reports what each of 10,000 IKE SAs costs that stand with
// their child SAs.
func BenchmarkMemoryV2(b *testing.B) {
	for _, k := range []kindV2{{name: "preshared", group: "19"}, {name: "certificates", group: "19", ca: certified()}} {
		b.Run(k.name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(k.cost(b, 10_000, 0)), "B/SA")
			}
		})
	}
}

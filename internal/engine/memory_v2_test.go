package engine

import (
	"net/netip"
	"testing"
)

// presharedLimit is what an established pair of version 2 may cost with keys in
// place of certificates.
const presharedLimit = 6 << 10

// costV2 is the live heap of the target for each of n peers whose n-th message
// does not come.
func costV2(tb testing.TB, n, until int) uint64 {
	var peers []netip.Addr
	for i := range n + 1 {
		peers = append(peers, peerAddr(i))
	}
	r := newTargetV2(tb, generous, peers...)
	life := func(i int) {
		s := strange(tb, peers[i], 0)
		s.carry(r, until)
		if until == 0 && !s.Established() {
			tb.Fatal("not authenticated")
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
	for _, s := range []struct {
		name  string
		until int
		limit uint64
	}{{"half-open", 2, halfOpenLimit}, {"established", 0, presharedLimit}} {
		got := costV2(t, 150, s.until)
		t.Logf("%s: %d octets each", s.name, got)
		if got > s.limit {
			t.Errorf("%s: %d octets each, at most %d", s.name, got, s.limit)
		}
	}
}

// BenchmarkMemoryV2 reports what each of 10,000 IKE SAs costs that stand with
// their child SAs.
func BenchmarkMemoryV2(b *testing.B) {
	for b.Loop() {
		b.ReportMetric(float64(costV2(b, 10_000, 0)), "B/SA")
	}
}

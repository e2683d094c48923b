package policy

import (
	"net/netip"
	"slices"
	"testing"
)

func TestPrefixes(t *testing.T) {
	entries := [][]string{{"10.1.0.0/16"}, {}, {"10.1.2.3/32", "10.1.0.0/16"}, {"0.0.0.0/0"}, {"2001:db8::/32"}, {"10.1.2.99/24"}, {"::/0"}}
	p := newPrefixes(len(entries), func(i int) (list []netip.Prefix) {
		for _, s := range entries[i] {
			list = append(list, netip.MustParsePrefix(s))
		}
		return append(list, netip.Prefix{})
	})
	for _, test := range []struct {
		address string
		want    []int
	}{
		{"10.1.2.3", []int{0, 2, 3, 5}},
		{"10.1.3.3", []int{0, 2, 3}},
		{"192.0.2.1", []int{3}},
		{"2001:db8::1", []int{4, 6}},
		{"fe80::1", []int{6}},
	} {
		if got := p.containing(netip.MustParseAddr(test.address)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.address, got, test.want)
		}
	}
	if got := p.containing(netip.Addr{}); len(got) > 0 {
		t.Errorf("no address: %v", got)
	}
	if !slices.Equal(p.none, []int{1}) {
		t.Errorf("without a prefix: %v", p.none)
	}
}

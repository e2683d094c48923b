package rtnetlink

import (
	"net/netip"
	"testing"
)

func TestAddressesDiffer(t *testing.T) {
	list := func(texts ...string) (out []netip.Prefix) {
		for _, s := range texts {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	for _, test := range []struct {
		standing, want []netip.Prefix
		how            string
	}{
		{nil, nil, ""},
		{list("10.0.0.1/24", "2001:db8::1/64"), list("2001:db8::1/64", "10.0.0.1/24"), ""},
		{list("10.0.0.1/24"), list("10.0.0.1/24", "10.0.1.1/24"), "it has lost 10.0.1.1/24"},
		{list("10.0.0.1/24", "10.0.1.1/24"), list("10.0.0.1/24"), "it has got 10.0.1.1/24"},
		{list("10.0.0.1/25"), list("10.0.0.1/24"), "it has lost 10.0.0.1/24"},
	} {
		if got := addressesDiffer(test.standing, test.want); got != test.how {
			t.Errorf("%v for %v: %q, want %q", test.standing, test.want, got, test.how)
		}
	}
}

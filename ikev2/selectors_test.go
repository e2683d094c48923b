package ikev2

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// ts reads "10.0.0.0-10.255.255.255 47 0-65535"; protocol and ports may be left
// out.
func ts(t *testing.T, text string) wire.TS {
	t.Helper()
	x := wire.TS{EndPort: anyPort}
	fields := strings.Fields(text)
	start, end, _ := strings.Cut(fields[0], "-")
	x.Start, x.End = netip.MustParseAddr(start), netip.MustParseAddr(end)
	if len(fields) > 1 {
		x.Protocol = map[string]uint8{"any": 0, "gre": 47, "tcp": 6}[fields[1]]
	}
	if len(fields) > 2 {
		ports := map[string][2]uint16{"22": {22, 22}, "22-23": {22, 23}, "opaque": {65535, 0}, "0": {0, 0}}[fields[2]]
		x.StartPort, x.EndPort = ports[0], ports[1]
	}
	return x
}

func list(t *testing.T, texts ...string) (out wire.TSV2) {
	t.Helper()
	for _, s := range texts {
		out = append(out, ts(t, s))
	}
	return out
}

const all4 = "0.0.0.0-255.255.255.255"

var (
	vti = (&policy.Tunnel{Mode: policy.IPsecIPv4}).Selector()
	gre = (&policy.Tunnel{Source: netip.MustParseAddr("192.0.2.1"), Destination: netip.MustParseAddr("192.0.2.2")}).Selector()
	six = (&policy.Tunnel{Source: netip.MustParseAddr("2001:db8::1"), Destination: netip.MustParseAddr("2001:db8::2")}).Selector()
)

func TestSelectorsOf(t *testing.T) {
	for _, c := range []struct {
		sel          ipsec.Selector
		ours, theirs string
	}{
		{vti, all4, all4},
		{gre, "192.0.2.1-192.0.2.1 gre", "192.0.2.2-192.0.2.2 gre"},
		{six, "2001:db8::1-2001:db8::1 gre", "2001:db8::2-2001:db8::2 gre"},
		{ipsec.Selector{Local: netip.MustParsePrefix("10.1.2.3/12"), Remote: netip.MustParsePrefix("2001:db8::/33"), Protocol: 6, RemotePort: 22}, "10.0.0.0-10.15.255.255 tcp", "2001:db8::-2001:db8:7fff:ffff:ffff:ffff:ffff:ffff tcp 22"},
	} {
		ours, theirs := selectorsOf(c.sel)
		if len(ours) != 1 || len(theirs) != 1 || ours[0] != ts(t, c.ours) || theirs[0] != ts(t, c.theirs) {
			t.Errorf("%s: %+v %+v", c.sel, ours, theirs)
		}
		for _, x := range []wire.TSV2{ours, theirs} {
			if back, err := wire.ParseTSV2(x.Append(nil)); err != nil || back[0] != x[0] {
				t.Errorf("%s: %+v %v", c.sel, back, err)
			}
		}
	}
}

func TestOffered(t *testing.T) {
	for what, c := range map[string]struct {
		want         ipsec.Selector
		ours, theirs []string
		ok           bool
	}{
		"VTI":                      {vti, []string{all4}, []string{all4}, true},
		"VTI behind the packet's":  {vti, []string{"10.0.0.1-10.0.0.1 tcp 22", all4}, []string{"10.0.0.2-10.0.0.2 tcp", all4}, true},
		"VTI, less":                {vti, []string{"10.0.0.0-10.255.255.255"}, []string{all4}, false},
		"VTI, the packet's alone":  {vti, []string{"10.0.0.1-10.0.0.1 tcp 22"}, []string{"10.0.0.2-10.0.0.2 tcp"}, false},
		"VTI, one protocol":        {vti, []string{all4 + " gre"}, []string{all4 + " gre"}, false},
		"VTI, one port":            {vti, []string{all4 + " any 22"}, []string{all4}, false},
		"VTI, opaque ports":        {vti, []string{all4 + " any opaque"}, []string{all4}, false},
		"VTI, IPv6":                {vti, []string{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, []string{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}, false},
		"VTI, IPv6 beside it":      {vti, []string{"::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", all4}, []string{all4}, true},
		"GRE":                      {gre, []string{"192.0.2.1-192.0.2.1 gre"}, []string{"192.0.2.2-192.0.2.2 gre"}, true},
		"GRE of any protocol":      {gre, []string{"192.0.2.1-192.0.2.1"}, []string{"192.0.2.2-192.0.2.2"}, true},
		"GRE of any address":       {gre, []string{all4}, []string{all4}, true},
		"GRE, the sides exchanged": {gre, []string{"192.0.2.2-192.0.2.2 gre"}, []string{"192.0.2.1-192.0.2.1 gre"}, false},
		"GRE, another protocol":    {gre, []string{"192.0.2.1-192.0.2.1 tcp"}, []string{"192.0.2.2-192.0.2.2 tcp"}, false},
		"GRE, another on one side": {gre, []string{"192.0.2.1-192.0.2.1 gre"}, []string{"192.0.2.2-192.0.2.2 tcp"}, false},
		"GRE over IPv6":            {six, []string{"2001:db8::1-2001:db8::1 gre"}, []string{"2001:db8::-2001:db8::ff gre"}, true},
		"nothing":                  {gre, nil, nil, false},
		"an unknown type":          {gre, []string{all4}, nil, false},
	} {
		theirs := list(t, c.theirs...)
		if what == "an unknown type" {
			theirs = wire.TSV2{{EndPort: anyPort}}
		}
		if got := offered(list(t, c.ours...), theirs, c.want); got != c.ok {
			t.Errorf("%s: %v", what, got)
		}
	}
}

func TestNarrowed(t *testing.T) {
	for what, c := range map[string]struct {
		want         ipsec.Selector
		ours, theirs []string
		got          string // "": refused
	}{
		"as offered":           {vti, []string{all4}, []string{all4}, "0.0.0.0/0.0.0.0/0/0 0.0.0.0/0.0.0.0/0/0"},
		"a prefix":             {vti, []string{"10.0.0.0-10.15.255.255"}, []string{all4}, "10.0.0.0/255.240.0.0/0/0 0.0.0.0/0.0.0.0/0/0"},
		"a host and a port":    {vti, []string{"10.0.0.1-10.0.0.1 tcp 22"}, []string{all4 + " tcp"}, "10.0.0.1/255.255.255.255/6/22 0.0.0.0/0.0.0.0/6/0"},
		"GRE":                  {gre, []string{"192.0.2.1-192.0.2.1 gre"}, []string{"192.0.2.2-192.0.2.2 gre"}, "192.0.2.1/255.255.255.255/47/0 192.0.2.2/255.255.255.255/47/0"},
		"IPv6":                 {six, []string{"2001:db8::1-2001:db8::1 gre"}, []string{"2001:db8::2-2001:db8::2 gre"}, "2001:db8::1/128/47/0 2001:db8::2/128/47/0"},
		"wider protocol":       {gre, []string{"192.0.2.1-192.0.2.1"}, []string{"192.0.2.2-192.0.2.2"}, ""},
		"wider addresses":      {gre, []string{"192.0.2.0-192.0.2.1 gre"}, []string{"192.0.2.2-192.0.2.2 gre"}, ""},
		"another address":      {gre, []string{"192.0.2.1-192.0.2.1 gre"}, []string{"192.0.2.3-192.0.2.3 gre"}, ""},
		"another family":       {gre, []string{"2001:db8::1-2001:db8::1 gre"}, []string{"192.0.2.2-192.0.2.2 gre"}, ""},
		"two protocols":        {vti, []string{all4 + " tcp"}, []string{all4 + " gre"}, ""},
		"a protocol and any":   {vti, []string{all4 + " tcp"}, []string{all4}, ""},
		"several":              {vti, []string{"10.0.0.0-10.0.0.255", "10.0.2.0-10.0.2.255"}, []string{all4}, ""},
		"none":                 {vti, nil, []string{all4}, ""},
		"no prefix":            {vti, []string{"10.0.0.1-10.0.0.4"}, []string{all4}, ""},
		"no prefix by one":     {vti, []string{"10.0.0.0-10.0.0.2"}, []string{all4}, ""},
		"two ports":            {vti, []string{all4 + " tcp 22-23"}, []string{all4 + " tcp"}, ""},
		"opaque ports":         {vti, []string{all4 + " any opaque"}, []string{all4}, ""},
		"port 0, which is any": {vti, []string{all4 + " tcp 0"}, []string{all4 + " tcp"}, ""},
	} {
		got, err := narrowed(c.want, list(t, c.ours...), list(t, c.theirs...))
		if c.got == "" {
			if r := (*rejection)(nil); !errors.As(err, &r) || r.notify != wire.V2TSUnacceptable {
				t.Errorf("%s: %s, %v", what, got, err)
			}
			continue
		}
		if err != nil || got.String() != c.got {
			t.Errorf("%s: %s, want %s, %v", what, got, c.got, err)
		}
	}
	if _, err := narrowed(vti, wire.TSV2{{}}, list(t, all4)); err == nil {
		t.Error("a selector of an unknown type")
	}
}

// Client and server of RFC 7296 section 2.23.1, both behind a NAT: IP1 and IP2 are
// their own addresses, IPN1 and IPN2 those of their NATs.
func TestThroughNAT(t *testing.T) {
	ip1, ip2 := netip.MustParseAddr("10.1.1.1"), netip.MustParseAddr("10.2.2.2")
	ipn1, ipn2 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("198.51.100.2")
	nat := natFound{able: true, self: true, peer: true}
	client := (&policy.Tunnel{Source: ip1, Destination: ipn2}).Selector()
	server := (&policy.Tunnel{Source: ip2, Destination: ipn1}).Selector()

	tsi, tsr := selectorsOf(client)
	if offered(tsr, tsi, server) {
		t.Error("offered before the addresses were translated")
	}
	ours, theirs := nat.throughNAT(tsr, tsi, ip2, ipn1)
	if !offered(ours, theirs, server) || tsi[0].Start != ip1 || tsr[0].Start != ipn2 {
		t.Errorf("the server sees %+v %+v", ours, theirs)
	}
	answered, asked := selectorsOf(server) // TSr and TSi of the response
	ours, theirs = nat.throughNAT(asked, answered, ip1, ipn2)
	if got, err := narrowed(client, ours, theirs); err != nil || got != client {
		t.Errorf("the client sees %s, %v", got, err)
	}
	if a, b := (natFound{able: true}).throughNAT(tsi, tsr, ip2, ip2); a[0] != tsi[0] || b[0] != tsr[0] {
		t.Error("translated without a NAT")
	}
	wide := list(t, all4, "2001:db8::1-2001:db8::1")
	if a, _ := nat.throughNAT(append(wide, wire.TS{}), nil, ip1, ip2); a[0] != wide[0] || a[1] != wide[1] || a[2].Start.IsValid() {
		t.Errorf("%+v", a)
	}
}

package ikev2

import (
	"errors"
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

func TestOwnIdentity(t *testing.T) {
	leaf := certificateOf(t, "R1", testKey(1))
	own := &pki.Trustpoint{Identity: leaf}
	v4, v6 := netip.MustParseAddr("192.168.0.1"), netip.MustParseAddr("2001:db8::1")
	for line, c := range map[string]struct {
		local netip.Addr
		own   *pki.Trustpoint
		want  string // type and what it says
	}{
		"":                                   {v4, nil, "IPv4 address 192.168.0.1"},
		" ":                                  {v6, nil, "IPv6 address 2001:db8::1"},
		"identity local address 10.0.0.1":    {v6, nil, "IPv4 address 10.0.0.1"},
		"identity local address 2001:db8::2": {v4, nil, "IPv6 address 2001:db8::2"},
		"identity local fqdn R1.cisco.com":   {v4, nil, "FQDN R1.cisco.com"},
		"identity local email r1@cisco.com":  {v4, nil, "Email address r1@cisco.com"},
		"identity local key-id branch":       {v4, nil, "key-id branch"},
		"identity local dn":                  {v4, own, "DER ASN1 DN cn=R1"},
		"identity local dn ":                 {v4, nil, "none"},
	} {
		p := compile(t, "crypto ikev2 profile P\n match identity remote any\n authentication local pre-share\n authentication remote pre-share\n "+line+"\n").IKEv2.Profiles[0]
		id, err := p.SelfIdentity(c.local, c.own)
		if c.want == "none" {
			if !errors.Is(err, policy.ErrNoIdentity) {
				t.Errorf("%q: %v", line, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", line, err)
			continue
		}
		got, peer, err := readIdentity(payloadsOf(t, wire.PayloadIDi, id)[0])
		if err != nil || IdentityName(got.Type)+" "+peer.String() != c.want {
			t.Errorf("%q: %s %s, want %s, %v", line, IdentityName(got.Type), peer, c.want, err)
		}
	}
}

func TestReadIdentityRefuses(t *testing.T) {
	for what, id := range map[string]wire.IDV2{
		"a subnet":            {Type: wire.IDIPv4AddrSubnet, Data: make([]byte, 8)},
		"an IPv6 subnet":      {Type: wire.IDIPv6AddrSubnet, Data: make([]byte, 32)},
		"a range":             {Type: wire.IDIPv4AddrRange, Data: make([]byte, 8)},
		"an address of three": {Type: wire.IDIPv4Addr, Data: make([]byte, 3)},
		"no address":          {Type: wire.IDIPv6Addr},
		"a name with a line":  {Type: wire.IDFQDN, Data: []byte("R1\r\n%CRYPTO")},
		"an empty name":       {Type: wire.IDFQDN},
		"an empty key id":     {Type: wire.IDKeyID},
		"no DN":               {Type: wire.IDDERASN1DN, Data: []byte{0x30, 0x80}},
		"a general name":      {Type: wire.IDDERASN1GN, Data: []byte("x")},
		"NULL":                {Type: 13},
		"a long one":          {Type: wire.IDKeyID, Data: make([]byte, maxIdentity+1)},
	} {
		if got, peer, err := readIdentity(payloadsOf(t, wire.PayloadIDr, id)[0]); err == nil {
			t.Errorf("%s: %+v %+v", what, got, peer)
		}
	}
	if _, _, err := readIdentity(payloadsOf(t, wire.PayloadIDr, wire.Raw{2, 0, 0})[0]); err == nil {
		t.Error("three octets")
	}
	if got := IdentityName(200); got != "ID type 200" {
		t.Error(got)
	}
}

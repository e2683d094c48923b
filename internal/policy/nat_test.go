package policy

import (
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/wire"
)

// Behind a NAT UDP encapsulation is what is taken, with the numbers of RFC 3947
// and of its drafts, and of an offer of both only that; without a NAT it is not.
func TestMatchUDPEncapsulation(t *testing.T) {
	set := func(m ipsec.Mode) *IPsecProfile { return matchProfileOf(t, m) }
	offer := func(modes ...uint64) []wire.ProposalV1 {
		p := wire.ProposalV1{Number: 1, Protocol: wire.ProtocolESP, SPI: []byte{0, 0, 1, 1}}
		for i, mode := range modes {
			p.Transforms = append(p.Transforms, wire.TransformV1{Number: uint8(i + 1), ID: 12, Attributes: []wire.Attribute{
				{Type: wire.IPsecAttrEncaps, Value: mode}, {Type: wire.IPsecAttrAuth, Value: 5}, {Type: wire.IPsecAttrKeyLength, Value: 128},
			}})
		}
		return []wire.ProposalV1{p}
	}
	for _, test := range []struct {
		name    string
		profile *IPsecProfile
		offer   []wire.ProposalV1
		nat     bool
		taken   uint8 // number of the transform, 0: none
		mode    ipsec.Mode
	}{
		{"tunnel", set(ipsec.Tunnel), offer(3), true, 1, ipsec.Tunnel},
		{"tunnel of the drafts", set(ipsec.Tunnel), offer(61443), true, 1, ipsec.Tunnel},
		{"transport", set(ipsec.Transport), offer(4), true, 1, ipsec.Transport},
		{"transport of the drafts", set(ipsec.Transport), offer(61444), true, 1, ipsec.Transport},
		{"both, with a NAT", set(ipsec.Tunnel), offer(1, 3), true, 2, ipsec.Tunnel},
		{"both, without a NAT", set(ipsec.Tunnel), offer(3, 1), false, 2, ipsec.Tunnel},
		{"plain through a NAT", set(ipsec.Tunnel), offer(1), true, 0, 0},
		{"UDP without a NAT", set(ipsec.Tunnel), offer(3), false, 0, 0},
	} {
		m := MatchTransformSet(test.profile, test.offer, test.nat)
		switch {
		case (m.Set != nil) != (test.taken > 0):
			t.Errorf("%s: %+v", test.name, m.Checks)
		case m.Set != nil && (m.Transform.Number != test.taken || m.Mode != test.mode || m.UDP != test.nat):
			t.Errorf("%s: transform %d, %v, UDP %v", test.name, m.Transform.Number, m.Mode, m.UDP)
		}
	}
}

func matchProfileOf(t *testing.T, mode ipsec.Mode) *IPsecProfile {
	t.Helper()
	c := compileText(t, "crypto ipsec transform-set TS esp-aes esp-sha256-hmac\n mode "+map[ipsec.Mode]string{ipsec.Tunnel: "tunnel", ipsec.Transport: "transport"}[mode]+"\ncrypto ipsec profile P\n set transform-set TS\n")
	return c.IPsec[0]
}

func TestNATCommands(t *testing.T) {
	c := compileText(t, "crypto isakmp nat keepalive 20\nno crypto ipsec nat-transparency udp-encapsulation\n")
	if c.ISAKMP.NATKeepalive != 20*time.Second || !c.NoNATTransparency {
		t.Errorf("%v %v", c.ISAKMP.NATKeepalive, c.NoNATTransparency)
	}
	c = compileText(t, "crypto isakmp nat keepalive 20\nno crypto isakmp nat keepalive\ncrypto ipsec nat-transparency udp-encapsulation\n")
	if c.ISAKMP.NATKeepalive != 0 || c.NoNATTransparency {
		t.Errorf("%v %v", c.ISAKMP.NATKeepalive, c.NoNATTransparency)
	}
}

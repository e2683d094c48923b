package ikev2

import (
	"bytes"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// sameKeys asserts that both data planes have the same SAs, the other way round.
func (p *pairOf) sameKeys() {
	p.t.Helper()
	for id, sa := range p.r1.sas {
		other, ok := p.r2.sas[id]
		if !ok || !bytes.Equal(other.EncrKey, sa.EncrKey) || !bytes.Equal(other.IntegKey, sa.IntegKey) ||
			other.Direction == sa.Direction || other.Mode != sa.Mode || other.Selector != sa.Selector.Mirror() {
			p.t.Errorf("%+v and %+v", sa, other)
		}
	}
}

func TestPresharedUp(t *testing.T) {
	for _, who := range []string{"R1", "R2"} {
		p := pskPair(t)
		i := p.r1
		if who == "R2" {
			i = p.r2
		}
		p.up(i)
		p.sameKeys()
		want(t, i, func(e ike.SessionUp) bool { return e.Version == 2 && e.Initiator && e.Profile == "V2" })
		want(t, p.other(i), func(e InitialContact) bool { return e.PeerID == i.addr.Addr().String() })
		if v := i.session.View(p.now); v.Sign != "PSK" || v.Verify != "PSK" || !v.Initiator || v.Window != 5 || v.PeerWindow != 5 || len(v.Children) != 1 {
			t.Errorf("%+v", v)
		}
	}
}

// Combined ciphers, other groups, transport mode and all of it at once.
func TestAlgorithms(t *testing.T) {
	for what, replace := range map[string][]string{
		"GCM":          {"aes-cbc-128\n integrity sha256", "aes-gcm-256\n prf sha384", "esp-aes 256 esp-sha256-hmac", "esp-gcm 256"},
		"curve25519":   {"group 19", "group 31"},
		"group 14":     {"group 19", "group 14"},
		"several":      {"aes-cbc-128", "aes-cbc-256 aes-cbc-128 3des", "integrity sha256", "integrity sha512 sha1", "group 19", "group 20 14"},
		"no integrity": {"esp-aes 256 esp-sha256-hmac", "esp-aes"},
		"AH":           {"esp-aes 256 esp-sha256-hmac", "ah-sha256-hmac"},
		"IOS's own":    {"crypto ikev2 policy P\n proposal P\n", ""},
	} {
		p := pskPair(t, replace...)
		p.up(p.r1)
		p.sameKeys()
		if t.Failed() {
			t.Fatal(what)
		}
	}
}

// GRE between two ends goes in transport mode where both ask for it, also through
// a NAT, and in tunnel mode where one does not.
func TestTransportMode(t *testing.T) {
	text := psk + tunnel
	transport := replaced(text, "mode tunnel", "mode transport")
	for what, c := range map[string]struct {
		r2   string
		nat  bool
		mode ipsec.Mode
	}{
		"both":        {transport, false, ipsec.Transport},
		"through NAT": {transport, true, ipsec.Transport},
		"one":         {text, false, ipsec.Tunnel},
	} {
		p := newPair(t, transport, c.r2)
		if c.nat {
			p.nat = (&mapping{base: 10000}).change(p)
		}
		p.up(p.r1)
		p.sameKeys()
		if got := p.r1.session.children[0].in.Mode; got != c.mode {
			t.Errorf("%s: %s", what, got)
		}
		if got := strings.Contains(contents(p.r1)[1], "USE_TRANSPORT_MODE"); !got {
			t.Errorf("%s: not asked for", what)
		}
	}
	p := newPair(t, replaced(transport, "mode transport", "mode transport require"), text)
	p.initiate(p.r1)
	p.settle()
	want(t, p.r1, func(e ike.NegotiationFailed) bool { return strings.Contains(e.Reason, "requires transport mode") })
	p.advance(answerTime, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// A static VTI carries everything.
func TestVTI(t *testing.T) {
	p := pskPair(t, "tunnel protection", "tunnel mode ipsec ipv4\n tunnel protection")
	p.up(p.r1)
	p.sameKeys()
	if s := p.r1.session.children[0].in.Selector; s.Local.Bits() != 0 || s.Remote.Bits() != 0 || s.Protocol != 0 {
		t.Errorf("%s", s)
	}
	q := newPair(t, replaced(psk+tunnel, "tunnel protection", "tunnel mode ipsec ipv4\n tunnel protection"), psk+tunnel)
	q.initiate(q.r2)
	q.settle()
	want(t, q.r1, func(e NotifySent) bool { return e.Type == wire.V2TSUnacceptable })
}

// One end may show a certificate, the other a pre-shared key.
func TestMixedMethods(t *testing.T) {
	trustpoint := "crypto pki trustpoint TP\n revocation-check none\n"
	r1 := trustpoint + replaced(psk+tunnel, "authentication remote pre-share", "authentication remote rsa-sig")
	r2 := trustpoint + replaced(psk+tunnel, "authentication local pre-share", "authentication local rsa-sig", "keyring local K", "keyring local K\n pki trustpoint TP")
	for _, first := range []string{"R1", "R2"} {
		p := newPair(t, r1, r2)
		p.r1.trust(testca.Trustpoint("TP", ca1.Enroll("R1", "192.168.0.1", "1", 2), 1))
		p.r2.trust(testca.Trustpoint("TP", ca1.Enroll("R2", "192.168.0.2", "1", 3), 1))
		i := map[string]*party{"R1": p.r1, "R2": p.r2}[first]
		p.up(i)
		if v := p.r1.session.View(p.now); v.Sign != "PSK" || v.Verify != "RSA" {
			t.Errorf("%s and %s", v.Sign, v.Verify)
		}
	}
}

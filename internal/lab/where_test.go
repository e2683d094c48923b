package lab

import (
	"strings"
	"testing"
)

// The first place is on the side to change, and says what the sentence speaks of.
func TestWhere(t *testing.T) {
	const other = "R2: crypto ikev2 profile prof1 => crypto ikev2 profile other\\n match identity remote address 192.0.2.1\\n authentication remote pre-share\\n authentication local pre-share\\n keyring local KR\\ncrypto ikev2 profile prof1"
	for _, c := range []struct {
		changes           []string
		begins            int
		want, line, cause string // line is what the first place's begins with
	}{
		{[]string{"R1: tunnel destination 192.168.0.2 => tunnel destination 192.168.0.9"}, 1, "CHILD NOT_CONFIGURED", "interface Tunnel1", "; its Tunnel1 leads to 192.168.0.9."},
		{[]string{"R1: tunnel source => shutdown\\n tunnel source"}, 1, "CHILD NOT_CONFIGURED", "interface Tunnel1", "is shut down."},
		{[]string{"R1: tunnel source => tunnel vrf RED\\n tunnel source", "R1: hostname R1 => hostname R1\\nip vrf RED"}, 1, "CHILD NOT_CONFIGURED", "interface Tunnel1", "; its Tunnel1 stays down: "},
		{[]string{other, "R2: match identity remote address 192.168.0.1 => match identity remote address 192.168.0.9"}, 0, "AUTH NO_PROFILE", "crypto ikev2 profile prof1", ""},
		{[]string{"R1: tunnel source => tunnel mode ipsec ipv4\\n tunnel source"}, 0, "CHILD SELECTOR_MISMATCH", "crypto ipsec profile", "protect different traffic"},
		{[]string{"R1: tunnel source => tunnel mode ipsec ipv4\\n tunnel source"}, 1, "CHILD SELECTOR_MISMATCH", "crypto ipsec profile", "protect different traffic"},
		{[]string{"R1:  set ikev2-profile prof1\n => "}, 0, "MM1 VERSION_MISMATCH", "interface Tunnel1", "Tunnel1 of R1 is protected by IKEv1, Tunnel1 of R2 by IKEv2."},
		{[]string{"R1:  set ikev2-profile prof1\n => ", "R1: crypto isakmp key cisco address 192.168.0.2", "R2: crypto isakmp key cisco address 192.168.0.1", "R1: crypto ikev2 profile prof1 => crypto isakmp policy 10\\n authentication pre-share\\ncrypto ikev2 profile prof1", "R2: crypto isakmp policy 10\n authentication pre-share"}, 0, "QM1 VERSION_MISMATCH", "interface Tunnel1", ""},
		{[]string{"R1:  set ikev2-profile prof1\n => "}, 1, "CHILD VERSION_MISMATCH", "interface Tunnel1", "Tunnel1 of R2 is protected by IKEv2, Tunnel1 of R1 by IKEv1."},
	} {
		p := changed(t, "ikev2-psk/", c.changes...)
		d := ran(t, p).Directions[c.begins]
		where := d.Where[0]
		line := strings.Split(string(p.Routers[where.File[1]-'1'].Text), "\n")[max(where.Line-1, 0)]
		if outcome(d) != c.want || !strings.HasPrefix(line, c.line) || !strings.Contains(d.Cause, c.cause) {
			t.Errorf("%q, %s begins: %s, %s at %s %q", c.changes, d.Initiator.Name, outcome(d), d.Cause, where, line)
		}
	}
}

// No match identity finds a distinguished name, so that none is the cure.
func TestCureOfDistinguishedName(t *testing.T) {
	p := changed(t, "note/ikev2-certificates-", "R1: identity local address 192.168.0.1 => identity local dn")
	for _, d := range ran(t, p).Directions {
		if d.Stage != "AUTH" || !strings.Contains(d.Cure, "match certificate, with a certificate map for ") {
			t.Errorf("%s begins: %s, %s", d.Initiator.Name, outcome(d), d.Cure)
		}
	}
}

// A profile that is shut down matches nobody, whatever is added to it.
func TestCureOfShutDownProfile(t *testing.T) {
	p := changed(t, "note/ikev2-certificates-", "R1: crypto ikev2 profile profile1 => crypto ikev2 profile profile1\\n shutdown")
	if d := ran(t, p).Directions[1]; outcome(d) != "AUTH NO_PROFILE" || !strings.Contains(d.Cause, "it is shut down") || strings.Contains(d.Cure, "match identity") {
		t.Errorf("%s begins: %s, %s %s", d.Initiator.Name, outcome(d), d.Cause, d.Cure)
	}
}

package lab

import (
	"crypto/ecdsa"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
)

// A router's certificate says what its trustpoint asks for, and its key is of the
// kind, size and pair that the trustpoint names.
func TestTrustpoints(t *testing.T) {
	p := changed(t, "note/ikev1-", `R1: crypto pki trustpoint A\n enrollment url http://ca\n fqdn none\n subject-name CN=A\n rsakeypair LABEL 1024\n`+
		`crypto pki trustpoint B\n enrollment url http://ca\n rsakeypair LABEL 1024\ncrypto pki trustpoint C\n eckeypair EC\ncrypto pki trustpoint SELF\n enrollment selfsigned\n`+
		`crypto pki trustpoint ISSUED,BY=US\n!obol enrolled A B C IOSCA2 IOSCA1 ISSUED,BY=US`, `R2: crypto pki trustpoint OTHER\n enrollment url http://ca`)
	s := p.Routers[0].Snapshot
	for tp, want := range map[string]string{
		"IOSCA1": "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com",
		"A":      "cn=A", "B": "hostname=R1.cisco.com",
	} {
		if got := s.Lookup(tp).Identity.Subject.String(); got != want {
			t.Errorf("%s: subject %s, want %s", tp, got, want)
		}
	}
	bits := func(name string) int { return s.Lookup(name).Signer.(interface{ Size() int }).Size() * 8 }
	if bits("A") != 1024 || bits("IOSCA1") != 2048 {
		t.Errorf("keys of %d and %d bits", bits("A"), bits("IOSCA1"))
	}
	if s.Lookup("A").Signer != s.Lookup("B").Signer || s.Lookup("IOSCA1").Signer != s.Lookup("IOSCA2").Signer || s.Lookup("A").Signer == s.Lookup("IOSCA1").Signer {
		t.Error("trustpoints of one key pair do not share it, or others do")
	}
	if _, ok := s.Lookup("C").Signer.Public().(*ecdsa.PublicKey); !ok {
		t.Error("eckeypair gives no EC key")
	}
	if self := s.Lookup("SELF"); self.CA != nil || self.Identity != nil {
		t.Error("a self-signed trustpoint takes part")
	}
	if !s.Lookup("A").CA.Equal(s.Lookup("B").CA) || !s.Lookup("A").CA.Equal(p.Routers[1].Snapshot.Lookup("OTHER").CA) {
		t.Error("one enrolment URL is two CAs")
	}
	if got := s.Lookup("ISSUED,BY=US").CA.Subject.Value("cn"); got != "ISSUED,BY=US" {
		t.Errorf("a CA called %q", got)
	}
	var order []string
	for _, tp := range s.Identities() {
		order = append(order, tp.Name)
	}
	if got := strings.Join(order, " "); got != "ISSUED,BY=US IOSCA1 IOSCA2 C B A" {
		t.Errorf("the newest first: %s", got)
	}
	for _, tp := range s.All() {
		if tp.Identity == nil {
			continue
		}
		if v := p.Routers[0].Snapshot.Verify([]*pki.Certificate{tp.Identity}, nil, day); !v.OK {
			t.Errorf("%s: %s", tp.Name, v.Reason)
		}
	}
}

// Without a list in any profile each router signs with the first CA of the peer's
// requests that it holds, and the peer's requests stand in its display order.
func TestWithoutLists(t *testing.T) {
	none := "R1:  ca trust-point IOSCA1\n => "
	for _, c := range []struct {
		changes []string
		want    string // trustpoints of R1 and R2
	}{
		{[]string{none}, "IOSCA1 IOSCA2"},
		{[]string{none, "R1: !obol enrolled IOSCA1 IOSCA2 => !obol enrolled IOSCA2 IOSCA1"}, "IOSCA1 IOSCA1"},
	} {
		for i, d := range ran(t, changed(t, "note/ikev1-", c.changes...)).Directions {
			got := d.Initiator.Trustpoint + " " + d.Responder.Trustpoint
			if i == 1 {
				got = d.Responder.Trustpoint + " " + d.Initiator.Trustpoint
			}
			if got != c.want || d.Result != Up {
				t.Errorf("%q, %s begins: %s, %s; want %s", c.changes, d.Initiator.Name, outcome(d), got, c.want)
			}
		}
	}
}

// The same pair gives the same octets, also after changes that were taken back.
func TestDeterminism(t *testing.T) {
	sent := func(p *Pair) string {
		var b strings.Builder
		for _, d := range ran(t, p).Directions {
			for _, s := range d.Exchange.World.Sent {
				b.Write(s.Datagram.Data)
			}
		}
		return b.String()
	}
	p := prepared(t, "note/ikev1-r1.cfg", "note/ikev1-r2.cfg")
	first := sent(p)
	q, err := p.With(0, append([]byte("!\n"), p.Routers[0].Text...))
	if err != nil {
		t.Fatal(err)
	}
	if first != sent(prepared(t, "note/ikev1-r1.cfg", "note/ikev1-r2.cfg")) || first != sent(q) {
		t.Error("two runs differ")
	}
}

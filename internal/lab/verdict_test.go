package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// day is that of the note.
var day = time.Date(2013, time.June, 20, 13, 0, 0, 0, time.UTC)

// prepared reads two configurations of the repository.
func prepared(t testing.TB, files ...string) *Pair {
	t.Helper()
	var sources [2]Source
	for i, f := range files {
		text, err := os.ReadFile("../../configs/" + f)
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = Source{File: f, Text: text}
	}
	p, err := Prepare(sources[0], sources[1], day)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// changed prepares a pair of configurations with lines replaced: "R1: old => new",
// where new may be empty and \n is a line break.
func changed(t testing.TB, base string, changes ...string) *Pair {
	t.Helper()
	var sources [2]Source
	for i := range sources {
		name := fmt.Sprintf("%sr%d.cfg", base, i+1)
		text, err := os.ReadFile("../../configs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = Source{File: fmt.Sprintf("R%d.cfg", i+1), Text: text}
	}
	for _, c := range changes {
		router, edit, _ := strings.Cut(c, ": ")
		old, new, ok := strings.Cut(edit, " => ")
		s := &sources[router[1]-'1']
		text := string(s.Text)
		switch {
		case !ok:
			text += strings.ReplaceAll(edit, `\n`, "\n") + "\n"
		case !strings.Contains(text, old):
			t.Fatalf("%s has no %q", router, old)
		default:
			text = strings.ReplaceAll(text, old, strings.ReplaceAll(new, `\n`, "\n"))
		}
		s.Text = []byte(text)
	}
	p, err := Prepare(sources[0], sources[1], day)
	if err != nil {
		t.Fatalf("%q: %v", changes, err)
	}
	return p
}

func ran(t testing.TB, p *Pair) *Result {
	t.Helper()
	r, err := Run(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Directions {
		if d.Result == Down && (d.Cause == "" || d.Cure == "" || d.Code == "" || len(d.Where) == 0) {
			t.Errorf("%s begins: down without a cause, a cure, a code or a place: %+v", d.Initiator.Name, d)
		}
	}
	return r
}

// outcome of a direction in a word: "up", or stage and code.
func outcome(d Direction) string {
	if d.Result == Up {
		return "up"
	}
	return d.Stage + " " + string(d.Code)
}

// TestVerdicts: a change, and what comes of it when R1 begins and when R2 does.
func TestVerdicts(t *testing.T) {
	const v1, v2 = "note/ikev1-", "note/ikev2-certificates-"
	down := func(stage string, code lint.Code) string { return stage + " " + string(code) }
	both := func(s string) [2]string { return [2]string{s, s} }
	for _, c := range []struct {
		base    string
		changes []string
		want    [2]string
	}{
		{v1, nil, [2]string{"up", down("MM5", lint.CertNotInProfile)}},
		{v1, []string{"R1:  ca trust-point IOSCA1\n => "}, both("up")},
		{v1, []string{"R1: !obol enrolled IOSCA1 IOSCA2 => !obol enrolled IOSCA2 IOSCA1"}, both("up")},
		{v1, []string{"R1: hash md5 => hash sha"}, both(down("MM1", lint.NoProposal))},
		{v1, []string{"R1: esp-aes => esp-3des"}, [2]string{down("QM1", lint.NoTransform), down("MM5", lint.CertNotInProfile)}},
		{v1, []string{"R2: set isakmp-profile prof1 => set pfs group2"}, [2]string{down("QM1", lint.NoTransform), down("QM1", lint.NoProfile)}},
		{v1, []string{"R2: match identity host R1.cisco.com => match identity host R9.cisco.com"}, [2]string{down("MM6", lint.IdentityMismatch), down("MM5", lint.CertNotInProfile)}},
		{v1, []string{"R1: tunnel destination 192.168.0.2 => tunnel destination 192.168.0.9", "R1:  ca trust-point IOSCA1\n => "}, [2]string{down("MM1", lint.NoSuchPeer), down("QM1", lint.NotConfigured)}},
		{v1, []string{"R1: tunnel destination 192.168.0.2 => tunnel destination 192.168.200.1", "R1:  ca trust-point IOSCA1\n => "}, [2]string{down("MM1", lint.NotInitiating), down("QM1", lint.NotConfigured)}},
		{v1, []string{"R1: tunnel destination 192.168.0.2 => tunnel destination 192.0.2.9", "R1:  ca trust-point IOSCA1\n => ", "R2: interface Loopback9\n ip address 192.0.2.9 255.255.255.255"}, both(down("QM1", lint.NotConfigured))},
		{v1, []string{"R1: tunnel source => shutdown\\n tunnel source"}, [2]string{down("MM1", lint.NotInitiating), down("MM5", lint.CertNotInProfile)}},
		{v1, []string{"R1: no crypto isakmp enable"}, [2]string{down("MM1", lint.NotInitiating), down("MM1", lint.NotConfigured)}},
		{v1, []string{"R1:  ca trust-point IOSCA1\n => ", "R1: tunnel source => tunnel mode ipsec ipv4\\n tunnel source"}, both(down("QM1", lint.SelectorMismatch))},
		{"psk/", nil, both("up")},
		{"psk/", []string{"R1: 192.168.0.2 key cisco => 192.168.0.2 key third"}, both(down("MM5", lint.KeyMismatch))},
		{"vti/", nil, [2]string{"up", down("MM5", lint.CertNotInProfile)}},
		{"natt/", nil, [2]string{down("MM1", lint.NoKey), down("MM1", lint.NoSuchPeer)}}, // there is no NAT in the laboratory
		{"ikev2-psk/", nil, both("up")},
		{"ikev2-psk/", []string{"R1: local cisco1 => local cisco3"}, both(down("AUTH", lint.KeyMismatch))},
		{"ikev2-psk/", []string{"R1: address 192.168.0.2\n  pre => address 192.168.0.9\n  pre"}, [2]string{down("SA_INIT", lint.NoKey), down("AUTH", lint.NoKey)}},
		{"ikev2-psk/", []string{"R1: authentication remote pre-share => authentication remote rsa-sig"}, both(down("AUTH", lint.AuthFailed))},
		{"ikev2-modern/", nil, both("up")},
		{"ikev2-ipv6/", nil, both("up")},
		{v2, nil, both("up")},
		{"note/ikev2-overlap-", nil, [2]string{down("CHILD", lint.ProfileMismatch), "up"}},
		{v1, []string{"R1: !obol enrolled IOSCA1 IOSCA2 => !obol enrolled IOSCA2"}, [2]string{down("MM5", lint.NoTrustpoint), down("MM5", lint.CertNotInProfile)}},
		{"note/ikev2-no-trustpoint-", nil, [2]string{down("AUTH", lint.NoTrustpoint), "up"}},
		{"note/ikev2-two-trustpoints-", nil, [2]string{"up", down("AUTH", lint.CertNotInProfile)}},
		{v2, []string{"R1: group 2 => group 14 2"}, both("up")}, // R2 wants another group than R1 begins with
		{v2, []string{"R1: integrity md5 => integrity sha1"}, both(down("SA_INIT", lint.NoProposal))},
		{v2, []string{"R1: esp-3des => esp-aes"}, both(down("CHILD", lint.NoTransform))},
		{v2, []string{"R1: match identity remote address 192.168.0.2 => match identity remote address 192.168.0.9"}, [2]string{down("AUTH", lint.IdentityMismatch), down("AUTH", lint.NoProfile)}},
		{v2, []string{"R1: crypto ikev2 profile profile1 => crypto ikev2 profile profile1\\n shutdown"}, [2]string{down("SA_INIT", lint.NotInitiating), down("AUTH", lint.NoProfile)}},
	} {
		r := ran(t, changed(t, c.base, c.changes...))
		if len(r.Directions) < 2 {
			t.Errorf("%s %q: %d directions", c.base, c.changes, len(r.Directions))
			continue
		}
		for i, want := range c.want {
			if d := r.Directions[i]; outcome(d) != want {
				t.Errorf("%s %q, %s begins: %s, want %s\n%s\n%s", c.base, c.changes, d.Initiator.Name, outcome(d), want, d.Cause, strings.Join(append(d.Initiator.Why, d.Responder.Why...), "\n"))
			} else {
				t.Logf("%s %q, %s begins: %s\n\t%s\n\t%s %v", c.base, c.changes, d.Initiator.Name, outcome(d), d.Cause, d.Cure, d.Where)
			}
		}
	}
}

// A certificate that IKEv1 cannot sign with is told from none.
func TestNotRSA(t *testing.T) {
	p := changed(t, "note/ikev1-", `R1:  subject-name => eckeypair EC\n subject-name`)
	d := ran(t, p).Directions[0]
	if outcome(d) != "MM1 "+string(lint.NoTrustpoint) || !strings.Contains(d.Cause, "R1 has a certificate of IOSCA1, whose key is not RSA") ||
		!strings.Contains(d.Cure, "Enrol IOSCA1 on R1 with an RSA key") {
		t.Errorf("%s: %s %s", outcome(d), d.Cause, d.Cure)
	}
	if s, _ := p.Routers[0].settings("IOSCA1"); !slices.Contains(d.Where, lint.At(policy.TrustpointPos(s))) {
		t.Errorf("the trustpoint is not among %v", d.Where)
	}
}

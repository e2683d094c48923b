package ikev2

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// noteParty is a router of one of the note's cases, with the trustpoints that its
// configuration names: TP1 is of CA1, TP2 of CA2 and enrolled later.
func noteParty(t *testing.T, scene, name, local, remote string) *party {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("../configs/note/ikev2-%s-%s.cfg", scene, strings.ToLower(name)))
	if err != nil {
		t.Fatal(err)
	}
	r := newParty(t, name, local, remote, string(text))
	var tps []*pki.Trustpoint
	for i, s := range r.env.Config.Trustpoints {
		ca, key := ca1, 2
		if s.Name == "TP2" {
			ca, key = ca2, 4
		}
		if name == "R2" {
			key++
		}
		id := ca.Enroll(name, local, "100", key)
		tps = append(tps, testca.Trustpoint(s.Name, id, uint64(i+1)))
	}
	r.trust(tps...)
	return r
}

func notePair(t *testing.T, scene string) *pairOf {
	return &pairOf{
		t: t, now: epoch,
		r1: noteParty(t, scene, "R1", "192.168.0.1", "192.168.0.2"),
		r2: noteParty(t, scene, "R2", "192.168.0.2", "192.168.0.1"),
	}
}

// contents are the payloads of the messages that a router built, in the words of
// debug crypto ikev2.
func contents(r *party) []string {
	var out []string
	for _, e := range r.events {
		var list []PayloadName
		switch e := e.(type) {
		case EncryptionBegun:
			list = e.Payloads
		case PacketSent:
			if e.Payloads[0].Type == wire.PayloadSK || e.Payloads[0].Type == wire.PayloadSKF {
				continue
			}
			list = e.Payloads
		default:
			continue
		}
		out = append(out, strings.Trim(fmt.Sprint(list), "[]"))
	}
	return out
}

const (
	noteInit     = "SA KE N VID VID NOTIFY(NAT_DETECTION_SOURCE_IP) NOTIFY(NAT_DETECTION_DESTINATION_IP)"
	noteInitBack = noteInit + " CERTREQ NOTIFY(HTTP_CERT_LOOKUP_SUPPORTED)"
	noteAuth     = "VID IDi CERT CERTREQ NOTIFY(HTTP_CERT_LOOKUP_SUPPORTED) AUTH CFG SA TSi TSr NOTIFY(INITIAL_CONTACT) NOTIFY(SET_WINDOW_SIZE) NOTIFY(ESP_TFC_NO_SUPPORT) NOTIFY(NON_FIRST_FRAGS)"
	noteAuthBack = "VID IDr CERT AUTH SA TSi TSr NOTIFY(SET_WINDOW_SIZE) NOTIFY(ESP_TFC_NO_SUPPORT) NOTIFY(NON_FIRST_FRAGS)"
)

// Symmetric trustpoints: up both ways, by the four messages of the note.
func TestNoteCertificates(t *testing.T) {
	for _, first := range []string{"R1", "R2"} {
		p := notePair(t, "certificates")
		i, r := p.r1, p.r2
		if first == "R2" {
			i, r = r, i
		}
		p.up(i)
		if got := strings.Join(contents(i), "\n"); got != noteInit+"\n"+noteAuth {
			t.Errorf("%s begins with\n%s", first, got)
		}
		if got := strings.Join(contents(r), "\n"); got != noteInitBack+"\n"+noteAuthBack {
			t.Errorf("%s is answered with\n%s", first, got)
		}
		want(t, i, func(e HashesResolved) bool { return e.Choice.Trustpoint.Name == "TP1" })
		if v := i.session.View(p.now); v.Sign != "RSA" || v.Verify != "RSA" || v.PeerID != r.addr.Addr().String() || v.Status != "READY" || v.PeerWindow != 5 {
			t.Errorf("%+v", v)
		}
	}
}

// Three profiles match the peer: the last configured is taken, and is not the
// tunnel's. The initiator deletes what is left.
func TestNoteOverlap(t *testing.T) {
	p := notePair(t, "overlap")
	p.initiate(p.r1)
	p.settle()
	want(t, p.r2, func(e ProfileSearched) bool {
		return e.Profile == "profile3" && e.PeerID == "192.168.0.1" && e.Type == "IPv4 address"
	})
	want(t, p.r2, func(e SelectorsRefused) bool { return e.Profile })
	want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.V2TSUnacceptable })
	if got := contents(p.r2)[1]; got != "VID IDr CERT AUTH NOTIFY(TS_UNACCEPTABLE)" {
		t.Errorf("the response has %s", got)
	}
	if got := contents(p.r1)[2:]; len(got) != 2 || got[0] != "DELETE" || got[1] != "DELETE" {
		t.Errorf("the initiator goes on with %q", got)
	}
	p.advance(answerTime, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

// The initiator's profile names no trustpoint: both hashes lead to trustpoints,
// and nothing is sent.
func TestNoteNoTrustpoint(t *testing.T) {
	p := notePair(t, "no-trustpoint")
	p.initiate(p.r1)
	p.settle()
	want(t, p.r1, func(e HashesResolved) bool { return e.Choice.Trustpoint == nil && len(e.Choice.Considered) == 2 })
	want(t, p.r1, func(e CertificateFailed) bool {
		return e.Reason == "profile profile1 names no pki trustpoint to sign with" // it may name some to verify by
	})
	if got := contents(p.r1); len(got) != 1 || got[0] != noteInit {
		t.Errorf("sent: %q", got)
	}
	p.r1.wantIdle()
	q := notePair(t, "no-trustpoint")
	q.up(q.r2)
}

// R2 shows what R1 asks for first, and R1 does not trust it.
func TestNoteTwoTrustpoints(t *testing.T) {
	p := notePair(t, "two-trustpoints")
	p.initiate(p.r2)
	p.settle()
	want(t, p.r2, func(e ChainFetched) bool { return e.Trustpoint == "TP2" && e.OK })
	want(t, p.r1, func(e ChainFetched) bool { return e.Trustpoint == "TP1" })
	want(t, p.r1, func(e PeerMethod) bool { return e.Method == "RSA" })
	want(t, p.r1, func(e ChainValidated) bool { return !e.Verdict.OK })
	want(t, p.r1, func(e AuthVerified) bool { return !e.OK })
	if got := contents(p.r1)[1]; got != "NOTIFY(AUTHENTICATION_FAILED)" {
		t.Errorf("the response has %s", got)
	}
	p.r2.wantIdle()
	p.advance(lingerTime, nil)
	p.r1.wantIdle()
	q := notePair(t, "two-trustpoints")
	q.up(q.r1)
}

// TestIDCertMismatch: an identity that the certificate does not hold is told of
// and taken, as on IOS.
func TestIDCertMismatch(t *testing.T) {
	p := notePair(t, "certificates")
	var tps []*pki.Trustpoint
	for i, tp := range p.r1.env.PKI.All() {
		ca := map[string]*testca.CA{"TP1": ca1, "TP2": ca2}[tp.Name]
		tps = append(tps, testca.Trustpoint(tp.Name, ca.Enroll("R1", "192.168.0.77", "100", 2), uint64(i+1)))
	}
	p.r1.trust(tps...)
	p.initiate(p.r1)
	p.settle()
	p.wantUp()
	want(t, p.r2, func(e IDCertMismatch) bool {
		return e.ID == "192.168.0.1" && e.Type == wire.IDIPv4Addr && e.Subject.Value("ipaddress") == "192.168.0.77"
	})
	if n := len(all[IDCertMismatch](p.r2)); n != 1 || len(all[IDCertMismatch](p.r1)) != 0 {
		t.Errorf("R2 tells %d times", n)
	}
}

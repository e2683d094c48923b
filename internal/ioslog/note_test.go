package ioslog

import (
	"bytes"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

// irregular lists lines that the note's page lost or bent a part of, by
// block and line, with what the router prints: the same message stands whole
// elsewhere in the note.
var irregular = map[string]string{
	// cut off where the page wraps
	"ISAKMP (<SA>): constructing CERT_REQ for issuer ou=Class 3 Public Primary Certification Authority,":    "ISAKMP (<SA>): constructing CERT_REQ for issuer ou=Class 3 Public Primary Certification Authority,o=VeriSign, Inc.,c=US",
	"ISAKMP (<SA>): ID payload next-payload : 6 type : 2 FQDN name : R1.cisco.com protocol : 17 port : 500": "ISAKMP (<SA>): ID payload next-payload : 6 type : 2 FQDN name : R1.cisco.com protocol : 17 port : 500 length : 20",
	"ISAKMP (<SA>): ID payload":                         "ISAKMP (<SA>): ID payload next-payload : 6 type : 2 FQDN name : R2.cisco.com protocol : 17 port : 500 length : 20",
	"ISAKMP:(0): Creating CERT validation list: IOSCA1": "ISAKMP:(0): Creating CERT validation list: IOSCA1,",
	// "ISAKMP:(0):" everywhere else
	"ISAKMP (0): sending packet to 192.168.0.1 my_port 500 peer_port 500 (I) MM_SA_SETUP": "ISAKMP:(0): sending packet to 192.168.0.1 my_port 500 peer_port 500 (I) MM_SA_SETUP",
	// IKE_MESG everywhere else
	"ISAKMP:(<SA>):Input = IKE_MSG_FROM_PEER, IKE_MM_EXCH": "ISAKMP:(<SA>):Input = IKE_MESG_FROM_PEER, IKE_MM_EXCH",
}

// TestNote renders the exchanges of the note, of both versions, from events and finds every line
// that the note prints, in its order.
func TestNote(t *testing.T) {
	blocks := readBlocks(t)
	events := noteEvents(t)
	maps.Copy(events, noteEventsV2())
	for title, want := range blocks {
		t.Run(title, func(t *testing.T) {
			var got []string
			for _, e := range events[title] {
				for _, l := range Lines(ike.Report{Event: e}) {
					got = append(got, plain(l.Text))
				}
			}
			rest := got
			for _, line := range want {
				if whole, ok := irregular[line]; ok {
					line = whole
				}
				i := indexOf(rest, line)
				if i < 0 {
					t.Fatalf("not found, or not in its place:\n%s\nin:\n%s", line, strings.Join(got, "\n"))
				}
				rest = rest[i+1:]
			}
		})
	}
	for title := range events {
		if blocks[title] == nil {
			t.Errorf("no block %q in the note", title)
		}
	}
}

func indexOf(lines []string, line string) int {
	for i, l := range lines {
		if l == line {
			return i
		}
	}
	return -1
}

var (
	blanks   = regexp.MustCompile(`\s+`)
	connID   = regexp.MustCompile(`^ISAKMP(:| )\([1-9]\d*\)`)
	saID     = regexp.MustCompile(`^IKEv2:\(SA ID = \d+\)`)
	handleOf = regexp.MustCompile(`^CRYPTO_PKI: \([0-9A-F]{5}\)`)
)

// plain writes a message as the note's file does.
func plain(text string) string {
	text = strings.TrimSpace(blanks.ReplaceAllString(text, " "))
	text = connID.ReplaceAllString(text, "ISAKMP$1(<SA>)")
	text = saID.ReplaceAllString(text, "IKEv2:(SA ID = <SA>)")
	return handleOf.ReplaceAllString(text, "CRYPTO_PKI: (<PKI>)")
}

func readBlocks(t *testing.T) map[string][]string {
	t.Helper()
	file, err := os.ReadFile("testdata/note.txt")
	if err != nil {
		t.Fatal(err)
	}
	blocks, title := map[string][]string{}, ""
	for line := range bytes.Lines(file) {
		switch line := strings.TrimSuffix(string(line), "\n"); {
		case strings.HasPrefix(line, "== "):
			title = line[3:]
		case line != "" && line != "..." && !strings.HasPrefix(line, "#"):
			blocks[title] = append(blocks[title], line)
		}
	}
	if len(blocks) != 21 {
		t.Fatalf("%d blocks, want 21", len(blocks))
	}
	return blocks
}

const (
	subjectR1 = "serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com"
	subjectR2 = "serialNumber=101+ipaddress=192.168.0.2+hostname=R2.cisco.com,cn=R2,ou=IT,o=cisco,o=com"
	ca1       = "cn=CA1,o=cisco,o=com"
	ca2       = "cn=CA2,o=cisco,o=com"
)

var predefined = []string{
	"ou=Class 3 Public Primary Certification Authority,o=VeriSign, Inc.,c=US",
	"cn=Cisco SSCA2,o=Cisco Systems",
	"cn=Cisco Manufacturing CA,o=Cisco Systems",
	"cn=Cisco Root CA 2048,o=Cisco Systems",
	"cn=Cisco Root CA M1,o=Cisco",
}

// noteEvents are the events of the note's two exchanges, by block.
func noteEvents(t *testing.T) map[string][]ike.Event {
	t.Helper()
	build := func(sa ikev1.SA, issuers ...string) (events []ike.Event) {
		for _, issuer := range issuers {
			events = append(events, ikev1.CertReqBuilt{SA: sa, Issuer: name(t, issuer)})
		}
		return append(events, ikev1.PacketSent{SA: sa})
	}
	// read takes requests; the first names the trustpoint to choose.
	read := func(sa ikev1.SA, list bool, trustpoint string, issuers ...string) (events []ike.Event) {
		for i, issuer := range issuers {
			events = append(events,
				ikev1.PayloadRead{SA: sa, Payload: wire.PayloadCertReq},
				ikev1.CertReqRead{SA: sa, Encoding: wire.EncodingX509Signature, Issuer: name(t, issuer)})
			if i == 0 && list {
				events = append(events, ikev1.ProfileListExamined{SA: sa, Trustpoint: trustpoint, Found: true})
			}
			if i == 0 {
				events = append(events, ikev1.TrustpointChosen{SA: sa, Trustpoint: trustpoint})
			}
		}
		return events
	}
	all := func(first ...string) []string { return append(first, predefined...) }
	fqdn := func(host string) wire.IDV1 {
		return wire.IDV1{Type: wire.IDFQDN, Protocol: 17, Port: 500, Data: []byte(host)}
	}
	change := func(sa ikev1.SA, in ikev1.Input, from, to ikev1.Phase) ike.Event {
		return ikev1.StateChange{SA: sa, Input: in, Old: from, New: to}
	}

	// Before there are keys, and after.
	r1setup, r2setup := initiator(0, ikev1.MMSASetup), swap(initiator(0, ikev1.MMSASetup))
	r1init, r2init := initiator(1010, ikev1.MMKeyExch), swap(initiator(1010, ikev1.MMKeyExch))
	r1resp, r2resp := responder(swap(r2init)), responder(swap(r1init))

	validated := pki.Verdict{OK: true, Trustpoint: "IOSCA1"}
	refused := pki.Verdict{Code: pki.NoTrustpoint}
	judge := func(sa ikev1.SA, v *pki.Verdict) (events []ike.Event) {
		events = append(events,
			ikev1.PayloadRead{SA: sa, Payload: wire.PayloadCert},
			ikev1.CertRead{SA: sa, Encoding: wire.EncodingX509Signature})
		for _, call := range []ikev1.PKIRequest{ikev1.AddPeerCert, ikev1.GetPeerChain} {
			events = append(events, ikev1.PKICall{SA: sa, Call: call}, ikev1.PKICall{SA: sa, Call: call, Answer: true})
		}
		return append(events,
			ikev1.ValidationListBuilt{SA: sa, Profile: "prof1", Trustpoints: []string{"IOSCA1"}},
			ikev1.PKICall{SA: sa, Call: ikev1.ValidateChain},
			ikev1.PKICall{SA: sa, Call: ikev1.ValidateChain, Answer: true, Verdict: v})
	}
	join := func(parts ...[]ike.Event) (all []ike.Event) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	one := func(events ...ike.Event) []ike.Event { return events }

	return map[string][]ike.Event{
		"r1-initiates | R1 | builds MM3": join(
			one(ikev1.SARequested{SA: r1setup, Tunnel: "Tunnel1", Profile: "prof1"}),
			build(r1setup, ca1),
			one(change(r1setup, ikev1.InComplete, ikev1.IMM2, ikev1.IMM3))),
		"r1-initiates | R2 | reads MM3": read(r2resp, false, "IOSCA1", ca1),
		"r1-initiates | R2 | builds MM4": join(
			build(r2resp, all(ca1, ca2)...),
			one(change(r2resp, ikev1.InComplete, ikev1.RMM3, ikev1.RMM4))),
		"r1-initiates | R1 | reads MM4": read(r1init, true, "IOSCA1", all(ca1, ca2)...),
		"r1-initiates | R1 | builds MM5": one(
			ikev1.CertBuilt{SA: r1init, Subject: name(t, subjectR1), Trustpoint: "IOSCA1"},
			ikev1.SigningKeyChosen{SA: r1init, Trustpoint: "IOSCA1"}),
		"r1-initiates | R2 | reads MM5": join(
			one(ikev1.PayloadRead{SA: r2resp, Payload: wire.PayloadID},
				ikev1.IDPayload{SA: r2resp, Next: wire.PayloadCert, ID: fqdn("R1.cisco.com"), Length: 20},
				ikev1.ProfileMatched{SA: r2resp, PeerID: "R1.cisco.com", Profile: "prof1"}),
			judge(r2resp, &validated),
			one(ikev1.Authenticated{SA: r2resp})),
		"r1-initiates | R2 | builds MM6": one(
			ikev1.CertBuilt{SA: r2resp, Subject: name(t, subjectR2), Trustpoint: "IOSCA1"},
			ikev1.SigningKeyChosen{SA: r2resp, Trustpoint: "IOSCA1"},
			ikev1.PacketSent{SA: r2resp}),
		"r1-initiates | R1 | reads MM6": join(
			one(ikev1.PacketReceived{SA: r1init},
				ikev1.PayloadRead{SA: r1init, Payload: wire.PayloadID},
				ikev1.IDPayload{SA: r1init, Next: wire.PayloadCert, ID: fqdn("R2.cisco.com"), Length: 20}),
			judge(r1init, &validated),
			one(ikev1.Authenticated{SA: r1init}, change(r1init, ikev1.InComplete, ikev1.IMM6, ikev1.P1Complete))),

		"r2-initiates | R2 | builds MM3": build(r2setup, all(ca1, ca2)...),
		"r2-initiates | R1 | reads MM3":  read(r1resp, false, "IOSCA1", all(ca1, ca2)...),
		"r2-initiates | R1 | builds MM4": build(r1resp, all(ca2, ca1)...),
		"r2-initiates | R2 | reads MM4":  read(r2init, false, "IOSCA2", all(ca2, ca1)...),
		"r2-initiates | R2 | builds MM5": one(
			ikev1.AuthenticationBegun{SA: r2init, Method: policy.RSASig, IDType: wire.IDFQDN},
			ikev1.IDPayload{SA: r2init, Sent: true, Next: wire.PayloadCert, ID: fqdn("R2.cisco.com"), Length: 20},
			ikev1.PKICall{SA: r2init, Call: ikev1.GetOwnChain},
			ikev1.PKICall{SA: r2init, Call: ikev1.GetOwnChain, Answer: true},
			ikev1.CertBuilt{SA: r2init, Subject: name(t, subjectR2), Trustpoint: "IOSCA2"},
			ikev1.SigningKeyChosen{SA: r2init, Trustpoint: "IOSCA2"},
			ikev1.PacketSent{SA: r2init}),
		"r2-initiates | R1 | reads MM5, refuses the certificate": join(
			one(ikev1.PacketReceived{SA: r1resp},
				change(r1resp, ikev1.InMMExchange, ikev1.RMM4, ikev1.RMM5),
				ikev1.PayloadRead{SA: r1resp, Payload: wire.PayloadID},
				ikev1.IDPayload{SA: r1resp, Next: wire.PayloadCert, ID: fqdn("R2.cisco.com"), Length: 20},
				ikev1.ProfileMatched{SA: r1resp, PeerID: "R2.cisco.com", Profile: "prof1"}),
			judge(r1resp, &refused),
			one(ikev1.CertRefused{SA: r1resp, Verdict: refused})),
	}
}

package daemon

import (
	"bytes"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ioslog"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// Syslog lines are always logged, debug lines when asked for, and what obol
// knows better than IOS with its fields. A log that falls behind says so.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		peer := netip.MustParseAddrPort("192.168.0.2:500")
		events := []ike.Event{
			ikev1.CertRefused{SA: ikev1.SA{ConnID: 1001, Remote: peer}},
			ikev1.StateChange{SA: ikev1.SA{ConnID: 1001}, Input: ikev1.InMMExchange, Old: ikev1.RMM4, New: ikev1.RMM5},
			ike.NegotiationFailed{Tunnel: "Tunnel1", Peer: peer.Addr(), Stage: "MM5", Reason: "the peer is silent"},
			ikev1.CertValidated{SA: ikev1.SA{ConnID: 1001}, Verdict: pki.Verdict{OK: true, Trustpoint: "IOSCA1", Subject: testca.DN("CN=R2"), Serial: "02", Notes: []string{"an old hash"}}},
			ikev2.ChainValidated{SA: ikev2.SA{ConnID: 7}, Verdict: pki.Verdict{OK: true, Trustpoint: pki.TrustpoolName, Serial: "03"}},
			ikev2.ChainValidated{SA: ikev2.SA{ConnID: 8}, Verdict: pki.Verdict{Serial: "04"}},
			ike.SessionUp{ConnID: 1001, Remote: peer, PeerID: "R2.cisco.com"},
			ike.SessionDown{ConnID: 1001, Remote: peer, Reason: "shutdown"},
			ike.ChildUp{Tunnel: "Tunnel1", Remote: peer},
			ike.ChildDown{Tunnel: "Tunnel1", Reason: "peer's delete"},
		}
		always := []string{
			"INFO\t%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad",
			`WARN	negotiation failed	{"tunnel": "Tunnel1", "peer": "192.168.0.2", "stage": "MM5", "reason": "the peer is silent"}`,
			`INFO	certificate validated	{"conn-id": 1001, "trustpoint": "IOSCA1", "subject": "cn=R2", "serial": "02", "notes": ["an old hash"]}`,
			`{"conn-id": 7, "trustpoint": "Trustpool", "subject": "", "serial": "03"}`,
			`"peer": "R2.cisco.com"`, "IKE SA down", "IPsec SAs up", "IPsec SAs down",
		}
		const onRequest = "Old State = IKE_R_MM4"
		for _, debug := range [][]ioslog.Facility{nil, {ioslog.ISAKMP}} {
			var out bytes.Buffer
			h := newHub()
			_, ended := startLog(inText(&out), h, debug)
			for _, e := range events {
				h.publish([]ike.Report{{Event: e}})
			}
			ended()
			for _, want := range always {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, &out)
				}
			}
			if n := strings.Count(out.String(), "certificate validated"); n != 2 {
				t.Errorf("%d certificates are validated, want 2", n)
			}
			if got := strings.Contains(out.String(), onRequest); got != (debug != nil) {
				t.Errorf("debug %v, and a debug line is logged: %v", debug, got)
			}
		}
	})
}

// A pipe that nobody reads does not keep the daemon from ending.
func TestEndDoesNotWaitForAStuckLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		h := newHub()
		_, ended := startLog(inText(w), h, nil)
		h.publish([]ike.Report{{Event: ike.SessionDown{ConnID: 1001}}})
		begun := time.Now()
		ended()
		if took := time.Since(begun); took != lastLines {
			t.Errorf("it waits for %v", took)
		}
		r.Close()
		time.Sleep(2 * logRest) // of the bubble: the writer ends
	})
}

// Nor does it stop who logs something itself; later it is told what was lost.
func TestStuckLogStopsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer r.Close()
		h := newHub()
		log, ended := startLog(inText(w), h, nil)
		h.publish([]ike.Report{{Event: ike.SessionDown{ConnID: 1001}}})
		for range 2 * logQueue { // for ever, if who logs waits for the reader
			log.Warn("not sent")
		}
		read := make(chan string)
		go func() {
			text, _ := io.ReadAll(r)
			read <- string(text)
		}()
		log.Error("the last line")
		ended()
		w.Close()
		text := <-read
		for _, want := range []string{`"conn-id": 1001`, "not sent", `"lost": `} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s in the log", want)
			}
		}
	})
}

// What was logged before the end is written, in its order.
func TestLastLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log, ended := startLog(inText(&out), newHub(), nil)
		for n := range 100 {
			log.Error("line", zap.Int("n", n))
		}
		ended()
		last := -1
		for n := range 100 {
			at := strings.Index(out.String(), fmt.Sprintf(`{"n": %d}`, n))
			if at <= last {
				t.Fatalf("line %d stands at %d, the one before it at %d\n%s", n, at, last, &out)
			}
			last = at
		}
	})
}

func TestSeverity(t *testing.T) {
	for line, want := range map[string]string{
		"%LINK-3-UPDOWN: x": "error", "%CRYPTO-4-IKMP_NO_SA: x": "warn", "%CRYPTO-5-IKMP_INVALID_CERT: x": "info", "no syslog line": "info", "-": "info",
	} {
		if got := severity(line).String(); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
}

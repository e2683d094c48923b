package trace

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/sim"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
)

// negotiated brings Tunnel1 of two configurations up in memory; edit changes them.
func negotiated(t *testing.T, directory string, edit *strings.Replacer) *sim.World {
	t.Helper()
	w := sim.New(1)
	for _, name := range []string{"r1", "r2"} {
		path := filepath.Join("../../configs", directory, name+".cfg")
		text, err := os.ReadFile(path)
		must(t, err)
		config, errs := policy.Compile(policy.Source{Name: path, Text: []byte(edit.Replace(string(text)))})
		if errs != nil {
			t.Fatal(errs)
		}
		w.Add(name, config, pki.NewSnapshot(nil), engine.Options{Options: tunnel.Options{Manual: true}})
	}
	must(t, w.Routers[0].Command(ike.Initiate{Tunnel: "Tunnel1"}))
	up := func() bool {
		return len(w.Routers[0].Views().Tunnels[0].Children)+len(w.Routers[1].Views().Tunnels[0].Children) == 2
	}
	if !w.Until(time.Minute, up) {
		t.Fatal("not up")
	}
	return w
}

// Every message is named, and opened with the keys: CBC and combined ciphers.
func TestRead(t *testing.T) {
	const (
		nat    = " NOTIFY(NAT_DETECTION_SOURCE_IP) NOTIFY(NAT_DETECTION_DESTINATION_IP)"
		states = " NOTIFY(SET_WINDOW_SIZE) NOTIFY(ESP_TFC_NO_SUPPORT) NOTIFY(NON_FIRST_FRAGS)"
	)
	ikev2 := []string{
		"IKE_SA_INIT request: SA KE N VID VID" + nat,
		"IKE_SA_INIT response: SA KE N VID VID" + nat,
		"IKE_AUTH request sealed: VID IDi AUTH CFG SA TSi TSr NOTIFY(INITIAL_CONTACT)" + states,
		"IKE_AUTH response sealed: VID IDr AUTH SA TSi TSr" + states,
	}
	combined := strings.NewReplacer("crypto ikev2 keyring", "crypto ikev2 proposal P\n encryption aes-gcm-256\n prf sha384\n group 19\n!\ncrypto ikev2 policy P\n proposal P\n!\ncrypto ikev2 keyring")
	for _, c := range []struct {
		name, directory string
		edit            *strings.Replacer
		want            []string
	}{
		{"main mode", "psk", strings.NewReplacer(), []string{
			"MM1: SA VID VID VID VID", "MM2: SA VID",
			"MM3: KE NONCE VID VID VID NAT-D NAT-D", "MM4: KE NONCE VID VID VID NAT-D NAT-D",
			"MM5 sealed: ID HASH NOTIFY(INITIAL_CONTACT)", "MM6 sealed: ID HASH",
			"QM1 sealed: HASH SA NONCE ID ID", "QM2 sealed: HASH SA NONCE ID ID", "QM3 sealed: HASH",
		}},
		{"IKEv2, CBC", "ikev2-psk", strings.NewReplacer(), ikev2},
		{"IKEv2, GCM", "ikev2-psk", combined, ikev2},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := negotiated(t, c.directory, c.edit)
			if got := transcript(w, w.Keys); got != strings.Join(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, strings.Join(c.want, "\n"))
			}
			for _, line := range strings.Split(transcript(w, nil), "\n") {
				if strings.Contains(line, "sealed") && !strings.HasSuffix(line, "sealed:") {
					t.Errorf("without keys: %s", line)
				}
			}
		})
	}
}

// transcript is a message a line.
func transcript(w *sim.World, keys []ike.Keys) string {
	r := NewReader(keys)
	var lines []string
	for _, s := range w.Sent {
		m := r.Read(s.Datagram)
		line := m.Name
		if m.Sealed {
			line += " sealed"
		}
		lines = append(lines, strings.TrimSuffix(line+": "+strings.Join(m.Payloads, " "), " "))
	}
	return strings.Join(lines, "\n")
}

// A reader stands whatever is in a capture, cut at every length, and says what was
// sent again.
func TestReadHostile(t *testing.T) {
	for _, directory := range []string{"psk", "ikev2-psk"} {
		w := negotiated(t, directory, strings.NewReplacer())
		for n := range w.Sent {
			whole := w.Sent[n].Datagram
			for cut := range whole.Data {
				r := NewReader(w.Keys)
				for _, s := range w.Sent[:n] {
					r.Read(s.Datagram)
				}
				d := whole
				d.Data = bytes.Clone(whole.Data[:cut])
				if cut > 28 { // a length that is right
					d.Data[26], d.Data[27] = byte(cut>>8), byte(cut)
				}
				r.Read(d)
			}
		}
		r := NewReader(nil)
		first, again := r.Read(w.Sent[0].Datagram), r.Read(w.Sent[0].Datagram)
		if first.Again != 0 || again.Again != 1 || again.Name != first.Name {
			t.Errorf("%+v, then %+v", first, again)
		}
	}
}

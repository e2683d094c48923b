//go:build netns

package netns

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What obol lab captures, tshark reads with the keys beside it, by the very command
// that obol prints: the encrypted payloads of both versions, and the ping in ESP.
func TestLabCapture(t *testing.T) {
	ping := map[string][]string{
		"R1 sends an echo request through Tunnel1": {"[correct]", "Echo (ping) request"},
		"R2 sends the reply through Tunnel1":       {"[correct]", "Echo (ping) reply"},
	}
	for _, c := range []struct {
		pair string // path before r1.cfg and r2.cfg
		exit int
		want map[string][]string // by packet comment
	}{
		{"note/ikev1-", 1, map[string][]string{
			"R1 sends MM5": {"Identification (5)", "Certificate (6)", "Signature (9)", "Notification (11)", "id-at-commonName=R1,"},
			"R2 sends MM6": {"Identification (5)", "Certificate (6)", "Signature (9)", "id-at-commonName=R2,"},
			"R2 sends MM5": {"Identification (5)", "Certificate (6)", "Signature (9)", "Notification (11)", "id-at-commonName=R2,"},
			"R1 sends QM1": {"Hash (8)", "Security Association (1)", "Nonce (10)", "Identification (5)"},
			"R2 sends QM2": {"Hash (8)", "Security Association (1)", "Nonce (10)", "Identification (5)"},
			"R1 sends QM3": {"Hash (8)"},
		}},
		{"note/ikev2-certificates-", 0, map[string][]string{
			"R1 sends IKE_AUTH request":  {"Identification - Initiator (35)", "Certificate (37)", "Authentication (39)", "Traffic Selector - Initiator (44)"},
			"R2 sends IKE_AUTH response": {"Identification - Responder (36)", "Certificate (37)", "Authentication (39)", "Traffic Selector - Responder (45)"},
		}},
		{"ikev2-modern/", 0, map[string][]string{ // AES-GCM in both
			"R1 sends IKE_AUTH request":  {"Identification - Initiator (35)", "Authentication (39)"},
			"R2 sends IKE_AUTH response": {"Identification - Responder (36)", "Authentication (39)"},
		}},
		{"ikev2-ipv6/", 0, map[string][]string{
			"R1 sends IKE_AUTH request": {"Identification - Initiator (35)", "Authentication (39)"},
		}},
	} {
		t.Run(strings.Trim(c.pair, "-/"), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "a new directory")
			path := filepath.Join(dir, "lab.pcapng")
			cmd := exec.Command(filepath.Join(bin, "obol"), "lab", root+"/configs/"+c.pair+"r1.cfg", root+"/configs/"+c.pair+"r2.cfg", "--pcap", path)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			cmd.Run()
			if code := cmd.ProcessState.ExitCode(); code != c.exit {
				t.Fatalf("exit status %d, want %d: %s", code, c.exit, stderr.String())
			}
			for _, name := range []string{"lab.pcapng", "ikev1_decryption_table", "ikev2_decryption_table", "esp_sa"} {
				info, err := os.Stat(filepath.Join(dir, name))
				must(t, err)
				if info.Mode() != 0o600 {
					t.Errorf("%s has mode %v", name, info.Mode())
				}
			}
			packets := readBy(t, stderr.String())
			for _, want := range []map[string][]string{c.want, ping} {
				for comment, words := range want {
					for _, w := range words {
						if !strings.Contains(packets[comment], w) {
							t.Errorf("%s: no %s in\n%s", comment, w, packets[comment])
						}
					}
				}
			}
		})
	}
}

// readBy runs the command that obol printed, and gives what tshark says of each
// packet by its comment.
func readBy(t *testing.T, command string) map[string]string {
	t.Helper()
	cmd := exec.Command("sh", "-c", command)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	if err := cmd.Run(); err != nil || strings.Contains(stderr.String(), "Error") {
		t.Fatalf("%s: %v\n%s", command, err, stderr.String())
	}
	packets := map[string]string{}
	for _, text := range strings.Split(out.String(), "Packet comments\n")[1:] {
		comment, _, _ := strings.Cut(text, "\n")
		packets[strings.TrimSpace(comment)] += text
	}
	return packets
}

//go:build netns

package netns

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// scanned is R2 of configs/psk, which runs, and a scanner in the place of R1.
func scanned(t *testing.T, change func(string) string) (scan func(args ...string) string, p *routers.Pair) {
	t.Helper()
	p = keyed(t, change)
	startOne(t, p.R2)
	return func(args ...string) string {
		t.Helper()
		out, err := p.R1.Run(append(append([]string{"ike-scan", "--nodns", "--retry=1", "--timeout=30000", "--multiline"}, args...), "192.168.0.2")...)
		must(t, err)
		return out
	}, p
}

// silence is how long nothing comes where nothing is to come.
const silence = "--timeout=3000"

// suite is the policy of configs/psk in ike-scan's words.
const suite = "--trans=(1=7,14=256,2=4,3=1,4=14)"

// What ike-scan sees of obol is what it sees of IOS: the transform alone in the
// answer to one who names no vendor, NAT-T for one who does, a refusal of what is
// not configured, and in aggressive mode IOS's vendor ids.
func TestIKEScan(t *testing.T) {
	scan, p := scanned(t, func(text string) string { return text })
	const handshake = "Main Mode Handshake returned"
	offered := "SA=(Enc=AES KeyLength=256 Hash=SHA2-256 Auth=PSK Group=14:modp2048)"
	out := scan(suite)
	want(t, "main mode", out, handshake, offered, "1 returned handshake; 0 returned notify")
	if strings.Contains(out, "VID=") {
		t.Errorf("a vendor id for one who has none:\n%s", out)
	}

	out = scan(suite, "--vendor=4a131c81070358455c5728f20e95452f", "--vendor=90cb80913ebb696e086381b5ec427b1f")
	want(t, "main mode with NAT-T", out, handshake, "VID=4a131c81070358455c5728f20e95452f (RFC 3947 NAT-T)")

	out = scan("--trans=(1=1,2=1,3=1,4=1)", "--trans=(1=5,2=2,3=1,4=2)", suite)
	want(t, "the third of three", out, handshake, offered)

	out = scan()
	want(t, "ike-scan's own transforms", out, "Notify message 14 (NO-PROPOSAL-CHOSEN)", "0 returned handshake; 1 returned notify")
	if strings.Contains(out, "VID=") {
		t.Errorf("a refusal says more than that:\n%s", out)
	}

	out = scan("--aggressive", "--dhgroup=14", suite, "--idtype=1", "--id=0xc0a80001")
	inOrder(t, out, "Aggressive Mode Handshake returned", offered, "VID=12f5f28c457168a9702d9fe274cc0100 (Cisco Unity)",
		"VID=afcad71368a1f1c96b8696fc77570100 (Dead Peer Detection v1.0)", "VID=", "KeyExchange(256 bytes)",
		"ID(Type=ID_IPV4_ADDR, Value=192.168.0.2)", "Nonce(20 bytes)", "Hash(32 bytes)")

	out = scan("--ikev2", silence)
	want(t, "IKEv2", out, "0 returned handshake; 0 returned notify")
	if text := obol(t, p.R2, 0, "show", "crypto", "isakmp", "sa"); strings.Contains(text, "QM_IDLE") {
		t.Errorf("an IKE SA with ike-scan:\n%s", text)
	}
}

// inOrder wants the parts one behind the other: ike-scan prints payloads as they
// come, and so does IOS send them.
func inOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	rest := text
	for _, part := range parts {
		_, behind, ok := strings.Cut(rest, part)
		if !ok {
			t.Errorf("no %q in its place in\n%s", part, text)
			return
		}
		rest = behind
	}
}

// Where the configuration forbids aggressive mode there is silence.
func TestIKEScanWithoutAggressiveMode(t *testing.T) {
	scan, _ := scanned(t, func(text string) string { return "crypto isakmp aggressive-mode disable\n" + text })
	want(t, "aggressive mode", scan("--aggressive", "--dhgroup=14", suite, "--idtype=1", "--id=0xc0a80001", silence), "0 returned handshake; 0 returned notify")
}

// The times at which MM2 is sent again are the fingerprint of IOS. ike-scan's patterns
// allow a second of what it needs ten for, which is little on a loaded machine.
func TestBackoffFingerprint(t *testing.T) {
	t.Parallel()
	scan, _ := scanned(t, func(text string) string { return text })
	known, err := os.ReadFile("/usr/share/ike-scan/ike-backoff-patterns")
	must(t, err)
	patterns := filepath.Join(t.TempDir(), "patterns")
	must(t, os.WriteFile(patterns, bytes.ReplaceAll(known, []byte("10/1000"), []byte("10/4000")), 0o600))
	out := scan(suite, "--showbackoff=25", "--patterns="+patterns)
	want(t, "the fingerprint", out, "Implementation guess: Cisco IOS 12.1, 12.2, 12.3, 12.4 or 15.0")
	if n := strings.Count(out, "\n192.168.0.2\t"); n < 6 {
		t.Errorf("%d packets, IOS sends 6:\n%s", n, out)
	}
	t.Log(out)
}

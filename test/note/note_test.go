//go:build vm

// Package note runs the note's two routers for real: obold and obol as built,
// two namespaces, ESP in the kernel. It needs a kernel with ESP, GRE, VTI and
// dummy links; test/vm brings one:
//
//	make build && VM_COPY=$PWD/bin:$PWD/configs go test -tags vm -exec "go run ./test/vm/run" ./test/note
package note

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

const root = "../.."

var pairs atomic.Int32 // made so far: some tests run side by side, as they mostly wait

// topology makes the pair, enrolled in the given order; it ends with the test.
func topology(t *testing.T, config1, config2 string, order routers.Order) *routers.Pair {
	t.Helper()
	p, err := routers.NewNumbered(int(pairs.Add(1)), root+"/bin", root+"/"+config1, root+"/"+config2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	must(t, p.Enrol(order))
	return p
}

func note(t *testing.T, order routers.Order) *routers.Pair {
	return topology(t, "configs/note/ikev1-r1.cfg", "configs/note/ikev1-r2.cfg", order)
}

func start(t *testing.T, p *routers.Pair, flags ...string) {
	t.Helper()
	must(t, p.R1.Start(flags...))
	must(t, p.R2.Start(flags...))
}

// up has R1 bring its tunnel up, and waits until R2 has it too.
func up(t *testing.T, p *routers.Pair) {
	t.Helper()
	must(t, p.Up(p.R1, "Tunnel1"))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// sh runs a command in a router's namespace and returns what it prints.
func sh(t *testing.T, r *routers.Router, args ...string) string {
	t.Helper()
	out, err := r.Run(args...)
	must(t, err)
	return out
}

// want checks that a text holds all the words.
func want(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s does not hold %q:\n%s", what, w, text)
		}
	}
}

// steps names the ISAKMP messages of a capture.
func steps(t *testing.T, packets []routers.Packet) (list []routers.Step) {
	t.Helper()
	ladder := routers.NewLadder("192.168.0.1", "192.168.0.2")
	for _, p := range packets {
		if p.ISAKMP() {
			s, _, err := ladder.Step(p)
			must(t, err)
			list = append(list, s)
		}
	}
	return list
}

// lengths of each message by name, first transmissions only.
func lengths(list []routers.Step) map[string]int {
	m := map[string]int{}
	for _, s := range list {
		if s.Again == 0 {
			m[s.Name] = s.Length
		}
	}
	return m
}

// eventually waits until ok, at most d.
func eventually(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s", d, what)
		}
	}
}

// patience is for what comes of itself on a loaded machine: a second try of IOS is half
// a minute after the first, and what others have changed stands again after a minute.
const patience = 3 * time.Minute

// wantLengths checks the first transmission of each named message.
func wantLengths(t *testing.T, got []routers.Step, wanted map[string]int) {
	t.Helper()
	have := lengths(got)
	for name, n := range wanted {
		if have[name] != n {
			t.Errorf("%s: %d octets, want %d; all: %v", name, have[name], n, got)
		}
	}
}

func TestR1Starts(t *testing.T) {
	p := note(t, routers.NoteOrder)
	start(t, p, "--initiate", "manual")
	c, err := p.R1.Capture(nil)
	must(t, err)
	up(t, p)
	wantLengths(t, steps(t, c.Close()), map[string]int{"MM1": 164, "MM2": 104, "MM3": 327, "MM4": 727, "QM1": 164, "QM2": 164})

	must(t, p.R1.Ping(100, "0.02", p.R1.LAN, p.R2.LAN))

	for _, r := range []*routers.Router{p.R1, p.R2} {
		states := sh(t, r, "ip", "-s", "xfrm", "state")
		want(t, r.Name+" states", states, "proto esp", "mode tunnel", "enc cbc(aes)", "auth-trunc hmac(sha256)", "(256 bits) 128")
		if n := strings.Count(states, "(128 bits)"); n != 2 {
			t.Errorf("%s: %d AES keys of 128 bits, want 2", r.Name, n)
		}
		for _, id := range spis(states) {
			if n := packetsOf(states, id); n < 100 {
				t.Errorf("%s: SA %s carried %d packets, want 100 at least", r.Name, id, n)
			}
		}
		// ip prints a number where the guest has no /etc/protocols.
		policies := strings.ReplaceAll(sh(t, r, "ip", "xfrm", "policy"), "proto gre ", "proto 47 ")
		want(t, r.Name+" policies", policies, "src 192.168.0.1/32 dst 192.168.0.2/32 proto 47", "src 192.168.0.2/32 dst 192.168.0.1/32 proto 47", "dir out", "dir in")
	}
	t.Run("MTU", func(t *testing.T) { mtu(t, p, 1414) })
	t.Run("TCP", func(t *testing.T) { tcp(t, p, "20M") })
}

// mtu: a DF ping of exactly the tunnel's MTU passes, one octet more is refused.
func mtu(t *testing.T, p *routers.Pair, mtu int) {
	want(t, "Tunnel1", sh(t, p.R1, "ip", "link", "show", "Tunnel1"), fmt.Sprintf("mtu %d ", mtu))
	const headers = 20 + 8 // IPv4 and ICMP
	size := func(n int) string { return fmt.Sprint(n - headers) }
	sh(t, p.R1, "ping", "-c", "3", "-i", "0.2", "-M", "do", "-s", size(mtu), "-I", p.R1.LAN, p.R2.LAN)
	out, err := p.R1.Run("ping", "-c", "1", "-W", "2", "-M", "do", "-s", size(mtu+1), "-I", p.R1.LAN, p.R2.LAN)
	if err == nil {
		t.Errorf("a ping of %d octets passed an MTU of %d:\n%s", mtu+1, mtu, out)
	}
	want(t, "the refusal", out, fmt.Sprintf("mtu=%d", mtu))
}

// tcp carries so many megabytes each way.
func tcp(t *testing.T, p *routers.Pair, megabytes string) {
	done := make(chan error, 1)
	go func() {
		_, err := p.R2.Run("timeout", "120", "iperf3", "-s", "-B", p.R2.LAN, "-1")
		if err == nil {
			_, err = p.R2.Run("timeout", "120", "iperf3", "-s", "-B", p.R2.LAN, "-1")
		}
		done <- err
	}()
	for _, flag := range []string{"--forceflush", "-R"} {
		var out string
		eventually(t, patience, megabytes+" of TCP "+flag, func() bool {
			var err error
			out, err = p.R1.Run("timeout", "100", "iperf3", "-c", p.R2.LAN, "-B", p.R1.LAN, "-n", megabytes, flag)
			return err == nil
		})
		want(t, "iperf3", out, "receiver")
		t.Log(flag, lastLines(out, 4))
	}
	must(t, <-done)
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// R2 starts: R1 refuses MM5 without a word, and both give up as the note's
// capture shows.
func TestR2Starts(t *testing.T) {
	t.Parallel()
	p := note(t, routers.NoteOrder)
	start(t, p, "--initiate", "manual")
	c, err := p.R1.Capture(nil)
	must(t, err)
	begin := time.Now()
	out, err := p.R2.Obol("initiate", "Tunnel1", "--wait", "85s")
	if routers.ExitCode(err) != 1 {
		t.Fatalf("exit status %d, want 1: %s", routers.ExitCode(err), out)
	}
	want(t, "the reason", out, "MM5")
	want(t, "R1's log", p.R1.Log(), "%CRYPTO-5-IKMP_INVALID_CERT: Certificate received from 192.168.0.2 is bad: unknown error returned in certificate validation")
	time.Sleep(time.Until(begin.Add(90 * time.Second)))
	list := steps(t, c.Close())
	count := map[string]int{}
	for _, s := range list {
		count[s.Name]++
	}
	if count["MM4"] != 6 || count["MM5"] != 6 || len(list) > 16 {
		t.Errorf("%d datagrams, want 16 at most; MM4 %d times, MM5 %d times, want 6 each: %v", len(list), count["MM4"], count["MM5"], list)
	}
	if count["INFO"] != 0 || count["MM6"] != 0 {
		t.Errorf("R1 answered MM5: %v", list)
	}
	wantLengths(t, list, map[string]int{"MM1": 164, "MM2": 104, "MM3": 707, "MM4": 727})
	for _, r := range []*routers.Router{p.R1, p.R2} {
		eventually(t, patience, r.Name+" has no IKE SA", func() bool {
			return !strings.Contains(obol(t, r, "show", "crypto", "isakmp", "sa"), "192.168.0.")
		})
		nothingLeft(t, r)
	}

	// R1 re-enrolled in the other order: its newest certificate is IOSCA1's, and R2's direction comes up.
	must(t, p.EnrolRouter(p.R1, "IOSCA2", "IOSCA1"))
	must(t, p.Up(p.R2, "Tunnel1"))
	sh(t, p.R2, "ping", "-c", "3", "-i", "0.2", "-I", p.R2.LAN, p.R1.LAN)
}

// nothingLeft checks that no SA or timer of an attempt is left.
func nothingLeft(t *testing.T, r *routers.Router) {
	t.Helper()
	if s := sh(t, r, "ip", "xfrm", "state"); strings.Contains(s, "proto esp") {
		t.Errorf("%s has SAs left:\n%s", r.Name, s)
	}
	want(t, r.Name+" session", session(t, r), "DOWN")
}

func session(t *testing.T, r *routers.Router) string {
	t.Helper()
	out, err := r.Obol("show", "crypto", "session")
	must(t, err)
	return out
}

// Both start by themselves: the tunnel ends up through R1's direction with one
// pair of SAs.
func TestBothAuto(t *testing.T) {
	t.Parallel()
	p := note(t, routers.NoteOrder)
	start(t, p)
	eventually(t, patience, "both UP-ACTIVE", func() bool {
		return strings.Contains(session(t, p.R1), "UP-ACTIVE") && strings.Contains(session(t, p.R2), "UP-ACTIVE")
	})
	time.Sleep(75 * time.Second) // R2's own attempts come to their end meanwhile
	for _, r := range []*routers.Router{p.R1, p.R2} {
		if n := len(spis(sh(t, r, "ip", "xfrm", "state"))); n != 2 {
			t.Errorf("%s has %d SAs, want one pair", r.Name, n)
		}
		out, err := r.Obol("show", "crypto", "isakmp", "sa")
		must(t, err)
		want(t, r.Name+" isakmp sa", out, "192.168.0.2     192.168.0.1     QM_IDLE") // dst is the responder
	}
	sh(t, p.R2, "ping", "-c", "3", "-i", "0.2", "-I", p.R2.LAN, p.R1.LAN)
}

func spis(states string) (list []string) {
	for _, line := range strings.Split(states, "\n") {
		if f := strings.Fields(line); len(f) > 3 && f[0] == "proto" && f[2] == "spi" && !strings.HasPrefix(f[3], "0x00000000") {
			list = append(list, f[3])
		}
	}
	return list
}

// packetsOf reads the packet counter of an SA out of `ip -s xfrm state`.
func packetsOf(states, spi string) int {
	_, after, _ := strings.Cut(states, spi)
	_, after, _ = strings.Cut(after, "lifetime current:")
	lines := strings.SplitN(after, "\n", 3)
	var bytes, packets int
	fmt.Sscanf(strings.TrimSpace(lines[min(1, len(lines)-1)]), "%d(bytes), %d(packets)", &bytes, &packets)
	return packets
}

// Two static VTIs.
func TestVTI(t *testing.T) {
	p := topology(t, "configs/vti/r1.cfg", "configs/vti/r2.cfg", routers.NoteOrder)
	start(t, p, "--initiate", "manual")
	down := func(r *routers.Router) bool {
		return !strings.Contains(sh(t, r, "ip", "link", "show", "Tunnel1"), ",UP")
	}
	if !down(p.R1) || !down(p.R2) {
		t.Error("line protocol is up without an SA")
	}
	c, err := p.R1.Capture(nil)
	must(t, err)
	up(t, p)
	wantLengths(t, steps(t, c.Close()), map[string]int{"MM1": 164, "QM1": 172, "QM2": 172})
	sh(t, p.R1, "ping", "-c", "5", "-i", "0.2", "-I", p.R1.LAN, p.R2.LAN)
	for _, r := range []*routers.Router{p.R1, p.R2} {
		if down(r) {
			t.Errorf("%s: line protocol is down with an SA", r.Name)
		}
		link := sh(t, r, "ip", "-d", "link", "show", "Tunnel1")
		want(t, r.Name+" link", link, "vti remote", "ikey", "okey", "mtu 1438 ")
		_, after, _ := strings.Cut(link, "ikey ")
		key := strings.Fields(after)[0]
		mark := markOf(key)
		states, policies := sh(t, r, "ip", "xfrm", "state"), sh(t, r, "ip", "xfrm", "policy")
		if len(spis(states)) != 2 {
			t.Errorf("%s: want one pair of SAs:\n%s", r.Name, states)
		}
		if n := strings.Count(states, "mark "+mark); n != 2 {
			t.Errorf("%s: %d states with mark %s, want 2:\n%s", r.Name, n, mark, states)
		}
		for _, dir := range []string{"in", "out", "fwd"} { // the sockets' own policies have neither
			want(t, r.Name+" policies", policies, "src 0.0.0.0/0 dst 0.0.0.0/0 \n\tdir "+dir+" priority 1000 ptype main \n\tmark "+mark+"/0xffffffff \n")
		}
		if n := strings.Count(policies, "priority 1000"); n != 3 {
			t.Errorf("%s: %d policies, want 3 with mark %s:\n%s", r.Name, n, mark, policies)
		}
	}
	t.Run("MTU", func(t *testing.T) { mtu(t, p, 1438) })
	_, err = p.R1.Obol("clear", "crypto", "session")
	must(t, err)
	eventually(t, patience, "line protocol down on both", func() bool { return down(p.R1) && down(p.R2) })
}

// markOf turns a key as `ip link` prints it (dotted) into a mark as `ip xfrm`
// prints it (hex).
func markOf(key string) string {
	var a, b, c, d uint32
	if n, _ := fmt.Sscanf(key, "%d.%d.%d.%d", &a, &b, &c, &d); n != 4 {
		return key
	}
	return fmt.Sprintf("%#x", a<<24|b<<16|c<<8|d)
}

// A GRE end against a VTI end fails in quick mode with IOS's line.
func TestGREAgainstVTI(t *testing.T) {
	p := topology(t, "configs/note/ikev1-r1.cfg", "configs/vti/r2.cfg", routers.NoteOrder)
	start(t, p, "--initiate", "manual")
	debugged := debug(t, p.R2, "ipsec")
	out, err := p.R1.Obol("initiate", "Tunnel1")
	if routers.ExitCode(err) != 1 {
		t.Fatalf("exit status %d, want 1: %s", routers.ExitCode(err), out)
	}
	debugged("proxy identities not supported")
	for _, r := range []*routers.Router{p.R1, p.R2} {
		if n := len(spis(sh(t, r, "ip", "xfrm", "state"))); n != 0 {
			t.Errorf("%s has %d SAs after a refused quick mode", r.Name, n)
		}
	}
}

// The debug lines that a real daemon prints are the note's.
func TestDebugLines(t *testing.T) {
	p := note(t, routers.NoteOrder)
	start(t, p, "--initiate", "manual")
	debugged := debug(t, p.R2, "isakmp")
	up(t, p)
	for _, line := range []string{"Choosing trustpoint IOSCA1 as issuer", "peer matches prof1 profile", "using the IOSCA1 trustpoint's keypair to sign"} {
		debugged(line)
	}
}

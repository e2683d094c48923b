//go:build vm

package note

import (
	"encoding/binary"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/faults"
	"github.com/obol-ike/obol/test/routers"
)

// everyFault is make soak's.
var everyFault = flag.Bool("faults", false, "TestFaults with every fault and both versions; else with two")

// A fault of docs/faults.md that needs a kernel.
type fault struct {
	name  string
	netem string // of the wire, as long as the fault lasts
	lasts time.Duration
	does  func(*testing.T, *routers.Pair) // beside it
	short int                             // the version of IKE with which make test has it, 0: with neither
	rough bool                            // IKEv1 may lose a delete
	nat   bool                            // R1 is behind one, which has other ports all of a sudden
}

var kernelFaults = []fault{
	{name: "loss of 10 %", netem: "loss 10%", lasts: time.Minute, rough: true},
	{name: "loss of 30 %", netem: "loss 30%", lasts: time.Minute, rough: true, short: 2},
	{name: "delay of 500 ms", netem: "delay 500ms", lasts: time.Minute},
	{name: "reordering and duplicates", netem: "delay 100ms 90ms duplicate 30%", lasts: time.Minute},
	{name: "black hole of 1 minute, DPD", netem: "loss 100%", lasts: time.Minute, short: 1},
	{name: "NAT rebinding", nat: true},
	{name: "peer reboots, and begins", does: reboot},
	{name: "the kernel's events are lost (ENOBUFS)", does: loseEvents},
}

// inShort is how long a fault lasts in make test: longer than DPD needs.
const inShort = 25 * time.Second

// memoryNoise is what a daemon's memory may grow by, in kilobytes, and be what it was: it
// does not collect the first 8 MB of garbage, nor less than what lives.
const memoryNoise = 16 << 10

// Under each fault, and after it, nothing leaves in the clear; the tunnel returns within
// the documented time, which virtual time shows to the second and this machine, that may
// be slow, within its patience; both ends have the same SAs then, memory is what it was, and an
// orderly stop leaves nothing.
func TestFaults(t *testing.T) {
	t.Parallel()
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	must(t, err)
	t.Logf("Linux %s", release)
	for _, f := range kernelFaults {
		v1, v2 := faults.Within(t, root, f.name)
		for version, within := range map[int]time.Duration{1: v1, 2: v2} {
			if !*everyFault {
				if f.short != version {
					continue
				}
				f.lasts = inShort
			}
			t.Run(fmt.Sprintf("%s, IKEv%d", f.name, version), func(t *testing.T) {
				t.Parallel()
				befall(t, f, version, within)
			})
		}
	}
}

// behindNAT are lines of both: GRE would show R2 an address of R1 that it does not know.
const behindNAT = "interface Tunnel1\n tunnel mode ipsec ipv4\n"

func befall(t *testing.T, f fault, version int, within time.Duration) {
	name, dpd := "configs/psk/", "crypto isakmp keepalive 10 2 periodic\n"
	if version == 2 {
		name, dpd = "configs/ikev2-psk/", "crypto ikev2 profile prof1\n dpd 10 2 periodic\n"
	}
	p := topology(t, name+"r1.cfg", name+"r2.cfg", routers.Order{})
	wire, err := p.Bridge()
	must(t, err)
	more := [2]string{dpd, dpd}
	if f.nat {
		more[0] += behindNAT + "interface Ethernet0/0\n ip address 172.16.0.1 255.255.255.0\n"
		more[1] += behindNAT + "crypto isakmp profile prof1\n match identity address 172.16.0.1 255.255.255.255\n"
		n, err := p.Masquerade(p.R1)
		must(t, err)
		t.Cleanup(func() { must(t, n.Close()) })
		f.does = func(t *testing.T, _ *routers.Pair) { must(t, n.Rebind(20000)) }
	}
	both := []*routers.Router{p.R1, p.R2}
	for i, r := range both {
		text, err := os.ReadFile(r.Config)
		must(t, err)
		r.Config = filepath.Join(p.Dir, r.Name+".cfg")
		must(t, os.WriteFile(r.Config, append(text, more[i]...), 0o600))
	}
	var captures []*routers.Capture
	for _, r := range both {
		c, err := r.Capture(nil)
		must(t, err)
		captures = append(captures, c)
	}
	stop := pings(t, p)
	start(t, p)
	carries := func() bool {
		_, err := p.R1.Run("ping", "-c", "1", "-W", "2", "-I", p.R1.LAN, p.R2.LAN)
		return err == nil
	}
	eventually(t, patience, "the tunnel carries", carries)
	before := memory(t, both)

	must(t, wire.Impair(f.netem))
	if f.does != nil {
		f.does(t, p)
	}
	time.Sleep(f.lasts) // that is the fault
	must(t, wire.Impair(""))
	began := time.Now()
	eventually(t, within+patience, "the tunnel carries again", carries)
	t.Logf("back after %v, %v are documented", time.Since(began).Round(time.Second/10), within)

	eventually(t, patience, "both ends have the same SAs", func() bool {
		one, other := standing(t, p.R1), standing(t, p.R2)
		shared := slices.DeleteFunc(slices.Clone(one), func(spi string) bool { return !slices.Contains(other, spi) })
		return len(shared) == 2 && slices.Equal(one, other) || f.rough && version == 1 && len(shared) >= 2
	})
	for i, now := range memory(t, both) {
		t.Logf("%s: %d KB resident, before %d KB", both[i].Name, now, before[i])
		if now > before[i]+memoryNoise {
			t.Errorf("%s has grown by %d KB", both[i].Name, now-before[i])
		}
	}
	stop()
	for _, r := range both {
		must(t, r.Stop())
		gone(t, r)
	}
	nothingClear(t, captures)
}

// nothingClear says what left in the clear of what may leave as ESP only.
func nothingClear(t *testing.T, captures []*routers.Capture) {
	t.Helper()
	inner := []netip.Prefix{netip.MustParsePrefix("192.168.100.0/24"), netip.MustParsePrefix("192.168.200.0/24"), netip.MustParsePrefix("10.0.0.0/24")}
	esp := 0
	for _, packet := range sent(captures) {
		within := func(p netip.Prefix) bool { return p.Contains(packet.Src) || p.Contains(packet.Dst) }
		switch {
		case packet.Protocol == 50, packet.SrcPort == 4500 && len(packet.Payload) > 8 && binary.BigEndian.Uint32(packet.Payload) != 0:
			esp++
		case packet.Protocol == 47, slices.ContainsFunc(inner, within):
			t.Errorf("%v: in the clear: %s to %s, protocol %d", packet.Time, packet.Src, packet.Dst, packet.Protocol)
		}
	}
	if esp < 50 {
		t.Errorf("%d ESP packets were seen, want 50 at least: the capture proves nothing", esp)
	}
	t.Logf("%d ESP packets, nothing in the clear", esp)
}

// memory of the daemons, in kilobytes.
func memory(t *testing.T, both []*routers.Router) (list []int) {
	t.Helper()
	for _, r := range both {
		n, err := r.Memory()
		must(t, err)
		list = append(list, n)
	}
	return list
}

// reboot takes from R2 what a power cut takes, and switches it on.
func reboot(t *testing.T, p *routers.Pair) {
	t.Helper()
	_, err := p.R2.Signal(os.Kill)
	must(t, err)
	sh(t, p.R2, "sh", "-c", "ip link delete Tunnel1; ip link delete Loopback0; ip xfrm state flush; ip xfrm policy flush")
	must(t, p.R2.Start())
}

// loseEvents has more expire in R1's kernel than fits into its queue for obold, which
// does not read meanwhile, and somebody else change what is obold's. What was lost cannot
// be told; obold looks at everything.
func loseEvents(t *testing.T, p *routers.Pair) {
	t.Helper()
	must(t, p.R1.Freeze())
	var batch strings.Builder
	const expiring = 6000 // two events each, about 1.3 KB of a queue of 8 MB
	for i := range expiring {
		fmt.Fprintf(&batch, "xfrm state add src 198.51.100.1 dst 198.51.100.2 proto esp spi %d reqid 7 mode tunnel"+
			" auth hmac(sha1) 0x0102030405060708090a0b0c0d0e0f1011121314 enc ecb(cipher_null) \"\" limit time-soft 1 limit time-hard 2\n", 0x10000+i)
	}
	path := filepath.Join(p.Dir, "expiring")
	must(t, os.WriteFile(path, []byte(batch.String()), 0o600))
	sh(t, p.R1, "ip", "-batch", path)
	eventually(t, patience, "all have expired", func() bool { return !strings.Contains(sh(t, p.R1, "ip", "xfrm", "state"), "198.51.100.1") })
	for _, change := range []string{"xfrm state flush", "xfrm policy deleteall dir in", "route flush proto 111", "link add Tunnel9 type dummy", "link set Tunnel9 alias obol:Tunnel9"} {
		sh(t, p.R1, append([]string{"ip"}, strings.Fields(change)...)...)
	}
	want(t, "the sockets", lostEvents(sh(t, p.R1, "cat", "/proc/net/netlink")), "lost")
	must(t, p.R1.Thaw())
	eventually(t, patience, "R1 has repaired", func() bool { return strings.Count(p.R1.Log(), "repaired, as somebody else") >= 2 })
	eventually(t, patience, "R1 tells of Tunnel9", func() bool {
		return strings.Contains(p.R1.Log(), "interface Tunnel9") && strings.Contains(p.R1.Log(), "it is marked as obol's")
	})
	sh(t, p.R1, "ip", "link", "delete", "Tunnel9")
}

// lostEvents reads the column of drops in /proc/net/netlink.
func lostEvents(sockets string) string {
	for line := range strings.Lines(sockets) {
		if f := strings.Fields(line); len(f) > 8 && f[1] == "6" && f[8] != "0" { // NETLINK_XFRM
			return "lost " + f[8]
		}
	}
	return sockets
}

//go:build netns

package netns

import (
	"net/netip"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// carry runs both daemons with the userspace data plane and brings the tunnel up.
func carry(t *testing.T, p *routers.Pair) {
	t.Helper()
	for _, r := range []*routers.Router{p.R1, p.R2} {
		must(t, r.Start("--dataplane", "userspace", "--initiate", "manual"))
	}
	up(t, p)
}

// shell runs a command in a router's namespace.
func shell(t *testing.T, r *routers.Router, words ...string) string {
	t.Helper()
	out, err := r.Run(words...)
	must(t, err)
	return out
}

// pings go from LAN to LAN, and all come back.
func pings(t *testing.T, p *routers.Pair) {
	t.Helper()
	must(t, p.R1.Ping(20, "0.02", p.R1.LAN, p.R2.LAN))
}

// tcp carries 20 MB each way.
func tcp(t *testing.T, p *routers.Pair) {
	t.Helper()
	for _, way := range []string{"--forceflush", "-R"} {
		done := make(chan error, 1)
		go func() {
			_, err := p.R2.Run("timeout", "200", "iperf3", "-s", "-B", p.R2.LAN, "-1")
			done <- err
		}()
		var out string
		eventually(t, "20 MB of TCP "+way, func() bool {
			var err error
			out, err = p.R1.Run("timeout", "180", "iperf3", "-c", p.R2.LAN, "-B", p.R1.LAN, "-n", "20M", way)
			return err == nil
		})
		want(t, "iperf3", out, "receiver")
		must(t, <-done)
	}
}

// GRE and VTI, IKEv1 and IKEv2, CBC and GCM, without ESP or GRE in the kernel: pings
// and TCP pass, the largest packet passes whole, and outside nothing but IKE and ESP
// is seen.
func TestUserspaceCarries(t *testing.T) {
	for _, c := range []struct {
		config string
		order  routers.Order
		mtu    int
	}{
		{"note/ikev1-", routers.NoteOrder, 1414},
		{"vti/", routers.NoteOrder, 1438},
		{"ikev2-modern/", routers.Order{R1: []string{"IOSCA1"}, R2: []string{"IOSCA1"}}, 1446},
	} {
		t.Run(c.config, func(t *testing.T) {
			p := pairOf(t, c.config, c.order)
			capture, err := p.R1.Capture(nil)
			must(t, err)
			carry(t, p)
			pings(t, p)
			shell(t, p.R1, "ping", "-c", "2", "-i", "0.2", "-M", "do", "-s", strconv.Itoa(c.mtu-28), "-I", p.R1.LAN, p.R2.LAN)
			if out, err := p.R1.Run("ping", "-c", "1", "-W", "1", "-M", "do", "-s", strconv.Itoa(c.mtu-27), "-I", p.R1.LAN, p.R2.LAN); err == nil {
				t.Errorf("%d octets pass an MTU of %d\n%s", c.mtu+1, c.mtu, out)
			}
			tcp(t, p)
			onlyProtected(t, capture.Close())
			for _, r := range []*routers.Router{p.R1, p.R2} {
				out := obol(t, r, 0, "show", "crypto", "ipsec", "sa")
				if strings.Contains(out, "#pkts encaps: 0,") || strings.Contains(out, "#pkts decaps: 0,") {
					t.Errorf("%s counts nothing:\n%s", r.Name, out)
				}
			}
		})
	}
}

// onlyProtected checks what crossed the wire.
func onlyProtected(t *testing.T, packets []routers.Packet) {
	t.Helper()
	outer := netip.MustParsePrefix("192.168.0.0/24")
	esp := 0
	for _, packet := range packets {
		switch {
		case !outer.Contains(packet.Src) || !outer.Contains(packet.Dst):
			t.Fatalf("from %s to %s in the clear", packet.Src, packet.Dst)
		case packet.Protocol == 50:
			esp++
		case packet.Protocol != 17:
			t.Fatalf("protocol %d from %s to %s in the clear", packet.Protocol, packet.Src, packet.Dst)
		}
	}
	if esp < 50 {
		t.Errorf("%d packets of ESP", esp)
	}
}

// Behind a NAT, ESP is in UDP; when the NAT has other ports, the peer follows the
// next packet of ESP.
func TestUserspaceNAT(t *testing.T) {
	p, n := behindNAT(t)
	carry(t, p)
	p.R1.LAN, p.R2.LAN = "10.0.0.1", "10.0.0.2" // of the tunnel: it has no others
	pings(t, p)
	tcp(t, p)
	must(t, n.Rebind(20000))
	eventually(t, "pings pass the NAT's new ports", func() bool {
		_, err := p.R1.Run("ping", "-c", "1", "-W", "1", "-I", p.R1.LAN, p.R2.LAN)
		return err == nil
	})
	eventually(t, "R2 follows", func() bool {
		return strings.Contains(obol(t, p.R2, 0, "show", "crypto", "session", "detail"), "remote 192.168.0.1/20")
	})
}

// A TUN device that somebody removes is made again, with its routes. A daemon that was
// killed leaves nothing that the next one stumbles over, and one that stops leaves
// nothing at all.
func TestUserspaceLeavesNothing(t *testing.T) {
	p := note(t)
	carry(t, p)
	shell(t, p.R1, "ip", "link", "del", "Tunnel1")
	eventually(t, "the tunnel carries again", func() bool {
		_, err := p.R1.Run("ping", "-c", "1", "-W", "1", "-I", p.R1.LAN, p.R2.LAN)
		return err == nil
	})
	says(t, p.R1, "%LINK-5-CHANGED: Interface Tunnel1, changed state to reset")
	_, err := p.R1.Signal(syscall.SIGKILL)
	must(t, err)
	if out := shell(t, p.R1, "ip", "-d", "link"); strings.Contains(out, "Tunnel1") {
		t.Errorf("the killed one's TUN device:\n%s", out)
	}
	must(t, p.R1.Start("--dataplane", "userspace", "--initiate", "manual"))
	eventually(t, "R1 tells of packets by the SA that went with the killed one", func() bool {
		p.R2.Run("ping", "-c", "1", "-W", "1", "-I", p.R2.LAN, p.R1.LAN)
		return strings.Contains(p.R1.Log(), "%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=192.168.0.1, prot=50, spi=0x")
	})
	want(t, "R1", obol(t, p.R1, 0, "show", "crypto", "call", "admission", "statistics"), "IPSEC packets with an invalid SPI:")
	up(t, p)
	pings(t, p)
	code, err := p.R1.Signal(os.Interrupt)
	must(t, err)
	if left := shell(t, p.R1, "ip", "address") + shell(t, p.R1, "ip", "route", "show", "table", "all"); code != 0 ||
		strings.Contains(left, "Tunnel1") || strings.Contains(left, "192.168.100.1") || strings.Contains(left, "proto 111") {
		t.Errorf("exit status %d, left:\n%s", code, left)
	}
}

// What userspace cannot carry it says at once, in one line.
func TestUserspaceRefuses(t *testing.T) {
	p := note(t)
	text, err := os.ReadFile(p.R1.Config)
	must(t, err)
	for change, refusal := range map[[2]string]string{
		{"esp-aes esp-sha256-hmac", "ah-sha256-hmac esp-aes"}:   "AH is for the kernel, userspace carries ESP",
		{" tunnel protection ipsec profile prof1", " ! tunnel"}: "has no tunnel protection: userspace carries what IPsec protects",
	} {
		path := t.TempDir() + "/r1.cfg"
		must(t, os.WriteFile(path, []byte(strings.Replace(string(text), change[0], change[1], 1)), 0o600))
		out, err := p.R1.Run(bin+"/obold", "-c", path, "--store", p.R1.Store, "--socket", p.R1.Socket, "--dataplane", "userspace")
		if last := lastLine([]byte(out)); routers.ExitCode(err) != 3 || !strings.Contains(last, refusal) {
			t.Errorf("%v, %q, want %q", err, last, refusal)
		}
	}
	out, err := p.R1.Run("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin",
		bin+"/obold", "-c", p.R1.Config, "--store", p.R1.Store, "--socket", p.R1.Socket, "--dataplane", "userspace")
	if last := lastLine([]byte(out)); routers.ExitCode(err) != 3 || !strings.Contains(last, "not permitted to make interfaces: this needs CAP_NET_ADMIN") {
		t.Errorf("without the capability: %v, %q", err, last)
	}
}

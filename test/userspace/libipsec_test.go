//go:build netns

package userspace

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// charon with the plugin kernel-libipsec, which carries ESP in UDP only. What it
// sends to R1 itself must not go into its own tunnel: the mark says so.
const strongswanConf = `charon-systemd {
  load = random nonce openssl sha1 sha2 hmac kdf gcm aes pem pkcs1 x509 pubkey kernel-libipsec kernel-netlink socket-default vici
  install_virtual_ip = no
  plugins {
    vici { socket = unix://%[1]s/vici }
    kernel-netlink { fwmark = !0x42 }
    socket-default { fwmark = 0x42 }
    kernel-libipsec { allow_peer_ts = yes }
  }
  filelog { f { path = %[1]s/charon.log
    default = 1
    flush_line = yes } }
  journal { default = -1 }
}
swanctl { load = pem pkcs1 x509 pubkey openssl random }
`

const swanctlConf = `connections { net { version = %d
    local_addrs = 192.168.0.2
    remote_addrs = 192.168.0.1
    proposals = %s
    encap = yes
    mobike = no
    local { auth = psk
      id = 192.168.0.2 }
    remote { auth = psk
      id = 192.168.0.1 }
    children { net {
      local_ts = 0.0.0.0/0
      remote_ts = 0.0.0.0/0
      esp_proposals = aes128gcm16, aes128-sha256 } } } }
secrets { ike { secret = secret-of-both } }
`

// charon is a running daemon in R2's namespace.
type charon struct {
	t   *testing.T
	dir string
	env []string
}

func startCharon(t *testing.T, p *routers.Pair, version int) *charon {
	t.Helper()
	proposals := map[int]string{1: "aes128-sha256-modp2048", 2: "aes256-sha256-modp1536"}
	c := &charon{t: t, dir: p.Dir}
	c.env = append(os.Environ(), "SWANCTL_DIR="+p.Dir+"/swanctl",
		"STRONGSWAN_CONF="+write(t, p.Dir, "strongswan.conf", fmt.Sprintf(strongswanConf, p.Dir)))
	write(t, p.Dir, "swanctl/swanctl.conf", fmt.Sprintf(swanctlConf, version, proposals[version]))
	_, err := p.R2.Run("ip", "address", "add", "10.0.0.2/32", "dev", "lo")
	must(t, err)
	cmd := exec.Command("ip", "netns", "exec", p.R2.NS, "/usr/sbin/charon-systemd")
	cmd.Env = c.env
	must(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait()
		if t.Failed() {
			text, _ := os.ReadFile(p.Dir + "/charon.log")
			t.Logf("charon:\n%s", text)
		}
	})
	eventually(t, "charon has loaded its connection", func() bool {
		out, _ := c.swanctl("--load-all", "--noprompt")
		return strings.Contains(out, "successfully loaded 1 connections")
	})
	return c
}

func (c *charon) swanctl(args ...string) (string, error) {
	cmd := exec.Command("swanctl", append(args, "--uri", "unix://"+c.dir+"/vici")...)
	cmd.Env = c.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c *charon) must(args ...string) string {
	c.t.Helper()
	out, err := c.swanctl(args...)
	if err != nil {
		c.t.Fatalf("swanctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// Two data planes in userspace: either side starts and rekeys under a flow, of which
// nothing is lost; obold rekeys by volume, which takes ten seconds, so that it does not
// meet charon.
func TestLibipsec(t *testing.T) {
	for _, version := range []int{1, 2} {
		t.Run(fmt.Sprintf("IKEv%d", version), func(t *testing.T) {
			p := pair(t, setup{version, "ipsec ipv4", " set security-association lifetime kilobytes 10240\n"})
			c := startCharon(t, p, version)

			if out, err := p.R1.Obol("initiate", "Tunnel1"); err != nil {
				t.Fatal(out, err)
			}
			flow, err := p.Flow("10.0.0.1", "10.0.0.2", 1)
			must(t, err)
			successors := func(n int) {
				eventually(t, "a successor", func() bool { return strings.Count(p.R1.Log(), "IPsec SAs up") > n })
			}
			for n := range 3 {
				if version == 1 {
					// Sooner it is one half of a simultaneous negotiation to obold, which gives
					// one pair up, and charon gives up its route with the pair.
					time.Sleep(2500 * time.Millisecond)
				}
				c.must("--rekey", "--child", "net")
				successors(n + 1)
			}
			successors(4) // of obold's making
			must(t, flow.End())
			passes(t, p)
			if out, err := p.R1.Obol("clear", "crypto", "session"); err != nil {
				t.Fatal(out, err)
			}
			eventually(t, "charon has no SA", func() bool { return c.must("--list-sas") == "" })

			c.must("--initiate", "--child", "net", "--timeout", "60")
			must(t, p.R1.AwaitSAs())
			passes(t, p)
			c.must("--terminate", "--ike", "net", "--timeout", "60")
			eventually(t, "R1 has no SA", func() bool { return spis(t, p.R1) == "" })
		})
	}
}

// passes pings both ways.
func passes(t *testing.T, p *routers.Pair) {
	t.Helper()
	for _, way := range []struct {
		r        *routers.Router
		from, to string
	}{{p.R1, "10.0.0.1", "10.0.0.2"}, {p.R2, "10.0.0.2", "10.0.0.1"}} {
		must(t, way.r.Ping(5, "0.1", way.from, way.to))
	}
}

var shownSPI = regexp.MustCompile(`(?m)^      spi: 0x([0-9A-F]+)`)

// spis are those of a router's SAs.
func spis(t *testing.T, r *routers.Router) string {
	t.Helper()
	out, err := r.Obol("show", "crypto", "ipsec", "sa")
	must(t, err)
	var all []string
	for _, m := range shownSPI.FindAllStringSubmatch(out, -1) {
		all = append(all, m[1])
	}
	return strings.Join(all, " ")
}

//go:build bench

package bench

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/test/script"
)

// manyMore lets as many IKE SAs be in negotiation as charon does.
const manyMore = "crypto ikev2 limit max-in-negotation-sa 9999\n"

// obold is ours. i is 1 or 2.
type obold struct {
	*crowd
	i   int
	cmd *exec.Cmd
}

func newObold(c *crowd, i int) gateway { return &obold{crowd: c, i: i} }

func (o *obold) start(begin bool) {
	o.b.Helper()
	cfg := o.write(o.i, "cfg", []byte(script.Tunnels(o.n, o.i, 3-o.i, script.IKEv2Profile)+manyMore))
	how, log := "manual", o.path(o.i, "log")
	if begin {
		how = "auto"
	}
	o.cmd = o.launch(o.i, nil, log, func() bool { return count(log, "obold: ready") > 0 },
		bin+"/obold", "-c", cfg, "--store", o.path(o.i, "store"), "--socket", o.path(o.i, "sock"), "--dataplane", "none", "--initiate", how)
}

func (o *obold) rekey() {
	o.b.Helper()
	for k := range o.n {
		code, err := control.Do(context.Background(), o.path(o.i, "sock"), control.Request{Line: fmt.Sprintf("rekey ipsec Tunnel%d wait 0", k)},
			control.Terminal{Out: io.Discard, Err: os.Stderr})
		must(o.b, err)
		if code != 0 {
			o.b.Fatalf("rekey: %d", code)
		}
	}
}

func (o *obold) up() int      { return count(o.path(o.i, "log"), "\tIPsec SAs up\t") }
func (o *obold) rekeyed() int { return o.up() - o.n }
func (o *obold) stop()        { o.end(o.cmd) }

// charon is strongSwan's.
type charon struct {
	*crowd
	i   int
	env []string
	cmd *exec.Cmd
}

func newCharon(c *crowd, i int) gateway {
	dir := c.path(i, "")
	return &charon{crowd: c, i: i, env: []string{"SWANCTL_DIR=" + dir + "/swanctl", "STRONGSWAN_CONF=" + dir + "/strongswan.conf"}}
}

// The hash table is as strongSwan advises for hundreds of IKE SAs. Nobody is asked for a
// cookie, by either daemon.
const manyConf = `charon-systemd {
  load = random nonce pem pkcs1 pubkey openssl sha1 sha2 aes hmac kdf kernel-libipsec kernel-netlink socket-default vici
  install_routes = no
  ikesa_table_size = 1024
  ikesa_table_segments = 4
  cookie_threshold = 0
  plugins { vici { socket = unix://%[1]s/vici } }
  filelog { f { path = stderr
    default = 0
    flush_line = yes } }
  journal { default = -1 }
}
swanctl { load = pem pkcs1 pubkey openssl random }
`

const manyConn = `  t%[1]d { version = 2
    local_addrs = %[2]s
    remote_addrs = %[3]s
    proposals = aes128-sha256-ecp256
    mobike = no
    encap = yes
    local { auth = psk
      id = %[2]s }
    remote { auth = psk
      id = %[3]s }
    children { net { local_ts = %[4]s/32
        remote_ts = %[5]s/32
        start_action = %[6]s
        esp_proposals = aes128-sha256 } } }
`

func (g *charon) start(begin bool) {
	g.b.Helper()
	action, own, peer := "none", g.i, 3-g.i
	if begin {
		action = "start"
	}
	var conns, secrets strings.Builder
	for k := range g.n {
		fmt.Fprintf(&conns, manyConn, k, script.Outer(k, own), script.Outer(k, peer), script.Inner(k, own), script.Inner(k, peer), action)
		fmt.Fprintf(&secrets, "  ike-%d { id = %s\n    secret = secret%d }\n", k, script.Outer(k, peer), k)
	}
	g.write(g.i, "swanctl/swanctl.conf", fmt.Appendf(nil, "connections {\n%s}\nsecrets {\n%s}\n", conns.String(), secrets.String()))
	g.write(g.i, "strongswan.conf", fmt.Appendf(nil, manyConf, g.path(g.i, "")))
	g.cmd = g.launch(g.i, g.env, g.path(g.i, "log"), func() bool { _, err := os.Stat(g.path(g.i, "vici")); return err == nil }, "/usr/sbin/charon-systemd")
	g.swanctl("--load-all", "--noprompt")
}

func (g *charon) swanctl(args ...string) {
	g.b.Helper()
	cmd := exec.Command("swanctl", append(args, "--uri", "unix://"+g.path(g.i, "vici"))...)
	cmd.Env = append(os.Environ(), g.env...)
	g.run(cmd, "")
}

// charon tells of both directions of a pair that takes another's place, and of a first
// pair at once.
func (g *charon) up() int      { return count(g.path(g.i, "log"), "] CHILD_SA net{") }
func (g *charon) rekey()       { g.swanctl("--rekey", "--child", "net") }
func (g *charon) rekeyed() int { return count(g.path(g.i, "log"), "] outbound CHILD_SA net{") }
func (g *charon) stop()        { g.end(g.cmd) }

//go:build vm

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/obol-ike/obol/test/testca"
)

// charon is strongSwan's daemon.
type charon struct {
	*lab
	env []string
}

var charonSuites = []suite{
	{"3des", "md5", "5", "esp-3des esp-md5-hmac", "5", "3des-md5-modp1536", "3des-md5-modp1536", "cbc(des3_ede)", "hmac(md5)"},
	{"aes", "sha256", "14", "esp-aes esp-sha256-hmac", "14", "aes128-sha256-modp2048", "aes128-sha256-modp2048", "cbc(aes)", "hmac(sha256)"},
	{"aes", "sha256", "19", "esp-aes esp-sha256-hmac", "19", "aes128-sha256-ecp256", "aes128-sha256-ecp256", "cbc(aes)", "hmac(sha256)"},
}

// The plugins are named, so that nothing reads /etc/strongswan.d. Routes and
// links are the lab's.
const strongswanConf = `charon-systemd {
  load = random nonce pem pkcs1 pkcs8 x509 pubkey revocation constraints openssl gmp md5 sha1 sha2 aes hmac gcm kdf kernel-netlink socket-default vici
  install_routes = no
  plugins { vici { socket = unix://%[1]s/vici } }
  filelog { f { path = %[1]s/peer.log
    default = 1
    ike = 2
    flush_line = yes } }
  journal { default = -1 }
}
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random }
`

// No lifetime of charon's own ends a test: rand_time = 0 keeps it to what is
// written.
const swanctlConf = `connections { net { version = 1
    local_addrs = 192.168.0.2
    remote_addrs = 192.168.0.1
    proposals = %s
    rekey_time = %d
    over_time = 10
    rand_time = 0
    local { auth = pubkey
      certs = r2.pem
      id = R2.cisco.com }
    remote { auth = pubkey
      cacerts = ca.pem }
    children { net { %s
        life_time = %d
        rekey_time = %d
        rand_time = 0
        esp_proposals = %s } } } }
`

var charonSelectors = map[string]string{
	vti.name: `local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
        mark_in = ` + mark + `
        mark_out = ` + mark,
	gre.name: `local_ts = 192.168.0.2/32[gre]
        remote_ts = 192.168.0.1/32[gre]`,
}

func startCharon(b *lab, s suite, l life) peer {
	b.t.Helper()
	c := newCharon(b)
	b.write("swanctl/swanctl.conf", fmt.Sprintf(swanctlConf, s.ike, l.ike, charonSelectors[b.link.name], l.hard, l.rekey, s.esp))
	b.write("swanctl/x509/r2.pem", string(testca.CertPEM(b.peer.Cert)))
	b.write("swanctl/x509ca/ca.pem", string(testca.CertPEM(b.peer.CA.Cert)))
	b.write("swanctl/private/r2.pem", string(b.peer.KeyPEM()))
	c.loadAll()
	return c
}

// newCharon starts the daemon, without any connection.
func newCharon(b *lab) *charon {
	b.t.Helper()
	c := &charon{lab: b, env: []string{"SWANCTL_DIR=" + filepath.Join(b.Dir, "swanctl"),
		"STRONGSWAN_CONF=" + b.write("strongswan.conf", fmt.Sprintf(strongswanConf, b.Dir))}}
	b.daemon(c.env, filepath.Join(b.Dir, "vici"), "/usr/sbin/charon-systemd")
	return c
}

func (c *charon) loadAll() {
	c.t.Helper()
	if out := c.swanctl("--load-all", "--noprompt"); !strings.Contains(out, "successfully loaded") {
		c.t.Fatal(out)
	}
}

func (c *charon) swanctl(args ...string) string {
	c.t.Helper()
	cmd := exec.Command("swanctl", append(args, "--uri", "unix://"+c.Dir+"/vici")...)
	cmd.Env = append(os.Environ(), c.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		c.t.Fatalf("swanctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (c *charon) initiate()     { c.swanctl("--initiate", "--child", "net", "--timeout", "20") }
func (c *charon) rekey()        { c.swanctl("--rekey", "--child", "net") }
func (c *charon) remove()       { c.swanctl("--terminate", "--ike", "net", "--timeout", "10") }
func (c *charon) knows() string { return c.swanctl("--list-sas") }

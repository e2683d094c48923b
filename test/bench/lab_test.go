//go:build bench

package bench

import (
	"crypto"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/load"
	"github.com/obol-ike/obol/test/netlab"
	"github.com/obol-ike/obol/test/testca"
)

// A lab is the initiator's namespace with one for each responder:
//
//	obol-bench-1 [192.168.1.1]──veth──[192.168.1.2] obol-bench [192.168.2.2]──veth──[192.168.2.1] obol-bench-2
type lab struct {
	b   *testing.B
	dir string
	kind
	host   *netlab.Host
	r1, r2 *testca.Identity
}

// A responder is somebody's daemon and the initiator that asks it for tunnels.
type responder struct {
	cmd       *exec.Cmd
	host      *netlab.Host
	initiator *load.Initiator
	children  bool // tells that a tunnel is to have its child SA
}

func newLab(b *testing.B, k kind) *lab {
	b.Helper()
	ca := testca.New("CA1", 0)
	if k.ecdsa {
		ca = testca.NewWith("CA1", testca.EC(9), crypto.SHA256)
	}
	enrol := func(name string, n byte) *testca.Identity {
		signer := crypto.Signer(testca.RSA(2048, int(n)))
		if k.ecdsa {
			signer = testca.EC(n)
		}
		return &testca.Identity{CA: ca, Key: signer, Cert: ca.Issue(testca.Certificate{
			Subject: testca.DN("CN=" + name + ",O=cisco").DER(), Key: signer.Public(),
			Extensions: []testca.Extension{testca.KeyUsage(testca.DigitalSignature), testca.DNSName(name + ".cisco.com")},
		})}
	}
	return &lab{b: b, dir: b.TempDir(), kind: k, host: netlab.New(b, "obol-bench"), r1: enrol("R1", 2), r2: enrol("R2", 4)}
}

// obold starts ours with a configuration.
func (l *lab) obold(config []byte, env ...string) *responder {
	l.b.Helper()
	store, socket := filepath.Join(l.dir, "store"), filepath.Join(l.dir, "obol.sock")
	if !l.psk {
		out, err := exec.Command(bin+"/obol", "--store", store, "--socket", socket, "crypto", "pki", "import", "IOSCA1", "pem",
			"--ca", l.write("ca.pem", testca.CertPEM(l.r1.CA.Cert)),
			"--cert", l.write("r1.pem", testca.CertPEM(l.r1.Cert)),
			"--key", l.write("r1.key", l.r1.KeyPEM())).CombinedOutput()
		if err != nil {
			l.b.Fatalf("%v: %s", err, out)
		}
	}
	cfg := l.write("r1.cfg", config)
	r := l.start(1, env, socket, bin+"/obold", "-c", cfg, "--store", store, "--socket", socket, "--dataplane", "none", "--initiate", "manual")
	r.children = true
	return r
}

// The plugins are Debian's, OpenSSL first.
const strongswanConf = `charon-systemd {
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey revocation constraints md5 sha1 sha2 aes hmac kdf kernel-netlink socket-default vici
  install_routes = no
  plugins { vici { socket = unix://%[1]s/vici } }
  filelog { f { path = %[1]s/charon.log
    default = 0 } }
  journal { default = -1 }
}
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random }
`

const swanctlConf = `connections { net { version = %[1]d
    local_addrs = 192.168.2.1
    proposals = %[2]s
    unique = never
    local { auth = %[3]s
      %[4]s }
    remote { auth = %[3]s
      %[5]s }
    children { net {
      local_ts = 0.0.0.0/0
      remote_ts = 0.0.0.0/0
      esp_proposals = aes128-sha256 } } } }
secrets { ike { secret = secret-of-both } }
`

// charon starts strongSwan's.
func (l *lab) charon() *responder {
	l.b.Helper()
	env := []string{"SWANCTL_DIR=" + l.dir + "/swanctl", "STRONGSWAN_CONF=" + l.write("strongswan.conf", fmt.Appendf(nil, strongswanConf, l.dir))}
	words := []any{l.version, l.charonIKE, "psk", "id = 192.168.2.1", ""}
	if !l.psk {
		words = []any{l.version, l.charonIKE, "pubkey", "certs = r1.pem\n      id = R1.cisco.com", "cacerts = ca.pem"}
		l.write("swanctl/x509/r1.pem", testca.CertPEM(l.r1.Cert))
		l.write("swanctl/x509ca/ca.pem", testca.CertPEM(l.r1.CA.Cert))
		l.write("swanctl/private/r1.pem", l.r1.KeyPEM())
	}
	l.write("swanctl/swanctl.conf", fmt.Appendf(nil, swanctlConf, words...))
	r := l.start(2, env, l.dir+"/vici", "/usr/sbin/charon-systemd")
	load := exec.Command("swanctl", "--load-all", "--noprompt", "--uri", "unix://"+l.dir+"/vici")
	load.Env = append(os.Environ(), env...)
	if out, err := load.CombinedOutput(); err != nil || !strings.Contains(string(out), "successfully loaded") {
		l.b.Fatalf("swanctl: %v: %s", err, out)
	}
	return r
}

// start makes a namespace with a daemon, waits for the socket that says it is
// ready, and makes the initiator for it.
func (l *lab) start(n int, env []string, ready string, args ...string) *responder {
	l.b.Helper()
	host, link := netlab.New(l.b, fmt.Sprintf("obol-bench-%d", n)), fmt.Sprintf("e%d", n)
	netlab.Join(l.host, link, host, "e0")
	local, remote := fmt.Sprintf("192.168.%d.2", n), fmt.Sprintf("192.168.%d.1", n)
	l.host.Addr(link, local+"/24")
	host.Addr("e0", remote+"/24")

	r := &responder{cmd: host.Command(args...)}
	r.cmd.Env = append(os.Environ(), env...)
	log, err := os.Create(filepath.Join(l.dir, host.Name+".log"))
	must(l.b, err)
	defer log.Close()
	r.cmd.Stderr = log
	must(l.b, r.cmd.Start())
	l.b.Cleanup(func() {
		r.cmd.Process.Signal(syscall.SIGTERM)
		r.cmd.Wait()
		if l.b.Failed() {
			text, _ := os.ReadFile(log.Name())
			l.b.Logf("%s:\n%s", args[0], text[max(0, len(text)-4000):])
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		if time.Now().After(end) {
			l.b.Fatalf("%s is not ready", args[0])
		}
	}

	r.initiator, r.host = l.initiator(local, remote), host
	return r
}

// initiator makes one that asks a responder from an address of the lab's host.
func (l *lab) initiator(own, peer string) *load.Initiator {
	l.b.Helper()
	cfg, errs := policy.Compile(policy.Source{Name: "r2.cfg", Text: l.config(2, own, peer)})
	if len(errs) > 0 {
		l.b.Fatal(errs)
	}
	env := ike.Env{Config: cfg, PKI: pki.NewSnapshot(nil)}
	if !l.psk {
		tp := testca.Trustpoint("IOSCA1", l.r2, 1)
		tp.Settings = cfg.Trustpoints[0]
		env.PKI = pki.NewSnapshot([]*pki.Trustpoint{tp})
	}
	here, there := netip.MustParseAddrPort(own+":500"), netip.MustParseAddrPort(peer+":500")
	var conn *net.UDPConn
	must(l.b, l.host.Do(func() (err error) {
		conn, err = net.DialUDP("udp", net.UDPAddrFromAddrPort(here), net.UDPAddrFromAddrPort(there))
		return err
	}))
	i := load.New(env, conn)
	l.b.Cleanup(func() { i.Close() })
	return i
}

// tunnels has n tunnels made and deleted, one after the other, and returns the
// responder's milliseconds of processor time for one.
func (r *responder) tunnels(b *testing.B, n int) float64 {
	b.Helper()
	before := r.cpu(b)
	for range n {
		child, err := r.initiator.Up()
		must(b, err)
		if r.children && !child {
			b.Fatal("no child SA")
		}
		must(b, r.initiator.Down())
	}
	time.Sleep(50 * time.Millisecond) // the last DELETE
	return float64(r.cpu(b)-before) / float64(time.Millisecond) / float64(n)
}

func (r *responder) cpu(b *testing.B) time.Duration {
	b.Helper()
	t, err := netlab.CPU(r.cmd.Process.Pid)
	must(b, err)
	return t
}

// write makes a file below the lab's directory and returns its path.
func (l *lab) write(name string, text []byte) string {
	l.b.Helper()
	path := filepath.Join(l.dir, name)
	must(l.b, os.MkdirAll(filepath.Dir(path), 0o700))
	must(l.b, os.WriteFile(path, text, 0o600))
	return path
}

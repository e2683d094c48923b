//go:build vm

package interop

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/obol-ike/obol/test/testca"
)

// pluto is Libreswan's daemon.
type pluto struct{ *lab }

// Debian's pluto has no elliptic curve for PFS in IKEv1.
var plutoSuites = []suite{
	{"3des", "md5", "5", "esp-3des esp-md5-hmac", "5", "3des-md5-modp1536", "3des-md5;modp1536", "cbc(des3_ede)", "hmac(md5)"},
	{"aes", "sha256", "14", "esp-aes esp-sha256-hmac", "14", "aes128-sha2_256-modp2048", "aes128-sha2_256;modp2048", "cbc(aes)", "hmac(sha256)"},
	{"aes", "sha256", "19", "esp-aes esp-sha256-hmac", "14", "aes128-sha2_256-dh19", "aes128-sha2_256;modp2048", "cbc(aes)", "hmac(sha256)"},
}

// PKCS #1 signatures are authby=rsasig; IKEv1 is refused unless it is asked for.
// The script that Libreswan runs when a tunnel comes up is the lab's business.
const ipsecConf = `version 2.0
config setup
	dnssec-enable=no
	ikev1-policy=accept
	virtual-private=
conn net
	left=192.168.0.2
	leftid=@R2.cisco.com
	leftcert=r2
	leftsendcert=always
	right=192.168.0.1
	rightid=%%fromcert
	rightca=%%same
	authby=rsasig
	ikev2=never
	ike=%s
	esp=%s
	pfs=yes
	ikelifetime=%ds
	salifetime=%ds
	rekeymargin=%ds
	rekeyfuzz=0%%
	leftsubnet=0.0.0.0/0
	rightsubnet=0.0.0.0/0
	mark=` + mark + `/0xffffffff
	leftupdown=%%disabled
	auto=ignore
`

func startPluto(b *lab, s suite, l life) peer {
	b.t.Helper()
	b.write("ipsec.conf", fmt.Sprintf(ipsecConf, s.ike, s.esp, l.ike, l.hard, l.hard-l.rekey))
	b.write("ipsec.secrets", "")
	b.write("nss/ca.pem", string(testca.CertPEM(b.peer.CA.Cert)))
	p := newPluto(b, map[string]*testca.Identity{"r2": b.peer}, "ca")
	p.addConn()
	return p
}

// newPluto starts the daemon, with certificates by nickname and CAs of which
// there is a file, and without any connection.
func newPluto(b *lab, own map[string]*testca.Identity, cas ...string) *pluto {
	b.t.Helper()
	p := &pluto{b}
	nss := filepath.Join(b.Dir, "nss")
	b.write("run/pluto.log", "")
	b.write("ipsec.d/policies/none", "")
	p.run("certutil", "-N", "-d", "sql:"+nss, "--empty-password")
	for _, ca := range cas {
		p.run("certutil", "-A", "-n", ca, "-t", "CT,,", "-d", "sql:"+nss, "-i", filepath.Join(nss, ca+".pem"))
	}
	for name, id := range own {
		b.write("nss/own.pem", string(testca.CertPEM(id.Cert)))
		b.write("nss/own.key", string(id.KeyPEM()))
		p.run("sh", "-ec", `cd $0
openssl pkcs12 -export -in own.pem -inkey own.key -name $1 -out own.p12 -passout pass:x
pk12util -i own.p12 -d sql:. -W x`, nss, name)
	}
	run := filepath.Join(b.Dir, "run")
	b.daemon(nil, filepath.Join(run, "pluto.ctl"), "/usr/libexec/ipsec/pluto", "--nofork", "--config", filepath.Join(b.Dir, "ipsec.conf"),
		"--nssdir", nss, "--rundir", run, "--secretsfile", filepath.Join(b.Dir, "ipsec.secrets"), "--ipsecdir", filepath.Join(b.Dir, "ipsec.d"),
		"--logfile", filepath.Join(b.Dir, "peer.log"))
	p.whack("--listen")
	return p
}

// addConn adds the connection of ipsec.conf.
func (p *pluto) addConn() {
	p.t.Helper()
	p.run("/usr/libexec/ipsec/addconn", "--config", filepath.Join(p.Dir, "ipsec.conf"), "--ctlsocket", filepath.Join(p.Dir, "run", "pluto.ctl"), "net")
}

func (p *pluto) run(args ...string) string {
	p.t.Helper()
	out, err := exec.Command(args[0], args[1:]...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (p *pluto) whack(args ...string) string {
	p.t.Helper()
	return p.run(append([]string{"/usr/libexec/ipsec/whack", "--rundir", filepath.Join(p.Dir, "run")}, args...)...)
}

func (p *pluto) initiate() { p.whack("--initiate", "--name", "net") }

// rekey begins another quick mode: --rekey-ipsec answers "cannot force rekey of
// IKEv1 connection".
func (p *pluto) rekey()        { p.initiate() }
func (p *pluto) remove()       { p.whack("--terminate", "--name", "net") }
func (p *pluto) knows() string { return p.whack("--showstates") }

//go:build vm

package interop

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/testca"
)

// terms are what a case says beyond what all have in common.
type terms struct {
	global, policy, profile string // lines of R1
	charon                  string // of the connection
	charonEnds              string // local { ... } and remote { ... }
	charonSecrets           string
	pluto                   string // of the connection
	plutoSecrets            string
}

// certified are both ends with certificates of intermediate CAs.
func certified(r1, charon, pluto string) terms {
	return terms{
		global: "crypto isakmp identity dn\n" + r1, profile: " ca trust-point IOSCA1\n match identity host R2.cisco.com\n",
		charon: charon, charonEnds: "local { auth = pubkey\n certs = r2.pem\n id = R2.cisco.com }\n remote { auth = pubkey\n cacerts = root.pem }\n",
		pluto: "\tleftid=@R2.cisco.com\n\tleftcert=r2\n\tleftsendcert=always\n\trightid=%fromcert\n\tauthby=rsasig\n" + pluto,
	}
}

const chainConfig = `!obol serial-number 100
hostname R1
ip domain name cisco.com
!
crypto pki trustpoint IOSCA1
 revocation-check none
!
crypto pki trustpoint SUB2
 revocation-check none
 chain-validation continue IOSCA1
!
%s!
crypto isakmp policy 10
 encryption aes
 hash sha256
 group 14
%s!
crypto isakmp profile prof1
%s!
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
 mode tunnel
!
crypto ipsec profile prof1
 set transform-set TS
 set pfs group14
 set isakmp-profile prof1
!
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source Ethernet0/0
 tunnel destination 192.168.0.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
!
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
`

const chainSwanctl = `connections { net { version = 1
    local_addrs = 192.168.0.2
    remote_addrs = 192.168.0.1
    proposals = aes128-sha256-modp2048
    %s
    %s
    children { net { local_ts = 0.0.0.0/0
        remote_ts = 0.0.0.0/0
        mark_in = ` + mark + `
        mark_out = ` + mark + `
        esp_proposals = aes128-sha256-modp2048 } } } }
secrets { %s }
`

const chainIPsecConf = `version 2.0
config setup
	dnssec-enable=no
	ikev1-policy=accept
	virtual-private=
conn net
	left=192.168.0.2
	right=192.168.0.1
	ikev2=never
	ike=aes128-sha2_256-modp2048
	esp=aes128-sha2_256;modp2048
	pfs=yes
	leftsubnet=0.0.0.0/0
	rightsubnet=0.0.0.0/0
	mark=` + mark + `/0xffffffff
	leftupdown=%%disabled
	auto=ignore
%s`

// chainSuite is what all of them use.
var chainSuite = suite{kernelEncr: "cbc(aes)", kernelInteg: "hmac(sha256)"}

// hierarchy is one root, with a CA below it for each end.
type hierarchy struct {
	root, subR1, subR2 *testca.CA
}

// newChainLab starts R1, whose certificate is of a CA below the root.
func newChainLab(t *testing.T, x terms) (*lab, hierarchy) {
	t.Helper()
	p, err := routers.New(root+"/bin", "", "")
	must(t, err)
	b := &lab{Pair: p, t: t, link: vti}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s", p.R1.Log())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	h := hierarchy{root: testca.New("CA1", 0)}
	h.subR1, h.subR2 = h.root.Sub("SUB1", 1), h.root.Sub("SUB2", 3)
	r1 := h.subR1.Enroll("R1", p.R1.Address, p.R1.Serial, 2)
	key := testca.RSA(2048, 4)
	b.peer = &testca.Identity{CA: h.subR2, Key: key, Cert: h.subR2.Issue(testca.Certificate{
		Subject: testca.DN("CN=R2,OU=IT,O=cisco,O=com").DER(), Key: key.Public(),
		Extensions: []testca.Extension{testca.KeyUsage(testca.DigitalSignature), testca.DNSName("R2.cisco.com")},
	})}
	p.R1.Config = b.write("r1.cfg", fmt.Sprintf(chainConfig, x.global, x.policy, x.profile))
	out, err := p.R1.Obol("crypto", "pki", "import", "IOSCA1", "pem",
		"--ca", b.pem("ca.pem", h.root.Cert), "--cert", b.pem("r1.pem", r1.Cert, h.subR1.Cert), "--key", b.write("r1.key", string(r1.KeyPEM())))
	if err != nil {
		t.Fatal(out, err)
	}
	if strings.Contains(x.profile, "SUB2") {
		if out, err := p.R1.Obol("crypto", "pki", "import", "SUB2", "pem", "--ca", b.pem("sub2.pem", h.subR2.Cert)); err != nil {
			t.Fatal(out, err)
		}
	}
	b.r2(append([]string{"ip", "link", "add", "tun1"}, vti.make...)...)
	b.r2("ip", "address", "add", "10.0.0.2/24", "dev", "tun1")
	b.r2("ip", "link", "set", "tun1", "mtu", "1400", "up")
	b.startR1()
	return b, h
}

func (b *lab) pem(name string, certs ...*pki.Certificate) string {
	b.t.Helper()
	return b.write(name, string(testca.CertPEM(certs...)))
}

func chainCharon(b *lab, h hierarchy, x terms) peer {
	b.t.Helper()
	conf := strings.Replace(fmt.Sprintf(strongswanConf, b.Dir), "install_routes = no", "install_routes = no\n  i_dont_care_about_security_and_use_aggressive_mode_psk = yes", 1)
	c := &charon{lab: b, env: []string{"SWANCTL_DIR=" + filepath.Join(b.Dir, "swanctl"), "STRONGSWAN_CONF=" + b.write("strongswan.conf", conf)}}
	b.write("swanctl/swanctl.conf", fmt.Sprintf(chainSwanctl, x.charon, x.charonEnds, x.charonSecrets))
	b.pem("swanctl/x509/r2.pem", b.peer.Cert)
	b.pem("swanctl/x509ca/root.pem", h.root.Cert)
	b.pem("swanctl/x509ca/sub2.pem", h.subR2.Cert)
	b.write("swanctl/private/r2.pem", string(b.peer.KeyPEM()))
	b.daemon(c.env, filepath.Join(b.Dir, "vici"), "/usr/sbin/charon-systemd")
	if out := c.swanctl("--load-all", "--noprompt"); !strings.Contains(out, "successfully loaded") {
		b.t.Fatal(out)
	}
	return c
}

func chainPluto(b *lab, h hierarchy, x terms) peer {
	b.t.Helper()
	p := &pluto{b}
	nss := filepath.Join(b.Dir, "nss")
	conf := b.write("ipsec.conf", fmt.Sprintf(chainIPsecConf, x.pluto))
	secrets := b.write("ipsec.secrets", x.plutoSecrets)
	b.pem("nss/r2.pem", b.peer.Cert)
	b.write("nss/r2.key", string(b.peer.KeyPEM()))
	b.pem("nss/root.pem", h.root.Cert)
	b.pem("nss/sub2.pem", h.subR2.Cert)
	b.write("run/pluto.log", "")
	b.write("ipsec.d/policies/none", "")
	p.run("sh", "-ec", `cd $0
certutil -N -d sql:. --empty-password
certutil -A -n root -t CT,, -d sql:. -i root.pem
certutil -A -n sub2 -t ,, -d sql:. -i sub2.pem
openssl pkcs12 -export -in r2.pem -inkey r2.key -name r2 -out r2.p12 -passout pass:x
pk12util -i r2.p12 -d sql:. -W x`, nss)
	run := filepath.Join(b.Dir, "run")
	b.daemon(nil, filepath.Join(run, "pluto.ctl"), "/usr/libexec/ipsec/pluto", "--nofork", "--config", conf,
		"--nssdir", nss, "--rundir", run, "--secretsfile", secrets, "--ipsecdir", filepath.Join(b.Dir, "ipsec.d"),
		"--logfile", filepath.Join(b.Dir, "peer.log"))
	p.whack("--listen")
	if x.plutoSecrets != "" {
		p.whack("--rereadsecrets")
	}
	if out, err := exec.Command("/usr/libexec/ipsec/addconn", "--config", conf, "--ctlsocket", filepath.Join(run, "pluto.ctl"), "net").CombinedOutput(); err != nil {
		b.t.Fatalf("addconn: %v\n%s", err, out)
	}
	return p
}

// others are the daemons of these cases.
var others = []struct {
	name  string
	start func(*lab, hierarchy, terms) peer
}{{"charon", chainCharon}, {"pluto", chainPluto}}

// turns lets both ends start in turn. check sees what crossed the wire.
func (b *lab) turns(t *testing.T, p peer, check func(t *testing.T, packets []routers.Packet)) {
	for _, first := range []string{"obold starts", "the peer starts"} {
		t.Run(first, func(t *testing.T) {
			b.t = t
			c, err := b.R1.Capture(nil)
			must(t, err)
			if first == "obold starts" {
				b.initiate()
			} else {
				p.initiate()
			}
			b.passes(chainSuite)
			check(t, c.Close())
			if first == "obold starts" {
				out, err := b.R1.Obol("clear", "crypto", "session")
				if err != nil {
					t.Fatal(out, err)
				}
			} else {
				p.remove() // pluto would begin again what R1 ends
			}
			b.gone(p)
		})
	}
}

// Each end's certificate is of a CA of its own below a root that both trust: the
// intermediate certificates go along, as CERT payloads.
func TestChain(t *testing.T) {
	for _, d := range others {
		t.Run(d.name, func(t *testing.T) {
			x := certified("", "fragmentation = no", "\tfragmentation=no\n\tsendca=issuer\n")
			b, h := newChainLab(t, x)
			p := d.start(b, h, x)
			b.turns(t, p, func(t *testing.T, packets []routers.Packet) {
				for _, packet := range packets {
					if packet.ISAKMP() && packet.Payload[16] == 132 {
						t.Error("a fragment that nobody asked for")
					}
				}
			})
		})
	}
}

//go:build vm

package interop

import (
	"crypto"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/testca"
)

// A suiteV2 is what both ends of an IKEv2 tunnel are told to use. The first words
// are IOS's.
type suiteV2 struct {
	name                string
	proposal            string // lines of crypto ikev2 proposal
	transforms          string
	pfs                 string // "" or a group
	charonIKE, plutoIKE string
	charonESP, plutoESP string
	kernel              suite
}

var suitesV2 = []suiteV2{
	{"AES-CBC-128 SHA-256 group 14", " encryption aes-cbc-128\n integrity sha256\n group 14\n", "esp-aes esp-sha256-hmac", "14",
		"aes128-sha256-modp2048", "aes128-sha2_256-modp2048", "aes128-sha256-modp2048", "aes128-sha2_256;modp2048",
		suite{kernelEncr: "cbc(aes)", kernelInteg: "hmac(sha256)"}},
	{"AES-CBC-256 SHA-512 group 19", " encryption aes-cbc-256\n integrity sha512\n group 19\n", "esp-aes 256 esp-sha512-hmac", "19",
		"aes256-sha512-ecp256", "aes256-sha2_512;dh19", "aes256-sha512-ecp256", "aes256-sha2_512;dh19",
		suite{kernelEncr: "cbc(aes)", kernelInteg: "hmac(sha512)"}},
	{"AES-GCM-256 SHA-384 group 31", " encryption aes-gcm-256\n prf sha384\n group 31\n", "esp-gcm 256", "31",
		"aes256gcm16-prfsha384-x25519", "aes_gcm256-sha2_384-dh31", "aes256gcm16-x25519", "aes_gcm256;dh31",
		suite{kernelEncr: "rfc4106(gcm(aes))", kernelInteg: "aead"}},
	{"AES-GCM-128 SHA-256 group 19", " encryption aes-gcm-128\n prf sha256\n group 19\n", "esp-gcm", "",
		"aes128gcm16-prfsha256-ecp256", "aes_gcm128-sha2_256-dh19", "aes128gcm16", "aes_gcm128-null",
		suite{kernelEncr: "rfc4106(gcm(aes))", kernelInteg: "aead"}},
}

// A caseV2 is what one test says of both ends.
type caseV2 struct {
	suite      suiteV2
	auth       string // IOS's word: pre-share, rsa-sig, ecdsa-sig
	trust      string // lines of crypto ikev2 profile; "": the trustpoint of auth
	global     string
	profile    string   // more lines of crypto ikev2 profile
	protection string   // more lines of crypto ipsec profile
	ask        []string // the CAs that charon asks for, in this order; nil: that of auth
	charon     string   // more lines of its connection
	pluto      string
}

const r1ConfigV2 = `!obol serial-number 100
hostname R1
ip domain name cisco.com
!
crypto pki trustpoint IOSCA1
 revocation-check none
crypto pki trustpoint IOSCA2
 revocation-check none
crypto pki trustpoint IOSECA
 revocation-check none
!
crypto ikev2 proposal P
%scrypto ikev2 policy P
 proposal P
!
crypto ikev2 keyring KR
 peer R2
  address 192.168.0.2
  pre-shared-key cisco
!
%scrypto ikev2 profile prof1
 match identity remote fqdn R2.cisco.com
 match identity remote address 192.168.0.2 255.255.255.255
 identity local %s
 authentication remote %[4]s
 authentication local %[4]s
 keyring local KR
%s!
crypto ipsec transform-set TS %s
 mode tunnel
!
crypto ipsec profile prof1
 set transform-set TS
%s set ikev2-profile prof1
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

// r1 is the configuration of R1.
func (c caseV2) r1() string {
	identity, trust, protection := "dn", c.trust, c.protection
	if c.auth == "pre-share" {
		identity = "address 192.168.0.1"
	} else if trust == "" {
		trust = " pki trustpoint IOS" + authorityOf[c.auth] + "\n"
	}
	if c.suite.pfs != "" {
		protection += " set pfs group" + c.suite.pfs + "\n"
	}
	return fmt.Sprintf(r1ConfigV2, c.suite.proposal, c.global, identity, c.auth, trust+c.profile, c.suite.transforms, protection)
}

// authorityOf names the CA of each authentication with signatures.
var authorityOf = map[string]string{"rsa-sig": "CA1", "ecdsa-sig": "ECA"}

// A labV2 is a lab in which both ends have a certificate of each of three CAs, the
// third with ECDSA, and a pre-shared key. The peer's daemon runs through all cases.
type labV2 struct {
	*lab
	cas   map[string]*testca.CA
	certs map[string]*testca.Identity // the peer's, of R2.cisco.com, by CA
	peer  peerV2
}

// A peerV2 is a daemon that takes a connection in place of the one it had.
type peerV2 interface {
	peer
	load(caseV2)
	rekeyIKE()        // begins an IKE SA in place of the one that stands
	ikeSAs() []string // the names of those that stand
	attempt()         // begins, and does not wait for an end
}

var daemonsV2 = []struct {
	name  string
	start func(*labV2) peerV2
}{{"charon", charonForV2}, {"pluto", plutoForV2}}

// newLabV2 makes the namespaces, lets place change the wire, enrols R1 and makes
// the peer's end of the tunnel in its kernel.
func newLabV2(t *testing.T, place func(*lab)) *labV2 {
	t.Helper()
	p, err := routers.New(root+"/bin", "", "")
	must(t, err)
	b := &labV2{lab: &lab{Pair: p, t: t, link: vti}, certs: map[string]*testca.Identity{}}
	t.Cleanup(func() {
		b.t = t
		if t.Failed() {
			t.Logf("R1: %s", p.R1.Log())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	place(b.lab)
	b.cas = map[string]*testca.CA{"CA1": testca.New("CA1", 0), "CA2": testca.New("CA2", 1), "ECA": testca.NewWith("ECA", testca.EC(9), crypto.SHA256)}
	for i, name := range []string{"CA1", "CA2", "ECA"} {
		ca := b.cas[name]
		ours, theirs := crypto.Signer(testca.RSA(2048, 3+i)), crypto.Signer(testca.RSA(2048, 5+i))
		if name == "ECA" {
			ours, theirs = testca.EC(1), testca.EC(2)
		}
		own := ca.EnrollWith(testca.RouterName("R1", p.R1.Address, p.R1.Serial), ours)
		b.write("cas/"+name+".pem", string(testca.CertPEM(ca.Cert)))
		out, err := p.R1.Obol("crypto", "pki", "import", "IOS"+name, "pem",
			"--ca", b.Dir+"/cas/"+name+".pem",
			"--cert", b.write("r1-"+name+".pem", string(testca.CertPEM(own.Cert))),
			"--key", b.write("r1-"+name+".key", string(own.KeyPEM())))
		if err != nil {
			t.Fatal(out, err)
		}
		// One subject each: NSS gives certificates of one subject one nickname. They
		// are long enough for IKE_AUTH not to fit a packet of 1280 octets.
		b.certs[name] = &testca.Identity{CA: ca, Key: theirs, Cert: ca.Issue(testca.Certificate{
			Subject: testca.DN("CN=R2,OU=" + name + ",OU=" + strings.Repeat("department", 6) + ",O=cisco,O=com").DER(), Key: theirs.Public(),
			Extensions: []testca.Extension{testca.KeyUsage(testca.DigitalSignature), testca.DNSName("R2.cisco.com")},
		})}
	}
	b.r2(append([]string{"ip", "link", "add", "tun1"}, b.link.make...)...)
	b.r2("ip", "address", "add", "10.0.0.2/24", "dev", "tun1")
	b.r2("ip", "link", "set", "tun1", "mtu", "1380", "up")
	return b
}

// begin starts a case: both ends are configured anew, and nothing of the last case
// is left. R1 begins nothing unless it is told to.
func (b *labV2) begin(t *testing.T, c caseV2) {
	t.Helper()
	b.t = t
	must(t, b.R1.Stop())
	b.R1.Config = b.write("r1.cfg", c.r1())
	log, peerLog := len(b.R1.Log()), len(b.peerLog())
	b.startR1()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s\nR2: %s", b.R1.Log()[log:], b.peerLog()[peerLog:])
		}
	})
	b.peer.load(c)
}

func (b *labV2) peerLog() string {
	text, _ := os.ReadFile(b.Dir + "/peer.log") // none before it runs
	return string(text)
}

// clear ends the tunnel from R1, and gone waits until nothing is left of it.
func (b *labV2) clear() {
	b.t.Helper()
	if out, err := b.R1.Obol("clear", "crypto", "session"); err != nil {
		b.t.Fatal(out, err)
	}
	b.gone()
}

func (b *labV2) gone() {
	b.t.Helper()
	b.left(b.peer)
	out, err := b.R1.Obol("show", "crypto", "session")
	must(b.t, err)
	if strings.Contains(out, "UP-") {
		b.t.Errorf("R1 still has\n%s", out)
	}
}

// agree waits until both kernels hold the same pair of SAs and no other, and the
// peer one IKE SA.
func (b *labV2) agree() {
	b.t.Helper()
	eventually(b.t, 30*time.Second, "both ends hold the same pair of SAs, and the peer one IKE SA", func() bool {
		ours := b.spis(b.R1)
		return len(ours) == 2 && maps.Equal(ours, b.spis(b.R2)) && len(b.peer.ikeSAs()) == 1
	})
}

// names are the first group of each match.
func names(re *regexp.Regexp, text string) (all []string) {
	for _, m := range re.FindAllStringSubmatch(text, -1) {
		all = append(all, strings.TrimSpace(m[1]))
	}
	return all
}

//go:build vm

package interop

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/testca"
)

// A stand is a lab for many cases: the peer's daemon runs through all of them,
// and each case configures both ends anew. Both have a certificate of each of
// two CAs, and a pre-shared key.
type stand struct {
	*lab
	cas   [3]*testca.CA       // the third is the peer's alone
	certs [2]*testca.Identity // the peer's, of R2.cisco.com
}

// A loader is a peer that takes a connection in place of the one it had.
type loader interface {
	peer
	load(conn)
	attempt() // begins, and does not wait for an end
	forget()  // ends whatever came of an attempt
}

// A conn is what the peer is told of its one connection.
type conn struct {
	ike, esp  string   // in the peer's words
	ah        bool     // esp says what AH is to do
	ca        int      // whose certificate it shows, where that can be said; 0: the pre-shared key
	ask       []string // the CAs that the other's certificate may be of, in this order; nil: any (charon)
	transport bool
	life      life
}

// r1 is what a case says of R1.
type r1 struct {
	identity   string // of crypto isakmp identity
	policies   string // blocks of crypto isakmp policy
	trust      string // lines of crypto isakmp profile
	sets       string // blocks of crypto ipsec transform-set
	protection string // lines of crypto ipsec profile
}

const r1Config = `!obol serial-number 100
hostname R1
ip domain name cisco.com
!
crypto pki trustpoint IOSCA1
 revocation-check none
crypto pki trustpoint IOSCA2
 revocation-check none
!
crypto isakmp identity %s
%scrypto isakmp key cisco address 192.168.0.2
!
crypto isakmp profile prof1
%s match identity host R2.cisco.com
 match identity address 192.168.0.2
!
%s!
crypto ipsec profile prof1
%s set isakmp-profile prof1
!
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source Ethernet0/0
 tunnel destination 192.168.0.2
%s tunnel protection ipsec profile prof1
!
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
`

// newStand makes the namespaces and enrols R1, with CA1 first and CA2 last.
func newStand(t *testing.T) *stand {
	t.Helper()
	p, err := routers.New(root+"/bin", "", "")
	must(t, err)
	b := &stand{lab: &lab{Pair: p, t: t}}
	t.Cleanup(func() {
		b.t = t
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	for i := range b.cas {
		b.cas[i] = testca.New(fmt.Sprintf("CA%d", i+1), i)
	}
	for i, ca := range b.cas[:2] {
		name := fmt.Sprintf("CA%d", i+1)
		own := ca.Enroll("R1", p.R1.Address, p.R1.Serial, 3+i)
		out, err := p.R1.Obol("crypto", "pki", "import", "IOS"+name, "pem",
			"--ca", b.write(name+".pem", string(testca.CertPEM(ca.Cert))),
			"--cert", b.write("r1-"+name+".pem", string(testca.CertPEM(own.Cert))),
			"--key", b.write("r1-"+name+".key", string(own.KeyPEM())))
		if err != nil {
			t.Fatal(out, err)
		}
		// One subject each: NSS gives certificates of one subject one nickname.
		key := testca.RSA(2048, 5+i)
		b.certs[i] = &testca.Identity{CA: ca, Key: key, Cert: ca.Issue(testca.Certificate{
			Subject: testca.DN("CN=R2,OU=" + name + ",O=cisco,O=com").DER(), Key: key.Public(),
			Extensions: []testca.Extension{testca.KeyUsage(testca.DigitalSignature), testca.DNSName("R2.cisco.com")},
		})}
	}
	return b
}

// over makes the peer's end of the tunnel anew when it is of another kind.
func (b *stand) over(l link) {
	b.t.Helper()
	if b.link.name == l.name {
		return
	}
	if b.link.name != "" {
		b.r2("ip", "link", "delete", "tun1")
	}
	b.link = l
	b.r2(append([]string{"ip", "link", "add", "tun1"}, l.make...)...)
	// What IPv6 says by itself on a new link would have the peer negotiate once R1 is gone.
	b.r2("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/tun1/disable_ipv6")
	b.r2("ip", "address", "add", "10.0.0.2/24", "dev", "tun1")
	b.r2("ip", "link", "set", "tun1", "mtu", "1380", "up")
}

// begin starts a case: R1 runs with a new configuration, and nothing of the last
// case is left.
func (b *stand) begin(t *testing.T, c r1) {
	t.Helper()
	b.t = t
	must(t, b.R1.Stop())
	b.R1.Config = b.write("r1.cfg", fmt.Sprintf(r1Config, c.identity, c.policies, c.trust, c.sets, c.protection, b.link.mode))
	log := len(b.R1.Log())
	peerLog := b.peerLog()
	b.startR1()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s\nR2: %s", b.R1.Log()[log:], b.peerLog()[len(peerLog):])
		}
	})
}

// peerLog is what the peer has written so far.
func (b *stand) peerLog() string {
	text, _ := os.ReadFile(b.Dir + "/peer.log") // none before it runs
	return string(text)
}

// A table is what a test prints of its cases when they have run.
type table struct{ rows []string }

func (a *table) add(ok bool, format string, args ...any) {
	verdict := "up"
	if !ok {
		verdict = "FAILED"
	}
	a.rows = append(a.rows, fmt.Sprintf(format, args...)+"  "+verdict)
}

func (a *table) print(t *testing.T) { t.Log("\n" + strings.Join(a.rows, "\n")) }

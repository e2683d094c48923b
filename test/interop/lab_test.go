//go:build vm

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/testca"
)

const root = "../.."

// A lab is obold as R1 and room for somebody else's daemon in R2's namespace.
type lab struct {
	*routers.Pair
	t       *testing.T
	link    link
	process *os.Process                    // the peer's daemon
	peer    *testca.Identity               // its certificate is of R2.cisco.com
	rename  func(file, text string) string // what write does to a text, nil: nothing
	plane   string                         // R1's --dataplane, "": as it finds
}

// A link is how the two ends carry traffic: what R1's tunnel says and what the
// peer's kernel is given.
type link struct {
	name string
	mode string // a line of R1's interface
	make []string
}

var (
	vti = link{name: "VTI", mode: " tunnel mode ipsec ipv4\n",
		make: []string{"type", "vti", "local", "192.168.0.2", "remote", "192.168.0.1", "key", mark}}
	gre = link{name: "GRE", mode: " tunnel mode gre ip\n",
		make: []string{"type", "gre", "local", "192.168.0.2", "remote", "192.168.0.1", "ttl", "255"}}
)

// mark is what the peer tells its VTI's packets by.
const mark = "42"

const config = `!obol serial-number 100
hostname R1
ip domain name cisco.com
!
crypto pki trustpoint IOSCA1
 revocation-check none
!
crypto isakmp identity dn
crypto isakmp policy 10
 encryption %s
 hash %s
 group %s
!
crypto isakmp profile prof1
 ca trust-point IOSCA1
 match identity host R2.cisco.com
!
crypto ipsec transform-set TS %s
 mode tunnel
!
crypto ipsec profile prof1
 set transform-set TS
 set pfs group%s
 set isakmp-profile prof1
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

// newLab starts R1 and makes the peer's end of the tunnel in its kernel. R1's
// certificate is as IOS makes them, with the names in the subject; R2's has the
// alternative name that others look for. R1's configuration may say more.
func newLab(t *testing.T, s suite, l link, more ...string) *lab {
	t.Helper()
	return newLabBehind(t, s, l, func(*lab) {}, more...)
}

// newLabBehind lets place change the wire before anything runs on it.
func newLabBehind(t *testing.T, s suite, l link, place func(*lab), more ...string) *lab {
	t.Helper()
	p, err := routers.New(root+"/bin", "", "")
	must(t, err)
	b := &lab{Pair: p, t: t, link: l}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s", p.R1.Log())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	place(b)
	ca := testca.New("CA1", 0)
	r1 := ca.Enroll("R1", p.R1.Address, p.R1.Serial, 2)
	key := testca.RSA(2048, 4)
	b.peer = &testca.Identity{CA: ca, Key: key, Cert: ca.Issue(testca.Certificate{
		Subject: testca.DN("CN=R2,OU=IT,O=cisco,O=com").DER(), Key: key.Public(),
		Extensions: []testca.Extension{testca.KeyUsage(testca.DigitalSignature), testca.DNSName("R2.cisco.com")},
	})}
	p.R1.Config = b.write("r1.cfg", fmt.Sprintf(config, s.encryption, s.hash, s.group, s.transforms, s.pfs, l.mode)+strings.Join(more, ""))
	out, err := p.R1.Obol("crypto", "pki", "import", "IOSCA1", "pem",
		"--ca", b.write("ca.pem", string(testca.CertPEM(ca.Cert))),
		"--cert", b.write("r1.pem", string(testca.CertPEM(r1.Cert))),
		"--key", b.write("r1.key", string(r1.KeyPEM())))
	if err != nil {
		t.Fatal(out, err)
	}
	b.r2(append([]string{"ip", "link", "add", "tun1"}, b.link.make...)...)
	b.r2("ip", "address", "add", "10.0.0.2/24", "dev", "tun1")
	b.r2("ip", "link", "set", "tun1", "mtu", "1400", "up")
	b.startR1()
	return b
}

// startR1 runs obold, which begins nothing unless it is told to.
func (b *lab) startR1() {
	b.t.Helper()
	flags := []string{"--initiate", "manual"}
	if b.plane != "" {
		flags = append(flags, "--dataplane", b.plane)
	}
	must(b.t, b.R1.Start(flags...))
}

// write makes a file below the lab's directory and returns its path.
func (b *lab) write(name, text string) string {
	b.t.Helper()
	if b.rename != nil {
		text = b.rename(name, text)
	}
	path := filepath.Join(b.Dir, name)
	must(b.t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(b.t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// r2 runs a command in the peer's namespace that must succeed.
func (b *lab) r2(args ...string) string {
	b.t.Helper()
	out, err := b.R2.Run(args...)
	must(b.t, err)
	return out
}

// daemon runs the peer until the test ends, shows its log if the test failed,
// and waits for the socket that says it is ready.
func (b *lab) daemon(env []string, socket string, args ...string) {
	b.t.Helper()
	logFile := filepath.Join(b.Dir, "peer.log")
	cmd := exec.Command("ip", append([]string{"netns", "exec", b.R2.NS}, args...)...)
	cmd.Env = append(os.Environ(), env...)
	must(b.t, cmd.Start())
	b.process = cmd.Process
	exited := make(chan struct{})
	go func() { cmd.Wait(); close(exited) }()
	b.t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGCONT)
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-exited:
		case <-time.After(5 * time.Second):
			cmd.Process.Kill()
			<-exited
		}
		if b.t.Failed() {
			text, _ := os.ReadFile(logFile)
			b.t.Logf("%s:\n%s", args[0], text)
		}
	})
	eventually(b.t, 15*time.Second, args[0]+" is ready", func() bool {
		_, err := os.Stat(socket)
		return err == nil
	})
}

var (
	spi      = regexp.MustCompile(`proto (?:esp|ah) spi 0x([0-9a-f]{8})`)
	shownSPI = regexp.MustCompile(`(?m)^      spi: 0x([0-9A-F]+)`)
)

// spis are those of the ESP and AH SAs in a router's kernel, without the larval one
// that waits for an answer to an acquire; where obold is the data plane, those that
// it shows.
func (b *lab) spis(r *routers.Router) map[string]bool {
	b.t.Helper()
	all := map[string]bool{}
	if r == b.R1 && b.plane == "userspace" {
		out, err := r.Obol("show", "crypto", "ipsec", "sa")
		must(b.t, err)
		for _, m := range shownSPI.FindAllStringSubmatch(out, -1) {
			all[fmt.Sprintf("%08s", strings.ToLower(m[1]))] = true
		}
		return all
	}
	out, err := r.Run("ip", "xfrm", "state")
	must(b.t, err)
	for _, m := range spi.FindAllStringSubmatch(out, -1) {
		all[m[1]] = true
	}
	delete(all, "00000000")
	return all
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until ok, at most d.
func eventually(t *testing.T, d time.Duration, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(d); !ok(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after %v: %s", d, what)
		}
	}
}

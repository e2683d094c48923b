//go:build netns

package netns

import (
	"crypto/sha1"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/test/routers"
	"github.com/obol-ike/obol/test/testca"
)

const byURL = `hostname R1
ip domain name cisco.com
crypto pki trustpoint TP1
 revocation-check none
crypto pki trustpoint TP2
 revocation-check none
crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group 14
crypto ikev2 policy P
 proposal P
crypto ikev2 profile prof1
 match identity remote fqdn R2.cisco.com
 identity local dn
 authentication remote rsa-sig
 authentication local rsa-sig
 pki trustpoint TP1
 pki trustpoint TP2
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile IPSEC
 set transform-set TS
 set ikev2-profile prof1
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source Ethernet0/0
 tunnel destination 192.168.0.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile IPSEC
`

// No connection takes the place of another, and the ESP of the plugin kernel-libipsec
// needs none in the kernel.
const charonConf = `charon-systemd {
  load = random nonce openssl sha1 sha2 hmac kdf aes pem pkcs1 pkcs8 x509 pubkey kernel-libipsec kernel-netlink socket-default vici
  hash_and_url = yes
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
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random }
`

// charonConn is a connection with the certificate and the name of a trustpoint.
const charonConn = `%[1]s { version = 2
    local_addrs = 192.168.0.2
    remote_addrs = 192.168.0.1
    proposals = aes128-sha256-modp2048
    encap = yes
    mobike = no
    unique = never
    local { auth = pubkey
      certs = %[1]s.pem
      id = R2.cisco.com }
    remote { auth = pubkey }
    children { %[1]s {
      local_ts = 0.0.0.0/0
      remote_ts = 0.0.0.0/0
      esp_proposals = aes128-sha256 } } }
`

const byURLConf = `connections { %s%s }
authorities { TP1 { cacert = TP1.pem
    cert_uri_base = http://192.168.0.2/ } }
`

// strongSwan's charon shows its certificate of TP1 by hash and URL, that of TP2 as it
// is. obold fetches what it is shown, over the sockets; a server that lies or says
// nothing fails its own exchange alone.
func TestCertificateByURL(t *testing.T) {
	p := stand(t, "", "")
	t.Cleanup(func() {
		if t.Failed() {
			text, _ := os.ReadFile(p.Dir + "/charon.log")
			t.Logf("charon: %s", text)
		}
	})
	file := func(name, text string) string {
		path := filepath.Join(p.Dir, name)
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}

	p.R1.Config = file("r1.cfg", byURL)
	own := map[string]*testca.Identity{}
	for i, name := range []string{"TP1", "TP2"} {
		ca := testca.New(fmt.Sprintf("CA%d", i+1), i)
		must(t, p.R1.Import(name, ca.Enroll("R1", "192.168.0.1", "100", 2+i)))
		key := testca.RSA(2048, 4+i)
		own[name] = &testca.Identity{CA: ca, Key: key, Cert: ca.Issue(testca.Certificate{
			Subject: testca.DN("CN=R2,O=cisco,O=com").DER(), Key: key.Public(),
			Extensions: []testca.Extension{testca.KeyUsage(testca.DigitalSignature), testca.DNSName("R2.cisco.com")},
		})}
		file("swanctl/x509ca/"+name+".pem", string(testca.CertPEM(ca.Cert)))
		file("swanctl/x509/"+name+".pem", string(testca.CertPEM(own[name].Cert)))
		file("swanctl/private/"+name+".pem", string(own[name].KeyPEM()))
	}
	file("swanctl/swanctl.conf", fmt.Sprintf(byURLConf, fmt.Sprintf(charonConn, "TP1"), fmt.Sprintf(charonConn, "TP2")))
	startOne(t, p.R1)

	env := append(os.Environ(), "SWANCTL_DIR="+p.Dir+"/swanctl", "STRONGSWAN_CONF="+file("strongswan.conf", fmt.Sprintf(charonConf, p.Dir)))
	charon := exec.Command("ip", "netns", "exec", p.R2.NS, "/usr/sbin/charon-systemd")
	charon.Env = env
	must(t, charon.Start())
	t.Cleanup(func() {
		charon.Process.Signal(syscall.SIGTERM)
		charon.Wait()
	})
	swanctl := func(args ...string) (string, error) {
		cmd := exec.Command("swanctl", append(args, "--uri", "unix://"+p.Dir+"/vici")...)
		cmd.Env = env
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var loaded string
	eventually(t, "charon has loaded its connections", func() bool {
		loaded, _ = swanctl("--load-all", "--noprompt")
		return strings.Contains(loaded, "successfully loaded 2 connections")
	})

	der := own["TP1"].Cert.Raw()
	path := fmt.Sprintf("/%x", sha1.Sum(der))
	asked, ended := make(chan string, 8), make(chan struct{}, 8)
	answers := make(chan http.HandlerFunc, 1)
	l, err := routers.ListenIn(p.R2.NS, "192.168.0.2:80")
	must(t, err)
	web := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.Path
		(<-answers)(w, r)
		ended <- struct{}{}
	})}
	go web.Serve(l)
	t.Cleanup(func() { web.Close() })
	next := func(what string, c chan string) string {
		t.Helper()
		select {
		case s := <-c:
			return s
		case <-time.After(time.Minute):
			t.Fatalf("not after a minute: %s", what)
			return ""
		}
	}
	initiate := func(name string) chan string {
		c := make(chan string, 1)
		go func() {
			out, err := swanctl("--initiate", "--child", name, "--timeout", "30")
			if err != nil {
				out += err.Error()
			}
			c <- out
		}()
		return c
	}
	ready := func() int {
		out := obol(t, p.R1, 0, "show", "crypto", "ikev2", "sa")
		return strings.Count(out, "READY")
	}

	logged := func(texts ...string) {
		t.Helper()
		for _, text := range texts {
			eventually(t, "R1 logs "+text, func() bool { return strings.Contains(p.R1.Log(), text) })
		}
	}

	answers <- func(w http.ResponseWriter, _ *http.Request) { w.Write(der) }
	up := initiate("TP1")
	if got := next("obold asks for the certificate", asked); got != path {
		t.Errorf("asked for %s, the certificate is at %s", got, path)
	}
	<-ended
	want(t, "charon", next("charon is up", up), "initiate completed successfully")
	logged("certificate fetched", "http://192.168.0.2"+path)
	if n := ready(); n != 1 {
		t.Errorf("%d IKE SAs", n)
	}
	if out, err := swanctl("--terminate", "--ike", "TP1", "--timeout", "10"); err != nil {
		t.Fatal(out, err)
	}
	eventually(t, "R1 has no IKE SA", func() bool { return ready() == 0 })

	answers <- func(w http.ResponseWriter, _ *http.Request) { w.Write(own["TP2"].Cert.Raw()) }
	down := initiate("TP1")
	next("obold asks again: nothing is kept", asked)
	<-ended
	want(t, "charon", next("charon is refused", down), "received AUTHENTICATION_FAILED")
	logged("certificate not fetched", "what is there is not what the peer means")

	hangs := make(chan struct{})
	answers <- func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(hangs)
	}
	start := time.Now()
	down = initiate("TP1")
	next("obold asks once more", asked)
	want(t, "charon, beside", next("another comes up", initiate("TP2")), "initiate completed successfully")
	select {
	case <-hangs:
		t.Errorf("it came up only when the fetch had ended, after %v", time.Since(start))
	default:
	}
	want(t, "charon", next("charon is refused", down), "received AUTHENTICATION_FAILED")
	if took := time.Since(start); took > ike.LookupTime+20*time.Second {
		t.Errorf("refused after %v, an exchange waits %v for a certificate", took, ike.LookupTime)
	}
	<-ended
	logged("the server did not answer in time")
	if n := ready(); n != 1 {
		t.Errorf("%d IKE SAs, want that of TP2", n)
	}
}

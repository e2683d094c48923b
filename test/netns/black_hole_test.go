//go:build netns

package netns

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/load"
	"github.com/obol-ike/obol/test/netlab"
	"github.com/obol-ike/obol/test/testca"
)

// holeConfig has CA2 check for revocation, and CA1 not.
const holeConfig = `!obol serial-number 100
hostname R%[1]d
crypto pki trustpoint CA1
 revocation-check none
crypto pki trustpoint CA2
crypto ikev2 proposal P
 encryption aes-cbc-128
 integrity sha256
 group 19
crypto ikev2 policy P
 proposal P
crypto ikev2 profile V2
 match identity remote address 0.0.0.0
 authentication remote rsa-sig
 authentication local rsa-sig
 pki trustpoint CA1
 pki trustpoint CA2 verify
crypto ipsec transform-set TS esp-aes esp-sha256-hmac
crypto ipsec profile IPSEC
 set transform-set TS
 set ikev2-profile V2
interface Tunnel1
 ip address 10.0.0.%[1]d 255.255.255.0
 tunnel source %[2]s
 tunnel destination %[3]s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile IPSEC
`

// A hub is an obold in a namespace of its own, and what asks it from another.
type hub struct {
	log          string
	asker        *netlab.Host
	n            int
	own, foreign *testca.CA
}

func newHub(t *testing.T, n int, asker *netlab.Host, own, foreign *testca.CA) *hub {
	t.Helper()
	host, dir := netlab.New(t, fmt.Sprintf("obol-hole-%d", n)), t.TempDir()
	h := &hub{log: filepath.Join(dir, "log"), asker: asker, n: n, own: own, foreign: foreign}
	netlab.Join(asker, h.link(), host, "e0")
	asker.Addr(h.link(), h.address(2)+"/24")
	host.Addr("e0", h.address(1)+"/24")
	host.IP("route add 10.66.0.0/16 via " + h.address(2)) // who does not forward, and says nothing

	st, err := store.Open(filepath.Join(dir, "store"))
	must(t, err)
	id := own.Enroll("R1", h.address(1), "100", 2)
	_, err = st.ImportPEM("CA1", testca.CertPEM(own.Cert), testca.CertPEM(id.Cert), id.KeyPEM())
	must(t, err)
	_, err = st.ImportPEM("CA2", testca.CertPEM(foreign.Cert), nil, nil)
	must(t, err)
	cfg := filepath.Join(dir, "r1.cfg")
	must(t, os.WriteFile(cfg, fmt.Appendf(nil, holeConfig, 1, h.address(1), h.address(2)), 0o600))
	log, err := os.Create(h.log)
	must(t, err)
	defer log.Close()
	cmd := host.Command(bin+"/obold", "-c", cfg, "--store", filepath.Join(dir, "store"), "--socket", filepath.Join(dir, "obol.sock"),
		"--dataplane", "none", "--initiate", "manual", "--debug", "pki")
	cmd.Stderr = log
	must(t, cmd.Start())
	t.Cleanup(func() {
		must(t, cmd.Process.Signal(syscall.SIGTERM))
		if err := cmd.Wait(); err != nil || t.Failed() {
			text, _ := os.ReadFile(h.log)
			t.Errorf("obold: %v\n%s", err, text)
		}
	})
	eventually(t, "obold is ready", func() bool { return h.says("obold: ready") > 0 })
	return h
}

func (h *hub) link() string { return fmt.Sprintf("e%d", h.n) }

func (h *hub) address(n int) string { return fmt.Sprintf("192.168.%d.%d", h.n, n) }

func (h *hub) says(text string) int {
	log, _ := os.ReadFile(h.log)
	return strings.Count(string(log), text)
}

// initiator asks the hub with a certificate, from an address on the link.
func (h *hub) initiator(t *testing.T, n int, id *testca.Identity) *load.Initiator {
	t.Helper()
	cfg, errs := policy.Compile(policy.Source{Name: "r2.cfg", Text: fmt.Appendf(nil, holeConfig, 2, h.address(n), h.address(1))})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	tp, trusts := testca.Trustpoint("CA1", id, 1), &pki.Trustpoint{Settings: cfg.Trustpoints[1], CA: h.own.Cert}
	tp.Settings = cfg.Trustpoints[0]
	trusts.RevocationCheck = []pki.RevocationMethod{pki.RevocationNone}
	at := func(n int) *net.UDPAddr {
		return net.UDPAddrFromAddrPort(netip.MustParseAddrPort(h.address(n) + ":500"))
	}
	var conn *net.UDPConn
	must(t, h.asker.Do(func() (err error) {
		conn, err = net.DialUDP("udp", at(n), at(1))
		return err
	}))
	i := load.New(ike.Env{Config: cfg, PKI: pki.NewSnapshot([]*pki.Trustpoint{tp, trusts})}, conn)
	t.Cleanup(func() { i.Close() })
	return i
}

// Two hubs are asked for tunnels in turn, a hundred times. One of them waits all the
// while for CRLs whose distribution points never answer: half of its handshakes take no
// longer than twice what half of the other's do.
func TestBlackHoleDelaysNobody(t *testing.T) {
	own, foreign := testca.New("CA1", 0), testca.New("CA2", 1)
	asker := netlab.New(t, "obol-hole")
	waits, free := newHub(t, 1, asker, own, foreign), newHub(t, 2, asker, own, foreign)
	good := own.Enroll("R2", "192.168.1.2", "101", 3)
	hubs := []*hub{waits, free}
	initiators := []*load.Initiator{waits.initiator(t, 2, good), free.initiator(t, 2, good)}
	took := make([][]time.Duration, len(hubs))
	const blocks = 10
	refused := make(chan error, blocks)
	for block := range blocks {
		// Each is asked for its own, so that one is on its way in each block.
		n := block + 3
		waits.asker.Addr(waits.link(), waits.address(n)+"/24")
		url := fmt.Sprintf("http://10.66.0.%d/ca2.crl", n)
		one := waits.initiator(t, n, foreign.EnrollAt(url, "R3", "192.168.1.2", "102", 4))
		go func() {
			_, err := one.Up()
			refused <- err
		}()
		eventually(t, "the hub asks "+url, func() bool { return waits.says("CRYPTO_PKI: Select crl(") == block+1 })
		for range 100 / blocks {
			for i, initiator := range initiators {
				begun := time.Now()
				if child, err := initiator.Up(); err != nil || !child {
					t.Fatalf("%v, child SA %v", err, child)
				}
				took[i] = append(took[i], time.Since(begun))
				must(t, initiator.Down())
			}
		}
	}
	for range blocks {
		if <-refused == nil {
			t.Error("who was to wait has a tunnel")
		}
	}
	for i := range took {
		slices.Sort(took[i])
	}
	with, without := took[0][len(took[0])/2], took[1][len(took[1])/2]
	t.Logf("medians: %v beside those that wait, %v without", with, without)
	if with > 2*without {
		t.Errorf("%v beside those that wait, %v without", with, without)
	}
}

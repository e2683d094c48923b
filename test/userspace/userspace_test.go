//go:build netns

// Package userspace runs obold as the data plane too, in network namespaces of
// this host and without ESP in the kernel: beside strongSwan's ESP in userspace, and
// two obolds under load.
package userspace

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

// bin holds both programs.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if bin, err = routers.Build("../.."); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(bin)
		return m.Run()
	}())
}

// A setup is what both routers of a pair are told.
type setup struct {
	version    int
	mode       string // of the tunnel
	protection string // lines of crypto ipsec profile
}

const (
	head = `hostname R%[1]d
interface Ethernet0/0
 ip address 192.168.0.%[1]d 255.255.255.0
crypto ipsec transform-set TS %[5]s
crypto ipsec profile IPSEC
 set transform-set TS
%[3]s%[4]s
interface Tunnel1
 ip address 10.0.0.%[1]d 255.255.255.0
 ip mtu 1400
 tunnel source Ethernet0/0
 tunnel destination 192.168.0.%[2]d
 tunnel mode %[6]s
 tunnel protection ipsec profile IPSEC
`
	version1 = `crypto isakmp policy 10
 encryption aes
 hash sha256
 authentication pre-share
 group 14
crypto isakmp key secret-of-both address 0.0.0.0 0.0.0.0
`
	version2 = `crypto ikev2 keyring KR
 peer ANY
  address 0.0.0.0 0.0.0.0
  pre-shared-key secret-of-both
crypto ikev2 profile prof1
 match identity remote address 0.0.0.0 0.0.0.0
 identity local address 192.168.0.%d
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
`
)

// configuration is that of router n.
func (s setup) configuration(n int) string {
	ike, profile, transforms := version1, "", "esp-aes esp-sha256-hmac"
	if s.version == 2 {
		ike, profile, transforms = fmt.Sprintf(version2, n), " set ikev2-profile prof1", "esp-gcm"
	}
	return ike + fmt.Sprintf(head, n, 3-n, s.protection, profile, transforms, s.mode)
}

// pair makes the namespaces; obold runs in R1's, begins nothing unless it is told
// to, and carries what it protects.
func pair(t *testing.T, s setup) *routers.Pair {
	t.Helper()
	p, err := routers.NewNumbered(9, bin, "", "")
	must(t, err)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("R1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	start(t, p, p.R1, s)
	return p
}

func start(t *testing.T, p *routers.Pair, r *routers.Router, s setup) {
	t.Helper()
	n := 1
	if r == p.R2 {
		n = 2
	}
	r.Config = write(t, p.Dir, r.Name+".cfg", s.configuration(n))
	must(t, r.Start("--initiate", "manual", "--dataplane", "userspace"))
}

// write makes a file and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	must(t, os.MkdirAll(filepath.Dir(path), 0o700))
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until ok, at most two minutes: a flow is slower on a loaded machine.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not after two minutes: %s", what)
		}
	}
}

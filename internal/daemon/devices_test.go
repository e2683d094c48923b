package daemon

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
)

func compile(t *testing.T, text string) *policy.Config {
	t.Helper()
	cfg, errs := policy.Compile(policy.Source{Name: "r1.cfg", Text: []byte(text)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return cfg
}

const tunnelFrom = `
crypto isakmp key secret address 192.0.2.2
crypto ipsec profile prof1
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel destination 192.0.2.2
 tunnel protection ipsec profile prof1
 tunnel source `

// The loopback is the one interface that every host has.
func TestDevicesAreFoundByAddressOrName(t *testing.T) {
	cfg := compile(t, `
interface Ethernet0/0
 ip address 127.0.0.1 255.0.0.0
interface Ethernet0/1
 !obol linux-device lo
interface Ethernet0/2
 ip address 192.0.2.99 255.255.255.0
interface Ethernet0/3
 ip address 192.0.2.98 255.255.255.0
 shutdown
`+tunnelFrom+"127.0.0.1\n")
	var warnings bytes.Buffer
	paths, err := findDevices(cfg, &warnings)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"Ethernet0/0": "lo", "Ethernet0/1": "lo", "Ethernet0/2": "", "Ethernet0/3": ""} {
		if got := cfg.Interface(name).Device; got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	want := "r1.cfg:6:1: warning: interface Ethernet0/2: no Linux interface has the address 192.0.2.99 (give it one, or say `!obol linux-device NAME`)\n"
	if warnings.String() != want {
		t.Errorf("warnings\n%swant\n%s", warnings.String(), want)
	}
	if mtu := paths.mtu(netip.MustParseAddr("127.0.0.1")); mtu != 65536 {
		t.Errorf("path MTU from 127.0.0.1 is %d, want that of lo", mtu)
	}
	if mtu := paths.mtu(netip.MustParseAddr("192.0.2.99")); mtu != 0 {
		t.Errorf("path MTU from nowhere is %d, want 0", mtu)
	}
}

func TestConfigurationForAnotherHostIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		tunnelFrom + "192.0.2.99\n": "interface Tunnel1: tunnel source 192.0.2.99 is no address of this host",
		"interface Ethernet0/0\n !obol linux-device no-such\n ip address 127.0.0.1 255.0.0.0\n": "interface Ethernet0/0: there is no Linux interface no-such",
		"interface Ethernet0/0\n !obol linux-device lo\n ip address 192.0.2.99 255.0.0.0\n":     "interface Ethernet0/0: lo has not the address 192.0.2.99",
	} {
		_, err := findDevices(compile(t, text), &bytes.Buffer{})
		if err == nil || !strings.HasPrefix(err.Error(), "r1.cfg:") || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	// The configuration's own loopback interfaces are made later.
	cfg := compile(t, "interface Loopback0\n ip address 192.0.2.99 255.255.255.255\n"+tunnelFrom+"Loopback0\n")
	if _, err := findDevices(cfg, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
}

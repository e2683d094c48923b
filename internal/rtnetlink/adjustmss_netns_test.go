//go:build netns

package rtnetlink

import (
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
)

// The table is made with the first link that needs it, changed in place, mended as
// somebody else has changed it, and removed with the last. Another's stays as it is.
func TestAdjustMSS(t *testing.T) {
	h := netlab.New(t, "rtnetlink-mss")
	h.Sh("nft add table inet theirs")
	// Links that stand, as this kernel may have no kind of its own.
	h.IP("link add Tunnel1 type veth peer name Tunnel2", "link set Tunnel1 alias obol:Tunnel1", "link set Tunnel2 alias obol:Tunnel2")
	var i *Interfaces
	if err := h.Do(func() (err error) { i, err = Open(); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	one := ipsec.Link{Name: "Tunnel1", MSS: ipsec.MSS{IPv4: 1360, IPv6: 1340}}
	two := ipsec.Link{Name: "Tunnel2", MSS: ipsec.MSS{IPv4: 1200}}
	set := func(l ipsec.Link) {
		t.Helper()
		if err := i.adjustMSS(l.Name, l.MSS); err != nil {
			t.Fatal(err)
		}
	}
	differs := func(want bool) {
		t.Helper()
		for _, l := range []ipsec.Link{one, two} {
			how, err := i.mssDiffers(l)
			if err != nil || (how != "") != want && l.MSS.IPv4 != 0 {
				t.Errorf("%s differs: %q, %v", l.Name, how, err)
			}
		}
	}
	table := func(want ...string) {
		t.Helper()
		text := h.Sh("nft list ruleset")
		for _, w := range append(want, "table inet theirs") {
			if !strings.Contains(text, w) {
				t.Errorf("no %q in\n%s", w, text)
			}
		}
	}
	set(one)
	set(two)
	differs(false)
	table(`"Tunnel1" : 1360`, `"Tunnel2" : 1200`, `elements = { "Tunnel1" : 1340 }`,
		"meta nfproto ipv4 tcp flags syn tcp option maxseg size set iifname map @ip_mss",
		"meta nfproto ipv6 tcp flags syn tcp option maxseg size set oifname map @ipv6_mss")
	one.MSS = ipsec.MSS{IPv4: 1000}
	set(one)
	differs(false)
	table(`"Tunnel1" : 1000`)
	for _, others := range []string{
		"nft delete element inet obol ip_mss '{ \"Tunnel1\" }'",
		"nft flush chain inet obol postrouting",
		"nft delete table inet obol",
		"nft flush ruleset; nft add table inet theirs",
	} {
		h.Sh(others)
		if how, err := i.mssDiffers(one); err != nil || how == "" {
			t.Errorf("after %s: %q, %v", others, how, err)
		}
		set(one)
		differs(false)
		table(`"Tunnel1" : 1000`, `"Tunnel2" : 1200`)
	}
	h.Sh("nft add table inet more") // something of others has changed, ours not
	differs(false)
	for _, l := range []ipsec.Link{one, two} {
		if err := i.RemoveLink(l.Name); err != nil {
			t.Error(err)
		}
	}
	table()
	if text := h.Sh("nft list ruleset"); strings.Contains(text, "obol") {
		t.Errorf("left over:\n%s", text)
	}
}

// Where the kernel has no nf_tables a link that goes has nothing to fail with.
func TestAdjustMSSWithoutTables(t *testing.T) {
	h := netlab.New(t, "rtnetlink-nomss")
	var i *Interfaces
	if err := h.Do(func() (err error) { i, err = Open(); return err }); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(i.Close)
	if i.adjusting.tables != nil {
		i.adjusting.tables.CloseLasting()
	}
	i.adjusting.tables = nil
	for _, name := range []string{"Tunnel1", "Tunnel2"} {
		if err := i.adjustMSS(name, ipsec.MSS{IPv4: 1360}); !errors.Is(err, unix.EPROTONOSUPPORT) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"Tunnel1", "Tunnel2"} {
		if err := i.RemoveLink(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

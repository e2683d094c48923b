//go:build boot

// Package boot runs the installed service in two virtual machines that boot Debian's
// systemd, on one network: make soak-boot.
package boot

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

const (
	startup  = "/etc/obol/obol.cfg"
	patience = 2 * time.Minute // for what takes a second on an idle machine
	restarts = 5
)

// The service's whole life under systemd: it is enabled and started, its tunnels come
// up, it is reloaded and restarted while packets flow, has a configuration on trial, and is
// stopped. One tunnel's ESP is a protocol of IP, the other's is in UDP.
func TestService(t *testing.T) {
	r1, r2 := dial(t, "R1", "192.168.0.1"), dial(t, "R2", "192.168.0.2")
	both := []*router{r1, r2}
	// A NAT before R2, which changes the ports alone.
	r2.write("/run/nat.nft", 0o600, `table ip nat {
	chain out {
		type nat hook postrouting priority srcnat
		ip saddr 192.168.1.2 udp sport 500 snat to 192.168.1.2:10500
		ip saddr 192.168.1.2 udp sport 4500 snat to 192.168.1.2:14500
	}
}`)
	r2.sh("nft -f /run/nat.nft")
	for i, r := range both {
		install(t, r, fmt.Sprintf("testdata/r%d.cfg", i+1))
		r.sh("systemctl enable --now obold")
		for _, question := range []string{"is-enabled", "is-active"} {
			if got := r.try("systemctl", question, "obold"); got != "enabled" && got != "active" {
				t.Fatalf("%s %s: %s", r.name, question, got)
			}
		}
	}
	r1.sh("obol initiate Tunnel1 --wait 120s")
	r2.sh("obol initiate Tunnel2 --wait 120s")
	var flows []*routers.Flow
	for _, tunnel := range []string{"1", "2"} {
		local, remote := "10.0."+tunnel+".1", "10.0."+tunnel+".2"
		eventually(t, patience, "R2's address on Tunnel"+tunnel, func() error {
			return r2.rpc.Call("Host.Echo", remote, &struct{}{})
		})
		f, err := routers.Echo(local, remote)
		must(t, err)
		flows = append(flows, f)
	}
	for _, f := range flows {
		must(t, f.Passes(100))
	}
	before := settled(t, r1, r2)
	if states := r1.sh("ip xfrm state"); !strings.Contains(states, "encap type espinudp sport 4500 dport 14500") {
		t.Fatalf("no ESP in UDP:\n%s", states)
	}

	reload(t, r1)
	for i := range restarts {
		restart(t, both[i%2])
		for _, f := range flows {
			must(t, f.Passes(50))
		}
	}
	for _, r := range both {
		if now := spis(r); !slices.Equal(now, before) {
			t.Errorf("%s: SAs before %v, now %v", r.name, before, now)
		}
	}
	r1.sh("obol rekey ipsec Tunnel1 --wait 120s")
	r2.sh("obol rekey ike Tunnel2 --wait 120s")
	for _, f := range flows {
		must(t, f.Passes(50))
		if err := f.End(); err != nil {
			t.Error(err)
		}
		t.Log(f)
	}
	trial(t, r1)

	for _, r := range both {
		r.sh("systemctl stop obold")
		if got := r.sh("systemctl show -P Result obold"); got != "success" {
			t.Errorf("%s: the service ended with %s", r.name, got)
		}
		for _, left := range []string{"ip xfrm state", "ip xfrm policy", "ip link show Tunnel1", "ip link show Tunnel2"} {
			if got := r.try(strings.Fields(left)...); got != "" && !strings.Contains(got, "does not exist") {
				t.Errorf("%s: %s:\n%s", r.name, left, got)
			}
		}
		journal(t, r, slices.Clone(before))
	}
}

// install does what make install does on a host, where its files are there already.
func install(t *testing.T, r *router, config string) {
	t.Helper()
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	r.sh("systemd-sysusers obol.conf")
	r.sh("chgrp obol /etc/obol")
	r.write(startup, 0o640, string(text))
	r.sh("chgrp obol " + startup)
	r.sh("systemctl daemon-reload")
}

// reload changes the file: what is wrong in it is refused, with its place, and what is
// right holds then.
func reload(t *testing.T, r *router) {
	t.Helper()
	right := r.sh("cat "+startup) + "\n!\ninterface Loopback7\n ip address 192.168.107.1 255.255.255.0\n"
	r.write(startup, 0o640, right+"interface Loopback8\n ip address 192.168.108.1 255.255.0.255\n")
	before := r.sh("ip -br address")
	if out := r.try("systemctl", "reload", "obold"); !strings.Contains(out, "failed") {
		t.Errorf("%s: a wrong configuration: %s", r.name, out)
	}
	place := fmt.Sprintf("%s:%d:", startup, strings.Count(right, "\n")+2)
	if log := r.sh("journalctl --no-pager -u obold"); !strings.Contains(log, place) {
		t.Errorf("%s: the journal has no %s\n%s", r.name, place, log)
	}
	if now := r.sh("ip -br address"); now != before {
		t.Errorf("%s: addresses\n%s\nand before\n%s", r.name, now, before)
	}
	r.write(startup, 0o640, right)
	r.sh("systemctl reload obold")
	if now := r.sh("ip -br address"); !strings.Contains(now, "192.168.107.1") {
		t.Errorf("%s: addresses\n%s", r.name, now)
	}
}

// trial replaces the configuration by one without Tunnel1, for a minute. Nobody confirms
// it: the tunnel comes back, and the other one has not noticed.
func trial(t *testing.T, r *router) {
	t.Helper()
	var before []string
	eventually(t, patience, "two pairs of SAs", func() error {
		if before = spis(r); len(before) != 4 {
			return fmt.Errorf("%v", before)
		}
		return nil
	})
	const file = "/run/trial.cfg"
	r.write(file, 0o644, r.sh("cat "+startup)+"\n!\ninterface Tunnel1\n shutdown\n")
	r.sh("obol configure replace " + file + " revert 1")
	eventually(t, patience+time.Minute, "Tunnel1 is back", func() error {
		now := spis(r)
		kept := slices.DeleteFunc(slices.Clone(now), func(spi string) bool { return !slices.Contains(before, spi) })
		ping := r.try(strings.Fields("ping -c 1 -W 1 10.0.1.2")...)
		if len(now) != 4 || len(kept) != 2 || !strings.Contains(ping, " 0% packet loss") {
			return fmt.Errorf("SAs %v, and before %v\n%s", now, before, ping)
		}
		return nil
	})
}

// restart makes another process of the service. What systemd has kept for it, it has
// taken.
func restart(t *testing.T, r *router) {
	t.Helper()
	before := r.sh("systemctl show -P MainPID obold")
	r.sh("systemctl restart obold")
	if now := r.sh("systemctl show -P MainPID obold"); now == before || now == "0" {
		t.Fatalf("%s: process %s, and before %s", r.name, now, before)
	}
	eventually(t, patience, "systemd keeps no sockets", func() error {
		if n := r.sh("systemctl show -P NFileDescriptorStore obold"); n != "0" {
			return errors.New(n)
		}
		return nil
	})
}

// spis are those of a router's SAs, in order.
func spis(r *router) []string {
	r.t.Helper()
	list := regexp.MustCompile(`spi (0x[0-9a-f]{8})`).FindAllString(r.sh("ip xfrm state"), -1)
	slices.Sort(list)
	return list
}

// settled waits until both ends have the same four SAs and nothing is under way, and gives
// their SPIs. Both daemons begin tunnels when they start, so that for some time there may be
// more; and what a negotiation makes comes a moment after it has vanished.
func settled(t *testing.T, r1, r2 *router) (list []string) {
	t.Helper()
	const moment = 10 * time.Second
	var since time.Time
	eventually(t, patience, "both ends have the same four SAs", func() error {
		now := spis(r1)
		busy := ""
		for _, r := range []*router{r1, r2} {
			busy += regexp.MustCompile(`MM_[A-Z_]+|IN-NEG`).FindString(r.sh("obol show crypto isakmp sa") + r.sh("obol show crypto ikev2 sa"))
		}
		if len(now) != 4 || busy != "" || !slices.Equal(now, list) || !slices.Equal(now, spis(r2)) {
			list, since = now, time.Now()
		}
		if time.Since(since) < moment {
			return fmt.Errorf("%v, %v; %s", list, spis(r2), busy)
		}
		return nil
	})
	return list
}

// journal checks what stands of the service in the journal: lines with the fields that
// docs/journal.md promises, and none that it does not know. The SAs were told of.
func journal(t *testing.T, r *router, missing []string) {
	t.Helper()
	doc, err := os.ReadFile("../../docs/journal.md")
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string][]string{
		"IKE SA up":              {"OBOL_CONN_ID", "OBOL_LOCAL", "OBOL_REMOTE", "OBOL_PEER", "OBOL_PROFILE", "OBOL_INITIATOR"},
		"IKE SA down":            {"OBOL_CONN_ID", "OBOL_REMOTE", "OBOL_REASON"},
		"IPsec SAs up":           {"OBOL_TUNNEL", "OBOL_REMOTE", "OBOL_SPI_IN", "OBOL_SPI_OUT"},
		"IPsec SAs down":         {"OBOL_TUNNEL", "OBOL_SPI_IN", "OBOL_REASON"},
		"configuration replaced": {"OBOL_FILE", "OBOL_CHANGES"},
	}
	if r.name == "R2" {
		delete(wanted, "configuration replaced")
	}
	r.sh("journalctl --sync")
	syslog := 0
	for text := range strings.Lines(r.sh("journalctl -o json --no-pager -u obold")) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%s: %v: %s", r.name, err, text)
		}
		for field := range line {
			if strings.HasPrefix(field, "OBOL_") && !strings.Contains(string(doc), "| `"+field+"` |") {
				t.Errorf("%s: %s is not documented: %s", r.name, field, text)
			}
		}
		message, _ := line["MESSAGE"].(string)
		for _, field := range wanted[message] {
			if line[field] == nil || line["PRIORITY"] != "6" || line["SYSLOG_IDENTIFIER"] != "obold" {
				t.Errorf("%s: no %s, or another priority or identifier: %s", r.name, field, text)
			}
		}
		if in, ok := line["OBOL_SPI_IN"].(string); ok && message == "IPsec SAs up" {
			missing = slices.DeleteFunc(missing, func(s string) bool { return s == "spi "+in || s == "spi "+line["OBOL_SPI_OUT"].(string) })
		}
		delete(wanted, message)
		if line["OBOL_MNEMONIC"] != nil && line["OBOL_FACILITY"] != nil {
			syslog++
		}
	}
	if len(wanted) > 0 || syslog == 0 || len(missing) > 0 {
		t.Errorf("%s: the journal lacks %v, has %d of IOS's lines, and not the SAs %v:\n%s", r.name, wanted, syslog, missing, r.sh("journalctl --no-pager -u obold"))
	}
}

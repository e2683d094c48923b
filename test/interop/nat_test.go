//go:build vm

package interop

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/test/routers"
)

func (b *lab) masquerade(r *routers.Router) *routers.NAT {
	b.t.Helper()
	n, err := b.Masquerade(r)
	must(b.t, err)
	b.t.Cleanup(func() { must(b.t, n.Close()) })
	return n
}

// encaps are the ports of the far ends in a router's kernel: of outbound SAs the
// destination, of inbound ones the source.
var encaps = regexp.MustCompile(`espinudp sport (\d+) dport (\d+)`)

func farPorts(t *testing.T, r *routers.Router) []string {
	t.Helper()
	out, err := r.Run("ip", "xfrm", "state")
	must(t, err)
	var list []string
	for _, m := range encaps.FindAllStringSubmatch(out, -1) {
		for _, port := range m[1:] {
			if port != "4500" {
				list = append(list, port)
			}
		}
	}
	return list
}

// moved waits until pings from the router behind the NAT are answered again, and
// checks that the other one has followed.
func (b *lab) moved(inside, outside *routers.Router, from, to string, first int) {
	b.t.Helper()
	eventually(b.t, 30*time.Second, "answers after the NAT has new ports", func() bool {
		_, err := inside.Run("ping", "-c", "1", "-W", "1", "-I", from, to)
		return err == nil
	})
	ports := farPorts(b.t, outside)
	if len(ports) < 2 || slices.ContainsFunc(ports, func(p string) bool { return p < fmt.Sprint(first) || p > fmt.Sprint(first+999) }) {
		b.t.Errorf("%s sends to ports %v, not to those from %d on", outside.Name, ports, first)
	}
}

// wantKind wants the kernel to have a router's tunnel as a kind of link: "vti", "gre", or
// "xfrm" where a VTI's peer is behind a NAT.
func (b *lab) wantKind(r *routers.Router, kind string) {
	b.t.Helper()
	out, err := r.Run("ip", "-d", "link", "show", "dev", "Tunnel1")
	must(b.t, err)
	if !strings.Contains(out, "    "+kind+" ") {
		b.t.Errorf("%s's tunnel is no %s:\n%s", r.Name, kind, out)
	}
}

// showsNAT checks what obold says of the tunnel.
func (b *lab) showsNAT() {
	b.t.Helper()
	for command, text := range map[string]string{"ipsec sa": "in use settings ={Tunnel UDP-Encaps, }", "session detail": "Capabilities:N", "session": "/4500 remote "} {
		out, err := b.R1.Obol(append([]string{"show", "crypto"}, strings.Fields(command)...)...)
		must(b.t, err)
		if !strings.Contains(out, text) {
			b.t.Errorf("show crypto %s: no %q in\n%s", command, text, out)
		}
	}
}

// With a NAT before either end, whoever is behind it starts: ESP goes in UDP, and
// when the NAT has other ports all of a sudden the other end follows.
func TestNAT(t *testing.T) {
	for _, d := range daemons {
		s := d.suites[1]
		t.Run(d.name+"/obold behind it", func(t *testing.T) {
			var n *routers.NAT
			b := newLabBehind(t, s, vti, func(b *lab) {
				n = b.masquerade(b.R1)
				b.rename = func(file, text string) string {
					if file == "r1.cfg" {
						text = strings.ReplaceAll(text, "192.168.0.1 ", "172.16.0.1 ")
					}
					return text
				}
			}, "crypto isakmp nat keepalive 20\n")
			p := d.start(b, s, long)
			b.initiate()
			b.passes(s)
			b.showsNAT()
			// pluto goes on sending to the old port (its issue 1645), and begins anew
			// what it was told to rekey when we delete it.
			if d.name != "pluto" {
				must(t, n.Rebind(20000))
				b.moved(b.R1, b.R2, "10.0.0.1", "10.0.0.2", 20000)
				b.passes(s)
				b.rekeyed(p.rekey) // from outside
			}
			if out, err := b.R1.Obol("clear", "crypto", "session"); err != nil {
				t.Fatal(out, err)
			}
			b.gone(p)
		})
		t.Run(d.name+"/it behind it", func(t *testing.T) {
			var n *routers.NAT
			b := newLabBehind(t, s, vti, func(b *lab) {
				n = b.masquerade(b.R2)
				b.rename = func(file, text string) string {
					if file != "r1.cfg" {
						text = strings.ReplaceAll(text, "192.168.0.2", "172.16.0.2")
					}
					return text
				}
				b.link.make = slices.Clone(b.link.make)
				for i, word := range b.link.make {
					b.link.make[i] = strings.ReplaceAll(word, "192.168.0.2", "172.16.0.2")
				}
			})
			p := d.start(b, s, long)
			p.initiate()
			b.passes(s)
			b.showsNAT()
			must(t, n.Rebind(20000))
			b.moved(b.R2, b.R1, "10.0.0.2", "10.0.0.1", 20000)
			b.passes(s)
			b.rekeyed(p.rekey)
			p.remove()
			b.gone(p)
		})
	}
}

// The pair of configs/natt, and GRE in transport mode in its place: R1 starts,
// packets pass both ways, also after the NAT has other ports.
func TestNATBetweenUs(t *testing.T) {
	for name, test := range map[string]struct{ change, kinds []string }{
		"VTI": {kinds: []string{"vti", "xfrm"}},
		"GRE": {[]string{" tunnel mode ipsec ipv4\n", "", " mode tunnel\n", " mode transport\n"}, []string{"gre", "gre"}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := routers.New(root+"/bin", "", "")
			must(t, err)
			b := &lab{Pair: p, t: t}
			t.Cleanup(func() {
				if t.Failed() {
					t.Logf("R1: %s\nR2: %s", p.R1.Log(), p.R2.Log())
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
			})
			n := b.masquerade(p.R1)
			for file, r := range map[string]*routers.Router{"r1.cfg": p.R1, "r2.cfg": p.R2} {
				text, err := exec.Command("cat", root+"/configs/natt/"+file).Output()
				must(t, err)
				r.Config = b.write(file, strings.NewReplacer(test.change...).Replace(string(text)))
				must(t, r.Start("--initiate", "manual"))
			}
			s := suite{kernelEncr: "cbc(aes)", kernelInteg: "hmac(sha256)"}
			b.initiate()
			b.passes(s)
			for _, first := range []int{20000, 30000} {
				must(t, n.Rebind(first))
				b.moved(p.R1, p.R2, "10.0.0.1", "10.0.0.2", first)
				b.passes(s)
			}
			b.wantKind(p.R1, test.kinds[0])
			b.wantKind(p.R2, test.kinds[1])
			// The one outside begins quick mode where the peer is now.
			if out, err := p.R2.Obol("clear", "crypto", "sa"); err != nil {
				t.Fatal(out, err)
			}
			if out, err := p.R2.Obol("initiate", "Tunnel1", "--wait", "30s"); err != nil {
				t.Fatalf("%s%v", out, err)
			}
			b.passes(s)
			if out, err := p.R1.Obol("clear", "crypto", "session"); err != nil {
				t.Fatal(out, err)
			}
			eventually(t, 15*time.Second, "no SA on either end", func() bool { return len(b.spis(p.R1))+len(b.spis(p.R2)) == 0 })
		})
	}
}

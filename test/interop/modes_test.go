//go:build vm

package interop

import (
	"fmt"
	"testing"
)

// An encapsulation is a transform set, its mode, and the link it protects.
type encapsulation struct {
	set, mode string
	link      link
	ah        bool
	esp       map[string]string // the peers' words for the set
	kernel    suite
}

var encapsulations = []encapsulation{
	{"esp-aes esp-sha256-hmac", "transport", gre, false, map[string]string{"charon": "aes128-sha256", "pluto": "aes128-sha2_256"}, suite{kernelEncr: "mode transport", kernelInteg: "hmac(sha256)"}},
	{"ah-sha256-hmac", "transport", gre, true, map[string]string{"charon": "sha256", "pluto": "sha2_256"}, suite{kernelEncr: "proto ah", kernelInteg: "hmac(sha256)"}},
	{"ah-sha-hmac", "tunnel", vti, true, map[string]string{"charon": "sha1", "pluto": "sha1"}, suite{kernelEncr: "proto ah", kernelInteg: "hmac(sha1)"}},
	{"ah-md5-hmac", "tunnel", vti, true, map[string]string{"charon": "md5", "pluto": "md5"}, suite{kernelEncr: "proto ah", kernelInteg: "hmac(md5)"}},
}

// Transport mode for GRE, and AH where a transform set asks for it.
func TestModes(t *testing.T) {
	for _, d := range daemons {
		t.Run(d.name, func(t *testing.T) {
			b := newStand(t)
			b.over(gre)
			p := d.stand(b)
			s := d.suites[1]
			var a table
			for _, e := range encapsulations {
				name := fmt.Sprintf("%s %s %s", e.link.name, e.mode, e.set)
				c := r1{identity: "address", policies: policyOf(10, s, "pre-share"),
					sets:       "crypto ipsec transform-set TS " + e.set + "\n mode " + e.mode + "\n",
					protection: " set transform-set TS\n"}
				x := conn{ike: s.ike, esp: e.esp[d.name], ah: e.ah, transport: e.mode == "transport", life: long}
				ok := t.Run("obold starts/"+name, func(t *testing.T) {
					b.t = t
					b.over(e.link)
					b.begin(t, c)
					p.load(x)
					b.initiate()
					b.passes(e.kernel)
					must(t, b.R1.Stop())
					b.left(p)
				})
				a.add(ok, "%-7s obold starts   %s", d.name, name)
				ok = t.Run("the peer starts/"+name, func(t *testing.T) {
					b.begin(t, c)
					p.load(x)
					// A packet of the tunnel itself may have had pluto begin, and load had it
					// forget that IKE SA without a word.
					_, err := b.R1.Obol("clear", "crypto", "isakmp")
					must(t, err)
					p.initiate()
					b.passes(e.kernel)
					p.remove()
					b.gone(p)
				})
				a.add(ok, "%-7s %-6s starts  %s", d.name, d.name, name)
			}
			b.t = t
			a.print(t)
		})
	}
}

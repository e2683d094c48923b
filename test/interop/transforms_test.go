//go:build vm

package interop

import (
	"testing"
	"time"
)

// severalPolicies are R1's in the order of priority: one for each suite.
func severalPolicies(suites []suite) (text string) {
	for i, s := range suites {
		text += policyOf(10*(i+1), s, "pre-share")
	}
	return text
}

const severalSets = `crypto ipsec transform-set T1 esp-3des esp-sha-hmac
crypto ipsec transform-set T2 esp-aes 256 esp-sha512-hmac
crypto ipsec transform-set T3 esp-aes esp-sha256-hmac
`

// offers are a daemon's words for what TestTransforms lets it offer.
var offers = map[string]struct {
	ike, esp         string // group 19 before 3DES; AES-128 with SHA-256 before AES-256
	otherIKE, other2 string // what R1 has not, in phase 1 and in phase 2
}{
	"charon": {"aes128-sha256-ecp256, 3des-md5-modp1536", "aes128-sha256, aes256-sha512", "aes192-sha384-modp3072", "aes192-sha384"},
	"pluto":  {"aes128-sha2_256-dh19,3des-md5-modp1536", "aes128-sha2_256,aes256-sha2_512", "aes256-sha2_512-modp3072", "3des-md5"},
}

// Several policies and several transform sets are offered and matched in IOS's
// order, and every refusal has its reason in the debug lines.
func TestTransforms(t *testing.T) {
	for _, d := range daemons {
		t.Run(d.name, func(t *testing.T) {
			b, o := newStand(t), offers[d.name]
			b.over(vti)
			p := d.stand(b)
			several := r1{identity: "address", policies: severalPolicies(d.suites), sets: severalSets, protection: " set transform-set T1 T2 T3\n"}
			aes := suite{kernelEncr: "cbc(aes)", kernelInteg: "hmac(sha256)"}

			t.Run("the peer starts", func(t *testing.T) {
				// The first policy is of another authentication. (R1 does not offer
				// it: charon would take it, whatever its connection says.)
				other := several
				other.policies = policyOf(5, d.suites[2], "rsa-sig") + several.policies
				b.begin(t, other)
				p.load(conn{ike: o.ike, esp: o.esp, life: long})
				stop := b.debug("isakmp")
				p.initiate()
				b.passes(aes)
				lines := stop()
				// Outside our policies, inside the transforms.
				inOrder(t, lines,
					"against priority 5 policy", "Authentication method offered does not match policy!",
					"against priority 5 policy", "Encryption algorithm offered does not match policy!",
					"against priority 10 policy", "Encryption algorithm offered does not match policy!",
					"against priority 10 policy", "atts are acceptable",
					"Checking IPSec proposal", "ESP_AES", "the set has esp-3des esp-sha-hmac", "atts not acceptable.",
					"key length 128 offered, the set has 256", "atts not acceptable.", "atts are acceptable.")
				p.remove()
				b.gone(p)
			})
			t.Run("obold starts", func(t *testing.T) {
				b.begin(t, several)
				p.load(conn{ike: o.ike, esp: o.esp, life: long})
				stop := b.debug("isakmp")
				b.initiate()
				b.passes(suite{kernelEncr: "cbc(aes)"})
				inOrder(t, stop(), "atts are acceptable", "atts are acceptable.")
				must(t, b.R1.Stop())
				b.left(p)
			})
			t.Run("no policy will do", func(t *testing.T) {
				b.begin(t, several)
				p.load(conn{ike: o.otherIKE, esp: o.esp, life: long})
				stop := b.debug("isakmp")
				p.attempt()
				time.Sleep(time.Second)
				inOrder(t, stop(),
					"against priority 10 policy", "atts are not acceptable. Next payload is 0",
					"against priority 30 policy", "atts are not acceptable. Next payload is 0",
					"no offers accepted!", "phase 1 SA policy not acceptable! (local 192.168.0.1 remote 192.168.0.2)")
				p.forget()
				b.left(p)
			})
			t.Run("no transform set will do", func(t *testing.T) {
				b.begin(t, several)
				p.load(conn{ike: o.ike, esp: o.other2, life: long})
				stop := b.debug("isakmp")
				p.attempt()
				time.Sleep(2 * time.Second)
				inOrder(t, stop(),
					"Checking IPSec proposal", "atts not acceptable.", "atts not acceptable.", "atts not acceptable.",
					"IPSec policy invalidated proposal with error 256",
					"phase 2 SA policy not acceptable! (local 192.168.0.1 remote 192.168.0.2)")
				p.forget()
				// The peer's kernel keeps an SPI that was reserved for 30 s.
				if n := len(b.spis(b.R1)); n != 0 {
					t.Errorf("%d SAs are left at R1", n)
				}
			})
			b.t = t
		})
	}
}

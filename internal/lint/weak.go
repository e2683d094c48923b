package lint

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
)

// weakness collects what is weak about one object. What RFC 8221 and RFC 8247 say
// MUST NOT is a warning; what they advise against, or demote, is good to know.
type weakness struct {
	forbidden, old []string
}

func (w *weakness) forbid(what string) { w.forbidden = appendNew(w.forbidden, what) }
func (w *weakness) advise(what string) { w.old = appendNew(w.old, what) }

func appendNew(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}

// cipher: DES is broken by trying all keys; 3DES has blocks of 64 bits.
func (w *weakness) cipher(c *suite.Cipher) {
	switch c {
	case suite.DES:
		w.forbid("DES")
	case suite.TripleDES:
		w.advise("3DES")
	}
}

func (w *weakness) hash(h *suite.Hash) {
	switch h {
	case suite.MD5:
		w.forbid("MD5")
	case suite.SHA1:
		w.advise("SHA-1")
	}
}

func (w *weakness) integrity(i *suite.Integrity) {
	switch i {
	case suite.HMACMD5:
		w.forbid("MD5")
	case suite.HMACSHA1:
		w.advise("SHA-1")
	}
}

func (w *weakness) group(g *suite.Group) {
	switch g.Number {
	case 1:
		w.forbid("group 1")
	case 2, 5, 24:
		w.advise(fmt.Sprintf("group %d", g.Number))
	}
}

// rsaBits: RFC 8247 advises against keys below 2048 bits; below 1024 they are
// factored.
func (w *weakness) rsaBits(bits int) {
	switch {
	case bits < 1024:
		w.forbid(fmt.Sprintf("RSA of %d bits", bits))
	case bits < 2048:
		w.advise(fmt.Sprintf("RSA of %d bits", bits))
	}
}

// told makes one finding of an object, if there is anything to tell.
func (c *checker) told(w weakness, what string, at ios.Pos, severity Severity, cure string) {
	all := append(slices.Clone(w.forbidden), w.old...)
	if len(all) == 0 {
		return
	}
	if len(w.forbidden) == 0 {
		severity = Info
	}
	c.add(WeakAlgorithm, severity, []ios.Pos{at}, cure, "%s has %s, weak by today's standards", what, words(all))
}

const strong = "use aes 256 with sha256 and group 14, 19 or 20 where both routers can"

// weak tells of algorithms that are weak by today's standards, once an object.
func (c *checker) weak(r *router) {
	u := newUse(r)
	if u.ikev1 {
		c.weakPolicies(r)
	}
	for _, p := range r.Config.IKEv2.Proposals {
		if !u.proposals[p] {
			continue
		}
		w := weakness{}
		for _, e := range p.Encr {
			w.cipher(e.Cipher)
		}
		for _, h := range p.PRF {
			w.hash(h)
		}
		for _, i := range p.Integ {
			w.integrity(i)
		}
		for _, g := range p.Groups {
			w.group(g)
		}
		if p.Pos.Line == 0 {
			c.told(w, "IOS's own ikev2 proposal, which holds without another,", u.ikev2At, Info, "configure crypto ikev2 proposal and policy, and "+strong)
		} else {
			c.told(w, "ikev2 proposal "+p.Name, p.Pos, Warning, strong)
		}
	}
	for _, t := range r.Config.Transforms {
		if !u.transforms[t] || t.Pos.Line == 0 {
			continue
		}
		w := weakness{}
		w.cipher(t.Encr)
		w.integrity(t.Integ)
		w.integrity(t.AH)
		if t.Encr != nil && !t.Encr.Combined() && t.Integ == nil && t.AH == nil {
			w.forbid("no authentication")
		}
		c.told(w, "transform-set "+t.Name, t.Pos, Warning, "use esp-aes 256 with esp-sha256-hmac, or esp-gcm 256 in IKEv2, where both routers can")
	}
	for _, p := range r.Config.IPsec {
		if w := (weakness{}); u.ipsec[p] && p.PFS != nil {
			w.group(p.PFS)
			c.told(w, "set pfs of ipsec profile "+p.Name, p.Pos, Warning, "set pfs group14, group19 or group20 where both routers can")
		}
	}
	for _, tp := range r.store.All() {
		c.told(r.weakCertificate(tp), "trustpoint "+tp.Name, policy.TrustpointPos(tp.Settings), Warning, "make a key of 2048 bits and enrol again at a CA that signs with SHA-256")
	}
}

func (c *checker) weakPolicies(r *router) {
	ours := weakness{} // of the policies that IOS has while none is configured
	for _, p := range r.Config.Policies {
		w := weakness{}
		if p.Default {
			w = ours
		}
		w.cipher(p.Encr)
		w.hash(p.Hash)
		w.group(p.Group)
		if p.Default {
			ours = w
			continue
		}
		c.told(w, fmt.Sprintf("isakmp policy %d", p.Priority), p.Pos, Warning, strong)
	}
	c.told(ours, "IOS's own isakmp policies, which hold without another,", newUse(r).ikev1At, Info, "configure crypto isakmp policy, and "+strong)
}

// weakCertificate looks at what the file says of a trustpoint's key and certificate.
func (r *router) weakCertificate(tp *pki.Trustpoint) (w weakness) {
	if tp.RSABits > 0 {
		w.rsaBits(tp.RSABits)
	}
	cert := r.chained(tp.Name)
	if cert == nil {
		return w
	}
	if key, ok := cert.X509.PublicKey.(*rsa.PublicKey); ok {
		w.rsaBits(key.N.BitLen())
	}
	switch cert.X509.SignatureAlgorithm {
	case x509.MD2WithRSA, x509.MD5WithRSA:
		w.forbid("a certificate signed with MD5")
	case x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
		w.advise("a certificate signed with SHA-1")
	}
	return w
}

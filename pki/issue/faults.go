package issue

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"encoding/asn1"
	"math/big"
)

// on changes the leaf.
func on(f func(*link)) func(*chain) { return func(c *chain) { f(&c.leaf) } }

// with gives the leaf one extension more.
func with(e Extension) func(*chain) {
	return func(c *chain) { c.leaf.Extensions = append(c.leaf.Extensions, e) }
}

// purpose is an extended key usage under id-kp.
func purpose(n int) Extension {
	return ExtendedKeyUsage(asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, n})
}

// constrained makes the highest CA below the anchor one with name constraints; in a
// short chain that is the anchor.
func constrained(permitted, excluded []GeneralName, alt ...GeneralName) func(*chain) {
	return func(c *chain) {
		l := &c.sub
		if c.short {
			l = &c.root
		}
		l.Extensions = append(l.Extensions, NameConstraints(permitted, excluded))
		if len(alt) > 0 {
			c.leaf.Extensions = append(c.leaf.Extensions, AltNames(alt...))
		}
	}
}

func names(tag uint8, values ...string) (list []GeneralName) {
	for _, v := range values {
		list = append(list, GeneralName{tag, []byte(v)})
	}
	return list
}

// last changes the last octet, which is the signature's.
func last(der []byte) []byte {
	der[len(der)-1] ^= 1
	return der
}

// key gives the leaf an RSA key that nobody can have.
func key(n *big.Int, e int) func(*chain) {
	return on(func(l *link) { l.Key = &rsa.PublicKey{N: n, E: e} })
}

var (
	odd  = new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 2047), 0, 1)
	even = new(big.Int).Lsh(big.NewInt(1), 2047)
	long = new(big.Int).SetBit(new(big.Int).Lsh(big.NewInt(1), 8192), 0, 1)

	unknown  = asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 99999, 1}
	critical = Extension{unknown, true, []byte{5, 0}}
)

// leafFaults spoil the peer's own certificate.
var leafFaults = []fault{
	{"expired", "expired", on(func(l *link) { l.NotAfter = l.NotBefore.AddDate(0, 1, 0) })},
	{"not yet valid", "not yet valid", on(func(l *link) { l.NotBefore = l.NotAfter.AddDate(0, -1, 0) })},
	{"times turned round", "not yet valid", on(func(l *link) { l.NotBefore, l.NotAfter = l.NotAfter, l.NotBefore })},
	{"key usage encipherment", "key usage", on(func(l *link) { l.Extensions[0] = KeyUsage(KeyEncipherment) })},
	{"key usage of nothing", "key usage", on(func(l *link) { l.Extensions[0] = KeyUsage(0) })},
	{"for code signing", "extended key usage", with(purpose(3))},
	{"for e-mail", "extended key usage", with(purpose(4))},
	{"for time stamping", "extended key usage", with(purpose(8))},
	{"for OCSP signing", "extended key usage", with(purpose(9))},
	{"for something unknown", "extended key usage", with(ExtendedKeyUsage(unknown))},
	{"unknown critical extension", "critical extension", with(critical)},
	{"critical policy constraints", "critical extension", with(Extension{asn1.ObjectIdentifier{2, 5, 29, 36}, true, []byte{0x30, 3, 0x80, 1, 0}})},
	{"signed by somebody of the CA's name", "bad signature", func(c *chain) { c.leaf.by = c.keys.Other }},
	{"signed by itself", "bad signature", func(c *chain) { c.leaf.by = c.keys.Leaf }},
	{"changed signature", "bad signature", on(func(l *link) { l.spoil = last })},
	{"changed name", "bad signature", on(func(l *link) {
		l.spoil = func(der []byte) []byte { return bytes.Replace(der, []byte("R2"), []byte("R1"), 1) }
	})},
	{"unknown signature algorithm", "bad signature", on(func(l *link) {
		l.spoil = func(der []byte) []byte {
			return bytes.ReplaceAll(der, []byte{0x86, 0xf7, 0x0d, 1, 1, 11}, []byte{0x86, 0xf7, 0x0d, 1, 1, 99})
		}
	})},
	{"algorithm of MD5 over SHA-256", "bad signature", on(func(l *link) {
		l.spoil = func(der []byte) []byte {
			return bytes.ReplaceAll(der, []byte{0x86, 0xf7, 0x0d, 1, 1, 11}, []byte{0x86, 0xf7, 0x0d, 1, 1, 4})
		}
	})},
	{"another algorithm inside than outside", "malformed", on(func(l *link) {
		l.spoil = func(der []byte) []byte {
			return bytes.Replace(der, []byte{0x86, 0xf7, 0x0d, 1, 1, 11}, []byte{0x86, 0xf7, 0x0d, 1, 1, 12}, 1)
		}
	})},
	{"an octet short", "malformed", on(func(l *link) { l.spoil = func(der []byte) []byte { return der[:len(der)-1] } })},
	{"an octet long", "malformed", on(func(l *link) { l.spoil = func(der []byte) []byte { return append(der, 0) } })},
	{"indefinite length", "malformed", on(func(l *link) { l.spoil = func(der []byte) []byte { der[1] = 0x80; return der } })},
	{"exponent 1", "weak key", key(odd, 1)},
	{"even exponent", "weak key", key(odd, 65536)},
	{"even modulus", "weak key", key(even, 65537)},
	{"modulus of 8193 bits", "weak key", key(long, 3)},
	{"revoked", "revoked", func(c *chain) { c.revoked = 4 }},
	{"host in an excluded domain", "name constraint", constrained(nil, names(2, "evil.com"), names(2, "r2.evil.com")...)},
	{"host in no permitted domain", "name constraint", constrained(names(2, "cisco.com"), nil, names(2, "r2.notcisco.com")...)},
	{"one host of two not permitted", "name constraint", constrained(names(2, "cisco.com"), nil, names(2, "r2.cisco.com", "r2.evil.com")...)},
	{"mailbox at an excluded host", "name constraint", constrained(nil, names(1, "evil.com"), names(1, "r2@EVIL.com")...)},
	{"mailbox that is not the permitted one", "name constraint", constrained(names(1, "r1@cisco.com"), nil, names(1, "r2@cisco.com")...)},
	{"mailbox below a host that is permitted alone", "name constraint", constrained(names(1, "cisco.com"), nil, names(1, "r2@sub.cisco.com")...)},
	{"URI at an excluded host", "name constraint", constrained(nil, names(6, ".evil.com"), names(6, "http://r2.evil.com/x")...)},
	{"URI with an address where hosts are permitted", "name constraint", constrained(names(6, "cisco.com"), nil, names(6, "http://192.0.2.1/")...)},
	{"excluded address", "name constraint", constrained(nil, names(7, "\x0a\x00\x00\x00\xff\x00\x00\x00"), names(7, "\x0a\x01\x02\x03")...)},
	{"address of another family than permitted", "name constraint", constrained(names(7, "\x0a\x00\x00\x00\xff\x00\x00\x00"), nil, names(7, "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01")...)},
	{"address of three octets", "malformed", constrained(names(7, "\x0a\x00\x00\x00\xff\x00\x00\x00"), nil, names(7, "\x0a\x01\x02")...)},
	{"excluded distinguished name", "name constraint", constrained(nil, names(4, string(dn("cisco", "R2"))))},
	{"distinguished name that is not permitted", "name constraint", constrained(names(4, string(dn("cisco", "R1"))), nil)},
	{"distinguished name that begins like a permitted one", "name constraint", constrained(names(4, string(prefix("cis"))), nil)},
	{"otherName where such are permitted", "name constraint", constrained(names(0, "\x06\x03\x2a\x03\x04\xa0\x02\x0c\x00"), nil, names(0, "\x06\x03\x2a\x03\x04\xa0\x02\x0c\x00")...)},
	{"e-mail attribute that is excluded", "name constraint", func(c *chain) {
		c.leaf.Subject = mailed("cisco", "r2@evil.com")
		constrained(nil, names(1, "evil.com"))(c)
	}},
	{"constraint with a minimum", "critical extension", func(c *chain) {
		l := &c.sub
		if c.short {
			l = &c.root
		}
		l.Extensions = append(l.Extensions, Extension{asn1.ObjectIdentifier{2, 5, 29, 30}, true, []byte("\x30\x11\xa0\x0f\x30\x0d\x82\x08test.com\x80\x01\x01")})
	}},
}

// chainFaults spoil what stands above it.
var chainFaults = []fault{
	{"expired CA", "expired", func(c *chain) { c.sub.NotAfter = c.sub.NotBefore.AddDate(0, 1, 0) }},
	{"expired CA, the lower one", "expired", func(c *chain) { c.sub2.NotAfter = c.sub2.NotBefore.AddDate(0, 1, 0) }},
	{"CA of the future", "not yet valid", func(c *chain) { c.sub.NotBefore = c.sub.NotAfter.AddDate(0, -1, 0) }},
	{"expired anchor", "expired", func(c *chain) { c.root.NotAfter = c.root.NotBefore.AddDate(0, 1, 0) }},
	{"anchor of the future", "not yet valid", func(c *chain) { c.root.NotBefore = c.root.NotAfter.AddDate(0, -1, 0) }},
	{"anchor that is no CA", "not a CA", func(c *chain) { c.root.Extensions[0] = BasicConstraints(false, -1) }},
	{"anchor that may not sign", "key usage", func(c *chain) { c.root.Extensions[1] = KeyUsage(DigitalSignature) }},
	{"CA that is none", "not a CA", func(c *chain) { c.sub2.Extensions[0] = BasicConstraints(false, -1) }},
	{"CA without basic constraints", "not a CA", func(c *chain) { c.sub2.Extensions = c.sub2.Extensions[1:] }},
	{"CA of version 1", "not a CA", func(c *chain) { c.sub2.Version = 1 }},
	{"CA that may not sign", "key usage", func(c *chain) { c.sub2.Extensions[1] = KeyUsage(CRLSign) }},
	{"path length of the anchor", "path length", func(c *chain) { c.root.Extensions[0] = BasicConstraints(true, 1) }},
	{"path length of a CA", "path length", func(c *chain) { c.sub.Extensions[0] = BasicConstraints(true, 0) }},
	{"CA with an unknown critical extension", "critical extension", func(c *chain) { c.sub2.Extensions = append(c.sub2.Extensions, critical) }},
	{"CA signed by somebody of the anchor's name", "bad signature", func(c *chain) { c.sub.by = c.keys.Other }},
	{"CA with a changed signature", "bad signature", func(c *chain) { c.sub2.spoil = last }},
	{"missing CA", "no trustpoint", func(c *chain) { c.sub.missing = true }},
	{"missing CA, the lower one", "no trustpoint", func(c *chain) { c.sub2.missing = true }},
	{"CA whose name is not permitted", "name constraint", func(c *chain) {
		c.root.Extensions = append(c.root.Extensions, NameConstraints(names(4, string(dn("cisco", "SUB")), string(dn("cisco", "R2"))), nil))
	}},
	{"CA with a key that takes too long", "weak key", func(c *chain) { c.sub2.Key = &rsa.PublicKey{N: odd, E: 1<<31 - 1} }},
	{"revoked CA", "revoked", func(c *chain) { c.revoked = 2 }},
	{"revoked CA, the lower one", "revoked", func(c *chain) { c.revoked = 3 }},
	{"no CRL of the anchor", "no CRL", func(c *chain) { c.without = 1 }},
	{"no CRL of the lower CA", "no CRL", func(c *chain) { c.without = 3 }},
	{"old CRL of a CA", "no CRL", func(c *chain) { c.late = 2 }},
	{"CA that may not sign CRLs", "no CRL", func(c *chain) { c.sub2.Extensions[1] = KeyUsage(CertSign) }},
}

// strictFaults are what a policy refuses that others accept.
var strictFaults = []fault{
	{"leaf signed with MD5", "weak hash", func(c *chain) { c.leaf.hash = crypto.MD5 }},
	{"leaf signed with SHA-1", "weak hash", func(c *chain) { c.leaf.hash = crypto.SHA1 }},
	{"CA signed with MD5", "weak hash", func(c *chain) { c.sub2.hash = crypto.MD5 }},
	{"CA signed with SHA-1", "weak hash", func(c *chain) { c.sub.hash = crypto.SHA1 }},
	{"leaf of 1024 bits", "weak key", func(c *chain) { c.leaf.Key = c.keys.Small.Public() }},
	{"CA of 1024 bits", "weak key", func(c *chain) { c.sub2.Key, c.sub2.key = c.keys.Small.Public(), c.keys.Small }},
	{"anchor of 1024 bits", "weak key", func(c *chain) { c.root.Key, c.root.key = c.keys.Small.Public(), c.keys.Small }},
}

package issue

import (
	"crypto"
	"crypto/rsa"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// Bad is a chain that has to be refused. Without its one fault it would stand.
type Bad struct {
	What   string
	Code   string   // the word of pki.VerdictCode for it
	CA     []byte   // the anchor, DER
	Chain  [][]byte // leaf first, DER; what does not parse is malformed
	CRLs   [][]byte // of all its CAs, DER
	Strict bool     // under a policy that refuses MD5, SHA-1 and RSA below 2048 bits
}

// BadKeys are what chains are made of.
type BadKeys struct {
	Root, Sub, Sub2, Leaf, Other crypto.Signer // RSA of 2048 bits
	Small                        *rsa.PrivateKey
}

// chain is what a fault may change: three CAs and a leaf. The leaf stands under sub2,
// or with short under the root.
type chain struct {
	keys                   BadKeys
	root, sub, sub2, leaf  link
	now                    time.Time
	short                  bool
	revoked, without, late int // serial of what is revoked, of the CA whose CRL is not there, or is old
}

// link is a certificate of a chain, and how it is signed.
type link struct {
	Certificate
	key, by crypto.Signer
	hash    crypto.Hash
	spoil   func(der []byte) []byte
	missing bool
}

// fault is one way to make a chain bad.
type fault struct {
	what, code string
	do         func(*chain)
}

// BadChains makes every chain that a fault below spoils, at a time.
func BadChains(keys BadKeys, now time.Time) (list []Bad, err error) {
	add := func(f fault, place string, short, strict bool) {
		c := newChain(keys, now)
		c.short = short
		f.do(c)
		b, failed := c.make()
		err = errors.Join(err, failed)
		b.What, b.Code, b.Strict = f.what+place, f.code, strict
		list = append(list, b)
	}
	for _, f := range leafFaults {
		add(f, "", false, false)
		add(f, ", under the root", true, false)
	}
	for _, f := range chainFaults {
		add(f, "", false, false)
	}
	for _, f := range strictFaults {
		add(f, "", false, true)
	}
	return list, err
}

func newChain(keys BadKeys, now time.Time) *chain {
	c := &chain{keys: keys, now: now}
	cert := func(serial int64, subject []byte, key crypto.Signer, ext ...Extension) link {
		return link{key: key, hash: crypto.SHA256, Certificate: Certificate{
			Serial: big.NewInt(serial), Subject: subject, Key: key.Public(), Extensions: ext,
			NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
		}}
	}
	ca := []Extension{BasicConstraints(true, -1), KeyUsage(CertSign | CRLSign)}
	c.root = cert(1, dn("cisco", "ROOT"), keys.Root, ca...)
	c.sub = cert(2, dn("cisco", "SUB"), keys.Sub, ca...)
	c.sub2 = cert(3, dn("cisco", "SUB2"), keys.Sub2, ca...)
	c.leaf = cert(4, dn("cisco", "R2"), keys.Leaf, KeyUsage(DigitalSignature))
	return c
}

// make signs the chain.
func (c *chain) make() (Bad, error) {
	above := map[*link]*link{&c.root: &c.root, &c.sub: &c.root, &c.sub2: &c.sub, &c.leaf: &c.sub2}
	if c.short {
		above[&c.leaf] = &c.root
	}
	var b Bad
	for _, l := range []*link{&c.leaf, &c.sub2, &c.sub, &c.root} {
		by := above[l]
		l.Issuer = by.Subject
		key := by.key
		if l.by != nil {
			key = l.by
		}
		der, err := l.Sign(key, l.hash)
		if err != nil {
			return b, fmt.Errorf("%x: %w", l.Subject, err)
		}
		if l.spoil != nil {
			der = l.spoil(der)
		}
		switch {
		case l == &c.root:
			b.CA = der
		case !l.missing && (!c.short || l == &c.leaf):
			b.Chain = append(b.Chain, der)
		}
	}
	for _, l := range []*link{&c.root, &c.sub, &c.sub2} {
		if int(l.Serial.Int64()) == c.without {
			continue
		}
		crl := CRL{Issuer: l.Subject, ThisUpdate: c.now.AddDate(0, 0, -2), NextUpdate: c.now.AddDate(0, 0, 1)}
		if int(l.Serial.Int64()) == c.late {
			crl.NextUpdate = c.now.AddDate(0, 0, -1)
		}
		if c.revoked > 0 {
			crl.Entries = []Entry{{Serial: big.NewInt(int64(c.revoked)), At: crl.ThisUpdate}}
		}
		der, err := crl.Sign(l.key, crypto.SHA256)
		if err != nil {
			return b, err
		}
		b.CRLs = append(b.CRLs, der)
	}
	return b, nil
}

// dn is the name o=O,cn=CN.
func dn(o, cn string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addRDN(b, asn1.ObjectIdentifier{2, 5, 4, 10}, o)
		addRDN(b, asn1.ObjectIdentifier{2, 5, 4, 3}, cn)
	})
	return b.BytesOrPanic()
}

func addRDN(b *cryptobyte.Builder, oid asn1.ObjectIdentifier, value string) {
	b.AddASN1(cbasn1.SET, func(b *cryptobyte.Builder) {
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier(oid)
			b.AddASN1(cbasn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(value)) })
		})
	})
}

// prefix is the name o=O alone.
func prefix(o string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { addRDN(b, asn1.ObjectIdentifier{2, 5, 4, 10}, o) })
	return b.BytesOrPanic()
}

// mailed is the name o=O,e=ADDRESS.
func mailed(o, address string) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		addRDN(b, asn1.ObjectIdentifier{2, 5, 4, 10}, o)
		addRDN(b, asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}, address)
	})
	return b.BytesOrPanic()
}

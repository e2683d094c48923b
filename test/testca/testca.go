// Package testca makes what tests and the demo need of a public key
// infrastructure: CAs, router certificates, CRLs. Names are encoded as IOS
// encodes them. Everything is deterministic: keys are embedded, serial numbers
// count, times are fixed.
//
//	ca1 := testca.New("CA1", 0)
//	r1 := ca1.Enroll("R1", "192.168.0.1", "100", 2)
//	tp := testca.Trustpoint("IOSCA1", r1, 1)
package testca

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/netip"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
)

// All certificates and CRLs are valid between these, the note's day among them.
var (
	NotBefore = time.Date(2013, 6, 17, 13, 25, 1, 0, time.UTC)
	NotAfter  = time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)
)

// CA is a certification authority.
type CA struct {
	Name   pki.Name
	Key    crypto.Signer
	Cert   *pki.Certificate
	Hash   crypto.Hash // of what it signs; New sets SHA-256
	issued int64
}

// Identity is a router's certificate with its key and its CA.
type Identity struct {
	CA   *CA
	Cert *pki.Certificate
	Key  crypto.Signer
}

// New makes the self-signed CA cn=CN,o=cisco,o=com with the key-th 2048 bit
// key.
func New(cn string, key int) *CA { return NewWith(cn, RSA(2048, key), crypto.SHA256) }

// NewWith is New with a key and a hash of one's own.
func NewWith(cn string, key crypto.Signer, hash crypto.Hash) *CA {
	ca := &CA{Name: DN("CN=" + cn + ",O=cisco,O=com"), Key: key, Hash: hash}
	ca.Cert = ca.Issue(Certificate{
		Subject: ca.Name.DER(), Key: key.Public(),
		Extensions: []Extension{BasicConstraints(true, -1), KeyUsage(DigitalSignature | CertSign | CRLSign)},
	})
	return ca
}

// Sub makes a CA below this one, with the key-th 2048 bit key.
func (ca *CA) Sub(cn string, key int) *CA {
	sub := &CA{Name: DN("CN=" + cn + ",O=cisco,O=com"), Key: RSA(2048, key), Hash: ca.Hash}
	sub.Cert = ca.Issue(Certificate{
		Subject: sub.Name.DER(), Key: sub.Key.Public(),
		Extensions: []Extension{BasicConstraints(true, -1), KeyUsage(CertSign | CRLSign)},
	})
	return sub
}

// Issue signs a certificate. Issuer, serial number and times are filled in
// where they are not given.
func (ca *CA) Issue(c Certificate) *pki.Certificate {
	ca.issued++
	if c.Serial == nil {
		c.Serial = big.NewInt(ca.issued)
	}
	if c.Issuer == nil {
		c.Issuer = ca.Name.DER()
	}
	if c.NotBefore.IsZero() {
		c.NotBefore = NotBefore
	}
	if c.NotAfter.IsZero() {
		c.NotAfter = NotAfter
	}
	cert, err := pki.ParseCertificate(c.Sign(ca.signer(), ca.Hash))
	must(err)
	return cert
}

// Enroll gives router R1 a certificate as the note's routers have it:
// serialNumber=100+ipaddress=192.168.0.1+hostname=R1.cisco.com,cn=R1,ou=IT,o=cisco,o=com
// with the key-th 2048 bit key.
func (ca *CA) Enroll(router, address, serial string, key int) *Identity {
	return ca.EnrollWith(RouterName(router, address, serial), RSA(2048, key))
}

// EnrollWith gives a router a certificate with a name and a key of one's own.
func (ca *CA) EnrollWith(name pki.Name, key crypto.Signer) *Identity {
	return &Identity{CA: ca, Key: key, Cert: ca.Issue(Certificate{
		Subject: name.DER(), Key: key.Public(),
		Extensions: []Extension{KeyUsage(DigitalSignature | KeyEncipherment)},
	})}
}

// EnrollAt is Enroll with a CRL distribution point.
func (ca *CA) EnrollAt(url, router, address, serial string, key int) *Identity {
	return &Identity{CA: ca, Key: RSA(2048, key), Cert: ca.Issue(Certificate{
		Subject: RouterName(router, address, serial).DER(), Key: RSA(2048, key).Public(),
		Extensions: []Extension{KeyUsage(DigitalSignature | KeyEncipherment), issue.CRLDistributionPoint(url)},
	})}
}

// RouterName is the subject of one of the note's routers.
func RouterName(router, address, serial string) pki.Name {
	n, err := pki.SubjectName(pki.Settings{
		SubjectName: "CN=" + router + ",OU=IT,O=cisco,O=com", SerialNumber: true,
		FQDN: router + ".cisco.com", IPAddress: netip.MustParseAddr(address),
	}, pki.Host{Serial: serial})
	must(err)
	return n
}

// DN makes a name of subject-name words alone: CN=CA1,O=cisco,O=com.
func DN(words string) pki.Name {
	n, err := pki.SubjectName(pki.Settings{SubjectName: words}, pki.Host{})
	must(err)
	return n
}

// CRL signs the DER of a list that revokes the serial numbers.
func (ca *CA) CRL(revoked ...*big.Int) []byte {
	return ca.CRLAt(NotBefore, NotAfter, revoked...)
}

// CRLAt is CRL with times of one's own.
func (ca *CA) CRLAt(this, next time.Time, revoked ...*big.Int) []byte {
	c := CRL{Issuer: ca.Name.DER(), ThisUpdate: this, NextUpdate: next}
	for _, n := range revoked {
		c.Entries = append(c.Entries, Entry{Serial: n, At: this})
	}
	return c.Sign(ca.signer(), ca.Hash)
}

// ParsedCRL is CRL, parsed.
func (ca *CA) ParsedCRL(revoked ...*big.Int) *pki.CRL {
	crl, err := pki.ParseCRL(ca.CRL(revoked...))
	must(err)
	return crl
}

// Trustpoint is an enrolled trustpoint with its CA's CRL. What lies above a
// subordinate CA is up to the caller.
func Trustpoint(name string, id *Identity, enrolled uint64) *pki.Trustpoint {
	return &pki.Trustpoint{
		Settings: pki.Settings{Name: name}, CA: id.CA.Cert, Identity: id.Cert, Signer: id.Key,
		CRLs: []*pki.CRL{id.CA.ParsedCRL()}, Enrolled: enrolled,
	}
}

// Note is the note's infrastructure: two CAs, two routers enrolled at both, R1
// first at CA1 and then at CA2, R2 the other way round.
type Note struct {
	CA1, CA2     *CA
	R1CA1, R1CA2 *Identity
	R2CA1, R2CA2 *Identity
}

// NewNote makes the note's infrastructure.
func NewNote() *Note {
	n := &Note{CA1: New("CA1", 0), CA2: New("CA2", 1)}
	n.R1CA1 = n.CA1.Enroll("R1", "192.168.0.1", "100", 2)
	n.R1CA2 = n.CA2.Enroll("R1", "192.168.0.1", "100", 3)
	n.R2CA2 = n.CA2.Enroll("R2", "192.168.0.2", "101", 4)
	n.R2CA1 = n.CA1.Enroll("R2", "192.168.0.2", "101", 5)
	return n
}

// R1 is R1's snapshot: it displays CA2's certificate first.
func (n *Note) R1() *pki.Snapshot {
	return pki.NewSnapshot([]*pki.Trustpoint{Trustpoint("IOSCA1", n.R1CA1, 1), Trustpoint("IOSCA2", n.R1CA2, 2)})
}

// R1Reenrolled is R1's snapshot after it enrolled in the other order.
func (n *Note) R1Reenrolled() *pki.Snapshot {
	return pki.NewSnapshot([]*pki.Trustpoint{Trustpoint("IOSCA1", n.R1CA1, 3), Trustpoint("IOSCA2", n.R1CA2, 2)})
}

// R2 is R2's snapshot: it displays CA1's certificate first.
func (n *Note) R2() *pki.Snapshot {
	return pki.NewSnapshot([]*pki.Trustpoint{Trustpoint("IOSCA1", n.R2CA1, 2), Trustpoint("IOSCA2", n.R2CA2, 1)})
}

// CertPEM is a certificate as a PEM file.
func CertPEM(certs ...*pki.Certificate) []byte {
	var out []byte
	for _, c := range certs {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw()})...)
	}
	return out
}

// KeyPEM is the identity's key as a PKCS #8 PEM file.
func (id *Identity) KeyPEM() []byte {
	der, err := x509.MarshalPKCS8PrivateKey(id.Key)
	if err != nil {
		panic(fmt.Sprintf("testca: %v", err))
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// CRLPEM is a CRL as a PEM file.
func CRLPEM(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

package lab

import (
	"crypto"
	"crypto/sha256"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
)

// Certificates made here are valid from a month before the negotiation to a year
// after it.
const (
	validBefore = 30 * 24 * time.Hour
	validAfter  = 365 * 24 * time.Hour
)

// authority is a CA of the laboratory.
type authority struct {
	name   pki.Name
	key    crypto.Signer
	cert   *pki.Certificate
	crl    *pki.CRL
	serial int64 // issued last
	now    time.Time
}

// newAuthority makes a self-signed CA.
func newAuthority(name pki.Name, key crypto.Signer, now time.Time) (*authority, error) {
	ca := &authority{name: name, key: key, now: now.Truncate(24 * time.Hour).UTC()}
	der, err := ca.issue(issue.Certificate{
		Subject: name.DER(), Key: key.Public(),
		Extensions: []issue.Extension{issue.BasicConstraints(true, -1), issue.KeyUsage(issue.DigitalSignature | issue.CertSign | issue.CRLSign)},
	})
	if err != nil {
		return nil, err
	}
	if ca.cert, err = pki.ParseCertificate(der); err != nil {
		return nil, err
	}
	return ca, ca.publish()
}

// publish makes the list of what is revoked.
func (ca *authority) publish(revoked ...*big.Int) error {
	list := issue.CRL{Issuer: ca.name.DER(), ThisUpdate: ca.now.Add(-validBefore), NextUpdate: ca.now.Add(validAfter)}
	for _, serial := range revoked {
		list.Entries = append(list.Entries, issue.Entry{Serial: serial, At: list.ThisUpdate})
	}
	der, err := list.Sign(ca.key, crypto.SHA256)
	if err != nil {
		return err
	}
	ca.crl, err = pki.ParseCRL(der)
	return err
}

func (ca *authority) issue(c issue.Certificate) ([]byte, error) {
	ca.serial++
	c.Serial, c.Issuer = big.NewInt(ca.serial), ca.name.DER()
	c.NotBefore, c.NotAfter = ca.now.Add(-validBefore), ca.now.Add(validAfter)
	return c.Sign(ca.key, crypto.SHA256)
}

// enrol gives a router a certificate.
func (ca *authority) enrol(subject pki.Name, key crypto.PublicKey) (*pki.Certificate, error) {
	keyID, err := issue.SubjectKeyID(key)
	if err != nil {
		return nil, err
	}
	der, err := ca.issue(issue.Certificate{
		Subject: subject.DER(), Key: key,
		Extensions: []issue.Extension{issue.KeyUsage(issue.DigitalSignature | issue.KeyEncipherment), keyID},
	})
	if err != nil {
		return nil, err
	}
	return pki.ParseCertificate(der)
}

// authorityName is the name of a CA of which nothing is known but the trustpoint:
// cn=IOSCA1 with the organisation of the router's own name.
func authorityName(s pki.Settings) (pki.Name, error) {
	words := "CN=" + pki.QuoteValue(s.Name)
	for part := range strings.SplitSeq(s.SubjectName, ",") {
		key, _, _ := strings.Cut(strings.TrimSpace(part), "=")
		if key = strings.ToUpper(strings.TrimSpace(key)); key == "O" || key == "C" {
			words += "," + part
		}
	}
	if n, err := pki.SubjectName(pki.Settings{SubjectName: words}, pki.Host{}); err == nil {
		return n, nil
	}
	return pki.SubjectName(pki.Settings{SubjectName: "CN=" + pki.QuoteValue(s.Name)}, pki.Host{})
}

// remembering signs nothing twice: RSA and ECDSA without a source of randomness
// give the same signature again, and a pair is prepared many times with small
// changes.
type remembering struct {
	crypto.Signer
	done map[signed][]byte
}

type signed struct {
	key    crypto.Signer
	digest [sha256.Size]byte
}

// Sign is for package issue, which brings no source of randomness.
func (r remembering) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	id := signed{r.Signer, sha256.Sum256(digest)}
	if sig, ok := r.done[id]; ok {
		return sig, nil
	}
	sig, err := r.Signer.Sign(nil, digest, opts)
	if err == nil {
		r.done[id] = sig
	}
	return sig, err
}

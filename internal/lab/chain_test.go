package lab

import (
	"crypto"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
)

// block prints a certificate as show running-config does.
func hexBlock(head string, der []byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, " %s\n", head)
	for text := strings.ToUpper(hex.EncodeToString(der)); text != ""; {
		n := min(len(text), 64)
		fmt.Fprintf(&b, "  %s\n", text[:n])
		text = text[n:]
	}
	return b.String() + "  \tquit\n"
}

// realCA is a CA out in the world, whose certificates a configuration holds.
func realCA(t *testing.T, words string, n int) *authority {
	t.Helper()
	key, err := routerKey(1024, n)
	if err != nil {
		t.Fatal(err)
	}
	ca, err := newAuthority(name(t, words), remembering{key, map[signed][]byte{}}, day)
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// chain is the block of a trustpoint with a certificate that a CA made; change may
// alter it.
func chain(t *testing.T, trustpoint string, ca *authority, hash crypto.Hash, change func(*issue.Certificate)) string {
	t.Helper()
	key, err := routerKey(512, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := issue.Certificate{
		Serial: big.NewInt(0x2a), Issuer: ca.name.DER(), Subject: name(t, "CN=R2,O=block").DER(), Key: key.Public(),
		NotBefore: day.AddDate(0, -1, 0), NotAfter: day.AddDate(1, 0, 0), Extensions: []issue.Extension{issue.KeyUsage(issue.DigitalSignature)},
	}
	change(&c)
	der, err := c.Sign(ca.key, hash)
	if err != nil {
		t.Fatal(err)
	}
	return "crypto pki certificate chain " + trustpoint + "\n" + hexBlock("certificate 2A", der) + hexBlock("certificate ca 01", ca.cert.Raw())
}

// with adds text to a router of the note's pair.
func with(t *testing.T, p *Pair, router int, text string) *Pair {
	t.Helper()
	q, err := p.With(router, append(append([]byte{}, p.Routers[router].Text...), text...))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// A certificate of the configuration is stood in for by one that differs in the
// keys alone.
func TestChainBlock(t *testing.T) {
	ca := realCA(t, "CN=RealCA,O=block", 0)
	p := with(t, changed(t, "note/ikev1-"), 1, chain(t, "IOSCA1", ca, crypto.SHA1, func(*issue.Certificate) {}))
	tp := p.Routers[1].Snapshot.Lookup("IOSCA1")
	got := fmt.Sprint(tp.Identity.Subject, " ", tp.Identity.Issuer, " ", tp.Identity.Serial, " ", tp.Identity.X509.SignatureAlgorithm, " ", tp.CA.Subject)
	if want := "cn=R2,o=block cn=RealCA,o=block 2A SHA1-RSA cn=RealCA,o=block"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !tp.Identity.X509.NotAfter.Equal(day.AddDate(1, 0, 0)) || tp.CA.X509.PublicKey == ca.cert.X509.PublicKey {
		t.Error("times or keys are not right")
	}
	if err := tp.Identity.SignedBy(tp.CA); err != nil {
		t.Error(err)
	}
	// R1's trustpoint of that name is of that CA too, and R1 trusts it.
	if d := ran(t, p).Directions[0]; d.Result != Up {
		t.Errorf("%s: %s", outcome(d), d.Cause)
	}
	told := false
	for _, f := range p.Findings {
		told = told || f.Code == StandIn && f.Where[0].Line > 0 && strings.Contains(f.Message, "serial 2A")
	}
	if !told {
		t.Errorf("nobody is told of the stand-in: %+v", p.Findings)
	}
}

// What a certificate of the configuration suffers from ends the negotiation.
func TestChainBlockRefused(t *testing.T) {
	ca := realCA(t, "CN=RealCA,O=block", 0)
	for _, c := range []struct {
		what   string
		change func(*issue.Certificate)
		want   lint.Code
	}{
		{"expired", func(c *issue.Certificate) { c.NotAfter = day.AddDate(0, 0, -1) }, lint.CertExpired},
		{"early", func(c *issue.Certificate) { c.NotBefore = day.Add(time.Hour) }, lint.CertNotYetValid},
		{"for something else", func(c *issue.Certificate) {
			c.Extensions = []issue.Extension{{OID: []int{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}, lint.CertRefused},
	} {
		p := with(t, changed(t, "note/ikev1-"), 1, chain(t, "IOSCA1", ca, crypto.SHA256, c.change))
		d := ran(t, p).Directions[0]
		if d.Code != c.want || d.Stage != "MM6" {
			t.Errorf("%s: %s: %s", c.what, outcome(d), d.Cause)
		}
	}
}

// Two CAs of one name that are not the same CA do not trust each other.
func TestChainBlocksOfOneName(t *testing.T) {
	one, other := realCA(t, "CN=RealCA,O=block", 0), realCA(t, "CN=RealCA,O=block", 1)
	p := changed(t, "note/ikev1-")
	p = with(t, p, 0, chain(t, "IOSCA1", one, crypto.SHA256, func(*issue.Certificate) {}))
	same := with(t, p, 1, chain(t, "IOSCA1", one, crypto.SHA256, func(*issue.Certificate) {}))
	if d := ran(t, same).Directions[0]; d.Result != Up {
		t.Errorf("one CA: %s: %s", outcome(d), d.Cause)
	}
	p = with(t, p, 1, chain(t, "IOSCA1", other, crypto.SHA256, func(*issue.Certificate) {}))
	if d := ran(t, p).Directions[0]; d.Code != lint.CertRefused {
		t.Errorf("two CAs: %s: %s", outcome(d), d.Cause)
	}
}

// A subordinate CA's certificate goes out with the router's.
func TestSubordinateCA(t *testing.T) {
	root := realCA(t, "CN=Root,O=block", 0)
	sub := realCA(t, "CN=Sub,O=block", 1)
	der, err := root.issue(issue.Certificate{Subject: sub.name.DER(), Key: sub.key.Public(),
		Extensions: []issue.Extension{issue.BasicConstraints(true, -1), issue.KeyUsage(issue.CertSign | issue.CRLSign)}})
	if err != nil {
		t.Fatal(err)
	}
	if sub.cert, err = pki.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	p := with(t, changed(t, "note/ikev1-"), 1, "crypto pki trustpoint ROOT\ncrypto pki certificate chain ROOT\n"+hexBlock("certificate ca 01", root.cert.Raw())+
		chain(t, "IOSCA1", sub, crypto.SHA256, func(*issue.Certificate) {}))
	tp := p.Routers[1].Snapshot.Lookup("IOSCA1")
	if len(tp.Chain) != 1 || tp.Chain[0].Subject.String() != "cn=Sub,o=block" {
		t.Errorf("chain %v", tp.Chain)
	}
	if err := tp.CA.SignedBy(p.Routers[1].Snapshot.Lookup("ROOT").CA); err != nil {
		t.Errorf("the subordinate CA is not of the root: %v", err)
	}
	if p.Routers[1].Snapshot.Lookup("ROOT").Identity != nil {
		t.Error("a trustpoint with a CA's certificate alone is enrolled")
	}
}

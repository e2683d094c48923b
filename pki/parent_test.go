package pki_test

import (
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// chain-validation: a subordinate CA is trusted by standing in a trustpoint, or
// has to stand under the trustpoint above it.
func TestChainValidation(t *testing.T) {
	root, other := testca.New("ROOT", 0), testca.New("ROOT", 1)
	sub := root.Sub("SUB", 2)
	low := sub.Sub("LOW", 3)
	revoked, err := pki.ParseCRL(root.CRL(sub.Cert.X509.SerialNumber))
	if err != nil {
		t.Fatal(err)
	}
	type tp = pki.Trustpoint
	trustpoint := func(name string, ca *testca.CA, more ...func(*tp)) *tp {
		x := &tp{Settings: pki.Settings{Name: name}, CA: ca.Cert, CRLs: []*pki.CRL{ca.ParsedCRL()}}
		for _, change := range more {
			change(x)
		}
		return x
	}
	onward := func(parent string) func(*tp) {
		return func(x *tp) { x.ChainContinue, x.ChainParent = true, parent }
	}
	list := func(crl *pki.CRL) func(*tp) { return func(x *tp) { x.CRLs = []*pki.CRL{crl} } }
	for _, c := range []struct {
		what string
		of   *testca.CA
		tps  []*tp
		only []string
		code pki.VerdictCode
		path int
		text string
	}{
		{"stop is the default", sub, []*tp{trustpoint("SUB", sub)}, nil, pki.VerdictOK, 2, "under trustpoint SUB"},
		{"stop, and the root has revoked it", sub, []*tp{trustpoint("SUB", sub), trustpoint("TOP", root, list(revoked))}, nil, pki.VerdictOK, 2, ""},
		{"continue", sub, []*tp{trustpoint("SUB", sub, onward("")), trustpoint("TOP", root)}, nil, pki.VerdictOK, 3, "under trustpoint SUB"},
		{"continue beyond the profile's list", sub, []*tp{trustpoint("SUB", sub, onward("TOP")), trustpoint("TOP", root)}, []string{"SUB"}, pki.VerdictOK, 3, ""},
		{"continue, and the root has revoked it", sub, []*tp{trustpoint("SUB", sub, onward("TOP")), trustpoint("TOP", root, list(revoked))}, []string{"SUB"}, pki.Revoked, 0, "cn=SUB"},
		{"continue to nowhere", sub, []*tp{trustpoint("SUB", sub, onward(""))}, nil, pki.NoTrustpoint, 0, "no trustpoint has the certificate of cn=ROOT"},
		{"continue to another trustpoint", sub, []*tp{trustpoint("SUB", sub, onward("LOW")), trustpoint("LOW", low), trustpoint("TOP", root)}, []string{"SUB"}, pki.NoTrustpoint, 0, "trustpoint LOW has not the certificate of cn=ROOT"},
		{"continue to another CA of that name", sub, []*tp{trustpoint("SUB", sub, onward("")), trustpoint("TOP", other)}, []string{"SUB"}, pki.BadSignature, 0, ""},
		{"one of two CAs of that name", sub, []*tp{trustpoint("SUB", sub, onward("")), trustpoint("OTHER", other), trustpoint("TOP", root)}, []string{"SUB"}, pki.VerdictOK, 3, ""},
		{"continue twice", low, []*tp{trustpoint("LOW", low, onward("")), trustpoint("SUB", sub, onward("")), trustpoint("TOP", root)}, []string{"LOW"}, pki.VerdictOK, 4, ""},
		{"continue at the root", root, []*tp{trustpoint("TOP", root, onward(""))}, nil, pki.VerdictOK, 2, ""},
	} {
		chain := []*pki.Certificate{c.of.Enroll("R2", "192.168.0.2", "101", 5).Cert}
		v := pki.NewSnapshot(c.tps).Verify(chain, c.only, today)
		if v.Code != c.code || v.OK != (c.code == pki.VerdictOK) || len(v.Path) != c.path || !strings.Contains(v.Reason, c.text) {
			t.Errorf("%s: %v %q, path of %d; want %v %q, %d", c.what, v.Code, v.Reason, len(v.Path), c.code, c.text, c.path)
		}
	}
}

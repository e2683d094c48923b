package pki_test

import (
	"bytes"
	"encoding/pem"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// A CA of the trustpool validates peers where no trustpoint does, is told, and is no
// trustpoint that a list could name. Revocation is checked by CRL, as always.
func TestTrustpool(t *testing.T) {
	ca1, ca2 := testca.New("CA1", 0), testca.New("CA2", 1)
	pooled := func(s *pki.Snapshot) *pki.Snapshot {
		return s.WithTrustpool([]*pki.Certificate{ca1.Cert, ca2.Cert}, pki.Settings{})
	}
	blocks, _ := pooled(trust(ca1, pki.RevocationNone)).WithChains(nil)
	const pool = "in trustpoint " + pki.TrustpoolName
	for name, c := range map[string]struct {
		snapshot   *pki.Snapshot
		only       []string
		code       pki.VerdictCode
		trustpoint string
		want       string // in the reason
	}{
		"without a pool":         {trust(ca1, pki.RevocationNone), nil, pki.NoTrustpoint, "", "trusted are cn=CA1,o=cisco,o=com (TP)"},
		"with it":                {pooled(trust(ca1, pki.RevocationNone)), nil, pki.NoCRL, pki.TrustpoolName, pool},
		"a list of trustpoints":  {pooled(trust(ca1, pki.RevocationNone)), []string{"TP"}, pki.NoTrustpoint, "", "the validation list is TP"},
		"a trustpoint as well":   {pooled(trust(ca2, pki.RevocationNone)), nil, pki.VerdictOK, "TP", "stands under trustpoint TP"},
		"after the chain blocks": {blocks, nil, pki.NoCRL, pki.TrustpoolName, pool},
	} {
		v := c.snapshot.Verify([]*pki.Certificate{ca2.Enroll("R2", "192.168.0.2", "101", 2).Cert}, c.only, today)
		if v.Code != c.code || v.Trustpoint != c.trustpoint || !strings.Contains(v.Reason, c.want) {
			t.Errorf("%s: %v under %q: %s", name, v.Code, v.Trustpoint, v.Reason)
		}
	}
	v := pooled(trust(ca1)).Verify([]*pki.Certificate{testca.New("CA3", 2).Enroll("R2", "192.168.0.2", "101", 3).Cert}, nil, today)
	if v.Code != pki.NoTrustpoint || !strings.HasSuffix(v.Reason, "(TP), the 2 CAs of the trustpool") {
		t.Errorf("%s", v.Reason)
	}
}

// The policy of the trustpool judges those who stand under it: revocation-check, match
// certificate, and chain-validation, which wants a root of the pool above.
func TestTrustpoolPolicy(t *testing.T) {
	root := testca.New("ROOT", 0)
	sub := root.Sub("SUB", 3)
	leaf := sub.Enroll("R2", "192.168.0.2", "101", 2).Cert
	r9 := &pki.CertificateMap{Name: "M", Sequences: []pki.CertificateMapSequence{{Number: 10, Rules: []pki.CertificateRule{{Field: "subject-name", Op: "co", Value: "cn=r9"}}}}}
	none := []pki.RevocationMethod{pki.RevocationNone}
	for what, c := range map[string]struct {
		pool   []*pki.Certificate
		policy pki.Settings
		code   pki.VerdictCode
		want   string
	}{
		"none":                {[]*pki.Certificate{sub.Cert}, pki.Settings{}, pki.NoCRL, "in trustpoint Trustpool"},
		"revocation-check":    {[]*pki.Certificate{sub.Cert}, pki.Settings{RevocationCheck: none}, pki.VerdictOK, "stands under trustpoint Trustpool"},
		"match certificate":   {[]*pki.Certificate{sub.Cert}, pki.Settings{RevocationCheck: none, Matches: []pki.CertificateMatch{{Map: r9}}}, pki.Unauthorized, "no match certificate"},
		"match key-usage":     {[]*pki.Certificate{sub.Cert}, pki.Settings{RevocationCheck: none, KeyUsage: []string{"crlsign"}}, pki.KeyUsage, "does not say crlsign"},
		"that has it":         {[]*pki.Certificate{sub.Cert}, pki.Settings{RevocationCheck: none, KeyUsage: []string{"digitalsignature"}}, pki.VerdictOK, ""},
		"chain, no root":      {[]*pki.Certificate{sub.Cert}, pki.Settings{RevocationCheck: none, ChainContinue: true}, pki.NoTrustpoint, "chain-validation continues"},
		"chain, with root":    {[]*pki.Certificate{sub.Cert, root.Cert}, pki.Settings{RevocationCheck: none, ChainContinue: true}, pki.VerdictOK, ""},
		"chain, another root": {[]*pki.Certificate{sub.Cert, testca.New("ROOT", 1).Cert}, pki.Settings{RevocationCheck: none, ChainContinue: true}, pki.BadSignature, ""},
	} {
		s, _ := pki.NewSnapshot(nil).WithTrustpool(c.pool, c.policy).WithChains(nil)
		v := s.Verify([]*pki.Certificate{leaf}, nil, today)
		if v.Code != c.code || !strings.Contains(v.Reason, c.want) {
			t.Errorf("%s: %v %s", what, v.Code, v.Reason)
		}
	}
}

// IKEv2 asks for the CAs of the pool after those of trustpoints, each once.
func TestTrustpoolRequests(t *testing.T) {
	ca1, ca2 := testca.New("CA1", 0), testca.New("CA2", 1)
	s := trust(ca1).WithTrustpool([]*pki.Certificate{ca1.Cert, ca2.Cert}, pki.Settings{})
	if got := s.AuthorityHashes(nil, ""); !slices.Equal(got, []pki.KeyHash{ca1.Cert.KeyHash(), ca2.Cert.KeyHash()}) {
		t.Errorf("%x", got)
	}
	if got := s.AuthorityHashes([]string{"TP"}, ""); len(got) != 1 {
		t.Errorf("%x", got)
	}
	if got := trust(ca1).WithTrustpool(slices.Repeat([]*pki.Certificate{ca2.Cert}, 3), pki.Settings{}).AuthorityHashes(nil, ""); len(got) != 2 {
		t.Errorf("%x", got)
	}
}

func TestParseTrustpool(t *testing.T) {
	ca := testca.New("CA1", 0)
	leaf := ca.Enroll("R2", "192.168.0.2", "101", 2)
	bundle := bytes.Join([][]byte{[]byte("# CA1\n"), testca.CertPEM(ca.Cert), testca.CertPEM(leaf.Cert), testca.CertPEM(ca.Cert)}, nil)
	cas, notes, err := pki.ParseTrustpool(bundle)
	if err != nil || len(cas) != 1 || len(notes) != 1 || !strings.HasPrefix(notes[0], "certificate 2 of the bundle is left out: ") {
		t.Errorf("%d CAs, %q, %v", len(cas), notes, err)
	}
	for _, bad := range [][]byte{nil, []byte("sorry"), testca.CertPEM(leaf.Cert), make([]byte, pki.MaxImportLen+1)} {
		if cas, _, err := pki.ParseTrustpool(bad); err == nil {
			t.Errorf("%d CAs of %.20q", len(cas), bad)
		}
	}
}

// A bundle of rubbish, which its server may make as long as it likes, is told of in a
// few lines.
func TestTrustpoolNotes(t *testing.T) {
	rubbish := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte{0x30, 0}})
	bundle := append(testca.CertPEM(testca.New("CA1", 0).Cert), bytes.Repeat(rubbish, 1000)...)
	cas, notes, err := pki.ParseTrustpool(bundle)
	if err != nil || len(cas) != 1 || len(notes) != 21 || notes[20] != "980 more certificates of the bundle are left out" {
		t.Errorf("%d CAs, %d notes, %v", len(cas), len(notes), err)
	}
}

package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// poolOf is a bundle of large CA certificates, some 40 of which a trustpool may have.
func poolOf(first, n int) (bundle []byte) {
	large := testca.Extension{OID: []int{1, 3, 6, 1, 4, 1, 99999, 1}, Value: make([]byte, 15<<10)}
	for i := range n {
		ca := testca.New(fmt.Sprintf("CA%d", first+i), 0)
		ca.Cert = ca.Issue(testca.Certificate{Subject: ca.Name.DER(), Key: ca.Key.Public(), Extensions: []testca.Extension{issue.BasicConstraints(true, -1), large}})
		bundle = append(bundle, testca.CertPEM(ca.Cert)...)
	}
	return bundle
}

// A trustpool that bundles together would make too large to be read is refused: the
// store would be of no use any more.
func TestTrustpoolOfManyBundles(t *testing.T) {
	s, dir := open(t)
	cas := func() int {
		snapshot, err := s.Load(nil)
		if err != nil {
			t.Fatal(err)
		}
		return len(snapshot.Trustpool())
	}
	if added, _, err := s.ImportTrustpool(poolOf(0, 30), false); err != nil || added != 30 || cas() != 30 {
		t.Fatal(added, err)
	}
	if _, _, err := s.ImportTrustpool(poolOf(30, 30), false); err == nil || !strings.Contains(err.Error(), "octets") || cas() != 30 {
		t.Error(err)
	}
	// One that cannot be read makes way for another.
	if err := os.WriteFile(filepath.Join(dir, "trustpool.pem"), make([]byte, pki.MaxImportLen+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.ImportTrustpool(poolOf(30, 1), false); err == nil {
		t.Error("added to what cannot be read")
	}
	if added, _, err := s.ImportTrustpool(poolOf(30, 1), true); err != nil || added != 1 || cas() != 1 {
		t.Error(added, err)
	}
}

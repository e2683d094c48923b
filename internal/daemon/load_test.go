package daemon

import (
	"fmt"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
)

// A certificate chain block of the configuration brings a CA that the store
// lacks, and so an anchor and a CERTREQ.
func TestLoadTakesChainBlocks(t *testing.T) {
	ca := testca.New("CA1", 0)
	text := "crypto pki trustpoint IOSCA1\n revocation-check none\n!\ncrypto pki certificate chain IOSCA1\n certificate ca 01\n" +
		hexLines(ca.Cert.Raw()) + "  \tquit\n"
	cfg, errs := policy.Compile(policy.Source{Name: "r1.cfg", Text: []byte(text)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	snapshot, remarks, err := load(st, cfg)
	if err != nil || len(remarks) != 0 {
		t.Fatal(remarks, err)
	}
	tp := snapshot.Lookup("IOSCA1")
	if tp.CA == nil || !tp.CA.Equal(ca.Cert) {
		t.Fatalf("the trustpoint's CA is %v, want CA1's certificate", tp.CA)
	}
	if first := snapshot.CertificateRequests(nil)[0]; first.Name.String() != "cn=CA1,o=cisco,o=com" {
		t.Errorf("the first CERTREQ is for %s", first.Name)
	}
}

// hexLines prints octets as IOS prints a certificate.
func hexLines(der []byte) string {
	var b strings.Builder
	for len(der) > 0 {
		n := min(len(der), 32)
		fmt.Fprintf(&b, "  %X\n", der[:n])
		der = der[n:]
	}
	return b.String()
}

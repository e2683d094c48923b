//go:build vm

package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/obol-ike/obol/test/testca"
)

// charonV2 is strongSwan's daemon with a connection of IKEv2.
type charonV2 struct {
	*charon
	lab *labV2
}

// No lifetime of charon's own ends a test.
const charonConnV2 = `connections { net { version = 2
    local_addrs = 192.168.0.2
    remote_addrs = 192.168.0.1
    proposals = %s
    rekey_time = 1h
    rand_time = 0
    mobike = no
    %s
    %s
    children { net { %s
        life_time = 1h
        rekey_time = 50m
        rand_time = 0
        esp_proposals = %s } } } }
secrets { ike-1 { id-1 = 192.168.0.1
    secret = cisco } }
`

func charonForV2(b *labV2) peerV2 {
	b.t.Helper()
	for name, ca := range b.cas {
		b.write("swanctl/x509ca/"+name+".pem", string(testca.CertPEM(ca.Cert)))
	}
	// One that R1 does not know.
	b.write("swanctl/x509ca/CA3.pem", string(testca.CertPEM(testca.New("CA3", 2).Cert)))
	return &charonV2{newCharon(b.lab), b}
}

// load shows charon the certificates of the case only: it takes any of the
// identity under a CA that was asked for.
func (c *charonV2) load(x caseV2) {
	c.t = c.lab.t
	c.t.Helper()
	for _, dir := range []string{"x509", "private"} {
		must(c.t, os.RemoveAll(filepath.Join(c.Dir, "swanctl", dir)))
	}
	auth := `local { auth = psk
      id = 192.168.0.2 }
    remote { auth = psk
      id = 192.168.0.1 }`
	if ca, ok := authorityOf[x.auth]; ok {
		c.write("swanctl/x509/r2.pem", string(testca.CertPEM(c.lab.certs[ca].Cert)))
		c.write("swanctl/private/r2.pem", string(c.lab.certs[ca].KeyPEM()))
		ask := x.ask
		if ask == nil {
			ask = []string{ca}
		}
		auth = `local { auth = pubkey
      id = R2.cisco.com }
    remote { auth = pubkey
      ` + cacerts(ask) + ` }`
	}
	// A connection that differs in the order of its CAs only is not replaced.
	c.write("swanctl/swanctl.conf", "")
	c.swanctl("--load-conns")
	c.write("swanctl/swanctl.conf", fmt.Sprintf(charonConnV2, x.suite.charonIKE, x.charon, auth, charonSelectors[c.link.name], x.suite.charonESP))
	if out := c.swanctl("--load-all", "--noprompt", "--clear"); !strings.Contains(out, "successfully loaded") {
		c.t.Fatal(out)
	}
}

var charonIKE = regexp.MustCompile(`(?m)^net: #(\d+), ESTABLISHED`)

func (c *charonV2) rekeyIKE()        { c.swanctl("--rekey", "--ike", "net") }
func (c *charonV2) ikeSAs() []string { return names(charonIKE, c.knows()) }

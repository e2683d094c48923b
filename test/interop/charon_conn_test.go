//go:build vm

package interop

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/obol-ike/obol/test/testca"
)

// charonConn is a connection of a stand. What it signs with cannot be said:
// charon takes any certificate of the identity under a CA that was asked for.
const charonConn = `connections { net { version = 1
    local_addrs = 192.168.0.2
    remote_addrs = 192.168.0.1
    proposals = %s
    %s
    children { net { %s
        mode = %s
        life_time = %d
        rekey_time = %d
        rand_time = 0
        %s = %s } } } }
secrets { ike-1 { id-1 = 192.168.0.1
    secret = cisco } }
`

// standCharon starts charon with both of the peer's certificates. CA3 is one
// that R1 does not know.
func standCharon(b *stand) loader {
	b.t.Helper()
	for i, id := range b.certs {
		b.write(fmt.Sprintf("swanctl/x509/r2-CA%d.pem", i+1), string(testca.CertPEM(id.Cert)))
		b.write(fmt.Sprintf("swanctl/private/r2-CA%d.pem", i+1), string(id.KeyPEM()))
	}
	for i, ca := range b.cas {
		b.write(fmt.Sprintf("swanctl/x509ca/CA%d.pem", i+1), string(testca.CertPEM(ca.Cert)))
	}
	return newCharon(b.lab)
}

func (c *charon) load(x conn) {
	c.t.Helper()
	auth := `local { auth = psk
      id = 192.168.0.2 }
    remote { auth = psk
      id = 192.168.0.1 }`
	if x.ca != 0 {
		auth = `local { auth = pubkey
      id = R2.cisco.com }
    remote { auth = pubkey
      ` + cacerts(x.ask) + ` }`
	}
	mode, protocol := "tunnel", "esp_proposals"
	if x.transport {
		mode = "transport"
	}
	if x.ah {
		protocol = "ah_proposals"
	}
	// A connection that differs in the order of its CAs only is not replaced.
	c.write("swanctl/swanctl.conf", "")
	c.swanctl("--load-conns")
	c.write("swanctl/swanctl.conf", fmt.Sprintf(charonConn, x.ike, auth, charonSelectors[c.link.name], mode, x.life.hard, x.life.rekey, protocol, x.esp))
	c.loadAll()
}

// cacerts is the order in which charon, as initiator, asks.
func cacerts(ask []string) string {
	if len(ask) == 0 {
		return ""
	}
	return "cacerts = " + strings.Join(ask, ".pem, ") + ".pem"
}

func (c *charon) attempt() {
	c.t.Helper()
	c.swanctl("--initiate", "--child", "net", "--timeout", "-1")
}

func (c *charon) forget() {
	cmd := exec.Command("swanctl", "--terminate", "--ike", "net", "--timeout", "10", "--uri", "unix://"+c.Dir+"/vici")
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Run() // an error says that there is nothing to end
}

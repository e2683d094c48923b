//go:build bench

package speed

import (
	"crypto/ecdh"
	"crypto/rand"
	"fmt"
	"net"
	"strings"
	"testing"
)

const wireguardConfig = `set=1
private_key=%x
listen_port=51820
public_key=%x
endpoint=%s:51820
replace_allowed_ips=true
allowed_ip=0.0.0.0/0

`

// wireguard runs wireguard-go on both hosts. Its control sockets are named by the
// interface and not by the namespace.
func wireguard(b *testing.B, s *stage) {
	var keys [2]*ecdh.PrivateKey
	for i := range keys {
		var err error
		keys[i], err = ecdh.X25519().GenerateKey(rand.Reader)
		must(b, err)
	}
	for i, h := range s.hosts {
		name := fmt.Sprintf("obolwg%d", i)
		s.start(b, i, nil, bin+"/wireguard", "-f", name)
		var c net.Conn
		eventually(b, "wireguard-go", func() (err error) {
			c, err = net.Dial("unix", "/var/run/wireguard/"+name+".sock")
			return err
		})
		_, err := fmt.Fprintf(c, wireguardConfig, keys[i].Bytes(), keys[1-i].PublicKey().Bytes(), outer(1-i))
		must(b, err)
		answer := make([]byte, 100)
		n, err := c.Read(answer)
		must(b, err)
		must(b, c.Close())
		if !strings.HasPrefix(string(answer[:n]), "errno=0\n") {
			b.Fatalf("wireguard-go: %s", answer[:n])
		}
		h.IP("link set "+name+" mtu 1400 up", "address add "+s.inner[i]+"/24 dev "+name)
	}
}

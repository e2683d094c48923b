//go:build bench

package speed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// The plugin kernel-libipsec carries ESP over a TUN device, in UDP always.
const strongswanConf = `charon-systemd {
  load = random nonce openssl aesni aes sha1 sha2 hmac kdf gcm pem pkcs1 pkcs8 x509 pubkey curve25519 kernel-libipsec kernel-netlink socket-default vici
  install_virtual_ip = yes
  plugins { vici { socket = unix://%[1]s/vici } }
  filelog { f { path = %[1]s/charon.log
    default = 0
    flush_line = yes } }
  journal { default = -1 }
}
swanctl { load = pem pkcs1 pkcs8 x509 pubkey openssl random }
`

const swanctlConf = `connections { net { version = 2
    local_addrs = %[1]s
    remote_addrs = %[2]s
    proposals = aes128-sha256-x25519
    encap = yes
    local { auth = psk
      id = %[1]s }
    remote { auth = psk
      id = %[2]s }
    children { net {
      local_ts = %[3]s/32
      remote_ts = %[4]s/32
      start_action = %[5]s
      esp_proposals = aes128gcm16 } } } }
secrets { ike { secret = secret-of-both } }
`

// charon runs strongSwan's on both hosts; the first one begins.
func charon(b *testing.B, s *stage) {
	for _, i := range []int{1, 0} {
		s.hosts[i].Addr("lo", s.inner[i]+"/32")
		dir, action := fmt.Sprintf("%s/charon%d", s.dir, i), "none"
		if i == 0 {
			action = "start"
		}
		env := []string{"SWANCTL_DIR=" + dir + "/swanctl",
			"STRONGSWAN_CONF=" + s.write(b, fmt.Sprintf("charon%d/strongswan.conf", i), fmt.Sprintf(strongswanConf, dir))}
		s.write(b, fmt.Sprintf("charon%d/swanctl/swanctl.conf", i),
			fmt.Sprintf(swanctlConf, outer(i), outer(1-i), s.inner[i], s.inner[1-i], action))
		s.start(b, i, env, "/usr/sbin/charon-systemd")
		eventually(b, "charon", func() error {
			load := exec.Command("swanctl", "--load-all", "--noprompt", "--uri", "unix://"+dir+"/vici")
			load.Env = append(os.Environ(), env...)
			out, err := load.CombinedOutput()
			if err != nil {
				err = errors.Join(err, fmt.Errorf("%s", out))
			}
			return err
		})
	}
}

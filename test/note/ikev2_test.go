//go:build vm

package note

import (
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// IKEv2 keys the kernel: GRE with the note's algorithms, and a VTI with AES-GCM.
// Packets pass both ways at the MTU and not above, and a clear leaves nothing.
func TestIKEv2(t *testing.T) {
	for _, c := range []struct {
		config string
		order  routers.Order
		states []string // in ip xfrm state
		mtu    int
	}{
		{"note/ikev2-certificates-", routers.OneOrder, []string{"cbc(des3_ede)", "hmac(sha1)"}, 1422},
		{"ikev2-modern/", routers.Order{R1: []string{"IOSCA1"}, R2: []string{"IOSCA1"}}, []string{"rfc4106(gcm(aes))"}, 1446},
		{"ikev2-psk/", routers.Order{}, []string{"cbc(aes)", "hmac(sha256)"}, 1414},
	} {
		t.Run(c.config, func(t *testing.T) {
			p := topology(t, "configs/"+c.config+"r1.cfg", "configs/"+c.config+"r2.cfg", c.order)
			start(t, p, "--initiate", "manual")
			up(t, p)
			sh(t, p.R1, "ping", "-c", "5", "-i", "0.2", "-I", p.R1.LAN, p.R2.LAN)
			sh(t, p.R2, "ping", "-c", "5", "-i", "0.2", "-I", p.R2.LAN, p.R1.LAN)
			for _, r := range []*routers.Router{p.R1, p.R2} {
				states := sh(t, r, "ip", "xfrm", "state")
				want(t, r.Name+" states", states, c.states...)
				if len(spis(states)) != 2 {
					t.Errorf("%s: want one pair of SAs:\n%s", r.Name, states)
				}
			}
			t.Run("MTU", func(t *testing.T) { mtu(t, p, c.mtu) })
			obol(t, p.R1, "clear", "crypto", "session")
			eventually(t, patience, "no SA on either side", func() bool {
				return len(spis(sh(t, p.R1, "ip", "xfrm", "state")+sh(t, p.R2, "ip", "xfrm", "state"))) == 0
			})
		})
	}
}

//go:build vm

package interop

import "testing"

// Every suite with every authentication, in both roles: the tunnel comes up,
// traffic passes both ways, and whoever deletes is understood.
func TestIKEv2Matrix(t *testing.T) {
	for _, d := range daemonsV2 {
		t.Run(d.name, func(t *testing.T) {
			b := newLabV2(t, func(*lab) {})
			b.peer = d.start(b)
			var a table
			for _, s := range suitesV2 {
				for _, auth := range []string{"pre-share", "rsa-sig", "ecdsa-sig"} {
					c := caseV2{suite: s, auth: auth}
					ok := t.Run("obold starts/"+auth+"/"+s.name, func(t *testing.T) {
						b.begin(t, c)
						b.initiate()
						b.passes(s.kernel)
						b.clear()
					})
					a.add(ok, "%-7s obold starts   %-10s  %s", d.name, auth, s.name)
					ok = t.Run("the peer starts/"+auth+"/"+s.name, func(t *testing.T) {
						b.begin(t, c)
						b.peer.initiate()
						b.passes(s.kernel)
						b.peer.remove()
						b.gone()
					})
					a.add(ok, "%-7s %-6s starts  %-10s  %s", d.name, d.name, auth, s.name)
				}
			}
			b.t = t
			a.print(t)
		})
	}
}

//go:build vm

package interop

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// shown is the CA of R1's certificate, which charon looks for when it arrived.
var shown = regexp.MustCompile(`using trusted ca certificate "O=com, O=cisco, CN=(CA\d)"`)

// R1, as responder, shows the certificate that charon asks for first, among the
// CAs that R1 has one of: charon's order is that of its cacerts. Two trustpoints
// stand in the profile.
func TestIKEv2RequestOrder(t *testing.T) {
	b := newLabV2(t, func(*lab) {})
	b.peer = charonForV2(b)
	var a table
	for _, ask := range [][]string{
		{"CA1", "CA2"},
		{"CA2", "CA1"},
		{"CA3", "CA1", "CA2"},
		{"CA2", "CA3", "CA1"},
		{"CA1"},
		{"CA2"},
	} {
		var choice []string
		ok := t.Run(strings.Join(ask, ","), func(t *testing.T) {
			b.begin(t, caseV2{suite: suitesV2[0], auth: "rsa-sig", ask: ask, trust: " pki trustpoint IOSCA1\n pki trustpoint IOSCA2\n"})
			before := len(b.peerLog())
			b.peer.initiate()
			b.peer.remove()
			log := b.peerLog()[before:]
			if asked := names(sent, log); !slices.Equal(asked, ask) {
				t.Errorf("charon asked for %v, its cacerts are %v", asked, ask)
			}
			choice = names(shown, log)
			first := slices.IndexFunc(ask, func(ca string) bool { return ca != "CA3" })
			if len(choice) != 1 || choice[0] != ask[first] {
				t.Errorf("R1 was asked for %v and showed the certificate of %v", ask, choice)
			}
			b.gone()
		})
		a.add(ok, "charon asks for %-14s obol shows %s", strings.Join(ask, " "), fmt.Sprint(choice))
	}
	b.t = t
	a.print(t)
}

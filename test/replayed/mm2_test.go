package replayed

import (
	"bytes"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
)

// To the recorded offer, with signatures in place of RSA encryption, obol's MM2 is
// the router's octet for octet: the transform as it was offered, numbers from 1, no
// vendor id of NAT-T where the initiator has none.
func TestMM2(t *testing.T) {
	for _, name := range []string{encryption, lifetime} {
		r := load(t, name)
		mm2 := r.message("mm2")
		env := surroundings(t, mm2.ResponderSPI[:])
		s, err := ikev1.Respond(now, env, 1001, ike.Datagram{Local: obol, Remote: peer, Data: signatures(t, r.get("mm1"))})
		if err != nil {
			t.Fatal(err)
		}
		sent, _ := take(s)
		if len(sent) != 1 || !bytes.Equal(sent[0], signatures(t, r.get("mm2"))) {
			t.Errorf("%s:\n%x, the router sent\n%x", name, sent, signatures(t, r.get("mm2")))
		}
	}
}

package show

import (
	"io"
	"net/netip"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

func TestISAKMPSACountAndPeers(t *testing.T) {
	dead := session()
	dead.ConnID, dead.Status = 1009, "ACTIVE (deleted)"
	rekeying := session()
	rekeying.ConnID, rekeying.State, rekeying.PeerID = 1012, ikev1.MMKeyExch.String(), ""
	nat := session()
	nat.ConnID, nat.Local, nat.PeerID = 1013, netip.MustParseAddrPort("192.168.0.1:4500"), "192.168.9.9"
	nat.Remote = netip.MustParseAddrPort("203.0.113.7:4501")
	sessions := []ikev1.View{dead, session(), halfOpen(), rekeying, nat}
	golden(t, "isakmp-sa-count", func(w io.Writer) error { return ISAKMPSACount(w, sessions) })
	golden(t, "isakmp-sa-count-none", func(w io.Writer) error { return ISAKMPSACount(w, nil) })
	golden(t, "isakmp-peers", func(w io.Writer) error { return ISAKMPPeers(w, sessions) })
	golden(t, "isakmp-peers-none", func(w io.Writer) error { return ISAKMPPeers(w, nil) })
}

// TestStored: TWO shares the key of ONE, EMPTY is not authenticated, BARE is
// not enrolled, EC has no RSA key.
func TestStored(t *testing.T) {
	ca, other := testca.New("CA1", 0), testca.New("CA2", 1)
	one := testca.Trustpoint("ONE", ca.Enroll("R1", "192.168.0.1", "100", 2), 1)
	one.RSAKeypair = "R1-KEY"
	two := testca.Trustpoint("TWO", other.Enroll("R1", "192.168.0.1", "100", 2), 2)
	three := testca.Trustpoint("THREE", ca.Enroll("R1", "192.168.0.1", "100", 3), 3)
	ec := testca.Trustpoint("EC", ca.EnrollWith(testca.RouterName("R1", "192.168.0.1", "100"), testca.EC(0)), 4)
	empty := &pki.Trustpoint{Settings: pki.Settings{Name: "EMPTY"}}
	bare := &pki.Trustpoint{Settings: pki.Settings{Name: "BARE"}, CA: other.Cert}
	s := pki.NewSnapshot([]*pki.Trustpoint{one, empty, two, three, ec, bare})
	golden(t, "pki-trustpoints", func(w io.Writer) error { return PKITrustpoints(w, s, "") })
	golden(t, "key-mypubkey-rsa", func(w io.Writer) error { return KeyMyPubkeyRSA(w, s) })
	golden(t, "key-mypubkey-ec", func(w io.Writer) error { return KeyMyPubkeyEC(w, s) })
	golden(t, "key-mypubkey-all", func(w io.Writer) error { return KeyMyPubkeyAll(w, s) })
	none := pki.NewSnapshot(nil)
	golden(t, "pki-trustpoints-none", func(w io.Writer) error { return PKITrustpoints(w, none, "") })
	golden(t, "key-mypubkey-rsa-none", func(w io.Writer) error { return KeyMyPubkeyRSA(w, none) })
}

package scenario

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/pki"
)

// A peer with a good certificate that begins IKE SA after IKE SA, each with a
// pair of SAs, and says neither INITIAL_CONTACT nor DELETE, gets no more than so
// many: what it left behind goes, the oldest first.
func TestCrowd(t *testing.T) {
	r := started(t, 1, "start R2\n")
	r1, _ := r.router("R1")
	r2, _ := r.router("R2")
	config, err := compile("R1.cfg", r1.setup.Config)
	if err != nil {
		t.Fatal(err)
	}
	spi := uint32(0x1000)
	env := &ike.Env{
		Config: config, PKI: pki.NewSnapshot(r1.trustpoints), Rand: rand.NewChaCha8([32]byte{}),
		Established: func(ike.Ends) bool { return true }, // no INITIAL_CONTACT
		NewSPI:      func() uint32 { spi++; return spi },
	}
	for i := range 40 {
		s := ikev1.Initiate(r.world.Now, env, uint32(i), config.Interface("Tunnel1"))
		for sent := len(r.world.Sent); ; {
			for o, ok := s.Poll(); ok; o, ok = s.Poll() {
				switch o := o.(type) {
				case ike.Send:
					r.world.Inject(r2.Router, ike.Datagram{Local: o.Datagram.Remote, Remote: o.Datagram.Local, Data: o.Datagram.Data})
				case ike.InstallSA:
					s.HandleKernel(r.world.Now, ipsec.Installed{SAID: o.SA.SAID})
				}
			}
			r.world.Run(time.Millisecond)
			if sent == len(r.world.Sent) {
				break
			}
			for _, d := range r.world.Sent[sent:] {
				sent++
				s.Handle(r.world.Now, ike.Datagram{Local: d.Datagram.Remote, Remote: d.Datagram.Local, Data: d.Datagram.Data})
			}
		}
		if !s.Established() {
			t.Fatalf("IKE SA %d does not come up", i)
		}
	}
	v := r2.Views()
	if len(v.Sessions) != 32 || len(r2.Dataplane.SAs) != 16 {
		t.Errorf("%d IKE SAs, %d SAs in the kernel", len(v.Sessions), len(r2.Dataplane.SAs))
	}
	if latest := v.Sessions[len(v.Sessions)-1]; len(latest.Children) != 8 || len(r2.Dataplane.Violations) > 0 {
		t.Errorf("the latest has %d pairs; %v", len(latest.Children), r2.Dataplane.Violations)
	}
}

package replayed

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

var (
	now  = time.Date(2013, 6, 20, 13, 0, 0, 0, time.UTC)
	obol = netip.MustParseAddrPort("192.168.0.1:500")
	peer = netip.MustParseAddrPort("192.168.0.2:500")
)

// surroundings are those of an obol with the recorded suite and signatures in
// place of encryption, whose random numbers begin with the given ones.
func surroundings(t *testing.T, first []byte) *ike.Env {
	t.Helper()
	c, errs := policy.Compile(policy.Source{Name: "R1", Text: []byte(`
crypto isakmp policy 10
 encr aes
 group 5
 lifetime 28800
crypto isakmp profile prof1
 match identity address 0.0.0.0
crypto ipsec transform-set TS esp-aes esp-sha-hmac
crypto ipsec profile prof1
 set transform-set TS
 set isakmp-profile prof1
interface Ethernet0/0
 ip address 192.168.0.1 255.255.255.0
interface Tunnel1
 ip address 10.0.0.1 255.255.255.0
 tunnel source 192.168.0.1
 tunnel destination 192.168.0.2
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
`)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return &ike.Env{
		Config: c, PKI: testca.NewNote().R1(), Rand: io.MultiReader(bytes.NewReader(first), rand.NewChaCha8([32]byte{})),
		Established: func(ike.Ends) bool { return false },
		NewSPI:      func() uint32 { return 0x1000 },
	}
}

// take gives what a session sends, and its events.
func take(s *ikev1.Session) (sent [][]byte, events []ike.Event) {
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		switch o := o.(type) {
		case ike.Send:
			sent = append(sent, o.Datagram.Data)
		case ike.Report:
			events = append(events, o.Event)
		}
	}
	return sent, events
}

// signatures is a message with RSA signatures where the SA payload, which comes
// first in MM1 and MM2, says RSA encryption.
func signatures(t *testing.T, data []byte) []byte {
	t.Helper()
	const encryption, signatures = "\x80\x03\x00\x04", "\x80\x03\x00\x03"
	if bytes.Count(data, []byte(encryption)) != 1 {
		t.Fatalf("%x", data)
	}
	return bytes.Replace(data, []byte(encryption), []byte(signatures), 1)
}

// MM1 as it was recorded is refused: RSA encryption is not spoken.
func TestRefused(t *testing.T) {
	for _, name := range []string{encryption, lifetime} {
		r := load(t, name)
		mm2 := r.message("mm2")
		env := surroundings(t, mm2.ResponderSPI[:])
		s, err := ikev1.Respond(now, env, 1001, ike.Datagram{Local: obol, Remote: peer, Data: r.get("mm1")})
		if err != nil {
			t.Fatal(err)
		}
		sent, events := take(s)
		if !s.Done() || len(sent) != 1 || !has[ikev1.NoOfferAccepted](events) {
			t.Errorf("%s: %d datagrams, done %v", name, len(sent), s.Done())
		}
		if m, err := wire.Parse(sent[0]); err != nil || m.Exchange != wire.ExchangeInformational {
			t.Errorf("%s: %v", name, err)
		}

	}
}

// has says whether an event of a type is among them.
func has[E ike.Event](events []ike.Event) bool {
	return slices.ContainsFunc(events, func(e ike.Event) bool { _, ok := e.(E); return ok })
}

// begin is an initiator with the recorded cookie, whose MM1 was sent.
func begin(t *testing.T, r recording) *ikev1.Session {
	t.Helper()
	m := r.message("mm1")
	env := surroundings(t, m.InitiatorSPI[:])
	s := ikev1.Initiate(now, env, 1001, env.Config.Interface("Tunnel1"))
	sent, _ := take(s)
	if i, _ := s.Cookies(); i != m.InitiatorSPI || len(sent) != 1 {
		t.Fatalf("%d datagrams, cookie %s", len(sent), i)
	}
	return s
}

// The router's MM2 does not fit an offer of signatures. With them in its place the
// initiator goes on to MM3; it knows the router's MM4 for that of IOS, and as the
// keys are not those that the router has, MM6 is refused.
func TestInitiator(t *testing.T) {
	for _, name := range []string{encryption, lifetime} {
		r := load(t, name)
		s := begin(t, r)
		handle := func(data []byte) ([][]byte, []ike.Event) {
			s.Handle(now, ike.Datagram{Local: obol, Remote: peer, Data: data})
			return take(s)
		}
		if sent, events := handle(r.get("mm2")); len(sent) != 0 || !has[ikev1.MessageRejected](events) {
			t.Errorf("%s: RSA encryption was taken: %d datagrams", name, len(sent))
		}
		if sent, _ := handle(signatures(t, r.get("mm2"))); len(sent) != 1 {
			t.Fatalf("%s: no MM3", name)
		}
		sent, events := handle(r.get("mm4"))
		if len(sent) != 1 {
			t.Fatalf("%s: no MM5", name)
		}
		if !slices.ContainsFunc(events, func(e ike.Event) bool { v, ok := e.(ikev1.VendorIDRead); return ok && v.IOS }) {
			t.Errorf("%s: not known for IOS", name)
		}
		if sent, events := handle(r.get("mm6")); len(sent) != 0 || s.Established() || !has[ikev1.MessageRejected](events) {
			t.Errorf("%s: MM6 was taken", name)
		}
	}
}

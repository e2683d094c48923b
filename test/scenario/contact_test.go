package scenario

import (
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// A router whose certificate is good but is another's says that it is R2 and
// sends INITIAL_CONTACT. R1 takes the name, as IOS does, and tells so; the SAs
// with the true R2, at its address, stay.
func TestInitialContactOfAnother(t *testing.T) {
	r := started(t, 1, "start\ninitiate R1 Tunnel1\nwait up 5s\nadvance 1s\nmark\n")
	text := strings.ReplaceAll(string(noteConfig(t, "R2.cfg")), "192.168.0.2", "192.168.0.9")
	config, err := compile("R3.cfg", text)
	if err != nil {
		t.Fatal(err)
	}
	id := r.setup.CAs["IOSCA1"].Enroll("R3", "192.168.0.9", "109", 7)
	tp := testca.Trustpoint("IOSCA1", id, 1)
	r3 := r.world.Add("R3", config, pki.NewSnapshot([]*pki.Trustpoint{tp}), engine.Options{Options: tunnel.Options{Manual: true}})
	if err := r3.Command(ike.Initiate{Tunnel: "Tunnel1"}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"advance 2s",
		"want event R1 InitialContact R2.cisco.com",
		"want debug R1 %CRYPTO-6-IKMP_NO_ID_CERT_FQDN_MATCH: ID of R2.cisco.com (type 2) and certificate fqdn with R3.cisco.com",
		"want sa 1",
		"want carries R1 Tunnel1 R2 Tunnel1",
	} {
		if err := r.command(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// Two routers with two links between them, a tunnel over each: the first contact
// over one link says nothing about the SAs of the other.
func TestTwoLinks(t *testing.T) {
	archive := &txtar.Archive{Comment: []byte("enrol R1 IOSCA1 IOSCA2\nenrol R2 IOSCA2 IOSCA1\n")}
	complete(t, archive)
	r := newRun(archive, 1)
	for _, x := range r.routers {
		me, peer := "1", "2"
		if x.name == "R2" {
			me, peer = peer, me
		}
		x.setup.Config += "interface Ethernet0/1\n ip address 172.16.0." + me + " 255.255.255.0\n" +
			"interface Tunnel2\n ip address 10.0.1." + me + " 255.255.255.0\n tunnel source Ethernet0/1\n" +
			" tunnel destination 172.16.0." + peer + "\n tunnel protection ipsec profile prof1\n"
	}
	if err := r.all(); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"start", "initiate R1 Tunnel1", "advance 2s", "initiate R1 Tunnel2", "wait up 5s", "advance 5s",
		"want isakmp 2", "want sa 2", "want carries R1 Tunnel1 R2 Tunnel1", "want carries R1 Tunnel2 R2 Tunnel2",
	} {
		if err := r.command(line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// What somebody began in the peer's name does not hold us up: a tunnel waits for
// no half-open SA of the peer's.
func TestNotHeldUp(t *testing.T) {
	r := started(t, 1, "drop R1 set isakmp-profile prof1\ndrop R2 set isakmp-profile prof1\nstart\nloss 100%\ninitiate R2 Tunnel1\nadvance 1s\nmark\n")
	r1, _ := r.router("R1")
	r.world.Inject(r1.Router, ike.Datagram{Local: r.world.Sent[0].Datagram.Remote, Remote: r.world.Sent[0].Datagram.Local, Data: r.world.Sent[0].Datagram.Data})
	for _, line := range []string{"clear R2 isakmp", "advance 1s", "want event R1 SAInserted", "loss 0%", "initiate R1 Tunnel1", "wait up 5s", "advance 1s", "want sa 1"} {
		if err := r.command(line); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

package show

import (
	"bytes"
	"flag"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/engine"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares a text with testdata/NAME.txt, blank for blank.
func golden(t *testing.T, name string, text func(io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	if err := text(&got); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

var (
	now = time.Date(2013, time.June, 20, 13, 0, 37, 0, time.UTC)
	r1  = netip.MustParseAddrPort("192.168.0.1:500")
	r2  = netip.MustParseAddrPort("192.168.0.2:500")
	gre = ipsec.Selector{Local: netip.PrefixFrom(r1.Addr(), 32), Remote: netip.PrefixFrom(r2.Addr(), 32), Protocol: ipsec.GRE}
	all = ipsec.Selector{Local: netip.MustParsePrefix("0.0.0.0/0"), Remote: netip.MustParsePrefix("0.0.0.0/0")}
)

// noteTunnel is R1's Tunnel1, without SAs.
func noteTunnel() tunnel.View {
	return tunnel.View{
		Name: "Tunnel1", Source: r1.Addr(), Destination: r2.Addr(), SourceInterface: "Ethernet0/0", Mode: policy.GREIP,
		Profile: "prof1", ISAKMPProfile: "prof1", Selector: gre, PathMTU: 1500, MTU: 1414, LineProtocol: true,
	}
}

// session is R1's IKE SA with R2.
func session(children ...ikev1.ChildView) ikev1.View {
	return ikev1.View{
		ConnID: 1010, Local: r1, Remote: r2, Initiator: true, State: ikev1.QMIdle.String(), Status: "ACTIVE",
		Encr: "3des", Hash: "md5", Auth: "rsig", Group: 2, Remaining: 86373 * time.Second, PeerID: "R2.cisco.com", Profile: "prof1",
		Children: children,
	}
}

func halfOpen() ikev1.View {
	return ikev1.View{ConnID: 1011, Local: r1, Remote: netip.MustParseAddrPort("192.168.0.9:500"), State: ikev1.MMSASetup.String(), Status: "ACTIVE"}
}

// child is a pair with AES keys of that many bits.
func child(mode ipsec.Mode, s ipsec.Selector, bits int) ikev1.ChildView {
	one := ipsec.SA{
		Mode: mode, Encr: suite.AES, EncrKey: make(suite.Key, bits/8), Integ: suite.HMACSHA256, Selector: s, Replay: 64,
	}
	in, out := one, one
	in.SAID = ipsec.SAID{Src: r2.Addr(), Dst: r1.Addr(), SPI: 0x2BDAB8F7, Protocol: ipsec.ESP}
	out.SAID = ipsec.SAID{Src: r1.Addr(), Dst: r2.Addr(), SPI: 0xFDC96FDB, Protocol: ipsec.ESP}
	in.Direction, out.Direction = ipsec.In, ipsec.Out
	return ikev1.ChildView{
		Tunnel: "Tunnel1", In: in, Out: out, Installed: now.Add(-27 * time.Minute), Expires: now.Add(33 * time.Minute), Volume: 4608000,
	}
}

// counted is a data plane that saw 20 packets in and 1312 out on the pair.
func counted(id ipsec.SAID) (ipsec.Counters, bool) {
	switch id.SPI {
	case 0x2BDAB8F7:
		return ipsec.Counters{Packets: 20, Octets: 2560, ReplayErrors: 1, IntegrityErrors: 2,
			LengthErrors: 3, ProtocolErrors: 4, SelectorErrors: 5, FormErrors: 6, LifetimeErrors: 7}, true
	case 0xFDC96FDB:
		return ipsec.Counters{Packets: 1312, Octets: 1312 * 1024,
			SelectorErrors: 10, FormErrors: 20, LifetimeErrors: 40, SequenceErrors: 80}, true
	}
	return ipsec.Counters{}, false
}

func TestISAKMPSA(t *testing.T) {
	responder := session()
	responder.ConnID, responder.Initiator, responder.Status = 1012, false, "ACTIVE (deleted)"
	sessions := []ikev1.View{session(), halfOpen(), responder}
	golden(t, "isakmp-sa", func(w io.Writer) error { return ISAKMPSA(w, sessions, false) })
	golden(t, "isakmp-sa-detail", func(w io.Writer) error { return ISAKMPSA(w, sessions, true) })
	golden(t, "isakmp-sa-none", func(w io.Writer) error { return ISAKMPSA(w, nil, false) })
}

func TestIPsecSA(t *testing.T) {
	vti := noteTunnel()
	vti.Selector, vti.Mode, vti.SourceInterface = all, policy.IPsecIPv4, ""
	rekeyed := child(ipsec.Tunnel, all, 256)
	rekeyed.PFS, _ = suite.GroupByNumber(14)
	rekeyed.Volume = 0
	rekeyed.In.Replay = 0
	unprotected := noteTunnel()
	unprotected.Profile = ""
	both := child(ipsec.Tunnel, gre, 128)
	for _, sa := range []*ipsec.SA{&both.In, &both.Out} {
		sa.Integ, sa.IntegKey, sa.AH, sa.AHSPI = nil, nil, suite.HMACSHA1, sa.SPI+1
	}
	for name, v := range map[string]engine.View{
		"ipsec-sa-ah-esp":    {Sessions: []ikev1.View{session(both)}, Tunnels: []tunnel.View{noteTunnel()}},
		"ipsec-sa":           {Sessions: []ikev1.View{session(child(ipsec.Tunnel, gre, 128))}, Tunnels: []tunnel.View{unprotected, noteTunnel()}},
		"ipsec-sa-none":      {Sessions: []ikev1.View{halfOpen()}, Tunnels: []tunnel.View{noteTunnel()}},
		"ipsec-sa-vti":       {Sessions: []ikev1.View{session(rekeyed)}, Tunnels: []tunnel.View{vti}},
		"ipsec-sa-transport": {Sessions: []ikev1.View{session(child(ipsec.Transport, gre, 128))}, Tunnels: []tunnel.View{noteTunnel()}},
	} {
		golden(t, name, func(w io.Writer) error { return IPsecSA(w, v, now, counted, false) })
	}
	up := engine.View{Sessions: []ikev1.View{session(child(ipsec.Tunnel, gre, 128))}, Tunnels: []tunnel.View{noteTunnel()}}
	golden(t, "ipsec-sa-detail", func(w io.Writer) error { return IPsecSA(w, up, now, counted, true) })
	golden(t, "ipsec-sa-count", func(w io.Writer) error { return IPsecSACount(w, up) })
}

func TestSession(t *testing.T) {
	up := engine.View{Sessions: []ikev1.View{session(child(ipsec.Tunnel, gre, 128)), halfOpen()}, Tunnels: []tunnel.View{noteTunnel()}}
	down := engine.View{Tunnels: []tunnel.View{noteTunnel()}}
	golden(t, "session", func(w io.Writer) error { return Session(w, up, now, counted, false) })
	golden(t, "session-detail", func(w io.Writer) error { return Session(w, up, now, counted, true) })
	both := engine.View{
		Sessions: []ikev1.View{halfOpen()}, IKEv2: []ikev2.View{sessionV2(childV2(ipsec.Tunnel, gre, 128)), halfOpenV2()}, Tunnels: []tunnel.View{noteTunnel()},
	}
	golden(t, "session-ikev2", func(w io.Writer) error { return Session(w, both, now, counted, false) })
	golden(t, "session-ikev2-detail", func(w io.Writer) error { return Session(w, both, now, counted, true) })
	golden(t, "session-down", func(w io.Writer) error { return Session(w, down, now, counted, false) })
	golden(t, "session-down-detail", func(w io.Writer) error { return Session(w, down, now, counted, true) })
}

// An IPv6 tunnel has its own words.
func TestIPv6Tunnel(t *testing.T) {
	six := noteTunnel()
	six.Source, six.Destination = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
	six.Selector = ipsec.Selector{Local: netip.MustParsePrefix("::/0"), Remote: netip.MustParsePrefix("::/0")}
	v := engine.View{IKEv2: []ikev2.View{sixV2()}, Tunnels: []tunnel.View{six}}
	golden(t, "ipsec-sa-ipv6", func(w io.Writer) error { return IPsecSA(w, v, now, counted, false) })
	golden(t, "session-ipv6", func(w io.Writer) error { return Session(w, v, now, counted, false) })
	hosts := ipsec.Selector{Local: netip.MustParsePrefix("2001:db8::1/128"), Remote: netip.MustParsePrefix("2001:db8::/64"), Protocol: 6, RemotePort: 80}
	if got := permit(hosts); got != "permit 6 host 2001:db8::1 2001:db8::/64 port 80" {
		t.Error(got)
	}
}

// TestStatus walks through the states of a tunnel's session.
func TestStatus(t *testing.T) {
	pairs := []pair{{ChildView: child(ipsec.Tunnel, gre, 128)}}
	negotiating := session()
	negotiating.State = ikev1.MMKeyExch.String()
	gone := session()
	gone.Status = "ACTIVE (deleted)"
	v1 := func(sessions ...ikev1.View) []ikeSA { return ikeSAs(engine.View{Sessions: sessions}) }
	v2 := func(sessions ...ikev2.View) []ikeSA { return ikeSAs(engine.View{IKEv2: sessions}) }
	for want, blocks := range map[string][]block{
		"DOWN":             {{}},
		"DOWN-NEGOTIATING": {{sessions: v1(negotiating)}, {sessions: v2(halfOpenV2())}},
		"UP-IDLE":          {{sessions: v1(session())}, {sessions: v2(sessionV2())}},
		"UP-ACTIVE":        {{sessions: v1(negotiating, session()), children: pairs}, {sessions: v2(halfOpenV2(), sessionV2()), children: pairs}},
		"UP-NO-IKE":        {{sessions: v1(gone), children: pairs}},
	} {
		for _, b := range blocks {
			if got := b.status(); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}

// TestPlaintextMTU has the numbers that routers print for a path of 1500
// octets.
func TestPlaintextMTU(t *testing.T) {
	four, six := netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::2")
	for _, c := range []struct {
		peer  netip.Addr
		mode  ipsec.Mode
		encr  *suite.Cipher
		integ *suite.Integrity
		encap *ipsec.Encap
		want  int
	}{
		{four, ipsec.Tunnel, suite.AES, suite.HMACSHA256, nil, 1438},
		{four, ipsec.Transport, suite.AES, suite.HMACSHA256, nil, 1458},
		{four, ipsec.Transport, suite.AES, suite.HMACSHA1, &ipsec.Encap{LocalPort: 4500, RemotePort: 4500}, 1442},
		{four, ipsec.Tunnel, suite.AESGCM16, nil, nil, 1446},
		{six, ipsec.Tunnel, suite.AESGCM16, nil, nil, 1426},
	} {
		p := pair{ChildView: child(c.mode, gre, 128)}
		p.Out.Dst = c.peer
		p.Out.Encr, p.Out.Integ, p.Out.Encap = c.encr, c.integ, c.encap
		if got := plaintextMTU([]pair{p}, 1500); got != c.want {
			t.Errorf("%v %s: %d, want %d", c.mode, c.encr.QM, got, c.want)
		}
	}
}

func TestPKICertificates(t *testing.T) {
	note := testca.NewNote()
	cet := time.FixedZone("CET", 3600)
	golden(t, "pki-certificates-r1", func(w io.Writer) error { return PKICertificates(w, note.R1(), "", false, cet) })
	golden(t, "pki-certificates-r2", func(w io.Writer) error { return PKICertificates(w, note.R2(), "", false, cet) })
	golden(t, "pki-certificates-none", func(w io.Writer) error { return PKICertificates(w, pki.NewSnapshot(nil), "", false, cet) })
}

// TestSharedCA: a CA of two trustpoints stands once, with both names.
func TestSharedCA(t *testing.T) {
	ca := testca.New("CA1", 0)
	sub := ca.Sub("Sub", 1)
	one := testca.Trustpoint("ONE", ca.Enroll("R1", "192.168.0.1", "100", 2), 1)
	two := testca.Trustpoint("TWO", sub.Enroll("R1", "192.168.0.1", "100", 2), 2)
	two.CA, two.Chain = ca.Cert, []*pki.Certificate{sub.Cert}
	golden(t, "pki-certificates-shared", func(w io.Writer) error {
		return PKICertificates(w, pki.NewSnapshot([]*pki.Trustpoint{one, two}), "", false, time.UTC)
	})
}

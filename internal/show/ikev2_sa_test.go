package show

import (
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// sessionV2 is R1's IKEv2 SA with R2.
func sessionV2(children ...ikev2.ChildView) ikev2.View {
	group, _ := suite.GroupByNumber(2)
	return ikev2.View{
		ConnID: 2, Local: r1, Remote: r2, Initiator: true, State: ikev2.Ready, Status: ikev2.Ready.Status(),
		SPIi: wire.SPI{0x6F, 0x86, 0x19, 0x6A, 0xB2, 0xC5, 0x74, 0xE3}, SPIr: wire.SPI{7: 0x05},
		Encr: suite.AES, Bits: 128, PRF: suite.SHA256, Integ: suite.HMACSHA256, Group: group,
		Sign: "PSK", Verify: "RSA", LocalID: "192.168.0.1", PeerID: "R2.cisco.com", Profile: "profile1",
		Begun: now.Add(-time.Hour), Established: now.Add(-time.Hour), Lifetime: 24 * time.Hour, Active: 5967 * time.Second,
		Window: 5, PeerWindow: 1, NextOut: 4, NextIn: 2, Waiting: 1, DPD: policy.Keepalive{Interval: 10 * time.Second, Retry: 2 * time.Second},
		Children: children,
	}
}

// halfOpenV2 has nothing agreed yet.
func halfOpenV2() ikev2.View {
	return ikev2.View{ConnID: 3, Local: r1, Remote: netip.MustParseAddrPort("192.168.0.9:500"), Initiator: true, State: ikev2.IWaitInit, Status: ikev2.IWaitInit.Status()}
}

// sixV2 is of IPv6, behind a NAT, with a combined cipher.
func sixV2() ikev2.View {
	s := sessionV2()
	s.ConnID, s.Initiator, s.Encr, s.Bits, s.Integ, s.NATSelf, s.Fragmentation = 4, false, suite.AESGCM16, 256, nil, true, true
	s.Local, s.Remote = netip.MustParseAddrPort("[2001:db8::1]:500"), netip.MustParseAddrPort("[2001:db8::2]:4500")
	return s
}

func childV2(mode ipsec.Mode, s ipsec.Selector, bits int) ikev2.ChildView {
	return ikev2.ChildView(child(mode, s, bits))
}

func TestIKEv2SA(t *testing.T) {
	single := sessionV2()
	single.ConnID, single.Encr, single.Bits, single.State, single.Status = 5, suite.TripleDES, 0, ikev2.Deleting, ikev2.Deleting.Status()
	all := []ikev2.View{sessionV2(), halfOpenV2(), sixV2(), single}
	golden(t, "ikev2-sa", func(w io.Writer) error { return IKEv2SA(w, all, false) })
	golden(t, "ikev2-sa-detailed", func(w io.Writer) error { return IKEv2SA(w, all, true) })
	golden(t, "ikev2-sa-none", func(w io.Writer) error { return IKEv2SA(w, nil, false) })
}

func TestIKEv2Session(t *testing.T) {
	gcm := childV2(ipsec.Tunnel, all, 256)
	for _, sa := range []*ipsec.SA{&gcm.In, &gcm.Out} {
		sa.Encr, sa.EncrKey, sa.Integ = suite.AESGCM16, make(suite.Key, 36), nil
	}
	ports := childV2(ipsec.Transport, ipsec.Selector{
		Local: netip.MustParsePrefix("192.168.0.0/23"), Remote: netip.MustParsePrefix("2001:db8::/33"), RemotePort: 80,
	}, 128)
	ah := childV2(ipsec.Tunnel, gre, 128)
	for _, sa := range []*ipsec.SA{&ah.In, &ah.Out} {
		sa.Protocol, sa.Encr = ipsec.AH, nil
	}
	null := childV2(ipsec.Tunnel, gre, 128)
	null.In.Encr, null.In.Integ = nil, suite.HMACMD5
	sessions := []ikev2.View{sessionV2(childV2(ipsec.Tunnel, gre, 128)), halfOpenV2(), sixV2()}
	golden(t, "ikev2-session", func(w io.Writer) error { return IKEv2Session(w, sessions, false) })
	detailed := []ikev2.View{sessionV2(gcm, ports, ah, null)}
	golden(t, "ikev2-session-detailed", func(w io.Writer) error { return IKEv2Session(w, detailed, true) })
}

//go:build netns

package userspace

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/plane"
)

// forged is a packet of ESP that does not encrypt, with a right ICV, so that its maker may
// lie about all of it.
func forged(sa ipsec.SA, seq uint32, payload []byte, trailer ...byte) []byte {
	b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, sa.SPI), seq)
	b = append(append(b, payload...), trailer...)
	mac := hmac.New(sha256.New, sa.IntegKey)
	mac.Write(b)
	return append(b, mac.Sum(nil)[:16]...)
}

// message is an IPv4 packet with a UDP datagram without a checksum.
func message(src, dst netip.Addr, text string) []byte {
	n := headerIPv4 + headerUDP + len(text)
	b := make([]byte, n)
	b[0], b[3], b[8], b[9] = 0x45, byte(n), 64, protocolUDP
	copy(b[12:], src.AsSlice())
	copy(b[16:], dst.AsSlice())
	headerChecksum(b[:headerIPv4])
	binary.BigEndian.PutUint16(b[20:], 7000)
	binary.BigEndian.PutUint16(b[22:], 7000)
	binary.BigEndian.PutUint16(b[24:], uint16(headerUDP+len(text)))
	copy(b[28:], text)
	return b
}

// Whatever comes over the wire, by IPv4 and IPv6, as a protocol of IP and in UDP, is dropped
// and counted by its kind unless it is right, and nothing of it gets to the TUN device.
func TestHostile(t *testing.T) {
	for _, c := range []struct {
		v6, udp bool
	}{{}, {udp: true}, {v6: true}, {v6: true, udp: true}} {
		t.Run(fmt.Sprintf("IPv6 %v UDP %v", c.v6, c.udp), func(t *testing.T) { hostile(t, c.v6, c.udp) })
	}
}

func hostile(t *testing.T, v6, udp bool) {
	forger, r := plane.Plane{Open: openHere}.Routers(t)
	from, to := forger.Inner.Addr(), r.Inner.Addr()
	tun := plane.VTI()
	tun.Cipher, tun.Bits = suite.Null, 0
	if udp {
		tun.Encap = &ipsec.Encap{LocalPort: 20000, RemotePort: 4500} // the data plane of its host has 4500
	}
	if v6 {
		tun.Kind = ipsec.VTI6
		inner := r.Inner
		plane.OverIPv6(forger, r)
		r.Inner = inner
	}
	in := r.SA(tun, ipsec.In)
	in.Selector = ipsec.Selector{Local: netip.PrefixFrom(to, 32), Remote: netip.PrefixFrom(from, 32)}
	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		r.Must(r.SetPolicy(ipsec.Policy{Direction: d, Selector: in.Selector, Mark: in.Mark, ReqID: tun.ReqID}))
	}
	r.Must(r.SetLink(r.Link(tun)))
	r.Must(r.InstallSA(in))
	arrived := r.UDP(r.Port(7000))

	network, local, remote := "ip4:50", forger.Local.String(), r.Local.String()
	if v6 {
		network = "ip6:50"
	}
	if udp {
		network = strings.NewReplacer("ip", "udp", ":50", "").Replace(network)
		local, remote = netip.AddrPortFrom(forger.Local, 20000).String(), netip.AddrPortFrom(r.Local, 4500).String()
	}
	var wire net.Conn
	r.Must(forger.Do(func() error {
		d, err := dialer(network, local)
		if err == nil {
			wire, err = d.Dial(network, remote)
		}
		return err
	}))
	defer wire.Close()
	send := func(b []byte) {
		t.Helper()
		if _, err := wire.Write(b); err != nil {
			t.Fatal(err)
		}
	}

	seq := uint32(0)
	next := func() uint32 { seq++; return seq }
	packet := message(from, to, "good")
	change := func(at int, v byte) []byte {
		b := message(from, to, "evil")
		b[at] = v
		headerChecksum(b[:headerIPv4])
		return b
	}
	// Sealed packets are whole groups of four octets: 32 of the packet, 2 of padding, 2 of trailer.
	good := forged(in, next(), packet, 1, 2, 2, 4)
	send(good)
	want := ipsec.Counters{Packets: 1}
	for n := range len(good) - 4 { // shorter ones are for nobody
		cut := append([]byte(nil), good[:4+n]...)
		if len(cut) >= 8 {
			binary.BigEndian.PutUint32(cut[4:], 50)
		}
		send(cut)
		if n := len(cut) - 8 - 16; n < 2 || n%4 != 0 {
			want.LengthErrors++
		} else {
			want.IntegrityErrors++
		}
	}
	send(good)
	want.ReplayErrors++
	far := forged(in, 1<<31, packet, 1, 2, 2, 4)
	far[len(far)-1]++
	send(far)
	want.IntegrityErrors++
	for _, one := range []struct {
		payload []byte
		trailer []byte // padding, its length, next header
		counter *uint64
	}{
		{packet, []byte{1, 2, 2, 17}, &want.ProtocolErrors},        // transport mode
		{packet, []byte{1, 2, 2, 41}, &want.ProtocolErrors},        // IPv6 that is not
		{packet[:18], []byte{0, 4}, &want.FormErrors},              // a header cut
		{change(3, 200), []byte{1, 2, 2, 4}, &want.FormErrors},     // longer than it is
		{change(0, 0x4f), []byte{1, 2, 2, 4}, &want.FormErrors},    // a header longer than all
		{change(15, 99), []byte{1, 2, 2, 4}, &want.SelectorErrors}, // another source
		{change(19, 99), []byte{1, 2, 2, 4}, &want.SelectorErrors}, // another destination
		{nil, []byte{1, 2, 2, 59}, new(uint64)},                    // a dummy is no error
	} {
		send(forged(in, next(), one.payload, one.trailer...))
		*one.counter++
		want.Packets++
	}
	for _, trailer := range [][]byte{{2, 1, 2, 4}, {1, 2, 200, 4}} { // wrong padding, and more than there is
		send(forged(in, next(), packet, trailer...))
		want.FormErrors++
	}
	foreign := append([]byte(nil), good...)
	binary.BigEndian.PutUint32(foreign, in.SPI+0x100)
	send(foreign)
	send(forged(in, next(), message(from, to, "last"), 1, 2, 2, 4))
	want.Packets++

	b := make([]byte, 100)
	for _, text := range []string{"good", "last"} {
		arrived.SetReadDeadline(time.Now().Add(time.Minute))
		if n, _, err := arrived.ReadFrom(b); err != nil || string(b[:n]) != text {
			t.Fatalf("%q, %v, want %q\n%s", b[:n], err, text, r.Facts())
		}
	}
	got, err := r.QuerySA(in.SAID)
	r.Must(err)
	if got.Added, got.LastUsed, got.Octets = want.Added, want.LastUsed, 0; got != want {
		t.Errorf("counted: %+v\nwant     %+v", got, want)
	}
	if n := r.InvalidSPIs(); n != 1 {
		t.Errorf("%d packets of no SA", n)
	}
	plane.Expect(t, r.Dataplane, time.Minute, ipsec.InvalidSPI{SAID: ipsec.SAID{Src: in.Src, Dst: in.Dst, SPI: in.SPI + 0x100, Protocol: ipsec.ESP}})
	counts := strings.Fields(r.Sh("grep Tunnel1: /proc/net/dev | tr : ' '"))
	if counts[2] != "2" {
		t.Errorf("%s packets came to the TUN device\n%s", counts[2], r.Facts())
	}
}

// dialer has the address to send from.
func dialer(network, local string) (d net.Dialer, err error) {
	if strings.HasPrefix(network, "udp") {
		d.LocalAddr, err = net.ResolveUDPAddr(network, local)
	} else {
		d.LocalAddr, err = net.ResolveIPAddr(network[:3], local)
	}
	return d, err
}

// Where routes lead the packets of one tunnel into another and those of that into the first,
// what goes round ends.
func TestTwoTunnelsIntoEachOther(t *testing.T) {
	r1, r2 := plane.Plane{Open: openHere}.Routers(t)
	r1.Addr("e0", "198.51.100.1/24")
	second := *r1
	second.Local, second.Remote, second.Inner = netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2"), netip.MustParsePrefix("10.0.2.1/30")
	one, two := plane.VTI(), plane.VTI()
	two.Name, two.Marks, two.SPIs, two.ReqID = "Tunnel2", [2]uint32{0x0c000001, 0x0c000002}, [2]uint32{0x2001, 0x2002}, one.ReqID+1
	ids := []ipsec.SAID{r1.SA(one, ipsec.Out).SAID, second.SA(two, ipsec.Out).SAID}
	r1.Raise(one)
	second.Raise(two)
	r1.Must(errors.Join(r1.InstallSA(r1.SA(one, ipsec.Out)), r1.InstallSA(second.SA(two, ipsec.Out))))
	r1.Must(r1.SetRoute(ipsec.Route{Dst: netip.PrefixFrom(r1.Remote, 32), Dev: "Tunnel2", Metric: 1}))
	r1.Must(r1.SetRoute(ipsec.Route{Dst: netip.PrefixFrom(second.Remote, 32), Dev: "Tunnel1", Metric: 1}))
	sent := func() (c ipsec.Counters) {
		for _, id := range ids {
			own, err := r1.QuerySA(id)
			r1.Must(err)
			c = c.Plus(own)
		}
		return c
	}
	// With DF it ends when it is too long for the tunnel.
	if out, err := r1.Try("ping", "-c", "1", "-W", "1", "-M", "dont", r2.Inner.Addr().String()); err == nil {
		t.Errorf("answered:\n%s", out)
	}
	for end, before := time.Now().Add(2*time.Minute), sent(); ; time.Sleep(100 * time.Millisecond) {
		now := sent()
		if now.FormErrors > 0 && now == before {
			t.Logf("it went round %d times", now.Packets)
			return
		}
		if before = now; time.Now().After(end) {
			t.Fatalf("it goes round still: %+v\n%s", now, r1.Facts())
		}
	}
}

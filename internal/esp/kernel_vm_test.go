//go:build vm

package esp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/test/netlab"
	"github.com/obol-ike/obol/xfrm"
)

// The kernel stands at the other end of every SA: it opens our packets and answers
// the pings in them, and we open what it seals. All of its network is a TUN device,
// and the tests are what is behind it:
//
//	tests 192.0.2.1, 10.0.0.1 ---- TUN [wire 192.0.2.2, inside 10.0.0.2] kernel
//
// What the kernel has sealed makes the lines of testdata/kernel.txt, which
// TestKernelPackets opens without a kernel:
//
//	go test -tags vm -v -exec ... ./internal/esp -run Kernel -record | sed -n 's/.*kernel made: //p'
type peer struct {
	*netlab.Host
	*xfrm.Dataplane
	wire *os.File
	t    *testing.T
}

var kernelInside = map[bool][2]netip.Addr{false: inside, true: inside6} // ours and the kernel's, by IPv6

func newPeer(t *testing.T) *peer {
	p := &peer{Host: netlab.New(t, "k"), t: t}
	must(t, p.Do(func() (err error) {
		if p.wire, err = openTUN("wire"); err != nil {
			return err
		}
		p.Dataplane, err = xfrm.New()
		return err
	}))
	t.Cleanup(func() { p.wire.Close(); p.Dataplane.Close() })
	p.Addr("wire", "192.0.2.2/24")
	p.Addr("wire", "2001:db8::2/64")
	return p
}

// insideOn gives the kernel the addresses in the tunnel, and says where ours are.
func (p *peer) insideOn(link string) {
	p.Addr(link, "10.0.0.2/24")
	p.Addr(link, "fd00::2/64")
}

// openTUN makes a TUN device in the current namespace.
func openTUN(name string) (*os.File, error) {
	const device = "/dev/net/tun"
	if _, err := os.Stat(device); errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(device), 0o755); err != nil {
			return nil, err
		}
		if err := unix.Mknod(device, unix.S_IFCHR|0o600, int(unix.Mkdev(10, 200))); err != nil {
			return nil, err
		}
	}
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	r, err := unix.NewIfreq(name)
	if err != nil {
		return nil, err
	}
	r.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, r); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), device), nil
}

// A session is a pair of SAs, ours and the kernel's.
type session struct {
	p       *peer
	out     *Outbound
	in      *Inbound
	sa      ipsec.SA // as given
	ends    [2]netip.Addr
	kernels [2]ipsec.SAID // inbound and outbound
}

const reqID = ipsec.ReqIDBase | 9

// open makes both ends of a pair of SAs with the keys of sa, between IPv4 or IPv6
// addresses, until the test ends; its selector is as the kernel sees it.
func (p *peer) open(sa ipsec.SA, v6 bool) *session {
	p.t.Helper()
	s := &session{p: p, sa: sa, ends: [2]netip.Addr{here, there}}
	if v6 {
		s.ends = [2]netip.Addr{here6, there6}
	}
	sa.ReqID, sa.Protocol, sa.Mark = reqID, ipsec.ESP, 0
	theirs := sa
	theirs.Src, theirs.Dst, theirs.Direction, theirs.SPI = s.ends[0], s.ends[1], ipsec.In, sa.SPI
	s.kernels[0] = theirs.SAID
	p.install(theirs)
	theirs.Src, theirs.Dst, theirs.Direction, theirs.SPI = s.ends[1], s.ends[0], ipsec.Out, sa.SPI+0x100000
	s.kernels[1] = theirs.SAID
	p.install(theirs)
	s.keys(sa)
	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		policy := ipsec.Policy{Direction: d, Selector: sa.Selector, ReqID: reqID, Mode: sa.Mode, Protocol: ipsec.ESP, Local: s.ends[1], Remote: s.ends[0]}
		must(p.t, p.SetPolicy(policy))
		p.t.Cleanup(func() { must(p.t, p.RemovePolicy(policy)) })
	}
	return s
}

func (p *peer) install(sa ipsec.SA) {
	p.t.Helper()
	must(p.t, p.InstallSA(sa))
	p.t.Cleanup(func() { must(p.t, p.RemoveSA(sa.SAID)) })
}

// keys makes our end.
func (s *session) keys(sa ipsec.SA) {
	t := s.p.t
	t.Helper()
	var err error
	sa.Selector = sa.Selector.Mirror()
	sa.Direction = ipsec.Out
	s.out, err = NewOutbound(sa, source(), start)
	must(t, err)
	sa.SPI += 0x100000
	sa.Direction = ipsec.In
	s.in, err = NewInbound(sa, start)
	must(t, err)
}

// counted checks that both ends have counted alike.
func (s *session) counted() {
	t := s.p.t
	t.Helper()
	for k, ours := range []ipsec.Counters{s.out.Counters(), s.in.Counters()} {
		c, err := s.p.QuerySA(s.kernels[k])
		must(t, err)
		if c.Packets != ours.Packets || c.Octets != ours.Octets || c.IntegrityErrors+c.ReplayErrors+ours.IntegrityErrors+ours.ReplayErrors != 0 {
			t.Errorf("the kernel has counted %+v, we %+v", c, ours)
		}
	}
}

// carry sends a packet of IP to the kernel and gives the one that it sends back,
// both protected.
func (s *session) carry(packet []byte) []byte {
	t := s.p.t
	t.Helper()
	tos, dont := Inherited(packet)
	sealed, err := s.out.Seal(nil, packet, start)
	must(t, err)
	e := Envelope{Src: s.ends[0], Dst: s.ends[1], Encap: s.sa.Encap, TTL: 64}
	if _, err := s.p.wire.Write(e.Wrap(nil, sealed, tos, dont, 1)); err != nil {
		t.Fatal(err)
	}
	answer, outer := s.receive()
	whole := bytes.Clone(answer)
	next, payload, err := s.in.Open(answer, outer, start)
	if err != nil {
		t.Fatalf("what the kernel has sealed: %v\n%x", err, whole)
	}
	s.log(whole, payload)
	if s.sa.Mode == ipsec.Tunnel {
		return payload
	}
	return append(appendIP(nil, s.ends[1], s.ends[0], next, 64, outer.TOS, true, 0, len(payload)), payload...)
}

// receive is the next packet of ESP from the kernel, and what it came behind.
func (s *session) receive() ([]byte, Outer) {
	s.p.t.Helper()
	b := make([]byte, 4096)
	must(s.p.t, s.p.wire.SetReadDeadline(time.Now().Add(time.Minute)))
	for {
		n, err := s.p.wire.Read(b)
		if err != nil {
			s.p.t.Fatalf("nothing from the kernel: %v\n%s", err, s.p.Sh("grep -vw 0 /proc/net/xfrm_stat; ip -s xfrm state | grep -v -e enc -e auth -e aead; ip xfrm policy"))
		}
		h, ok := parse(b[:n])
		protocol, payload, _ := h.upper()
		if !ok || protocol != uint8(ipsec.ESP) && protocol != protocolUDP || len(payload) < udpHeader {
			continue // the host looks for routers
		}
		tos, _ := Inherited(h.packet)
		if s.sa.Encap != nil {
			if protocol != protocolUDP || binary.BigEndian.Uint16(payload) != s.sa.Encap.LocalPort {
				s.p.t.Fatalf("not in UDP: %x", h.packet)
			}
			payload = payload[udpHeader:]
		}
		return payload, Outer{Src: h.src, Dst: h.dst, TOS: tos}
	}
}

var record = flag.Bool("record", false, "log what the kernel seals, as lines of testdata/kernel.txt")

// log prints what the kernel has made as a line of testdata/kernel.txt.
func (s *session) log(sealed, payload []byte) {
	if !*record {
		return
	}
	integ, high := uint16(0), "-"
	if s.sa.Integ != nil {
		integ = s.sa.Integ.V2
	}
	if s.sa.ESN {
		high = fmt.Sprint(s.in.window.top >> 32)
	}
	s.p.t.Logf("kernel made: %s %d x%x %d x%x %s %s %x %x", strings.ReplaceAll(s.p.t.Name(), " ", "_"), s.sa.Encr.V2, []byte(s.sa.EncrKey), integ, []byte(s.sa.IntegKey), s.sa.Mode, high, sealed, payload)
}

// ping is an echo request with n octets of data to the kernel, and whether a packet
// is its reply.
func ping(src, dst netip.Addr, n int) (request []byte, answered func([]byte) bool) {
	data := append([]byte{0, 0, 0, 0, 0x6f, 0x62, 0, 7}, bytes.Repeat([]byte{0x5a}, n)...)
	protocol, reply, sum := uint8(protocolICMP), uint8(0), uint64(0)
	data[0] = 8
	if src.Is6() {
		protocol, data[0], reply, sum = protocolICMPv6, 128, 129, pseudo(src, dst, protocolICMPv6, len(data))
	}
	binary.BigEndian.PutUint16(data[2:], checksum(sum, data))
	request = append(appendIP(nil, src, dst, protocol, 64, 0, true, 0, len(data)), data...)
	return request, func(b []byte) bool {
		h, ok := parse(b)
		return ok && h.src == dst && h.dst == src && h.protocol == protocol && len(h.payload) == len(data) && h.payload[0] == reply && bytes.Equal(h.payload[4:], data[4:])
	}
}

func (s *session) ping(src, dst netip.Addr, sizes ...int) {
	s.p.t.Helper()
	for _, n := range sizes {
		request, answered := ping(src, dst, n)
		if got := s.carry(request); !answered(got) {
			s.p.t.Errorf("a ping of %d octets: %x", n, got)
		}
	}
}

// Every suite in tunnel and transport mode, with 32-bit and extended sequence
// numbers.
func TestKernelSuites(t *testing.T) {
	p := newPeer(t)
	p.insideOn("wire")
	names, sas := suites()
	for k, sa := range sas {
		for _, sa.Mode = range []ipsec.Mode{ipsec.Tunnel, ipsec.Transport} {
			for _, sa.ESN = range []bool{false, true} {
				name := fmt.Sprintf("%s %s", names[k], sa.Mode)
				ends := kernelInside[false]
				if sa.Mode == ipsec.Transport {
					ends = [2]netip.Addr{here, there}
				}
				if sa.ESN {
					name += " ESN"
				}
				t.Run(name, func(t *testing.T) {
					p.t = t
					sa.Selector = ipsec.Selector{Local: host(ends[1]), Remote: host(ends[0]), Protocol: protocolICMP}
					s := p.open(sa, false)
					s.ping(ends[0], ends[1], 13+k)
					s.ping(ends[0], ends[1], 1300)
					s.counted()
				})
			}
		}
	}
}

// IPv4 and IPv6, inside and outside, in tunnel and transport mode, with UDP
// encapsulation and without.
func TestKernelFamilies(t *testing.T) {
	p := newPeer(t)
	p.insideOn("wire")
	for _, addr := range []string{"192.0.2.2:4500", "[2001:db8::2]:4500"} {
		raw, err := p.UDP(addr).SyscallConn()
		must(t, err)
		must(t, raw.Control(func(fd uintptr) {
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_ENCAP, unix.UDP_ENCAP_ESPINUDP)
		}))
		must(t, err)
	}
	_, sas := suites()
	sa := sas[0]
	sa.Replay = 1024
	for _, outer6 := range []bool{false, true} {
		for _, inner6 := range []bool{false, true} {
			for _, sa.Encap = range []*ipsec.Encap{nil, {LocalPort: 4500, RemotePort: 4500}} {
				for _, sa.Mode = range []ipsec.Mode{ipsec.Tunnel, ipsec.Transport} {
					if sa.Mode == ipsec.Transport && inner6 != outer6 {
						continue
					}
					t.Run(fmt.Sprintf("outer IPv6 %v, inner IPv6 %v, UDP %v, %v", outer6, inner6, sa.Encap != nil, sa.Mode), func(t *testing.T) {
						p.t = t
						ends := kernelInside[inner6]
						if sa.Mode == ipsec.Transport && outer6 {
							ends = [2]netip.Addr{here6, there6}
						} else if sa.Mode == ipsec.Transport {
							ends = [2]netip.Addr{here, there}
						}
						sa.Selector = ipsec.Selector{Local: host(ends[1]), Remote: host(ends[0]), Protocol: protocolICMP}
						if inner6 {
							sa.Selector.Protocol = protocolICMPv6
						}
						s := p.open(sa, outer6)
						s.ping(ends[0], ends[1], 0, 1, 2, 3, 56, 1200)
						s.counted()
					})
				}
			}
		}
	}
}

// Over the edge of the low-order bits of extended sequence numbers, both ways, and
// far ahead without them.
func TestKernelSequence(t *testing.T) {
	p := newPeer(t)
	p.insideOn("wire")
	_, sas := suites()
	for _, sa := range []ipsec.SA{sas[0], sas[len(sas)-1]} { // combined, and HMAC
		for _, sa.ESN = range []bool{true, false} {
			t.Run(fmt.Sprintf("%s ESN %v", sa.Encr.IKEv2, sa.ESN), func(t *testing.T) {
				p.t = t
				sa.Selector = ipsec.Selector{Local: host(inside[1]), Remote: host(inside[0])}
				s := p.open(sa, false)
				s.ping(inside[0], inside[1], 10)
				if !sa.ESN {
					s.out.sequence.Store(1<<32 - 3)
					s.ping(inside[0], inside[1], 11, 12)
					s.counted()
					return
				}
				// In steps of less than half of what 32 bits count; the kernel's end
				// anew, with its counter near the edge.
				s.out.sequence.Store(1 << 31)
				s.ping(inside[0], inside[1], 10)
				s.in.window.top = 1 << 31
				must(t, p.RemoveSA(s.kernels[1]))
				algorithm := fmt.Sprintf("aead '%s' 0x%x %d", sa.Encr.XFRM, []byte(sa.EncrKey), 8*sa.Encr.ICV)
				if sa.Integ != nil {
					algorithm = fmt.Sprintf("enc '%s' '' auth-trunc '%s' 0x%x %d", sa.Encr.XFRM, sa.Integ.XFRM, []byte(sa.IntegKey), 8*sa.Integ.ICV)
				}
				p.Sh(fmt.Sprintf("ip xfrm state add src %s dst %s proto esp spi %d reqid %d mode tunnel flag esn replay-window 64 replay-oseq 0xfffffffc %s",
					there, here, s.kernels[1].SPI, uint32(reqID), algorithm))
				s.out.sequence.Store(1<<32 - 4)
				s.ping(inside[0], inside[1], 11, 12, 13, 14, 15, 16)
				if s.in.window.top>>32 != 1 || s.out.sequence.Load()>>32 != 1 {
					t.Errorf("in at %#x, out at %#x", s.in.window.top, s.out.sequence.Load())
				}
			})
		}
	}
}

// The kernel's GRE, with and without key and checksum, between IPv4 and IPv6 hosts,
// in tunnel and transport mode.
func TestKernelGRE(t *testing.T) {
	p := newPeer(t)
	_, sas := suites()
	sa := sas[0]
	for _, outer6 := range []bool{false, true} {
		for _, options := range []string{"", "key 4711", "csum", "key 4711 csum"} {
			for _, sa.Mode = range []ipsec.Mode{ipsec.Tunnel, ipsec.Transport} {
				t.Run(fmt.Sprintf("IPv6 %v, %s, %v", outer6, options, sa.Mode), func(t *testing.T) {
					p.t = t
					ends, kind := [2]netip.Addr{here, there}, "gre"
					if outer6 {
						ends, kind = [2]netip.Addr{here6, there6}, "ip6gre"
					}
					p.IP(fmt.Sprintf("link add gre1 type %s local %s remote %s ttl 64 %s", kind, ends[1], ends[0], options))
					defer p.IP("link del gre1")
					p.insideOn("gre1")
					sa.Selector = ipsec.Selector{Local: host(ends[1]), Remote: host(ends[0]), Protocol: ipsec.GRE}
					s := p.open(sa, outer6)
					g := &GRE{Src: ends[0], Dst: ends[1], Key: 4711, HasKey: strings.Contains(options, "key"), Checksum: strings.Contains(options, "csum"), TTL: 64}
					for _, inner := range kernelInside {
						request, answered := ping(inner[0], inner[1], 100)
						packet, err := g.Encapsulate(nil, request)
						must(t, err)
						got := s.carry(packet)
						h, ok := parse(got)
						if !ok {
							t.Fatalf("%x", got)
						}
						back, err := g.Decapsulate(h.own(), got, 0)
						if err != nil || !answered(back) {
							t.Errorf("ping to %v: %x, %v", inner[1], got, err)
						}
					}
					s.counted()
				})
			}
		}
	}
}

// Limits in packets: the kernel tells of them as we do, and drops the same packet.
func TestKernelLimits(t *testing.T) {
	p := newPeer(t)
	p.insideOn("wire")
	_, sas := suites()
	sa := sas[0]
	sa.Selector = ipsec.Selector{Local: host(inside[1]), Remote: host(inside[0])}
	s := p.open(sa, false)
	limited := sa
	limited.SAID, limited.Direction, limited.ReqID = s.kernels[0], ipsec.In, reqID
	limited.Soft, limited.Hard = ipsec.Lifetime{Packets: 2}, ipsec.Lifetime{Packets: 4}
	must(t, p.UpdateSA(limited))
	s.ping(inside[0], inside[1], 1, 2, 3, 4)
	s.out.Update(limited)
	request, _ := ping(inside[0], inside[1], 5)
	if _, err := s.out.Seal(nil, request, start); err != Expired {
		t.Errorf("we seal the fifth: %v", err)
	}
	s.out.Update(sa)
	sealed, err := s.out.Seal(nil, request, start)
	must(t, err)
	if _, err := p.wire.Write((&Envelope{Src: here, Dst: there, TTL: 64}).Wrap(nil, sealed, 0, true, 1)); err != nil {
		t.Fatal(err)
	}
	for _, hard := range []bool{false, true} {
		select {
		case e := <-p.Events():
			if x, ok := e.(ipsec.Expired); !ok || x.Hard != hard || x.SAID != s.kernels[0] {
				t.Errorf("%+v", e)
			}
		case <-time.After(time.Minute):
			t.Fatalf("no event of the limit, hard %v", hard)
		}
	}
}

// The kernel drops what we forge, as we do what comes so.
func TestKernelDrops(t *testing.T) {
	p := newPeer(t)
	p.insideOn("wire")
	names, sas := suites()
	for k, sa := range sas {
		t.Run(names[k], func(t *testing.T) {
			p.t = t
			sa.Selector = ipsec.Selector{Local: host(inside[1]), Remote: host(inside[0])}
			s := p.open(sa, false)
			request, _ := ping(inside[0], inside[1], 20)
			e := Envelope{Src: here, Dst: there, TTL: 64}
			sealed, err := s.out.Seal(nil, request, start)
			must(t, err)
			sealed[len(sealed)-1] ^= 1
			if _, err := p.wire.Write(e.Wrap(nil, sealed, 0, true, 1)); err != nil {
				t.Fatal(err)
			}
			sealed[len(sealed)-1] ^= 1
			for range 2 {
				if _, err := p.wire.Write(e.Wrap(nil, sealed, 0, true, 1)); err != nil {
					t.Fatal(err)
				}
			}
			s.receive()
			c, err := p.QuerySA(s.kernels[0])
			must(t, err)
			if c.Packets != 1 || c.IntegrityErrors != 1 || c.ReplayErrors != 1 {
				t.Errorf("%+v", c)
			}
		})
	}
}

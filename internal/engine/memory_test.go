package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"github.com/obol-ike/obol/ikev1"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/tunnel"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// What an IKE SA may cost, in octets of live heap.
const (
	halfOpenLimit    = 2 << 10 // MM4 and its CERTREQs are 0.9 KB of it
	establishedLimit = 8 << 10 // with the pair of IPsec SAs and certificates
)

// hub is a responder with a tunnel for each of n peers, and what they have in
// common. Nothing of its peers is kept.
type hub struct {
	tb  testing.TB
	e   *Engine
	pki *pki.Snapshot // of the peers
	sas map[ipsec.SAID]bool
	as  string // the host that a peer calls itself; "": its address
}

var hubAddr = netip.MustParseAddr("192.168.0.2")

func peerAddr(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, 1, byte(i / 200), byte(i%200 + 1)})
}

// router is a configuration of group 14, AES-256 and SHA-256 with tunnels to
// those peers.
func router(tb testing.TB, name string, own netip.Addr, peers ...netip.Addr) *policy.Config {
	var text strings.Builder
	if name != "" {
		fmt.Fprintf(&text, "hostname %s\nip domain name cisco.com\ncrypto isakmp identity hostname\n", name)
	}
	fmt.Fprintf(&text, `
crypto isakmp policy 10
 encr aes 256
 hash sha256
 group 14
crypto call admission limit ike in-negotiation-sa 99999
crypto isakmp profile prof1
 match identity address 0.0.0.0
 match identity host domain cisco.com
crypto ipsec transform-set TS esp-aes 256 esp-sha256-hmac
crypto ipsec profile prof1
 set transform-set TS
 set isakmp-profile prof1
interface Ethernet0/0
 ip address %s 255.255.255.0
`, own)
	for i, peer := range peers {
		fmt.Fprintf(&text, `interface Tunnel%d
 ip address 172.16.%d.%d 255.255.255.252
 tunnel source %s
 tunnel destination %s
 tunnel mode ipsec ipv4
 tunnel protection ipsec profile prof1
`, i+1, i/64, i%64*4+1, own, peer)
	}
	c, errs := policy.Compile(policy.Source{Name: "R", Text: []byte(text.String())})
	if len(errs) > 0 {
		tb.Fatal(errs)
	}
	return c
}

func newHub(tb testing.TB, n int) *hub {
	var peers []netip.Addr
	for i := range n {
		peers = append(peers, peerAddr(i))
	}
	note := testca.NewNote()
	env := ike.Env{Config: router(tb, "", hubAddr, peers...), PKI: note.R2(), Rand: rand.NewChaCha8([32]byte{})}
	h := &hub{tb: tb, e: New(start, env, Options{Options: tunnel.Options{Manual: true}}), pki: note.R1(), sas: map[ipsec.SAID]bool{}}
	h.poll()
	h.e.out = nil
	return h
}

// poll answers for the data plane and gives what the hub sends.
func (h *hub) poll() (sent [][]byte) {
	for o, ok := h.e.Poll(); ok; o, ok = h.e.Poll() {
		switch o := o.(type) {
		case ike.Send:
			sent = append(sent, o.Datagram.Data)
		case ike.InstallSA:
			var err error
			if h.sas[o.SA.SAID] {
				err = errors.New("file exists")
			}
			h.sas[o.SA.SAID] = true
			h.e.HandleKernel(start, ipsec.Installed{SAID: o.SA.SAID, Err: err})
		case ike.RemoveSA:
			delete(h.sas, o.SAID)
		}
	}
	return sent
}

// peer begins main mode with the hub and carries the datagrams, until what is
// to be sent next is the peer's message of that number; 0: to the end. Each life
// of a peer has other random numbers, and the same SPIs.
func (h *hub) peer(i, until int, life byte) {
	own, remote := netip.AddrPortFrom(peerAddr(i), 500), netip.AddrPortFrom(hubAddr, 500)
	c := router(h.tb, h.as, own.Addr(), hubAddr)
	spi := uint32(0x1000)
	env := &ike.Env{
		Config: c, PKI: h.pki, Rand: rand.NewChaCha8([32]byte{1, byte(i), byte(i >> 8), life}),
		Established: func(ike.Ends) bool { return true }, // no INITIAL_CONTACT
		NewSPI:      func() uint32 { spi++; return spi },
	}
	s := ikev1.Initiate(start, env, 1, c.Interface("Tunnel1"))
	n := 0
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		switch o := o.(type) {
		case ike.Send:
			if n++; n == until {
				return
			}
			h.e.HandleDatagram(start, ike.Datagram{Local: remote, Remote: own, Data: o.Datagram.Data})
			for _, data := range h.poll() {
				s.Handle(start, ike.Datagram{Local: own, Remote: remote, Data: data})
			}
		case ike.InstallSA:
			s.HandleKernel(start, ipsec.Installed{SAID: o.SA.SAID})
		}
	}
	if until == 0 && !s.Established() {
		h.tb.Fatal("not authenticated")
	}
}

func live() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what the first one's cleanups freed
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// cost is the live heap of the hub for each of n peers that got so far.
func cost(tb testing.TB, n, until int) uint64 {
	h := newHub(tb, n+1)
	h.peer(n, until, 0) // whatever is made once
	before := live()
	for i := range n {
		h.peer(i, until, 0)
	}
	after := live()
	if v := h.e.Views(start); len(v.Sessions) != n+1 || until == 0 && int(v.Counters.Established) != n+1 {
		tb.Fatalf("%d sessions, %d established", len(v.Sessions), v.Counters.Established)
	}
	return (after - before) / uint64(n)
}

// The numbers of peers fill the engine's maps as far as they are full on average,
// to five eighths.
var stages = []struct {
	name  string
	peers int
	until int // the peer's message that does not come
	limit uint64
}{
	{"half-open", 640, 2, halfOpenLimit},
	{"half-open after MM3", 320, 3, halfOpenLimit},
	{"established", 80, 0, establishedLimit},
}

// A half-open responder and an established pair stay within their limits.
func TestMemory(t *testing.T) {
	for _, s := range stages {
		got := cost(t, s.peers, s.until)
		if got > s.limit { // once more: what the process itself makes at first is nobody's
			got = cost(t, s.peers, s.until)
		}
		t.Logf("%s: %d octets each", s.name, got)
		if got > s.limit {
			t.Errorf("%s: %d octets each, at most %d", s.name, got, s.limit)
		}
	}
}

// BenchmarkMemory reports what each stage of an IKE SA costs.
func BenchmarkMemory(b *testing.B) {
	for _, s := range stages {
		b.Run(s.name, func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(cost(b, s.peers, s.until)), "B/SA")
			}
		})
	}
}

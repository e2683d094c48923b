//go:build netns

package netns

import (
	"bytes"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"github.com/obol-ike/obol/wire"
)

// Two addresses on one interface: the answer to MM1 leaves from the address
// that was asked.
func TestAnswerLeavesFromTheAddressAsked(t *testing.T) {
	p := note(t)
	if out, err := p.R2.Run("ip", "address", "add", "192.168.0.22/24", "dev", "e0"); err != nil {
		t.Fatal(out, err)
	}
	startOne(t, p.R2)
	for i, asked := range []string{"192.168.0.2", "192.168.0.22"} {
		// A socket that is connected takes answers from the address asked only.
		conn := dial(t, p.R1.NS, netip.AddrPortFrom(netip.MustParseAddr(asked), 500))
		first := mainMode1(wire.SPI{1, 2, 3, 4, 5, 6, 7, byte(i + 1)})
		if _, err := conn.Write(first); err != nil {
			t.Fatal(err)
		}
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		answer := make([]byte, 1500)
		n, err := conn.Read(answer)
		if err != nil {
			t.Fatalf("%s: %v", asked, err)
		}
		m, err := wire.Parse(answer[:n])
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := m.First(wire.PayloadSA); !ok || !bytes.Equal(m.InitiatorSPI[:], first[:8]) {
			t.Errorf("%s answers %s", asked, wire.Describe(m))
		}
	}
}

// mainMode1 offers what the note's policy 10 has.
func mainMode1(cookie wire.SPI) []byte {
	b := wire.NewBuilder(nil, wire.Header{InitiatorSPI: cookie, Version: wire.V1, Exchange: wire.ExchangeMainMode})
	b.Add(wire.PayloadSA, wire.SAV1{DOI: 1, Situation: 1, Proposals: []wire.ProposalV1{{
		Number: 1, Protocol: 1, Transforms: []wire.TransformV1{{Number: 1, ID: 1, Attributes: []wire.Attribute{
			{Type: wire.AttrEncr, Value: 5}, {Type: wire.AttrHash, Value: 1}, {Type: wire.AttrGroup, Value: 2},
			{Type: wire.AttrAuth, Value: 3}, {Type: wire.AttrLifeType, Value: 1}, {Type: wire.AttrLifeDuration, Value: 3600},
		}}},
	}}})
	return b.Bytes()
}

// dial connects from port 500 inside a namespace.
func dial(t *testing.T, ns string, to netip.AddrPort) *net.UDPConn {
	t.Helper()
	type result struct {
		conn *net.UDPConn
		err  error
	}
	done := make(chan result)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		handle, err := netns.GetFromName(ns)
		if err == nil {
			defer handle.Close()
			err = netns.Set(handle)
		}
		var conn *net.UDPConn
		if err == nil {
			conn, err = net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(to))
		}
		done <- result{conn, err}
	}()
	r := <-done
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(func() { r.conn.Close() })
	return r.conn
}

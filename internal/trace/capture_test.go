package trace

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
)

var begin = time.Date(2013, time.June, 20, 13, 0, 0, 123456789, time.UTC)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What was written is what a reader finds: interfaces, times, comments, octets.
func TestWrite(t *testing.T) {
	links := []Link{
		{Name: "Tunnel1 R1", Packets: []Packet{{begin, []byte{0x45, 1}, "R1 sends MM1"}, {begin.Add(time.Millisecond), []byte{0x45, 2, 3}, "R2 sends MM2"}}},
		{Name: "Tunnel1 R2", Packets: []Packet{{begin, []byte{0x60}, "R2 sends MM1"}}},
	}
	var file, again bytes.Buffer
	must(t, Write(&file, links))
	must(t, Write(&again, links))
	if !bytes.Equal(file.Bytes(), again.Bytes()) {
		t.Error("the same links give other octets")
	}
	r, err := pcapgo.NewNgReader(&file, pcapgo.NgReaderOptions{WantMixedLinkType: true})
	must(t, err)
	got := make([]Link, len(links))
	for {
		data, info, options, err := r.ReadPacketDataWithOptions()
		if errors.Is(err, io.EOF) {
			break
		}
		must(t, err)
		itf, err := r.Interface(info.InterfaceIndex)
		must(t, err)
		if itf.LinkType != layers.LinkTypeRaw {
			t.Errorf("link type %v", itf.LinkType)
		}
		l := &got[info.InterfaceIndex]
		l.Name = itf.Name
		l.Packets = append(l.Packets, Packet{info.Timestamp.UTC(), data, options.Comments[0]})
	}
	equal := func(a, b Packet) bool {
		return a.At.Equal(b.At) && bytes.Equal(a.Data, b.Data) && a.Comment == b.Comment
	}
	for i, l := range links {
		if got[i].Name != l.Name || !slices.EqualFunc(got[i].Packets, l.Packets, equal) {
			t.Errorf("%+v\nwant\n%+v", got[i], l)
		}
	}
	if err := Write(io.Discard, nil); err == nil {
		t.Error("a capture without a link")
	}
}

// A message gets the headers of its addresses, and in port 4500 the marker.
func TestDatagram(t *testing.T) {
	message := []byte("a message of IKE")
	for _, c := range []struct {
		src, dst string
		data     []byte
		payload  []byte
	}{
		{"192.168.0.1:500", "192.168.0.2:500", message, message},
		{"192.168.0.1:4500", "192.168.0.2:1025", message, append(make([]byte, 4), message...)},
		{"192.168.0.1:4500", "192.168.0.2:4500", []byte{0xff}, []byte{0xff}},
		{"[2001:db8::1]:500", "[2001:db8::2]:500", message, message},
	} {
		src, dst := netip.MustParseAddrPort(c.src), netip.MustParseAddrPort(c.dst)
		data, err := Datagram(ike.Datagram{Local: src, Remote: dst, Data: c.data})
		must(t, err)
		p := parse(t, data)
		u := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
		from, to := p.NetworkLayer().NetworkFlow().Endpoints()
		if from.String() != src.Addr().String() || to.String() != dst.Addr().String() || uint16(u.SrcPort) != src.Port() || uint16(u.DstPort) != dst.Port() {
			t.Errorf("%s: from %v %v to %v %v", c.src, from, u.SrcPort, to, u.DstPort)
		}
		if got := data[len(data)-len(u.Contents)-len(u.Payload)+8:]; !bytes.Equal(got, c.payload) {
			t.Errorf("%s: payload %x, want %x", c.src, got, c.payload)
		}
	}
}

// ESP stands in IP, or in UDP behind a NAT.
func TestESP(t *testing.T) {
	sa := ipsec.SA{SAID: ipsec.SAID{Src: netip.MustParseAddr("192.168.0.1"), Dst: netip.MustParseAddr("192.168.0.2")}}
	packet := bytes.Repeat([]byte{7}, 40)
	data := ESP(sa, packet)
	if h := parse(t, data).NetworkLayer().(*layers.IPv4); h.Protocol != layers.IPProtocolESP || !bytes.Equal(h.Payload, packet) {
		t.Errorf("%v, %x", h.Protocol, h.Payload)
	}
	sa.Encap = &ipsec.Encap{LocalPort: 4500, RemotePort: 1025}
	data = ESP(sa, packet)
	if u := parse(t, data).Layer(layers.LayerTypeUDP).(*layers.UDP); u.SrcPort != 4500 || u.DstPort != 1025 || !bytes.Equal(data[28:], packet) {
		t.Errorf("%v to %v, %x", u.SrcPort, u.DstPort, data[28:])
	}
}

// parse reads a packet of IP and checks every checksum in it.
func parse(t *testing.T, data []byte) gopacket.Packet {
	t.Helper()
	first := layers.LayerTypeIPv4
	if data[0]>>4 == 6 {
		first = layers.LayerTypeIPv6
	}
	p := gopacket.NewPacket(data, first, gopacket.DecodeOptions{})
	var around gopacket.NetworkLayer
	for _, l := range p.Layers() {
		if n, ok := l.(gopacket.NetworkLayer); ok {
			around = n
		}
		if s, ok := l.(summed); ok {
			must(t, s.SetNetworkLayerForChecksum(around))
		}
	}
	err, wrong := p.VerifyChecksums()
	must(t, err)
	if len(wrong) > 0 {
		t.Errorf("checksums: %+v", wrong)
	}
	return p
}

package trace

import (
	"errors"
	"io"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// Link is one interface of a capture.
type Link struct {
	Name    string // what Wireshark calls frame.interface_name
	Comment string
	Packets []Packet
}

// Packet is one of IP on a link.
type Packet struct {
	At      time.Time
	Data    []byte
	Comment string
}

// Write makes a file of format pcapng, link by link. The same links give the same
// octets.
func Write(w io.Writer, links []Link) error {
	if len(links) == 0 {
		return errors.New("trace: a capture without a link")
	}
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "obol lab"}}
	var file *pcapgo.NgWriter
	for i, l := range links {
		itf := pcapgo.NgInterface{Name: l.Name, Comment: l.Comment, LinkType: layers.LinkTypeRaw}
		var err error
		if i == 0 {
			file, err = pcapgo.NewNgWriterInterface(w, itf, options)
		} else {
			_, err = file.AddInterface(itf)
		}
		if err != nil {
			return err
		}
	}
	for i, l := range links {
		for _, p := range l.Packets {
			info := gopacket.CaptureInfo{Timestamp: p.At, CaptureLength: len(p.Data), Length: len(p.Data), InterfaceIndex: i}
			if err := file.WritePacketWithOptions(info, p.Data, pcapgo.NgPacketOptions{Comments: []string{p.Comment}}); err != nil {
				return err
			}
		}
	}
	return file.Flush()
}

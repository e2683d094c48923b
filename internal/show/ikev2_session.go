package show

import (
	"fmt"
	"io"
	"net/netip"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ipsec"
)

// IKEv2Session is show crypto ikev2 session, and with detail show crypto ikev2
// session detailed: an IKE SA with its child SAs.
func IKEv2Session(w io.Writer, sessions []ikev2.View, detail bool) error {
	var p printer
	p.families("Session", sessions, func(s ikev2.View) {
		p.f("Session-id:%d, Status:%s, IKE count:1, CHILD count:%d\n\n", s.ConnID, statusOf(len(s.Children), s.State == ikev2.Ready, true), len(s.Children))
		ikev2SA(&p, s, detail)
		for _, c := range s.Children {
			childSA(&p, c, detail)
		}
		p.f("\n")
	})
	return p.flush(w)
}

func childSA(p *printer, c ikev2.ChildView, detail bool) {
	s := c.In.Selector
	p.f("Child sa: local selector  %s\n", addressRange(s.Local, s.LocalPort))
	p.f("          remote selector %s\n", addressRange(s.Remote, s.RemotePort))
	var esp, ah [2]uint32
	encr, bits, integ, authentication := "NULL", 0, "None", "None"
	switch {
	case c.In.Protocol == ipsec.AH:
		ah, authentication = [2]uint32{c.In.SPI, c.Out.SPI}, c.In.Integ.IKEv2
	default:
		esp = [2]uint32{c.In.SPI, c.Out.SPI}
		if c.In.Encr != nil {
			encr = c.In.Encr.IKEv2
			if c.In.Encr.Bits != nil {
				bits = c.In.KeyBits()
			}
		}
		if c.In.Integ != nil {
			integ = c.In.Integ.IKEv2
		}
	}
	p.f("          ESP spi in/out: 0x%X/0x%X  \n", esp[0], esp[1])
	if !detail {
		return
	}
	p.f("          AH spi in/out: 0x%X/0x%X  \n", ah[0], ah[1])
	p.f("          CPI in/out: 0x0/0x0  \n")
	p.f("          Encr: %s, %sesp_hmac: %s\n", encr, keysize(bits), integ)
	p.f("          ah_hmac: %s, comp: IPCOMP_NONE, mode %s\n", authentication, modeWord(c.In.Mode))
}

func modeWord(m ipsec.Mode) string {
	if m == ipsec.Transport {
		return "transport"
	}
	return "tunnel"
}

// addressRange is one side of a traffic selector, with its ports.
func addressRange(prefix netip.Prefix, port uint16) string {
	last := prefix.Addr().AsSlice()
	for i := prefix.Bits(); i < 8*len(last); i++ {
		last[i/8] |= 0x80 >> (i % 8)
	}
	end, _ := netip.AddrFromSlice(last)
	first, upTo := port, port
	if port == 0 {
		upTo = 65535
	}
	return fmt.Sprintf("%s/%d - %s/%d", prefix.Addr(), first, end, upTo)
}

package wire

import "fmt"

func (t *tree) payloadV2(p Payload) error {
	switch p.Type {
	case PayloadSAV2:
		sa, err := ParseBody(p, ParseSAV2)
		t.saV2(sa)
		return err
	case PayloadKEV2:
		k, err := ParseBody(p, ParseKEV2)
		if err == nil {
			t.line(2, "group %d", k.Group)
			t.octets(k.Data)
		}
		return err
	case PayloadIDi, PayloadIDr:
		id, err := ParseBody(p, ParseIDV2)
		if err == nil {
			t.line(2, "%s %s", id.Type, idWords(IDV1{Type: id.Type, Data: id.Data}))
		}
		return err
	case PayloadCertV2:
		c, err := ParseBody(p, ParseCert)
		t.line(2, "%s, %d octets", c.Encoding, len(c.Data))
		return err
	case PayloadCertReqV2:
		c, err := ParseBody(p, ParseCertReqV2)
		t.line(2, "%s", c.Encoding)
		for _, h := range c.Hashes {
			t.line(3, "%x", h)
		}
		return err
	case PayloadAuth:
		a, err := ParseBody(p, ParseAuthV2)
		t.line(2, "%s, %d octets", a.Method, len(a.Data))
		return err
	case PayloadNonceV2:
		nonce, err := ParseBody(p, ParseNonce)
		t.octets(nonce)
		return err
	case PayloadNotifyV2:
		n, err := ParseBody(p, ParseNotifyV2)
		t.line(2, "%s%s", n.Type, spiWords(n.SPI))
		t.octets(n.Data)
		return err
	case PayloadDeleteV2:
		d, err := ParseBody(p, ParseDeleteV2)
		t.line(2, "%s", d.Protocol)
		for _, spi := range d.SPIs {
			t.line(3, "SPI %08x", spi)
		}
		return err
	case PayloadTSi, PayloadTSr:
		list, err := ParseBody(p, ParseTSV2)
		for _, ts := range list {
			t.line(2, "%s-%s, protocol %d, ports %d-%d", ts.Start, ts.End, ts.Protocol, ts.StartPort, ts.EndPort)
		}
		return err
	case PayloadCP:
		c, err := ParseBody(p, ParseCPV2)
		t.line(2, "%s", c.Type)
		for _, a := range c.Attributes {
			t.line(3, "attribute %d, %d octets", a.Type, len(a.Value))
		}
		return err
	case PayloadSKF:
		f, err := ParseBody(p, ParseSKF)
		t.line(2, "fragment %d of %d, %d octets sealed", f.Number, f.Total, len(f.Sealed))
		return err
	case PayloadVendorIDV2:
		t.line(2, "%s", VendorNameV2(p.Body))
	}
	t.octets(p.Body)
	return nil
}

func (t *tree) saV2(sa SAV2) {
	for _, p := range sa {
		t.line(2, "proposal %d, protocol %s%s", p.Number, p.Protocol, spiWords(p.SPI))
		for _, x := range p.Transforms {
			tail := ""
			if x.KeyBits != 0 {
				tail = fmt.Sprintf(", %d bits", x.KeyBits)
			}
			if x.Unknown {
				tail += ", with an attribute that is not understood"
			}
			t.line(3, "%s %d%s", x.Type, x.ID, tail)
		}
	}
}

package wire

// Cert is the body of a certificate payload (RFC 2408 section 3.9): an octet of
// encoding, then the certificate or the CRL.
type Cert struct {
	Encoding CertEncoding
	Data     []byte
}

// ParseCert parses the body of a CERT payload. Data is not looked into.
func ParseCert(body []byte) (Cert, error) {
	if len(body) < 1 {
		return Cert{}, malformed(PayloadCert, 0, "empty")
	}
	return Cert{Encoding: CertEncoding(body[0]), Data: body[1:]}, nil
}

// Append appends the body of a CERT payload.
func (c Cert) Append(dst []byte) []byte { return append(append(dst, byte(c.Encoding)), c.Data...) }

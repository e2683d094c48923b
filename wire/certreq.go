package wire

// CertReq is the body of a certificate request payload (RFC 2408 section 3.10):
// an octet of encoding, then the DER of the issuer's name, or nothing for any.
type CertReq struct {
	Encoding  CertEncoding
	Authority []byte
}

// ParseCertReq parses the body of a CERT_REQ payload. Authority is not looked
// into.
func ParseCertReq(body []byte) (CertReq, error) {
	if len(body) < 1 {
		return CertReq{}, malformed(PayloadCertReq, 0, "empty")
	}
	return CertReq{Encoding: CertEncoding(body[0]), Authority: body[1:]}, nil
}

// Append appends the body of a CERT_REQ payload.
func (c CertReq) Append(dst []byte) []byte {
	return append(append(dst, byte(c.Encoding)), c.Authority...)
}

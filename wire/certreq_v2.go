package wire

// HashLen is the length of a CA's hash in octets: it is SHA-1.
const HashLen = 20

// MaxAuthorities limits the CAs that one certificate request names.
const MaxAuthorities = 1024

// CertReqV2 is the body of a Certificate Request payload (RFC 7296 section
// 3.7): "The Certification Authority value is a concatenated list of SHA-1
// hashes of the public keys of trusted Certification Authorities (CAs). Each is
// encoded as the SHA-1 hash of the Subject Public Key Info element".
type CertReqV2 struct {
	Encoding CertEncoding
	Hashes   [][HashLen]byte // none: any CA
}

// ParseCertReqV2 parses the body of a CERTREQ payload.
func ParseCertReqV2(body []byte) (CertReqV2, error) {
	if len(body) < 1 {
		return CertReqV2{}, malformed(PayloadCertReqV2, 0, "empty")
	}
	c, list := CertReqV2{Encoding: CertEncoding(body[0])}, body[1:]
	switch {
	case len(list)%HashLen != 0:
		return c, malformed(PayloadCertReqV2, 1, "%d octets are no list of hashes of %d", len(list), HashLen)
	case len(list)/HashLen > MaxAuthorities:
		return c, malformed(PayloadCertReqV2, 1, "%d CAs, more than %d", len(list)/HashLen, MaxAuthorities)
	}
	for ; len(list) > 0; list = list[HashLen:] {
		c.Hashes = append(c.Hashes, [HashLen]byte(list))
	}
	return c, nil
}

// Append appends the body of a CERTREQ payload.
func (c CertReqV2) Append(dst []byte) []byte {
	dst = append(dst, byte(c.Encoding))
	for _, h := range c.Hashes {
		dst = append(dst, h[:]...)
	}
	return dst
}

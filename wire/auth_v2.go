package wire

// AuthV2 is the body of an Authentication payload (RFC 7296 section 3.8):
//
//	+---------------+-----------------------------------------------+
//	! Auth Method   !                RESERVED                       !
//	+---------------+-----------------------------------------------+
//	!                      Authentication Data                      !
//
// The data of AuthSignature begins with the algorithm (RFC 7427 section 3).
type AuthV2 struct {
	Method AuthMethod
	Data   []byte
}

// ParseAuthV2 parses the body of an AUTH payload.
func ParseAuthV2(body []byte) (AuthV2, error) {
	if len(body) <= 4 {
		return AuthV2{}, malformed(PayloadAuth, len(body), "%d octets are too few", len(body))
	}
	return AuthV2{Method: AuthMethod(body[0]), Data: body[4:]}, nil
}

// Append appends the body of an AUTH payload.
func (a AuthV2) Append(dst []byte) []byte {
	return append(append(dst, byte(a.Method), 0, 0, 0), a.Data...)
}

// Algorithm splits the data of AuthSignature:
//
//	+---------------+-----------------------------------------------+
//	! ASN.1 Length  !        AlgorithmIdentifier (DER)              !
//	+---------------+-----------------------------------------------+
//	!                      Signature Value                          !
func (a AuthV2) Algorithm() (der, signature []byte, err error) {
	if len(a.Data) < 1 || a.Data[0] == 0 || 1+int(a.Data[0]) >= len(a.Data) {
		return nil, nil, malformed(PayloadAuth, 4, "no algorithm and signature in %d octets", len(a.Data))
	}
	n := 1 + int(a.Data[0])
	return a.Data[1:n:n], a.Data[n:], nil
}

// SignatureV2 is an AUTH payload of AuthSignature. The algorithm must be below
// 256 octets.
func SignatureV2(algorithm, signature []byte) AuthV2 {
	data := append([]byte{byte(len(algorithm))}, algorithm...)
	return AuthV2{AuthSignature, append(data, signature...)}
}

package scepserver

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/issue"
	"github.com/obol-ike/obol/test/testca"
)

// operate answers a pkiMessage.
func (s *Server) operate(message []byte) ([]byte, error) {
	p7, err := pkcs7.Parse(message)
	if err != nil {
		return nil, err
	}
	if err := p7.Verify(); err != nil {
		return nil, err
	}
	var kind, transaction string
	var nonce []byte
	if err := errors.Join(p7.UnmarshalSignedAttribute(oidMessageType, &kind), p7.UnmarshalSignedAttribute(oidTransaction, &transaction),
		p7.UnmarshalSignedAttribute(oidSenderNonce, &nonce)); err != nil {
		return nil, err
	}
	in := &s.Requests[len(s.Requests)-1]
	in.Type, in.Transaction, in.Signer = kind, transaction, p7.GetOnlySigner()
	content, by, err := s.open(p7.Content)
	if err != nil {
		return nil, err
	}
	attributes := []pkcs7.Attribute{
		{Type: oidMessageType, Value: "3"}, {Type: oidTransaction, Value: transaction},
		{Type: oidRecipientNonce, Value: nonce}, {Type: oidSenderNonce, Value: []byte("0123456789abcdef")},
	}
	inner, status, fail, err := s.carryOut(in, content, by)
	if err != nil {
		return nil, err
	}
	attributes = append(attributes, pkcs7.Attribute{Type: oidStatus, Value: status})
	if fail != "" {
		attributes = append(attributes, pkcs7.Attribute{Type: oidFailInfo, Value: fail})
	}
	if inner != nil {
		if inner, err = pkcs7.Encrypt(inner, []*x509.Certificate{in.Signer}); err != nil {
			return nil, err
		}
	}
	return s.sign(inner, attributes)
}

// open decrypts a request; it may be for the next CA, whose certificate it asks for
// then.
func (s *Server) open(envelope []byte) (content []byte, by *testca.CA, err error) {
	inner, err := pkcs7.Parse(envelope)
	if err != nil {
		return nil, nil, err
	}
	cert, key := s.speaker(false)
	if content, err = inner.Decrypt(cert, key); err == nil || s.Next == nil {
		return content, s.CA, err
	}
	cert, key = s.speaker(true)
	content, err = inner.Decrypt(cert, key)
	return content, s.Next, err
}

// carryOut gives what the request brings, and the pkiStatus.
func (s *Server) carryOut(in *Request, content []byte, by *testca.CA) (inner []byte, status, fail string, err error) {
	switch in.Type {
	case "19", "17":
		csr, err := x509.ParseCertificateRequest(content)
		if err == nil {
			err = csr.CheckSignature()
		}
		if err != nil {
			return nil, "2", "1", nil
		}
		in.Password = password(content)
		renewal := in.Type == "17" && slices.ContainsFunc(s.issued, in.Signer.Equal)
		if in.Type == "17" && !renewal || in.Type == "19" && s.Password != "" && in.Password != s.Password {
			return nil, "2", "2", nil
		}
		if s.pending == nil {
			s.pending = map[string]*waiting{}
		}
		s.pending[in.Transaction] = &waiting{csr: csr, by: by, polls: s.Polls}
		return s.grant(in.Transaction)
	case "20":
		return s.grant(in.Transaction)
	case "22":
		return crlOnly(s.crl()), "0", "", nil
	case "21":
		for _, c := range s.issued {
			if bytes.Contains(content, c.RawIssuer) && bytes.HasSuffix(content, c.SerialNumber.Bytes()) {
				inner, err = pkcs7.DegenerateCertificate(c.Raw)
				return inner, "0", "", err
			}
		}
		return nil, "2", "4", nil
	}
	return nil, "2", "2", nil
}

func (s *Server) grant(transaction string) (inner []byte, status, fail string, err error) {
	w, ok := s.pending[transaction]
	if !ok {
		return nil, "2", "4", nil
	}
	if w.polls > 0 {
		w.polls--
		return nil, "3", "", nil
	}
	delete(s.pending, transaction)
	c, err := s.issue(w)
	if err != nil {
		return nil, "", "", err
	}
	inner, err = pkcs7.DegenerateCertificate(c.Raw())
	return inner, "0", "", err
}

func (s *Server) issue(w *waiting) (*pki.Certificate, error) {
	t := testca.Certificate{
		Subject: w.csr.RawSubject, Key: w.csr.PublicKey, NotBefore: time.Now().Add(-time.Minute),
		Serial: big.NewInt(int64(len(s.issued)) + 2),
	}
	if s.Lifetime > 0 {
		t.NotBefore = time.Now()
		t.NotAfter = t.NotBefore.Add(s.Lifetime)
	}
	for _, e := range w.csr.Extensions {
		t.Extensions = append(t.Extensions, issue.Extension{OID: e.Id, Critical: e.Critical, Value: e.Value})
	}
	if s.CRLURL != "" {
		value, err := asn1.Marshal([]distributionPoint{{distributionPointName{[]asn1.RawValue{{Class: 2, Tag: 6, Bytes: []byte(s.CRLURL)}}}}})
		if err != nil {
			return nil, err
		}
		t.Extensions = append(t.Extensions, issue.Extension{OID: asn1.ObjectIdentifier{2, 5, 29, 31}, Value: value})
	}
	c := w.by.Issue(t)
	s.issued = append(s.issued, c.X509)
	return c, nil
}

type distributionPoint struct {
	Name distributionPointName `asn1:"optional,tag:0"`
}

type distributionPointName struct {
	FullName []asn1.RawValue `asn1:"optional,tag:0"`
}

// password is the challenge password of a request.
func password(der []byte) string {
	var csr struct {
		Info struct {
			Version    int
			Subject    asn1.RawValue
			Key        asn1.RawValue
			Attributes []struct {
				Type   asn1.ObjectIdentifier
				Values []asn1.RawValue `asn1:"set"`
			} `asn1:"tag:0,set"`
		}
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &csr); err != nil {
		return fmt.Sprintf("unreadable: %v", err)
	}
	for _, a := range csr.Info.Attributes {
		if a.Type.Equal(asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 7}) && len(a.Values) == 1 {
			return string(a.Values[0].Bytes)
		}
	}
	return ""
}

// crlOnly is a SignedData with a CRL and nothing else.
func crlOnly(crl []byte) []byte {
	type content struct {
		Type asn1.ObjectIdentifier
	}
	type signed struct {
		Version int
		Digests []asn1.RawValue `asn1:"set"`
		Content content
		CRLs    asn1.RawValue
		Signers []asn1.RawValue `asn1:"set"`
	}
	inner, err := asn1.Marshal(signed{
		Version: 1, Content: content{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}},
		CRLs: asn1.RawValue{Class: 2, Tag: 1, IsCompound: true, Bytes: crl},
	})
	if err != nil {
		panic(err)
	}
	out, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, asn1.RawValue{Class: 2, Tag: 0, IsCompound: true, Bytes: inner}})
	if err != nil {
		panic(err)
	}
	return out
}

// Package scepserver is a SCEP server for tests and the demo: a CA of test/testca
// behind HTTP, with an RA before it where one is wanted. Its messages are read and
// written by smallstep's pkcs7, not by the code that is tested.
package scepserver

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"

	"github.com/smallstep/pkcs7"

	"github.com/obol-ike/obol/test/testca"
)

// DefaultCapabilities are those of a CA of today.
const DefaultCapabilities = "AES\nPOSTPKIOperation\nSCEPStandard\nSHA-256\nRenewal\nGetNextCACert\n"

// Server answers under any path. Its fields are set before it serves.
type Server struct {
	CA           *testca.CA
	RA           *testca.Identity // speaks for the CA; nil: the CA does
	Next         *testca.CA       // takes over from the CA; nil: nobody
	Capabilities string           // of GetCACaps; "": it answers 404
	Password     string           // that a PKCSReq has to bring; "": any
	Polls        int              // how often a request is pending before it is granted
	Lifetime     time.Duration    // of certificates; 0: as long as the CA's
	CRLURL       string           // the distribution point in certificates
	// Sent may change what goes out: a lying server.
	Sent func(message string, body []byte) []byte

	mu       sync.Mutex
	pending  map[string]*waiting // by transaction
	issued   []*x509.Certificate
	revoked  []*big.Int
	Requests []Request // what came in, in order
}

type waiting struct {
	csr   *x509.CertificateRequest
	by    *testca.CA
	polls int
}

// Request is what came in.
type Request struct {
	Method, Operation string
	Type              string // of the message, as it is on the wire
	Transaction       string
	Signer            *x509.Certificate
	Password          string
}

// Attributes of RFC 8894.
var (
	oidMessageType    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 2}
	oidStatus         = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 3}
	oidFailInfo       = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 4}
	oidSenderNonce    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 5}
	oidRecipientNonce = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 6}
	oidTransaction    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 7}
)

func init() { pkcs7.ContentEncryptionAlgorithm = pkcs7.EncryptionAlgorithmAES128CBC }

// Revoke puts a serial number on the CRL.
func (s *Server) Revoke(serial *big.Int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, serial)
}

// Log is what came in so far.
func (s *Server) Log() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.Requests...)
}

// ServeHTTP answers the operations of SCEP, and any other question with the CRL.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	operation := r.URL.Query().Get("operation")
	s.Requests = append(s.Requests, Request{Method: r.Method, Operation: operation})
	body, kind, err := s.answer(operation, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	if s.Sent != nil {
		body = s.Sent(operation, body)
	}
	w.Header().Set("Content-Type", kind)
	w.Write(body)
}

func (s *Server) answer(operation string, r *http.Request) (body []byte, kind string, err error) {
	switch operation {
	case "":
		return s.crl(), "application/pkix-crl", nil
	case "GetCACaps":
		if s.Capabilities == "" {
			return nil, "", fmt.Errorf("what is that")
		}
		return []byte(s.Capabilities), "text/plain", nil
	case "GetCACert":
		if s.RA == nil {
			return s.CA.Cert.Raw(), "application/x-x509-ca-cert", nil
		}
		body, err = pkcs7.DegenerateCertificate(append(bytes.Clone(s.RA.Cert.Raw()), s.CA.Cert.Raw()...))
		return body, "application/x-x509-ca-ra-cert", err
	case "GetNextCACert":
		if s.Next == nil {
			return nil, "", fmt.Errorf("there is no next CA")
		}
		next, err := pkcs7.DegenerateCertificate(s.Next.Cert.Raw())
		if err != nil {
			return nil, "", err
		}
		body, err = s.sign(next, nil)
		return body, "application/x-x509-next-ca-cert", err
	case "PKIOperation":
		message, err := io.ReadAll(r.Body)
		if r.Method == http.MethodGet {
			message, err = base64.StdEncoding.DecodeString(r.URL.Query().Get("message"))
		}
		if err != nil {
			return nil, "", err
		}
		body, err = s.operate(message)
		return body, "application/x-pki-message", err
	}
	return nil, "", fmt.Errorf("no operation %q", operation)
}

// speaker is who reads requests and signs answers.
func (s *Server) speaker(next bool) (*x509.Certificate, *rsa.PrivateKey) {
	switch {
	case next:
		return s.Next.Cert.X509, s.Next.Key.(*rsa.PrivateKey)
	case s.RA != nil:
		return s.RA.Cert.X509, s.RA.Key.(*rsa.PrivateKey)
	}
	return s.CA.Cert.X509, s.CA.Key.(*rsa.PrivateKey)
}

func (s *Server) sign(content []byte, attributes []pkcs7.Attribute) ([]byte, error) {
	cert, key := s.speaker(false)
	sd, err := pkcs7.NewSignedData(content)
	if err != nil {
		return nil, err
	}
	sd.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
	if err := sd.AddSigner(cert, key, pkcs7.SignerInfoConfig{ExtraSignedAttributes: attributes}); err != nil {
		return nil, err
	}
	return sd.Finish()
}

// crl is the CA's list, of this moment.
func (s *Server) crl() []byte {
	return s.CA.CRLAt(time.Now().Add(-time.Minute), time.Now().Add(24*time.Hour), s.revoked...)
}

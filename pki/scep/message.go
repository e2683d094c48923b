package scep

import (
	"crypto"
	"crypto/md5"
	"crypto/rsa"
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"github.com/obol-ike/obol/pki"
)

// MessageType is what a pkiMessage is about (RFC 8894 section 3.2.1.2).
type MessageType string

// Message types.
const (
	CertRep    MessageType = "3"
	RenewalReq MessageType = "17"
	PKCSReq    MessageType = "19"
	CertPoll   MessageType = "20"
	GetCert    MessageType = "21"
	GetCRL     MessageType = "22"
)

func (t MessageType) String() string {
	switch t {
	case CertRep:
		return "CertRep"
	case RenewalReq:
		return "RenewalReq"
	case PKCSReq:
		return "PKCSReq"
	case CertPoll:
		return "CertPoll"
	case GetCert:
		return "GetCert"
	case GetCRL:
		return "GetCRL"
	}
	return "message type " + string(t)
}

// Identity is who signs a message: the holder of the new key by a certificate that
// the key has signed itself, or of the certificate that is to be renewed.
type Identity struct {
	Certificate *pki.Certificate
	Key         crypto.Signer // RSA, and a crypto.Decrypter too
}

// Attributes of a pkiMessage (RFC 8894 section 3.2.1).
var (
	oidMessageType    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 2}
	oidPKIStatus      = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 3}
	oidFailInfo       = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 4}
	oidSenderNonce    = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 5}
	oidRecipientNonce = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 6}
	oidTransactionID  = asn1.ObjectIdentifier{2, 16, 840, 1, 113733, 1, 9, 7}
	oidFailInfoText   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 24, 1}
)

const nonceLen = 16

// TransactionID names all messages about one key: as with IOS it is the MD5 hash of
// the public key, in hex.
func TransactionID(pub crypto.PublicKey) (string, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%X", md5.Sum(spki)), nil
}

// A Message is a request on its way to the CA.
type Message struct {
	Type        MessageType
	Transaction string
	Raw         []byte // DER
	nonce       []byte
	from        Identity
}

// newMessage encrypts the content for the CA or its RA and signs it.
func newMessage(rand io.Reader, kind MessageType, content []byte, from Identity, transaction string, to *pki.Certificate, caps Capabilities) (*Message, error) {
	if _, ok := from.Key.Public().(*rsa.PublicKey); !ok {
		return nil, errors.New("SCEP wants an RSA key: what the CA answers is encrypted with it")
	}
	envelope, err := seal(rand, content, to, caps.cipher())
	if err != nil {
		return nil, err
	}
	m := &Message{Type: kind, Transaction: transaction, from: from, nonce: make([]byte, nonceLen)}
	if _, err := io.ReadFull(rand, m.nonce); err != nil {
		return nil, err
	}
	m.Raw, err = signData(envelope, []attribute{
		{oidMessageType, cbasn1.PrintableString, []byte(kind)},
		{oidSenderNonce, cbasn1.OCTET_STRING, m.nonce},
		{oidTransactionID, cbasn1.PrintableString, []byte(transaction)},
	}, from, caps.Digest())
	return m, err
}

// Status is what a CA says of a request (RFC 8894 section 3.2.1.3).
type Status string

// Statuses.
const (
	Granted  Status = "0"
	Rejected Status = "2"
	Pending  Status = "3"
)

// A Reply is a CertRep whose signature, transaction and nonce are as they should
// be.
type Reply struct {
	Status       Status
	FailInfo     string // one digit, of Rejected
	FailText     string // the CA's own words, if it has any
	Certificates []*pki.Certificate
	CRLs         [][]byte // DER
}

// Why says in words why a request was rejected.
func (r *Reply) Why() string {
	reason := map[string]string{
		"0": "the algorithm is not supported (badAlg)",
		"1": "the integrity check failed (badMessageCheck)",
		"2": "the request is not permitted or not supported (badRequest)",
		"3": "the message's time is not close enough to the CA's (badTime)",
		"4": "no certificate fits the given ones (badCertId)",
	}[r.FailInfo]
	if reason == "" {
		reason = fmt.Sprintf("failInfo %q", r.FailInfo)
	}
	if r.FailText != "" {
		reason += fmt.Sprintf(": %q", r.FailText)
	}
	return reason
}

// maxFailText is how much of the CA's own words is kept.
const maxFailText = 200

// Open reads the answer to the message. It has to be signed by one of the signers:
// the CA, or its RA.
func (m *Message) Open(rand io.Reader, ber []byte, signers []*pki.Certificate, policy pki.Policy) (*Reply, error) {
	s, err := parseSigned(ber)
	if err != nil {
		return nil, err
	}
	if s.signers != 1 {
		return nil, fmt.Errorf("%d signatures; one is expected", s.signers)
	}
	if err := s.verifyByOneOf(signers, policy); err != nil {
		return nil, err
	}
	text := func(oid asn1.ObjectIdentifier) string {
		value, _ := s.attribute(oid, cbasn1.PrintableString)
		return string(value)
	}
	if kind := MessageType(text(oidMessageType)); kind != CertRep {
		return nil, fmt.Errorf("a %q message instead of a CertRep", kind)
	}
	if t := text(oidTransactionID); t != m.Transaction {
		return nil, fmt.Errorf("of transaction %.80q instead of %q", t, m.Transaction)
	}
	if nonce, ok := s.attribute(oidRecipientNonce, cbasn1.OCTET_STRING); !ok || subtle.ConstantTimeCompare(nonce, m.nonce) != 1 {
		return nil, errors.New("with another recipientNonce than was sent: it answers another request")
	}
	r := &Reply{Status: Status(text(oidPKIStatus)), FailInfo: text(oidFailInfo)}
	switch r.Status {
	case Pending:
		return r, nil
	case Rejected:
		words, _ := s.attribute(oidFailInfoText, cbasn1.UTF8String)
		if len(words) == 0 {
			words, _ = s.attribute(oidFailInfoText, cbasn1.PrintableString)
		}
		r.FailText = strings.ToValidUTF8(string(words[:min(len(words), maxFailText)]), "?")
		return r, nil
	case Granted:
		return r, m.openContent(rand, s.content, r)
	}
	return nil, fmt.Errorf("with the unknown pkiStatus %.20q", r.Status)
}

// openContent reads what a granted request brings: certificates or CRLs.
func (m *Message) openContent(rand io.Reader, content []byte, r *Reply) error {
	key, ok := m.from.Key.(crypto.Decrypter)
	if !ok {
		return errors.New("the key of this request does not decrypt")
	}
	plain, err := open(rand, content, m.from.Certificate, key)
	if err != nil {
		return err
	}
	inner, err := parseSigned(plain)
	if err != nil {
		return fmt.Errorf("inside its envelope: %w", err)
	}
	r.Certificates, r.CRLs = inner.certificates, inner.crls
	if len(r.Certificates) == 0 && len(r.CRLs) == 0 {
		return errors.New("granted, but neither certificate nor CRL is in it")
	}
	return nil
}

// verifyByOneOf looks for the signer and verifies with its certificate.
func (s *signedData) verifyByOneOf(signers []*pki.Certificate, policy pki.Policy) error {
	var failed error
	for _, c := range signers { // a CA and its next one may have the same name and serial number
		if !s.signedBy(c) {
			continue
		}
		if failed = s.verify(c, policy); failed == nil {
			return nil
		}
	}
	if failed != nil {
		return failed
	}
	for _, c := range s.certificates {
		if s.signedBy(c) {
			return fmt.Errorf("signed by %s, who is neither the CA nor an RA of it", c.Subject)
		}
	}
	return errors.New("signed by nobody that is known")
}

// certPoll is the content of CertPoll: IssuerAndSubject ::= SEQUENCE { issuer,
// subject }.
func certPoll(ca *pki.Certificate, subject pki.Name) []byte {
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(ca.Subject.DER())
		b.AddBytes(subject.DER())
	})
	return b.BytesOrPanic()
}

// issuerAndSerial is the content of GetCert and GetCRL.
func issuerAndSerial(c *pki.Certificate) []byte {
	var b cryptobyte.Builder
	addIssuerAndSerial(&b, c)
	return b.BytesOrPanic()
}

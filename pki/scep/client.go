package scep

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/fetch"
)

// Limits of one question to a server.
const (
	maxTime       = 30 * time.Second // connecting, asking and the whole answer
	maxCAsLen     = 256 << 10        // octets of certificates
	maxCapsLen    = 8 << 10
	maxCertRepLen = 256 << 10 // of an answer with certificates
)

// What an IOS router calls itself, and where it looks when the enrollment url has no
// path. After a path it puts the program's name alone.
const (
	userAgent   = "Mozilla/4.0 (compatible; MSIE 5.0; Cisco PKI)"
	defaultPath = "/cgi-bin"
	program     = "pkiclient.exe"
)

// A Client asks the server of one trustpoint.
type Client struct {
	Rand   io.Reader
	Policy pki.Policy // of signatures that are accepted
	// Say hears of every request that goes out, and of what comes back, in a line
	// without secrets; nil: nobody does.
	Say func(line string)

	url     *url.URL
	message string // the trustpoint's name, which the server hears
	source  netip.Addr
	proxy   string
}

// New makes the client of a trustpoint with an enrollment url.
func New(s pki.Settings, rand io.Reader) (*Client, error) {
	u, err := url.Parse(s.EnrollmentURL)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("trustpoint %s has no enrollment url of http://", s.Name)
	}
	if path.Base(u.Path) != program {
		if strings.Trim(u.Path, "/") == "" {
			u.Path = defaultPath
		}
		u.Path = strings.TrimSuffix(u.Path, "/") + "/" + program
	}
	return &Client{Rand: rand, url: u, message: s.Name, source: s.Source, proxy: s.HTTPProxy, Say: func(string) {}}, nil
}

// Authority asks for the certificates of the CA.
func (c *Client) Authority(ctx context.Context) (*Authority, error) {
	body, err := c.get(ctx, "GetCACert", c.message, maxCAsLen)
	if err != nil {
		return nil, fmt.Errorf("GetCACert: %w", err)
	}
	a, err := parseAuthority(body)
	if err != nil {
		return nil, fmt.Errorf("GetCACert: the answer is %w", err)
	}
	return a, nil
}

// Capabilities asks what the CA can. A CA that has no answer to the question is an
// old one, which can what it always could.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	body, err := c.get(ctx, "GetCACaps", c.message, maxCapsLen)
	if status, ok := errors.AsType[*fetch.StatusError](err); ok {
		c.Say(fmt.Sprintf("GetCACaps: %v", status))
		return Capabilities{}, nil
	}
	if err != nil {
		return Capabilities{}, fmt.Errorf("GetCACaps: %w", err)
	}
	return ParseCapabilities(body), nil
}

// NextAuthority asks for the CA's next certificates, which the present CA has to
// have signed (RFC 8894 section 4.7.1).
func (c *Client) NextAuthority(ctx context.Context, ca *pki.Certificate) (*Authority, error) {
	body, err := c.get(ctx, "GetNextCACert", c.message, maxCAsLen)
	if err != nil {
		return nil, fmt.Errorf("GetNextCACert: %w", err)
	}
	s, err := parseSigned(body)
	if err == nil {
		err = s.verifyByOneOf([]*pki.Certificate{ca}, c.Policy)
	}
	if err != nil {
		return nil, fmt.Errorf("GetNextCACert: the answer is not the CA's: %w", err)
	}
	a, err := parseAuthority(s.content)
	if err != nil {
		return nil, fmt.Errorf("GetNextCACert: the answer is %w", err)
	}
	return a, nil
}

// An Exchange is one enrolment, or one question to the CA behind a trustpoint.
type Exchange struct {
	Client      *Client
	Authority   *Authority // has to be the trustpoint's
	Caps        Capabilities
	From        Identity
	Transaction string
}

// Enrol sends a certification request.
func (x *Exchange) Enrol(ctx context.Context, kind MessageType, csr []byte) (*Reply, error) {
	return x.ask(ctx, kind, csr, maxCertRepLen)
}

// Poll asks for the certificate of a request that was pending.
func (x *Exchange) Poll(ctx context.Context, subject pki.Name) (*Reply, error) {
	return x.ask(ctx, CertPoll, certPoll(x.Authority.CA, subject), maxCertRepLen)
}

// Certificate asks for the issued certificate that has the issuer and serial number
// of the given one.
func (x *Exchange) Certificate(ctx context.Context, of *pki.Certificate) (*Reply, error) {
	return x.ask(ctx, GetCert, issuerAndSerial(of), maxCertRepLen)
}

// CRL asks for the list on which the certificate would stand.
func (x *Exchange) CRL(ctx context.Context, of *pki.Certificate) (*Reply, error) {
	return x.ask(ctx, GetCRL, issuerAndSerial(of), MaxMessageLen)
}

func (x *Exchange) ask(ctx context.Context, kind MessageType, content []byte, limit int) (*Reply, error) {
	c := x.Client
	m, err := newMessage(c.Rand, kind, content, x.From, x.Transaction, x.Authority.Recipient(), x.Caps)
	if err != nil {
		return nil, err
	}
	c.Say("Client sending " + kind.String())
	body, err := c.operate(ctx, m, x.Caps.Post(), limit)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kind, err)
	}
	c.Say(fmt.Sprintf("Received pki message (PKCS7) for trustpoint %s: %d bytes", c.message, len(body)))
	r, err := m.Open(c.Rand, body, x.Authority.Signers(), c.Policy)
	if err != nil {
		return nil, fmt.Errorf("%s: the answer is refused: %w", kind, err)
	}
	return r, nil
}

// operate sends a message: with POST where the CA takes it, else in the URL, where
// IOS puts it.
func (c *Client) operate(ctx context.Context, m *Message, post bool, limit int) ([]byte, error) {
	if !post {
		return c.get(ctx, "PKIOperation", base64.StdEncoding.EncodeToString(m.Raw), limit)
	}
	return c.do(ctx, c.question("PKIOperation", ""), m.Raw, limit)
}

func (c *Client) question(operation, message string) string {
	u := *c.url
	u.RawQuery = "operation=" + operation // first, where servers of old look for it
	if message != "" {
		u.RawQuery += "&message=" + url.QueryEscape(message)
	}
	return u.String()
}

func (c *Client) get(ctx context.Context, operation, message string, limit int) (body []byte, err error) {
	return c.do(ctx, c.question(operation, message), nil, limit)
}

// do asks one question: POST with something to send, else GET. Its errors are one line.
func (c *Client) do(ctx context.Context, question string, send []byte, limit int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	body, err := fetch.Request{
		URL: question, Body: send, Type: "application/x-pki-message", Limit: limit,
		Agent: userAgent, Source: c.source, Proxy: c.proxy,
	}.Do(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.url.Host, err)
	}
	return body, nil
}

package scep

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/obol-ike/obol/pki"
)

// Limits of one question to a server.
const (
	maxTime       = 30 * time.Second // connecting, asking and the whole answer
	maxHeaderLen  = 16 << 10
	maxCAsLen     = 256 << 10 // octets of certificates
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

// A Doer carries out HTTP requests; HTTP makes one.
type Doer interface {
	Do(*http.Request) (*http.Response, error)
}

// HTTP speaks as SCEP wants it: one connection a question, no redirection, nothing
// unpacked, and no proxy but the configured one. Zero values stand for none.
func HTTP(source netip.Addr, proxy string) Doer {
	dialer := &net.Dialer{}
	if source.IsValid() {
		dialer.LocalAddr = &net.TCPAddr{IP: source.AsSlice()}
	}
	transport := &http.Transport{
		DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true,
		MaxResponseHeaderBytes: maxHeaderLen,
	}
	if proxy != "" {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: proxy})
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// A Client asks the server of one trustpoint.
type Client struct {
	HTTP   Doer
	Rand   io.Reader
	Policy pki.Policy // of signatures that are accepted
	// Say hears of every request that goes out, and of what comes back, in a line
	// without secrets; nil: nobody does.
	Say func(line string)

	url     *url.URL
	message string // the trustpoint's name, which the server hears
}

// New makes the client of a trustpoint with an enrollment url.
func New(s pki.Settings, do Doer, rand io.Reader) (*Client, error) {
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
	return &Client{HTTP: do, Rand: rand, url: u, message: s.Name, Say: func(string) {}}, nil
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
	if status, ok := errors.AsType[statusError](err); ok {
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
	return c.do(ctx, http.MethodPost, c.question("PKIOperation", ""), m.Raw, limit)
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
	return c.do(ctx, http.MethodGet, c.question(operation, message), nil, limit)
}

// statusError is an answer other than 200.
type statusError int

func (e statusError) Error() string {
	return fmt.Sprintf("the server answers %d %s", int(e), http.StatusText(int(e)))
}

// do asks one question. Its errors are one line.
func (c *Client) do(ctx context.Context, method, question string, send []byte, limit int) (body []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, maxTime)
	defer cancel()
	var sending io.Reader
	if send != nil {
		sending = bytes.NewReader(send)
	}
	request, err := http.NewRequestWithContext(ctx, method, question, sending)
	if err != nil {
		return nil, errors.New("the enrollment url cannot be asked")
	}
	request.Header.Set("User-Agent", userAgent)
	if send != nil {
		request.Header.Set("Content-Type", "application/x-pki-message")
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		if at := response.Header.Get("Location"); at != "" {
			return nil, fmt.Errorf("the server answers %d and sends elsewhere, to %.80q: the enrollment url has to be the place itself", response.StatusCode, at)
		}
		return nil, statusError(response.StatusCode)
	}
	body, err = io.ReadAll(io.LimitReader(response.Body, int64(limit)+1))
	if err != nil {
		return nil, c.explain(ctx, err)
	}
	if len(body) > limit {
		return nil, fmt.Errorf("the answer is longer than %d octets", limit)
	}
	return body, nil
}

// explain puts a failure of the network into few words.
func (c *Client) explain(ctx context.Context, err error) error {
	if ctx.Err() == context.DeadlineExceeded {
		return fmt.Errorf("no whole answer from %s in time", c.url.Host)
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the URL is known, and long
	}
	return fmt.Errorf("%s: %w", c.url.Host, err)
}

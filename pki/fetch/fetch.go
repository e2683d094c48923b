// Package fetch gets what others publish, over HTTP and within bounds: certificates
// that peers show by hash and URL, CRLs, answers of OCSP responders. Whoever writes a
// URL chooses whom we speak to, so that every request says where it may go, how much
// it takes and, by its context, how long.
package fetch

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
)

// maxHeaderLen bounds the header of an answer, in octets.
const maxHeaderLen = 8 << 10

// Request is one question to a server.
type Request struct {
	URL       string // http://
	Body      []byte // nil: GET, else POST
	Type      string // media type of Body
	Limit     int    // octets that the answer may have
	Redirects int    // that are followed, over http:// alone
	// Permit is asked for the address of each connection, when the name in the URL is
	// resolved already. asked says that it is the server of the URL itself, and not one
	// that it sends to. nil: the operator has named the server, it may be anywhere.
	Permit func(to netip.Addr, asked bool) error
	Agent  string     // who is said to ask; "": Go does
	Source netip.Addr // that the connection comes from; zero: any
	Proxy  string     // host:port, "" for none
}

// StatusError is an answer other than 200.
type StatusError struct {
	Code     int
	Location string // where it sends to, "" when nowhere
}

func (e *StatusError) Error() string {
	if e.Location != "" {
		return fmt.Sprintf("the server answers %d and sends elsewhere, to %.80q", e.Code, e.Location)
	}
	return fmt.Sprintf("the server answers %d", e.Code)
}

// Do asks: one connection for each URL, no proxy but a given one, nothing unpacked. It ends when ctx
// does, however slowly the server sends. The error does not repeat the URL.
func (r Request) Do(ctx context.Context) ([]byte, error) {
	data, err := r.do(ctx)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.New("the server did not answer in time") // or it would not have ended
	}
	return data, err
}

func (r Request) do(ctx context.Context) ([]byte, error) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if r.Body != nil {
		method, body = http.MethodPost, bytes.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, method, r.URL, body)
	if err != nil {
		return nil, err
	}
	if err := plain(request.URL); err != nil {
		return nil, err
	}
	if r.Body != nil {
		request.Header.Set("Content-Type", r.Type)
	}
	if r.Agent != "" {
		request.Header.Set("User-Agent", r.Agent)
	}
	server := net.JoinHostPort(request.URL.Hostname(), cmp.Or(request.URL.Port(), "80"))
	response, err := r.client(server).Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, &StatusError{response.StatusCode, response.Header.Get("Location")}
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, int64(r.Limit)+1))
	if err == nil && len(data) > r.Limit {
		return nil, fmt.Errorf("more than %d octets", r.Limit)
	}
	return data, err
}

func (r Request) client(server string) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialer := net.Dialer{ControlContext: func(_ context.Context, _, to string, _ syscall.RawConn) error {
			if r.Permit == nil {
				return nil
			}
			ap, err := netip.ParseAddrPort(to)
			if err != nil {
				return err
			}
			return r.Permit(ap.Addr().Unmap().WithZone(""), address == server)
		}}
		if r.Source.IsValid() {
			dialer.LocalAddr = &net.TCPAddr{IP: r.Source.AsSlice()}
		}
		return dialer.DialContext(ctx, network, address)
	}
	transport := &http.Transport{
		DialContext: dial, DisableKeepAlives: true, DisableCompression: true,
		MaxResponseHeaderBytes: maxHeaderLen,
	}
	if r.Proxy != "" {
		transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: r.Proxy})
	}
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(next *http.Request, via []*http.Request) error {
			if len(via) > r.Redirects {
				return http.ErrUseLastResponse
			}
			return plain(next.URL)
		},
	}
}

// Reachable is the Permit of servers that the operator has named, who may be this host
// itself or on its links. The services of loopback and of the links are for nobody else:
// where a server that he did name sends to, he has not.
func Reachable(to netip.Addr, named bool) error {
	if named && (to.IsLoopback() || to.IsLinkLocalUnicast()) || to.IsGlobalUnicast() {
		return nil
	}
	return fmt.Errorf("nothing is fetched from %s", to)
}

// plain holds a URL to be one that is fetched. What is fetched is signed, so that
// https would add nothing but another chain to verify.
func plain(u *url.URL) error {
	if u.Scheme != "http" || u.Host == "" {
		return fmt.Errorf("only http is fetched, not %s", u.Scheme)
	}
	return nil
}

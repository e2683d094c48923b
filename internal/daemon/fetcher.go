package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"syscall"
	"time"

	"github.com/obol-ike/obol/internal/ike"
)

// Limits on fetches: whoever speaks IKEv2 with us, and nobody has authenticated yet,
// chooses where they go.
const (
	fetchTime    = 8 * time.Second // of one, its wait for a place among them; below that of the session that waits
	fetchAtOnce  = 8
	maxFetches   = 64 // under way or waiting
	maxOfPeer    = 4  // of these of one peer
	maxHeaderLen = 8 << 10
)

// A fetcher gets what peers show by hash and URL, each in a goroutine of its own.
type fetcher struct {
	ctx    context.Context
	cancel context.CancelFunc
	time   time.Duration // of one
	places chan struct{}
	going  sync.WaitGroup

	mu    sync.Mutex
	total int
	peers map[netip.Addr]int
}

func newFetcher() *fetcher {
	f := &fetcher{time: fetchTime, places: make(chan struct{}, fetchAtOnce), peers: map[netip.Addr]int{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// close ends what is under way, and waits for it.
func (f *fetcher) close() {
	f.cancel()
	f.going.Wait()
}

// put begins a fetch; done is told from another goroutine. With an error nothing
// was begun.
func (f *fetcher) put(l ike.Lookup, done func(ike.Answer)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.total >= maxFetches:
		return fmt.Errorf("%d fetches are under way", f.total)
	case f.peers[l.Peer] >= maxOfPeer:
		return fmt.Errorf("%d fetches are under way for this peer", f.peers[l.Peer])
	}
	f.total++
	f.peers[l.Peer]++
	f.going.Go(func() {
		data, err := f.fetch(l)
		f.forget(l.Peer)
		done(ike.Answer{Data: data, Err: err})
	})
	return nil
}

func (f *fetcher) forget(peer netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.total--
	if f.peers[peer]--; f.peers[peer] == 0 {
		delete(f.peers, peer)
	}
}

// fetch waits for a place and gets what is at the URL.
func (f *fetcher) fetch(l ike.Lookup) ([]byte, error) {
	ctx, cancel := context.WithTimeout(f.ctx, f.time)
	defer cancel()
	select {
	case f.places <- struct{}{}:
		defer func() { <-f.places }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	data, err := get(ctx, l)
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err // the URL is known
	}
	return data, err
}

// get speaks HTTP: one connection, no proxy, no redirection, nothing unpacked.
func get(ctx context.Context, l ike.Lookup) ([]byte, error) {
	dialer := net.Dialer{ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return permit(address, l.Peer)
	}}
	client := http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, DisableKeepAlives: true, DisableCompression: true,
			MaxResponseHeaderBytes: maxHeaderLen,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.URL, nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answers %d", response.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, ike.MaxAnswer+1))
	if err == nil && len(data) > ike.MaxAnswer {
		err = fmt.Errorf("more than %d octets", ike.MaxAnswer)
	}
	return data, err
}

// permit says whether a connection may go to an address, which is asked when the
// name in the URL is resolved already: a peer is not to reach through us what it
// does not reach itself, such as the services of this host. What the peer has at its
// own address is its own affair.
func permit(address string, peer netip.Addr) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return err
	}
	a := to.Addr().Unmap().WithZone("")
	switch {
	case a == peer.Unmap().WithZone(""):
		return nil
	case !a.IsGlobalUnicast():
		return fmt.Errorf("no certificate is fetched from %s", a)
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for _, x := range own {
		if p, err := netip.ParsePrefix(x.String()); err == nil && p.Addr().Unmap() == a {
			return fmt.Errorf("no certificate is fetched from %s, which is this host's", a)
		}
	}
	return nil
}

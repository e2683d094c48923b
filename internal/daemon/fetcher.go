package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki/fetch"
)

// Limits on fetches: whoever speaks IKEv2 with us, and nobody has authenticated yet,
// chooses where they go.
const (
	fetchTime   = 8 * time.Second // of one, its wait for a place among them; below that of the session that waits
	fetchAtOnce = 8
	maxFetches  = 64 // under way or waiting
	maxOfPeer   = 4  // of these of one peer
)

// A fetcher gets what peers show by hash and URL, and asks about revocation, each in a
// goroutine of its own.
type fetcher struct {
	ctx    context.Context
	cancel context.CancelFunc
	time   time.Duration // of one
	asking time.Duration // of a query
	places chan struct{}
	permit func(to netip.Addr, named bool) error // of a query
	going  sync.WaitGroup

	mu    sync.Mutex
	total int
	peers map[netip.Addr]int
}

func newFetcher() *fetcher {
	f := &fetcher{time: fetchTime, asking: queryTime, places: make(chan struct{}, fetchAtOnce), permit: fetch.Reachable, peers: map[netip.Addr]int{}}
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
	if l.Query != nil { // of which the engine limits the number
		f.going.Go(func() { done(f.query(l.Query)) })
		return nil
	}
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
		return nil, errors.New("too many fetches are under way")
	}
	return fetch.Request{URL: l.URL, Limit: ike.MaxAnswer, Permit: func(to netip.Addr, _ bool) error { return permit(to, l.Peer) }}.Do(ctx)
}

// permit says whether a connection may go to an address: a peer is not to reach
// through us what it does not reach itself, such as the services of this host. What the
// peer has at its own address is its own affair.
func permit(to, peer netip.Addr) error {
	switch {
	case to == peer.Unmap().WithZone(""):
		return nil
	case !to.IsGlobalUnicast():
		return fmt.Errorf("no certificate is fetched from %s", to)
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		return err
	}
	for _, x := range own {
		if p, err := netip.ParsePrefix(x.String()); err == nil && p.Addr().Unmap() == to {
			return fmt.Errorf("no certificate is fetched from %s, which is this host's", to)
		}
	}
	return nil
}

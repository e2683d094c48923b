package daemon

import (
	"fmt"
	"sync"
	"time"

	"github.com/obol-ike/obol/internal/ipsec"
)

// memory is the data plane of --dataplane none: SAs are kept, nothing is
// encrypted, and the host's interfaces, routes and policies stay as they are.
// It lets IKE be spoken on hosts whose kernel has no ESP.
type memory struct {
	mu     sync.Mutex
	sas    map[ipsec.SAID]time.Time // when it was added
	events chan ipsec.Event
	close  sync.Once
}

func newMemory() *memory {
	return &memory{sas: map[ipsec.SAID]time.Time{}, events: make(chan ipsec.Event)}
}

func (*memory) String() string { return "none: SAs are kept in memory, nothing is encrypted" }

// ExpectSA has nothing to keep.
func (*memory) ExpectSA(ipsec.SAID, *ipsec.Encap) error { return nil }

func (m *memory) InstallSA(sa ipsec.SA) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.sas[sa.SAID]; exists {
		return fmt.Errorf("SA %s SPI 0x%08X exists", sa.Dst, sa.SPI)
	}
	m.sas[sa.SAID] = time.Now()
	return nil
}

func (m *memory) UpdateSA(sa ipsec.SA) error {
	_, err := m.QuerySA(sa.SAID)
	return err
}

// RemoveSA of an absent one is no error, as in the kernel.
func (m *memory) RemoveSA(id ipsec.SAID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sas, id)
	return nil
}

func (m *memory) QuerySA(id ipsec.SAID) (ipsec.Counters, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	added, exists := m.sas[id]
	if !exists {
		return ipsec.Counters{}, fmt.Errorf("there is no SA %s SPI 0x%08X", id.Dst, id.SPI)
	}
	return ipsec.Counters{Added: added}, nil
}

func (*memory) SetPolicy(ipsec.Policy) error    { return nil }
func (*memory) RemovePolicy(ipsec.Policy) error { return nil }
func (*memory) SetLink(ipsec.Link) error        { return nil }
func (*memory) RemoveLink(string) error         { return nil }
func (*memory) SetRoute(ipsec.Route) error      { return nil }
func (*memory) RemoveRoute(ipsec.Route) error   { return nil }

func (*memory) LinkDiffers(ipsec.Link) (string, error)     { return "", nil }
func (*memory) RouteDiffers(ipsec.Route) (string, error)   { return "", nil }
func (*memory) PolicyDiffers(ipsec.Policy) (string, error) { return "", nil }
func (*memory) InvalidSPIs() uint64                        { return 0 }

// Strays finds nothing: what is in memory is ours.
func (*memory) Strays(ipsec.Intent) ([]string, error) { return nil, nil }

// Events never reports anything: without packets nothing expires by volume, and
// the engine keeps the time limits itself.
func (m *memory) Events() <-chan ipsec.Event { return m.events }

// Adopt takes the word of the process before.
func (m *memory) Adopt(standing []ipsec.SA) ([]ipsec.Expired, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, sa := range standing {
		m.sas[sa.SAID] = time.Now()
	}
	return nil, nil
}

func (m *memory) Sweep() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.sas)
	return nil
}

func (m *memory) Close() error {
	m.close.Do(func() { close(m.events) })
	return nil
}

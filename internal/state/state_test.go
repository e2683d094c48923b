package state

import (
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

// everything has something of each kind.
type everything struct {
	n8   uint8
	n64  uint64
	i    int
	b    bool
	text string
	key  []byte
	spi  [4]byte
	d    time.Duration
	none time.Time
	past time.Time
	next time.Time
	a    netip.Addr
	ap   netip.AddrPort
	p    netip.Prefix
	some *int
	nil  *int
	list []string
	ptrs []*int
}

func (e *everything) state(c *Codec) {
	Number(c, &e.n8)
	Number(c, &e.n64)
	c.Int(&e.i)
	c.Bool(&e.b)
	String(c, &e.text)
	Octets(c, &e.key)
	c.Fixed(e.spi[:])
	c.Duration(&e.d)
	c.Time(&e.none)
	c.Time(&e.past)
	c.Time(&e.next)
	c.Addr(&e.a)
	c.AddrPort(&e.ap)
	c.Prefix(&e.p)
	Some(c, &e.some, c.Int)
	Some(c, &e.nil, c.Int)
	List(c, &e.list, 2, func(s *string) { String(c, s) })
	Pointers(c, &e.ptrs, 2, c.Int)
}

var at = time.Date(2013, 6, 20, 12, 0, 0, 0, time.UTC)

func whole() *everything {
	n := 7
	return &everything{
		n8: 255, n64: math.MaxUint64, i: math.MaxUint32, b: true, text: "Tunnel1", key: []byte{1, 2}, spi: [4]byte{3, 4, 5, 6}, d: -time.Second,
		past: at.Add(-time.Hour), next: at.Add(time.Nanosecond),
		a: netip.MustParseAddr("192.0.2.1"), ap: netip.MustParseAddrPort("[2001:db8::1]:500"), p: netip.MustParsePrefix("10.0.0.0/8"),
		some: &n, list: []string{"a", ""}, ptrs: []*int{&n},
	}
}

func written() []byte {
	c := Writer(at)
	whole().state(c)
	return c.Octets()
}

func TestBothWays(t *testing.T) {
	c := Reader(written(), at)
	var got everything
	if got.state(c); c.End() != nil || !reflect.DeepEqual(&got, whole()) {
		t.Errorf("%+v, %v", got, c.End())
	}
	later := Reader(written(), at.Add(time.Minute)) // by another clock
	if got.state(later); got.next != at.Add(time.Minute+time.Nanosecond) || got.past != at.Add(-59*time.Minute) {
		t.Errorf("%v, %v", got.past, got.next)
	}
}

func TestCut(t *testing.T) {
	for n := range written() {
		c := Reader(written()[:n], at)
		var got everything
		if got.state(c); c.Err() == nil {
			t.Errorf("%d octets are taken", n)
		}
	}
	c := Reader(append(written(), 0), at)
	var got everything
	if got.state(c); c.Err() != nil || c.End() == nil {
		t.Errorf("one octet too many: %v", c.End())
	}
}

func TestLimits(t *testing.T) {
	for text, try := range map[string]func(*Codec){
		"no number of its size":    func(c *Codec) { Number(c, new(uint8)) },
		"no list within its limit": func(c *Codec) { List(c, new([]uint8), 2, func(n *uint8) { Number(c, n) }) },
		"the state is cut off":     func(c *Codec) { Octets(c, new([]byte)) },
	} {
		c := Reader([]byte{Version, 0x80, 0x80, 1, 0}, at) // 16384
		if try(c); c.Err() == nil || !strings.Contains(c.Err().Error(), text) {
			t.Errorf("%v, want %s", c.Err(), text)
		}
	}
}

// A state of another version is named, and nothing of it is read.
func TestVersion(t *testing.T) {
	octets := append([]byte{Version + 1}, written()[1:]...)
	c := Reader(octets, at)
	var got everything
	if got.state(c); c.End() == nil || !strings.Contains(c.End().Error(), "its version is") || got.text != "" {
		t.Errorf("%+v, %v", got, c.End())
	}
}

// Package state turns what stands (IKE SAs, child SAs, tunnels) into octets, for the
// process that goes on in this one's place, and back. A type has one description for
// both ways, so that they cannot differ:
//
//	func (c *child) state(s *state.Codec) {
//		state.Number(s, &c.rekeys)
//		s.Time(&c.begun)
//	}
//
// A state is not self-describing: it begins with the version of all descriptions
// together. What is read may have any octets in it: it gives an error, and never takes
// more memory than a few times its own length.
package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
)

// Version is that of all descriptions together: whatever changes one gives it the next
// number (test/arch compares them), and a state of another version is not read.
const Version = 5

// A Codec writes a state, or reads one.
type Codec struct {
	at      time.Time
	octets  []byte // written so far, or those that are left to read
	reading bool
	err     error
}

// Writer begins a state. Times are told as their distance from at, which the reader
// knows by its own clock.
func Writer(at time.Time) *Codec {
	c := &Codec{at: at}
	c.version()
	return c
}

// Reader reads a state that was written at a time.
func Reader(octets []byte, at time.Time) *Codec {
	c := &Codec{at: at, octets: octets, reading: true}
	c.version()
	return c
}

func (c *Codec) version() {
	version := Version
	if c.Int(&version); version != Version && c.err == nil {
		c.err = fmt.Errorf("its version is %d, that of this obold %d", version, Version)
	}
}

// Octets are what was written.
func (c *Codec) Octets() []byte { return c.octets }

// Reading says which way it goes.
func (c *Codec) Reading() bool { return c.reading }

// Err is what was wrong with the state so far.
func (c *Codec) Err() error { return c.err }

// End is Err, or that something is left behind the state.
func (c *Codec) End() error {
	if c.err == nil && c.reading && len(c.octets) > 0 {
		c.err = fmt.Errorf("%d octets behind the state", len(c.octets))
	}
	return c.err
}

// Want fails the reading of a state in which something does not hold.
func (c *Codec) Want(holds bool, what string) {
	if !holds && c.err == nil {
		c.err = errors.New("no " + what)
	}
}

var errShort = errors.New("the state is cut off")

// take gives the next n octets, nil after an error.
func (c *Codec) take(n uint64) []byte {
	if c.err == nil && n > uint64(len(c.octets)) {
		c.err = errShort
	}
	if c.err != nil {
		return nil
	}
	b := c.octets[:n:n]
	c.octets = c.octets[n:]
	return b
}

func (c *Codec) uint(v *uint64) {
	if !c.reading {
		c.octets = binary.AppendUvarint(c.octets, *v)
		return
	}
	*v = 0
	if c.err != nil {
		return
	}
	got, n := binary.Uvarint(c.octets)
	if n <= 0 {
		c.err = errShort
		return
	}
	*v, c.octets = got, c.octets[n:]
}

// Number is any unsigned number, or a type made of one.
func Number[T ~uint8 | ~uint16 | ~uint32 | ~uint64](c *Codec, n *T) {
	v := uint64(*n)
	c.uint(&v)
	if *n = T(v); uint64(*n) != v {
		*n = 0
		c.Want(false, "number of its size")
	}
}

// Int is a number that is not negative.
func (c *Codec) Int(n *int) {
	v := uint32(*n)
	Number(c, &v)
	*n = int(v)
}

// Bool is true or false.
func (c *Codec) Bool(b *bool) {
	var v uint8
	if *b {
		v = 1
	}
	Number(c, &v)
	*b = v == 1
}

// Octets of any length; those that are read alias nothing.
func Octets[T ~[]byte](c *Codec, b *T) {
	n := uint64(len(*b))
	c.uint(&n)
	if !c.reading {
		c.octets = append(c.octets, *b...)
		return
	}
	*b = nil
	if n > 0 {
		*b = append(T(nil), c.take(n)...)
	}
}

// Fixed are octets of a length that both ends know.
func (c *Codec) Fixed(b []byte) {
	if c.reading {
		copy(b, c.take(uint64(len(b))))
		return
	}
	c.octets = append(c.octets, b...)
}

// String is text.
func String[T ~string](c *Codec, s *T) {
	b := []byte(*s)
	Octets(c, &b)
	*s = T(b)
}

// Duration is a length of time.
func (c *Codec) Duration(d *time.Duration) {
	v := uint64(*d)
	c.uint(&v)
	*d = time.Duration(v)
}

// Time is a time, or none.
func (c *Codec) Time(t *time.Time) {
	set := !t.IsZero()
	if c.Bool(&set); !set {
		*t = time.Time{}
		return
	}
	d := t.Sub(c.at)
	v := uint64(d)<<1 ^ uint64(d>>63) // small, before and after
	c.uint(&v)
	if c.reading {
		*t = c.at.Add(time.Duration(v>>1) ^ -time.Duration(v&1))
	}
}

// Addr is an address, or none.
func (c *Codec) Addr(a *netip.Addr) {
	b, _ := a.MarshalBinary()
	Octets(c, &b)
	c.parsed(a.UnmarshalBinary, b)
}

// AddrPort is an address and a port.
func (c *Codec) AddrPort(a *netip.AddrPort) {
	b, _ := a.MarshalBinary()
	Octets(c, &b)
	c.parsed(a.UnmarshalBinary, b)
}

// Prefix is an address and how much of it counts, or none.
func (c *Codec) Prefix(p *netip.Prefix) {
	b, _ := p.MarshalBinary()
	Octets(c, &b)
	c.parsed(p.UnmarshalBinary, b)
}

func (c *Codec) parsed(parse func([]byte) error, b []byte) {
	if c.reading && c.err == nil {
		c.err = parse(b)
	}
}

// List is at most limit elements.
func List[T any](c *Codec, list *[]T, limit int, each func(*T)) {
	n := len(*list)
	c.Int(&n)
	if c.reading {
		*list = nil
		c.Want(n <= limit, "list within its limit")
	}
	for i := 0; i < n && c.err == nil; i++ {
		if c.reading {
			*list = append(*list, *new(T))
		}
		each(&(*list)[i])
	}
}

// Pointers is a list of pointers, none of them nil.
func Pointers[T any](c *Codec, list *[]*T, limit int, each func(*T)) {
	List(c, list, limit, func(p **T) {
		if c.reading {
			*p = new(T)
		}
		each(*p)
	})
}

// Some is what a pointer points to, or nothing.
func Some[T any](c *Codec, p **T, each func(*T)) {
	there := *p != nil
	c.Bool(&there)
	if c.reading {
		*p = nil
		if there && c.err == nil {
			*p = new(T)
		}
	}
	if *p != nil {
		each(*p)
	}
}

// Row is a row of a table by its number, or nothing.
func Row[T any, N ~uint16](c *Codec, p **T, number func(*T) N, find func(N) (*T, bool)) {
	var n N
	if *p != nil {
		n = number(*p)
	}
	Number(c, &n)
	if !c.reading {
		return
	}
	*p = nil
	if n != 0 && c.err == nil {
		row, ok := find(n)
		c.Want(ok, "such algorithm")
		*p = row
	}
}

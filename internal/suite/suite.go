// Package suite holds the algorithms: one row each with all its names, which
// are its number in IKEv1, in ESP and in IKEv2, the words of IOS's
// configuration, debug and show, and the name the Linux kernel knows it by.
//
// Nothing here reads a random source of its own: what needs randomness is
// given a reader, so that a recorded seed replays a whole exchange.
package suite

import (
	"fmt"
	"io"
)

// A Key is secret. However it is printed, only its length shows.
type Key []byte

func (k Key) String() string { return fmt.Sprintf("key of %d octets", len(k)) }

// GoString is what %#v prints.
func (k Key) GoString() string { return k.String() }

// Format prints the length for every verb: %x of a key must not leak it.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// MarshalText keeps keys out of JSON and structured logs.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// Wipe overwrites the key with zeros.
func (k Key) Wipe() { clear(k) }

package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
)

// FuzzMessage is the door of ISAKMP messages: Parse, then every body parser on
// every payload, Describe and Tree, and building again. Whatever is accepted
// must give the same octets back. Each input is tried as it is and with the
// length that it ought to say, or few would get past the header.
func FuzzMessage(f *testing.F) {
	for _, b := range samples() {
		f.Add(b)
	}
	f.Add([]byte{})
	f.Add(build(mainMode()))
	parsers := bodies()
	f.Fuzz(func(t *testing.T, b []byte) {
		throughDoor(t, parsers, b)
		if len(b) >= HeaderLen {
			b = bytes.Clone(b)
			binary.BigEndian.PutUint32(b[24:], uint32(len(b)))
			throughDoor(t, parsers, b)
		}
	})
}

func throughDoor(t *testing.T, parsers []bodyCase, b []byte) {
	m, err := Parse(b)
	if err != nil {
		checkParseError(t, err, len(b))
		return
	}
	if m.Encrypted() {
		// As if it had been decrypted: the door behind the cipher.
		m.Payloads, m.Rest, err = ParseChain(m.NextPayload, m.Rest, HeaderLen)
		if err != nil {
			checkParseError(t, err, len(b))
			return
		}
	}
	if len(m.Payloads) > MaxPayloads {
		t.Fatalf("%d payloads", len(m.Payloads))
	}
	for _, p := range m.Payloads {
		for _, tt := range parsers {
			checkBody(t, tt, p.Body)
		}
	}
	if Describe(m) == "" || Tree(m) == "" {
		t.Error("nothing to say")
	}
	if !endsEncrypted(m) {
		if got := rebuild(m); !bytes.Equal(got, b) {
			t.Errorf("rebuilt\n%x, was\n%x", got, b)
		}
	}
}

// endsEncrypted: an SK payload's next payload is inside it, and only the
// session that encrypts knows it.
func endsEncrypted(m *Message) bool {
	n := len(m.Payloads)
	return n > 0 && m.Version.Major() == 2 && m.Payloads[n-1].Type.encrypts()
}

func checkBody(t *testing.T, tt bodyCase, body []byte) {
	v, err := tt.parse(body)
	if err != nil {
		checkParseError(t, err, len(body))
		return
	}
	again := v.Append(nil)
	if tt.reserved {
		if v, err = tt.parse(again); err != nil {
			t.Fatalf("%s: built again, it is refused: %v\n%x, was\n%x", tt.name, err, again, body)
		}
		body, again = again, v.Append(nil)
	}
	if !bytes.Equal(again, body) {
		t.Errorf("%s: built again\n%x, was\n%x", tt.name, again, body)
	}
}

func checkParseError(t *testing.T, err error, n int) {
	var bad *ParseError
	if !errors.As(err, &bad) || bad.Notify == 0 || bad.Offset < 0 || bad.Offset > n || bad.Error() == "" {
		t.Fatalf("error %v (%+v) for %d octets", err, bad, n)
	}
}

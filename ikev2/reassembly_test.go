package ikev2

import (
	"errors"
	"testing"
	"time"

	"github.com/obol-ike/obol/wire"
)

// collector feeds fragments to a reassembly.
type collector struct {
	reassembly
	held
	now time.Time
}

func newCollector() *collector { return &collector{held: held{limit: 1 << 20}, now: time.Unix(1e9, 0)} }

func requestHeader(id uint32) wire.Header {
	return wire.Header{Exchange: wire.ExchangeAuth, Flags: wire.FlagInitiator, MessageID: id}
}

// take gives a fragment as the receiver of datagrams does.
func (c *collector) take(t *testing.T, h wire.Header, number, total uint16, inner string) (whole string, wanted bool) {
	t.Helper()
	f := wire.SKF{Number: number, Total: total}
	if !c.wants(h, f) {
		return "", false
	}
	first := wire.PayloadNone
	if number == 1 {
		first = wire.PayloadIDi
	}
	got, kind, err := c.add(c.now, peerAddr, h, f, first, []byte(inner), c.hold)
	if err != nil {
		t.Fatal(err)
	}
	if got != nil && kind != wire.PayloadIDi {
		t.Errorf("first payload %s", kind)
	}
	return string(got), true
}

func TestReassembly(t *testing.T) {
	type step struct {
		id            uint32
		number, total uint16
		inner         string
		wanted        bool
		whole         string
	}
	for what, steps := range map[string][]step{
		"one":                  {{1, 1, 1, "abc", true, "abc"}},
		"in order":             {{1, 1, 2, "a", true, ""}, {1, 2, 2, "b", true, "ab"}},
		"reversed":             {{1, 3, 3, "c", true, ""}, {1, 2, 3, "b", true, ""}, {1, 1, 3, "a", true, "abc"}},
		"a duplicate":          {{1, 1, 2, "a", true, ""}, {1, 1, 2, "x", false, ""}, {1, 2, 2, "b", true, "ab"}},
		"two at a time":        {{1, 1, 2, "a", true, ""}, {2, 1, 2, "c", true, ""}, {1, 2, 2, "b", true, "ab"}, {2, 2, 2, "d", true, "cd"}},
		"smaller fragments":    {{1, 1, 2, "ab", true, ""}, {1, 1, 3, "a", true, ""}, {1, 2, 2, "c", false, ""}, {1, 2, 3, "b", true, ""}, {1, 3, 3, "c", true, "abc"}},
		"a lower total":        {{1, 1, 3, "a", true, ""}, {1, 2, 2, "x", false, ""}, {1, 2, 3, "b", true, ""}, {1, 3, 3, "c", true, "abc"}},
		"again when complete":  {{1, 1, 1, "a", true, "a"}, {1, 1, 1, "a", true, "a"}},
		"as many as there are": {{1, maxFragments, maxFragments, "z", true, ""}},
		"too many":             {{1, 1, maxFragments + 1, "a", false, ""}, {1, 1, 65535, "a", false, ""}},
	} {
		c := newCollector()
		for i, s := range steps {
			whole, wanted := c.take(t, requestHeader(s.id), s.number, s.total, s.inner)
			if whole != s.whole || wanted != s.wanted {
				t.Errorf("%s, step %d: %q, wanted %v", what, i, whole, wanted)
			}
		}
		c.clear(peerAddr, c.hold)
		if c.octets != 0 || len(c.reassembly) != 0 {
			t.Errorf("%s: %d octets are still held", what, c.octets)
		}
	}
}

// A response and a request of one message id are two messages, and fragments of
// another exchange are of none.
func TestReassemblyKeepsMessagesApart(t *testing.T) {
	c, response, other := newCollector(), requestHeader(1), requestHeader(1)
	response.Flags, other.Exchange = wire.FlagResponse, wire.ExchangeCreateChildSA
	c.take(t, requestHeader(1), 1, 2, "a")
	c.take(t, response, 1, 2, "c")
	if _, wanted := c.take(t, other, 2, 2, "x"); wanted {
		t.Error("takes a fragment of another exchange")
	}
	if whole, _ := c.take(t, response, 2, 2, "d"); whole != "cd" {
		t.Errorf("%q", whole)
	}
	if whole, _ := c.take(t, requestHeader(1), 2, 2, "b"); whole != "ab" {
		t.Errorf("%q", whole)
	}
}

func TestReassemblyLimits(t *testing.T) {
	c := newCollector()
	for id := range uint32(maxAssemblies + 1) {
		c.take(t, requestHeader(id), 1, 2, "a")
	}
	if len(c.reassembly) != maxAssemblies || c.find(requestHeader(0)) != nil {
		t.Errorf("%d messages", len(c.reassembly))
	}
	c.now = c.now.Add(fragmentTime / 2)
	c.take(t, requestHeader(9), 1, 2, "a") // the second goes
	if at, ok := c.deadline(); !ok || at != c.now.Add(fragmentTime/2) {
		t.Errorf("deadline %v %v", at, ok)
	}
	c.expire(c.now.Add(fragmentTime/2-1), peerAddr, c.hold)
	if len(c.reassembly) != maxAssemblies {
		t.Error("given up too early")
	}
	c.expire(c.now.Add(fragmentTime/2), peerAddr, c.hold)
	if len(c.reassembly) != 1 || c.find(requestHeader(9)) == nil {
		t.Errorf("%d messages", len(c.reassembly))
	}
	c.expire(c.now.Add(fragmentTime), peerAddr, c.hold)
	if _, ok := c.deadline(); ok || c.octets != 0 {
		t.Errorf("%d octets are still held", c.octets)
	}

	// What is held counts more than what was sent, or small fragments cost nothing.
	c.take(t, requestHeader(1), 1, 2, "a")
	if c.octets < fragmentCost {
		t.Errorf("%d octets held", c.octets)
	}
	c.limit = c.octets
	if _, _, err := c.add(c.now, peerAddr, requestHeader(1), wire.SKF{Number: 2, Total: 2}, 0, []byte("b"), c.hold); err == nil || c.octets != 0 || len(c.reassembly) != 0 {
		t.Errorf("above the limit: %v, %d octets held", err, c.octets)
	}

	c = newCollector()
	large := make([]byte, maxMessage/2+1)
	if _, _, err := c.add(c.now, peerAddr, requestHeader(1), wire.SKF{Number: 1, Total: 3}, wire.PayloadIDi, large, c.hold); err != nil {
		t.Fatal(err)
	}
	_, _, err := c.add(c.now, peerAddr, requestHeader(1), wire.SKF{Number: 2, Total: 3}, 0, large, c.hold)
	if r := (*rejection)(nil); !errors.As(err, &r) || r.notify != wire.V2InvalidSyntax || c.octets != 0 || len(c.reassembly) != 0 {
		t.Errorf("a large message: %v, %d octets held", err, c.octets)
	}
}

// Whatever comes, nothing stays held when all is forgotten, and what comes together
// is of the fragments that came.
func FuzzReassembly(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 1, 1})
	f.Add([]byte{0, 1, 3, 1, 0, 200, 0, 0, 3, 0, 2, 3})
	f.Fuzz(func(t *testing.T, steps []byte) {
		c := newCollector()
		c.limit = 4096
		for ; len(steps) >= 3; steps = steps[3:] {
			h, number, total := requestHeader(uint32(steps[0]&7)), uint16(steps[1])+1, uint16(steps[2])
			fragment := wire.SKF{Number: number, Total: total}
			if number > total || !c.wants(h, fragment) {
				continue // ParseSKF refuses it, or the receiver does
			}
			whole, _, err := c.add(c.now, peerAddr, h, fragment, wire.PayloadIDi, []byte{byte(number)}, c.hold)
			if err == nil && whole != nil {
				for i, b := range whole {
					if int(b) != i+1 || len(whole) != int(total) {
						t.Fatalf("%d fragments became %v", total, whole)
					}
				}
			}
		}
		c.clear(peerAddr, c.hold)
		if c.octets != 0 {
			t.Fatalf("%d octets are still held", c.octets)
		}
	})
}

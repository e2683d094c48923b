package ikev1

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/wire"
)

// fragmenting is crypto isakmp fragmentation.
func fragmenting(_ string, c *policy.Config) { c.ISAKMP.Fragmentation = true }

// asking makes R1 ask for every CA, so that its MM3 exceeds the limit.
func asking(_ string, c *policy.Config) { c.Profiles[0].Trustpoints = nil }

// isFragment says whether a datagram is one.
func isFragment(data []byte) bool { return data[16] == byte(wire.PayloadFragment) }

// Between two that announce it no datagram is larger than the limit, and the
// exchange is the same.
func TestFragments(t *testing.T) {
	for name, options := range map[string][]option{"main mode": {fragmenting, asking}, "aggressive mode": {fragmenting, psk, aggressively}} {
		for _, first := range []string{"R1", "R2"} {
			p := newPair(t, options...)
			i := p.r1
			if first == "R2" {
				i = p.r2
			}
			p.up(i)
			for _, r := range []*party{p.r1, p.r2} {
				if most := slices.Max(r.lens); most > 548 {
					t.Errorf("%s, %s begins: %s sent %d octets at once", name, first, r.name, most)
				}
				if r.held != 0 {
					t.Errorf("%s, %s begins: %s holds %d octets in the end", name, first, r.name, r.held)
				}
				if name != "main mode" {
					continue
				}
				want(t, r, func(e Fragmented) bool { return e.Length > 548 && e.Fragments == (e.Length+507+4)/512 })
				want(t, r, func(e Reassembled) bool { return e.Length > 548 && e.Fragments > 1 })
			}
		}
	}
}

// One alone who would send fragments sends none.
func TestFragmentsOfOne(t *testing.T) {
	for _, alone := range []string{"R1", "R2"} {
		p := newPair(t, on(alone, func(c *policy.Config) { fragmenting(alone, c) }))
		p.up(p.r1)
		for _, r := range []*party{p.r1, p.r2} {
			if len(all[Fragmented](r)) != 0 || slices.Max(r.lens) <= 548 {
				t.Errorf("%s alone: %s sends fragments", alone, r.name)
			}
		}
	}
}

// What the vendor ID says counts: aggressive and main mode have the first bit.
func TestFragmentCapabilities(t *testing.T) {
	for _, test := range []struct {
		capabilities []byte
		able         bool
	}{{nil, true}, {[]byte{0x80, 0, 0, 0}, true}, {[]byte{0xc0, 0, 0, 0}, true}, {[]byte{0x40, 0, 0, 0}, false}} {
		p := newPair(t, fragmenting)
		p.initiate(p.r1)
		s := p.r1.session
		s.readVendors([]wire.Payload{{Type: wire.PayloadVendorID, Body: append(bytes.Clone(wire.VendorFragmentation), test.capabilities...)}})
		if s.knows.fragments != test.able {
			t.Errorf("capabilities %x: %v", test.capabilities, s.knows.fragments)
		}
	}
}

// A repetition fills the gaps of the first time: the fragments that it has lost
// itself do not matter.
func TestFragmentsLost(t *testing.T) {
	p := newPair(t, fragmenting, asking)
	p.initiate(p.r1)
	for !slices.ContainsFunc(p.r1.sent, isFragment) {
		p.step(p.r1)
		p.step(p.r2)
	}
	p.r1.sent = p.r1.sent[1:] // the first fragment of MM3
	for len(p.r1.sent) > 0 {
		p.step(p.r1)
	}
	if len(p.r2.sent) != 0 || p.r2.held == 0 {
		t.Fatal("MM3 was taken without its first fragment")
	}
	n := 0
	p.advance(10*time.Second, func(from *party, data []byte) bool {
		if from == p.r1 && isFragment(data) {
			n++
			return n == 2
		}
		return false
	})
	if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 || n < 3 {
		t.Errorf("not up after the first repetition\n%s%s", p.r1.story(), p.r2.story())
	}
}

// A message that comes again in fragments is the duplicate that it is: the answer
// to it goes again, and in fragments.
func TestFragmentsRepeated(t *testing.T) {
	p := newPair(t, fragmenting, asking)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	mm3 := slices.Clone(p.r1.sent)
	for len(p.r1.sent) > 0 {
		p.step(p.r1)
	}
	mm4 := slices.Clone(p.r2.sent)
	p.r2.sent = nil
	p.now = p.now.Add(2 * time.Second)
	for _, data := range mm3 {
		p.deliver(p.r2, data)
	}
	if len(mm3) < 2 || len(mm4) < 2 || !slices.EqualFunc(p.r2.sent, mm4, bytes.Equal) {
		t.Errorf("MM3 in %d fragments again: %d datagrams, want the %d of MM4", len(mm3), len(p.r2.sent), len(mm4))
	}
	want(t, p.r2, func(e Duplicate) bool { return !e.Skipped })
}

// fragment is a datagram with a fragment of ours.
func fragment(h wire.Header, id uint16, number uint8, last bool, data []byte) []byte {
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadFragment, wire.Fragment{ID: id, Number: number, Last: last, Data: data})
	return b.Bytes()
}

// atMM3 is R2 where it waits for MM3, and MM3 in one piece.
func atMM3(t testing.TB) (p *pairOf, mm3 []byte, h wire.Header) {
	p = newPair(t, fragmenting, asking)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	for _, data := range p.r1.sent {
		mm3 = append(mm3, data[wire.FragmentOverhead:]...)
	}
	h, err := wire.ParseHeader(mm3)
	if err != nil {
		t.Fatal(err)
	}
	return p, mm3, h
}

// What a stranger may do with fragments: nothing but hold a little memory for a
// while. The true message comes through afterwards.
func TestFragmentsHostile(t *testing.T) {
	other := func(change func(*wire.Header)) func(wire.Header, []byte) [][]byte {
		return func(h wire.Header, mm3 []byte) [][]byte {
			g := h
			change(&g)
			return [][]byte{fragment(h, 1, 1, false, mm3[:100]), fragment(g, 1, 2, true, mm3[100:])}
		}
	}
	inside := func(change func([]byte)) func(wire.Header, []byte) [][]byte {
		return func(h wire.Header, mm3 []byte) [][]byte {
			bad := bytes.Clone(mm3)
			change(bad)
			return [][]byte{fragment(h, 1, 1, false, bad[:100]), fragment(h, 1, 2, true, bad[100:])}
		}
	}
	for name, make := range map[string]func(h wire.Header, mm3 []byte) [][]byte{
		"the last one is missing":  func(h wire.Header, m []byte) [][]byte { return [][]byte{fragment(h, 1, 1, false, m)} },
		"the first one is missing": func(h wire.Header, m []byte) [][]byte { return [][]byte{fragment(h, 1, 2, true, m[100:])} },
		"another id": func(h wire.Header, m []byte) [][]byte {
			return [][]byte{fragment(h, 1, 1, false, m[:100]), fragment(h, 2, 2, true, m[100:])}
		},
		"another message id":        other(func(h *wire.Header) { h.MessageID = 7 }),
		"another exchange":          other(func(h *wire.Header) { h.Exchange = wire.ExchangeQuickMode }),
		"another cookie":            other(func(h *wire.Header) { h.InitiatorSPI[0]++ }),
		"another cookie inside":     inside(func(b []byte) { b[0]++ }),
		"another length inside":     inside(func(b []byte) { b[27]++ }),
		"another message id inside": inside(func(b []byte) { b[23]++ }),
		"fragments in fragments":    inside(func(b []byte) { b[16] = byte(wire.PayloadFragment) }),
		"version 2 inside":          inside(func(b []byte) { b[17] = 0x20 }),
		"number 0":                  func(h wire.Header, m []byte) [][]byte { return [][]byte{fragment(h, 1, 0, true, m)} },
		"number 65":                 func(h wire.Header, m []byte) [][]byte { return [][]byte{fragment(h, 1, 65, true, m)} },
		"no data":                   func(h wire.Header, m []byte) [][]byte { return [][]byte{fragment(h, 1, 1, true, nil)} },
		"less than a header in all": func(h wire.Header, m []byte) [][]byte { return [][]byte{fragment(h, 1, 1, true, m[:27])} },
		"an unknown flag":           func(h wire.Header, m []byte) [][]byte { d := fragment(h, 1, 1, true, m); d[35] = 3; return [][]byte{d} },
		"two last ones": func(h wire.Header, m []byte) [][]byte {
			return [][]byte{fragment(h, 1, 3, true, m), fragment(h, 1, 2, true, m)}
		},
		"one behind the last": func(h wire.Header, m []byte) [][]byte {
			return [][]byte{fragment(h, 1, 2, true, m), fragment(h, 1, 3, false, m)}
		},
		"a last one before another": func(h wire.Header, m []byte) [][]byte {
			return [][]byte{fragment(h, 1, 3, false, m), fragment(h, 1, 2, true, m)}
		},
		"not the same the second time": func(h wire.Header, m []byte) [][]byte {
			return [][]byte{fragment(h, 1, 1, false, m[:100]), fragment(h, 1, 1, false, m[:99]), fragment(h, 1, 2, true, m[100:])}
		},
		"not alone": func(h wire.Header, m []byte) [][]byte {
			b := wire.NewBuilder(nil, h)
			b.Add(wire.PayloadFragment, wire.Fragment{ID: 1, Number: 1, Last: true, Data: m})
			b.Add(wire.PayloadNonce, wire.Raw(m[:20]))
			return [][]byte{b.Bytes()}
		},
		"padded": func(h wire.Header, m []byte) [][]byte {
			return [][]byte{withLength(append(fragment(h, 1, 1, true, m), 0, 0))}
		},
		"too much in all": func(h wire.Header, m []byte) (all [][]byte) {
			for n := uint8(1); n < 40; n++ {
				all = append(all, fragment(h, 1, n, false, bytes.Repeat(m, 2)))
			}
			return append(all, fragment(h, 1, 40, true, m))
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, mm3, h := atMM3(t)
			true3 := p.r1.sent
			p.r1.sent = nil
			for _, data := range make(h, mm3) {
				p.unharmed(p.r2, data, name)
				if p.r2.held > maxMessage+maxFragments*fragmentCost {
					t.Fatalf("%d octets held", p.r2.held)
				}
				for i := range data {
					p.unharmed(p.r2, bytes.Clone(data[:i]), name+", cut")
					if len(p.r2.events) > 500 {
						p.r2.events = nil
					}
				}
			}
			if name != "too much in all" {
				for _, data := range true3 {
					p.deliver(p.r2, data)
				}
				if len(p.r2.sent) < 2 {
					t.Errorf("MM3 is not answered after it\n%s", p.r2.story())
				}
			}
			p.advance(fragmentTime, func(*party, []byte) bool { return true })
			if p.r2.held != 0 || p.r2.session.partial != nil {
				t.Errorf("%d octets are held for ever", p.r2.held)
			}
		})
	}
}

// Fragments may come in any order, twice, and with the encryption flag.
func TestFragmentsAnyOrder(t *testing.T) {
	for seed := range 6 {
		p, _, _ := atMM3(t)
		data := slices.Clone(p.r1.sent)
		p.r1.sent = nil
		n := len(data)
		for i := range n {
			d := bytes.Clone(data[(i*5+seed)%n])
			d[19] |= byte(wire.FlagEncryption)
			p.deliver(p.r2, d)
			p.deliver(p.r2, d)
		}
		if n < 2 || len(p.r2.sent) == 0 {
			t.Errorf("seed %d: MM3 in %d fragments is not answered", seed, n)
		}
	}
}

// Who does not want fragments drops them, and a session that ends gives back what
// it held.
func TestFragmentsRefused(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	mm3 := p.r1.next()
	for _, data := range split(mm3, 300) {
		p.unharmed(p.r2, data, "a fragment")
	}
	want(t, p.r2, func(e MessageRejected) bool {
		return e.Reason == "a fragment, and crypto isakmp fragmentation is not configured"
	})
	p, _, _ = atMM3(t)
	p.step(p.r1)
	if p.r2.held == 0 {
		t.Error("nothing held")
	}
	p.r2.session.Delete(p.now, "enough")
	if p.r2.held != 0 {
		t.Errorf("%d octets held by a session that is no more", p.r2.held)
	}
	p, _, _ = atMM3(t)
	p.r2.env.Hold = func(_ netip.Addr, n int) bool { p.r2.held += n; return n <= 0 }
	p.unharmed(p.r2, p.r1.next(), "a fragment without room")
	want(t, p.r2, func(e MessageRejected) bool { return e.Reason == "too many fragments of unfinished messages" })
}

// FuzzFragments gives a session that waits for MM3 whatever fragments there may
// be: of each input octet one fragment is made, so that sequences are tried and
// not only formats.
func FuzzFragments(f *testing.F) {
	f.Add([]byte{0x01, 0x02, 0x83}, []byte("abc"))
	f.Add([]byte{0x83, 0x02, 0x01, 0x41, 0x42}, []byte{})
	p, mm3, h := atMM3(f)
	f.Fuzz(func(t *testing.T, plan, noise []byte) {
		if _, waits := p.r2.session.main.(sentMM2); !waits { // the true MM3 was put together
			p, mm3, h = atMM3(t)
		}
		p.r2.session.dropFragments()
		p.r2.events, p.r2.sent = nil, nil
		piece := len(mm3)/3 + 1
		for i, octet := range plan[:min(len(plan), 80)] {
			number := octet & 0x3f
			data := noise
			if octet&0x40 == 0 && number >= 1 && number <= 3 {
				data = mm3[int(number-1)*piece : min(int(number)*piece, len(mm3))]
			}
			d := fragment(h, 1, number, octet&0x80 != 0, data)
			if len(noise) > i && octet == 0xff {
				d[int(noise[i])%len(d)] ^= octet
			}
			p.deliver(p.r2, d)
			a := p.r2.session.partial
			held := 0
			if a != nil {
				held = a.size + len(a.pieces)*fragmentCost
			}
			if p.r2.held != held || held > maxMessage+maxFragments*fragmentCost {
				t.Fatalf("%d octets held, %d counted", held, p.r2.held)
			}
		}
	})
}

// A message is split into what joins to it again, whatever its length.
func TestSplit(t *testing.T) {
	for _, n := range []int{28, 511, 512, 513, 1024, 1025, 5000} {
		message := withLength(make([]byte, n))
		parts := split(message, 548)
		var joined []byte
		for i, data := range parts {
			m, err := wire.Parse(withVersion(data))
			if err != nil {
				t.Fatal(err)
			}
			f, err := wire.ParseFragment(m.Payloads[0].Body)
			if err != nil || int(f.Number) != i+1 || f.Last != (i == len(parts)-1) || len(data) > 548 {
				t.Errorf("%d octets, fragment %d: %+v %v", n, i, f, err)
			}
			joined = append(joined, f.Data...)
		}
		if !bytes.Equal(joined, message) {
			t.Errorf("%d octets: joined to %d", n, len(joined))
		}
	}
	if again := split(withLength(make([]byte, 1000)), 548); fmt.Sprint(again) != fmt.Sprint(split(withLength(make([]byte, 1000)), 548)) {
		t.Error("a repetition has other fragments")
	}
}

func withVersion(data []byte) []byte {
	b := bytes.Clone(data)
	b[17] = 0x10
	return b
}

// On port 4500 the non-ESP marker takes four octets of each packet.
func TestFragmentsWithMarker(t *testing.T) {
	for port, most := range map[uint16]int{500: 548, 4500: 544} {
		p := newPair(t, fragmenting)
		p.up(p.r1)
		s := p.r1.session
		s.local = netip.AddrPortFrom(s.local.Addr(), port)
		p.r1.addr = s.local
		for length, whole := range map[int]bool{most: true, most + 1: false} {
			p.r1.lens = nil
			s.transmit(wire.ExchangeInformational, 7, withLength(make([]byte, length)))
			p.r1.collect(p.now)
			if got := slices.Max(p.r1.lens); got != most || (len(p.r1.lens) == 1) != whole {
				t.Errorf("port %d, %d octets: datagrams of %d", port, length, p.r1.lens)
			}
		}
	}
}

package ikev1

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/wire"
)

// unharmed gives a session a message that it must not take: nothing changes and
// nothing is sent.
func (p *pairOf) unharmed(to *party, data []byte, what string) {
	p.t.Helper()
	before, sent := fingerprint(to.session), len(to.sent)
	from := p.other(to)
	to.session.Handle(p.now, ike.Datagram{Local: to.addr, Remote: from.addr, Data: data})
	to.collect(p.now)
	if after := fingerprint(to.session); after != before {
		p.t.Fatalf("%s changed the state of %s:\n%s\n%s", what, to.name, before, after)
	}
	if len(to.sent) != sent {
		p.t.Fatalf("%s made %s answer", what, to.name)
	}
}

// Every message of the note's exchange, cut at every length and with the length
// field set to match, and every encrypted one with a bit flipped in each octet,
// goes to the session that waits for it: it stays as it is, and then takes the
// true one. What came before goes to both sessions, cut, in every state.
func TestCutAndFlip(t *testing.T) {
	pfs := func(_ string, c *policy.Config) { c.IPsec[0].PFS, _ = suite.GroupByNumber(19) }
	t.Run("signatures", func(t *testing.T) { cutAndFlip(t, newPair(t, pfs)) })
	t.Run("pre-shared key", func(t *testing.T) { cutAndFlip(t, newPair(t, psk)) })
	t.Run("aggressive mode with signatures", func(t *testing.T) { cutAndFlip(t, newPair(t, aggressively)) })
	t.Run("aggressive mode", func(t *testing.T) { cutAndFlip(t, newPair(t, psk, aggressively)) })
}

func cutAndFlip(t *testing.T, p *pairOf) {
	p.initiate(p.r1)
	var seen [][]byte
	for n := 0; len(p.r1.sent)+len(p.r2.sent) > 0; n++ {
		from := p.r1
		if len(p.r1.sent) == 0 {
			from = p.r2
		}
		to := p.other(from)
		data := from.sent[0]
		if to.session == nil {
			cutFirst(t, p, to, data)
		} else {
			p.cut(to, data, 1)
			p.flip(to, data, n)
			for _, old := range seen {
				p.cut(to, old, 5)
				p.cut(from, old, 5)
			}
		}
		seen = append(seen, data)
		p.now = p.now.Add(time.Millisecond)
		p.step(from)
	}
	if len(p.r1.sas) != 2 || len(p.r2.sas) != 2 {
		t.Fatal("the true messages did not bring the tunnel up")
	}
	for _, r := range []*party{p.r1, p.r2} {
		if len(all[Duplicate](r)) != 0 {
			t.Error("a mutilated message passed for a duplicate")
		}
	}
}

func cutFirst(t *testing.T, p *pairOf, to *party, mm1 []byte) {
	for i := range mm1 {
		for _, data := range [][]byte{mm1[:i], withLength(mm1[:i])} {
			s, err := Respond(p.now, to.env, 1001, ike.Datagram{Local: to.addr, Remote: p.r1.addr, Data: data})
			// A cut between two payloads leaves a message only if the chain says so.
			if err == nil || s != nil {
				t.Fatalf("MM1 of %d octets began a session", i)
			}
		}
	}
}

func (p *pairOf) cut(to *party, data []byte, step int) {
	for i := 0; i < len(data); i += step {
		p.unharmed(to, bytes.Clone(data[:i]), "a message cut short")
		p.unharmed(to, withLength(data[:i]), "a message cut short with its length")
	}
}

// flip spares the end of MM5 and MM6: what follows the signature, INITIAL_CONTACT
// and padding, nothing of main mode protects; nor what follows HASH in AG3.
func (p *pairOf) flip(to *party, data []byte, n int) {
	h, err := wire.ParseHeader(data)
	if err != nil {
		p.t.Fatal(err)
	}
	if h.Flags&wire.FlagEncryption == 0 {
		return
	}
	end := len(data)
	switch h.Exchange {
	case wire.ExchangeMainMode:
		end -= 40
	case wire.ExchangeAggressive:
		end = wire.HeaderLen + 24 // HASH of MD5, in whole blocks
	default:
		end -= 8 // padding
	}
	for i := wire.HeaderLen; i < end; i++ {
		bad := bytes.Clone(data)
		bad[i] ^= 1 << ((i + n) % 8)
		p.unharmed(to, bad, "a flipped bit")
	}
}

// withLength sets a header's length to that of the message.
func withLength(data []byte) []byte {
	b := bytes.Clone(data)
	if len(b) >= wire.HeaderLen {
		binary.BigEndian.PutUint32(b[24:], uint32(len(b)))
	}
	return b
}

// The header's fields, one by one.
func TestHeader(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	mm3 := p.r1.sent[0]
	for _, c := range []struct {
		what  string
		at    int
		value byte
	}{
		{"an unknown initiator cookie", 0, mm3[0] ^ 1},
		{"an unknown responder cookie", 8, mm3[8] ^ 1},
		{"version 2.0", 17, 0x20},
		{"version 1.1", 17, 0x11},
		{"aggressive mode", 18, 4},
		{"a transaction exchange", 18, 6},
		{"new group mode", 18, 33},
		{"quick mode before the keys", 18, 32},
		{"the encryption flag", 19, 1},
		{"authentication only", 19, 4},
		{"a message id", 23, 1},
	} {
		bad := bytes.Clone(mm3)
		bad[c.at] = c.value
		p.unharmed(p.r2, bad, c.what)
	}
	p.unharmed(p.r2, append(bytes.Clone(mm3), make([]byte, maxMessage)...), "an enormous message")
	p.settle()
	if len(p.r2.sas) != 2 {
		t.Error("not up")
	}
}

// A message from elsewhere does not belong to the SA.
func TestOtherAddress(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	before := fingerprint(p.r1.session)
	d := ike.Datagram{Local: p.r1.addr, Remote: p.r1.addr, Data: p.r2.sent[0]}
	p.r1.session.Handle(p.now, d)
	p.r1.collect(p.now)
	if fingerprint(p.r1.session) != before {
		t.Error("MM2 from another address was taken")
	}
}

// rebuild changes the payloads of a clear message.
func rebuild(t *testing.T, data []byte, change func(wire.Payload) []wire.Payload) []byte {
	t.Helper()
	m, err := wire.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	b := wire.NewBuilder(nil, m.Header)
	for _, old := range m.Payloads {
		for _, p := range change(old) {
			b.Add(p.Type, wire.Raw(p.Body))
		}
	}
	return b.Bytes()
}

// Key exchange: values that are none of the group, wrong lengths, payloads twice
// or missing, nonces out of bounds, payloads of IKEv2.
func TestBadKeyExchange(t *testing.T) {
	group, _ := suite.GroupByNumber(2)
	big := bytes.Repeat([]byte{0xff}, group.PublicLen)
	one := append(make([]byte, group.PublicLen-1), 1)
	swap := func(typ wire.PayloadType, bodies ...[]byte) func(wire.Payload) []wire.Payload {
		return func(p wire.Payload) []wire.Payload {
			if p.Type != typ {
				return []wire.Payload{p}
			}
			var out []wire.Payload
			for _, b := range bodies {
				out = append(out, wire.Payload{Type: typ, Body: b})
			}
			return out
		}
	}
	for _, c := range []struct {
		what   string
		change func(wire.Payload) []wire.Payload
	}{
		{"g^x = 0", swap(wire.PayloadKE, make([]byte, group.PublicLen))},
		{"g^x = 1", swap(wire.PayloadKE, one)},
		{"g^x above p", swap(wire.PayloadKE, big)},
		{"a short g^x", swap(wire.PayloadKE, one[1:])},
		{"a long g^x", swap(wire.PayloadKE, append([]byte{0}, one...))},
		{"no g^x", swap(wire.PayloadKE)},
		{"an empty g^x", swap(wire.PayloadKE, nil)},
		{"two g^x", swap(wire.PayloadKE, one, one)},
		{"no nonce", swap(wire.PayloadNonce)},
		{"a nonce of 7", swap(wire.PayloadNonce, make([]byte, 7))},
		{"a nonce of 257", swap(wire.PayloadNonce, make([]byte, 257))},
		{"two nonces", swap(wire.PayloadNonce, make([]byte, 20), make([]byte, 20))},
		{"an empty CERTREQ", swap(wire.PayloadCertReq, nil)},
		{"IKEv2's KE", func(p wire.Payload) []wire.Payload {
			if p.Type == wire.PayloadKE {
				return []wire.Payload{p, {Type: 34, Body: p.Body}}
			}
			return []wire.Payload{p}
		}},
	} {
		t.Run(c.what, func(t *testing.T) {
			p := newPair(t)
			p.initiate(p.r1)
			p.step(p.r1)
			p.step(p.r2)
			p.unharmed(p.r2, rebuild(t, p.r1.sent[0], c.change), "MM3 with "+c.what)
			p.step(p.r1)
			p.unharmed(p.r1, rebuild(t, p.r2.sent[0], c.change), "MM4 with "+c.what)
			p.settle()
			if len(p.r1.sas) != 2 {
				t.Error("not up")
			}
		})
	}
}

// A choice that was not offered: RFC 2409 has it rejected.
func TestChangedOffer(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	for name, change := range map[string]func(*wire.SAV1){
		"another cipher": func(sa *wire.SAV1) { sa.Proposals[0].Transforms[0].Attributes[0].Value = 1 },
		"a longer life": func(sa *wire.SAV1) {
			a := sa.Proposals[0].Transforms[0].Attributes
			a[len(a)-1] = wire.Attribute{Type: wire.AttrLifeDuration, Value: 1}
		},
		"an attribute more": func(sa *wire.SAV1) {
			t := &sa.Proposals[0].Transforms[0]
			t.Attributes = append(t.Attributes, t.Attributes[0])
		},
		"two transforms": func(sa *wire.SAV1) { q := &sa.Proposals[0]; q.Transforms = append(q.Transforms, q.Transforms[0]) },
		"two proposals":  func(sa *wire.SAV1) { sa.Proposals = append(sa.Proposals, sa.Proposals[0]) },
	} {
		bad := rebuild(t, p.r2.sent[0], func(pl wire.Payload) []wire.Payload {
			if pl.Type == wire.PayloadSA {
				sa, err := wire.ParseSAV1(pl.Body)
				if err != nil {
					t.Fatal(err)
				}
				change(&sa)
				pl.Body = sa.Append(nil)
			}
			return []wire.Payload{pl}
		})
		p.unharmed(p.r1, bad, "MM2 with "+name)
	}
	p.settle()
	if len(p.r1.sas) != 2 {
		t.Error("not up")
	}
}

// A notify or a delete in the clear, in every state of main mode and after: it is
// reported, and nothing else.
func TestUnauthenticatedInformational(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	attack := func(r *party) {
		if r.session == nil {
			return
		}
		i, rr := r.session.Cookies()
		h := wire.Header{InitiatorSPI: i, ResponderSPI: rr, Version: wire.V1, Exchange: wire.ExchangeInformational, MessageID: 77}
		for _, body := range []wire.Payload{
			payload(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyNoProposalChosen}),
			payload(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, Type: wire.NotifyInitialContact}),
			payload(wire.PayloadDelete, wire.DeleteV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, SPIs: [][]byte{concat(i[:], rr[:])}}),
		} {
			b := wire.NewBuilder(nil, h)
			b.Add(body.Type, wire.Raw(body.Body))
			p.unharmed(r, b.Bytes(), "an informational exchange in the clear")
		}
	}
	for len(p.r1.sent)+len(p.r2.sent) > 0 {
		for _, r := range []*party{p.r1, p.r2} {
			if len(r.sent) > 0 {
				p.step(r)
			}
			attack(p.r1)
			attack(p.r2)
		}
	}
	want(t, p.r1, func(e NotifyReceived) bool { return !e.Authenticated })
	if len(p.r1.sas) != 2 {
		t.Error("not up")
	}
}

// One who did the key exchange but is not authenticated yet has no say either.
func TestBeforeAuthentication(t *testing.T) {
	p := newPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	p.step(p.r1) // MM3
	p.step(p.r2) // MM4: R1 has the keys
	mm5 := p.r1.next()
	p.r1.session.crypt.iv = p.r2.session.crypt.iv
	i, r := p.r1.session.Cookies()
	del := payload(wire.PayloadDelete, wire.DeleteV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolISAKMP, SPIs: [][]byte{concat(i[:], r[:])}})
	p.unharmed(p.r2, p.r1.forge(wire.ExchangeInformational, 5, del), "a delete before authentication")
	p.unharmed(p.r2, p.r1.forge(wire.ExchangeQuickMode, 6, del), "a quick mode before authentication")
	p.deliver(p.r2, mm5)
	if !p.r2.session.Established() {
		t.Error("MM5 was not taken")
	}
}

package ikev2

import (
	"bytes"
	"errors"
	"net/netip"
	"testing"
	"testing/iotest"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// firstMessage is an IKE_SA_INIT request, with these notifies before its SA.
func firstMessage(from string, change func(*wire.Header), nonce []byte, notifies ...wire.NotifyV2) ike.Datagram {
	h := wire.Header{InitiatorSPI: wire.SPI{1, 2, 3}, Version: wire.V2, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator}
	if change != nil {
		change(&h)
	}
	b := wire.NewBuilder(nil, h)
	for _, n := range notifies {
		b.Add(wire.PayloadNotifyV2, n)
	}
	b.Add(wire.PayloadSAV2, wire.SAV2{offerOf(1, gcm256, prf256, group19)})
	b.Add(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: make([]byte, 64)})
	b.Add(wire.PayloadNonceV2, wire.Raw(nonce))
	return ike.Datagram{Remote: netip.MustParseAddrPort(from), Local: netip.MustParseAddrPort("192.0.2.1:500"), Data: b.Bytes()}
}

// random is the same octets again and again.
func random(b byte) *bytes.Reader { return bytes.NewReader(bytes.Repeat([]byte{b}, 1<<12)) }

func TestCookies(t *testing.T) {
	var c Cookies
	now, rand, nonce := time.Unix(1e9, 0), random(7), bytes.Repeat([]byte{9}, 32)
	const peer = "198.51.100.7:500"
	answer, admitted, err := c.Admit(now, rand, firstMessage(peer, nil, nonce))
	if err != nil || admitted {
		t.Fatal(admitted, err)
	}
	m, err := wire.Parse(answer)
	if err != nil {
		t.Fatal(err)
	}
	n, err := wire.ParseBody(m.Payloads[0], wire.ParseNotifyV2)
	if err != nil || n.Type != wire.V2Cookie || len(m.Payloads) != 1 || m.Flags != wire.FlagResponse || m.InitiatorSPI != (wire.SPI{1, 2, 3}) || !m.ResponderSPI.IsZero() ||
		m.MessageID != 0 || m.Exchange != wire.ExchangeSAInit {
		t.Fatalf("%+v %v", m, err)
	}
	if cookie, err := readCookie(n); err != nil || !bytes.Equal(cookie, n.Data) {
		t.Errorf("%x %v", cookie, err)
	}
	if request := firstMessage(peer, nil, nonce[:8]); len(answer) >= len(request.Data) {
		t.Errorf("an answer of %d octets to a request of %d", len(answer), len(request.Data))
	}
	bad := wire.NotifyV2{Type: wire.V2Cookie, Data: bytes.Clone(n.Data)}
	bad.Data[5] ^= 1
	for what, x := range map[string]struct {
		after time.Duration
		d     ike.Datagram
		want  bool
	}{
		"at once":                    {0, firstMessage(peer, nil, nonce, n), true},
		"from another port":          {0, firstMessage("198.51.100.7:501", nil, nonce, n), true},
		"behind another notify":      {0, firstMessage(peer, nil, nonce, wire.NotifyV2{Type: wire.V2FragmentationSupported}, n), true},
		"a while later":              {cookieTime - 1, firstMessage(peer, nil, nonce, n), true},
		"by the next secret":         {2*cookieTime - 1, firstMessage(peer, nil, nonce, n), true},
		"too late":                   {2 * cookieTime, firstMessage(peer, nil, nonce, n), false},
		"from another address":       {0, firstMessage("198.51.100.8:500", nil, nonce, n), false},
		"with another nonce":         {0, firstMessage(peer, nil, nonce[1:], n), false},
		"of another SA":              {0, firstMessage(peer, func(h *wire.Header) { h.InitiatorSPI[0]++ }, nonce, n), false},
		"changed":                    {0, firstMessage(peer, nil, nonce, bad), false},
		"cut":                        {0, firstMessage(peer, nil, nonce, wire.NotifyV2{Type: wire.V2Cookie, Data: n.Data[:16]}), false},
		"empty":                      {0, firstMessage(peer, nil, nonce, wire.NotifyV2{Type: wire.V2Cookie}), false},
		"of a secret that never was": {0, firstMessage(peer, nil, nonce, wire.NotifyV2{Type: wire.V2Cookie, Data: append([]byte{n.Data[0] - 1}, n.Data[1:]...)}), false},
		"of the next secret":         {0, firstMessage(peer, nil, nonce, wire.NotifyV2{Type: wire.V2Cookie, Data: append([]byte{n.Data[0] + 1}, n.Data[1:]...)}), false},
		"a wrong one before it":      {0, firstMessage(peer, nil, nonce, bad, n), false},
	} {
		c := c
		for i, secret := range c.secrets {
			c.secrets[i] = bytes.Clone(secret) // a new one wipes the old
		}
		answer, admitted, err := c.Admit(now.Add(x.after), random(8), x.d)
		if err != nil || admitted != x.want || (answer == nil) != x.want {
			t.Errorf("%s: %v, %d octets, %v", what, admitted, len(answer), err)
		}
	}
}

// A third secret makes the first forgotten; so does a long silence.
func TestCookieSecrets(t *testing.T) {
	var c Cookies
	now, nonce := time.Unix(1e9, 0), bytes.Repeat([]byte{9}, 32)
	ask := func(at time.Duration, b byte, notifies ...wire.NotifyV2) (cookie wire.NotifyV2, admitted bool) {
		answer, admitted, err := c.Admit(now.Add(at), random(b), firstMessage("198.51.100.7:500", nil, nonce, notifies...))
		if err != nil {
			t.Fatal(err)
		}
		if !admitted {
			m, err := wire.Parse(answer)
			if err != nil {
				t.Fatal(err)
			}
			cookie, _ = wire.ParseBody(m.Payloads[0], wire.ParseNotifyV2)
		}
		return cookie, admitted
	}
	first, _ := ask(0, 1)
	second, _ := ask(cookieTime, 2)
	if bytes.Equal(first.Data, second.Data) {
		t.Error("the secret did not change")
	}
	if _, ok := ask(cookieTime, 2, first); !ok {
		t.Error("the secret of before is not taken")
	}
	third, _ := ask(2*cookieTime, 3)
	if _, ok := ask(2*cookieTime, 3, first); ok {
		t.Error("the first of three secrets is taken")
	}
	if _, ok := ask(2*cookieTime, 3, second); !ok {
		t.Error("the second of three secrets is not taken")
	}
	if _, ok := ask(9*cookieTime, 4, third); ok {
		t.Error("taken after a long silence")
	}
	if _, _, err := c.Admit(now.Add(20*cookieTime), iotest.ErrReader(errors.New("dry")), firstMessage("198.51.100.7:500", nil, nonce)); err == nil {
		t.Error("a cookie without a random secret")
	}
}

// What is no IKE_SA_INIT request has no answer.
func TestCookiesIgnore(t *testing.T) {
	var c Cookies
	nonce := bytes.Repeat([]byte{9}, 32)
	whole := firstMessage("198.51.100.7:500", nil, nonce)
	bare := wire.NewBuilder(nil, wire.Header{InitiatorSPI: wire.SPI{1}, Version: wire.V2, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator})
	bare.Add(wire.PayloadNonceV2, wire.Raw(nonce))
	datagrams := map[string]ike.Datagram{
		"a response":         firstMessage("198.51.100.7:500", func(h *wire.Header) { h.Flags |= wire.FlagResponse }, nonce),
		"not the initiator":  firstMessage("198.51.100.7:500", func(h *wire.Header) { h.Flags = 0 }, nonce),
		"a second message":   firstMessage("198.51.100.7:500", func(h *wire.Header) { h.MessageID = 1 }, nonce),
		"a responder's SPI":  firstMessage("198.51.100.7:500", func(h *wire.Header) { h.ResponderSPI[3] = 1 }, nonce),
		"no initiator's SPI": firstMessage("198.51.100.7:500", func(h *wire.Header) { h.InitiatorSPI = wire.SPI{} }, nonce),
		"another exchange":   firstMessage("198.51.100.7:500", func(h *wire.Header) { h.Exchange = wire.ExchangeAuth }, nonce),
		"version 1":          firstMessage("198.51.100.7:500", func(h *wire.Header) { h.Version = wire.V1 }, nonce),
		"a nonce too short":  firstMessage("198.51.100.7:500", nil, nonce[:7]),
		"a nonce alone":      {Remote: whole.Remote, Data: bare.Bytes()},
	}
	for n := range whole.Data {
		datagrams["cut at "+whole.Remote.String()+string(rune(n))] = ike.Datagram{Remote: whole.Remote, Data: whole.Data[:n]}
	}
	for what, d := range datagrams {
		if answer, admitted, _ := c.Admit(time.Unix(1e9, 0), random(1), d); answer != nil || admitted {
			t.Errorf("%s: %x %v", what, answer, admitted)
		}
	}
	for _, n := range []int{0, 65} {
		if _, err := readCookie(wire.NotifyV2{Data: make([]byte, n)}); err == nil {
			t.Errorf("a cookie of %d octets", n)
		}
	}
}

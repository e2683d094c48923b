package ikev2

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// mlkem makes the pre-shared pair's proposal a hybrid one.
var mlkem = []string{" group 19\n", " group 19\n additional-key-exchange ml-kem-768\n"}

// exchangesOf are those that a router sent messages of, repetitions left out.
func exchangesOf(r *party) string {
	var list []string
	for _, e := range all[PacketSent](r) {
		if word := e.Exchange.String(); len(list) == 0 || list[len(list)-1] != word {
			list = append(list, word)
		}
	}
	return strings.Join(list, " ")
}

// X and ML-KEM-768 together, with and without fragments: both have keys that both
// secrets went into, and AUTH is about the IKE_INTERMEDIATE too.
func TestAdditionalKeyExchangeUp(t *testing.T) {
	for _, global := range []string{"", "crypto ikev2 fragmentation mtu 576\n"} {
		p := pskPair(t, append(mlkem, "\ncrypto ikev2 proposal P", "\n"+global+"crypto ikev2 proposal P")...)
		p.up(p.r1)
		for _, r := range []*party{p.r1, p.r2} {
			if got := exchangesOf(r); got != "IKE_SA_INIT IKE_INTERMEDIATE IKE_AUTH" {
				t.Errorf("%s sent %s", r.name, got)
			}
			if x := r.session.ike; len(x.agreed.additional) != 1 || x.before != nil {
				t.Errorf("%s: %+v", r.name, x.agreed)
			}
			if r.held != 0 {
				t.Errorf("%s: %d octets are held", r.name, r.held)
			}
		}
		if !bytes.Equal(p.r1.session.ike.d, p.r2.session.ike.d) {
			t.Error("the keys differ")
		}
		fragmented := false
		for _, e := range all[PacketSent](p.r1) {
			fragmented = fragmented || e.Exchange == wire.ExchangeIntermediate && e.Fragments > 1
		}
		if fragmented != (global != "") {
			t.Errorf("%q: fragmented %v", global, fragmented)
		}
	}
}

// A peer without it has another proposal, or nothing.
func TestAdditionalKeyExchangeNotShared(t *testing.T) {
	hybrid := strings.NewReplacer(mlkem...).Replace(psk + tunnel)
	p := newPair(t, hybrid, psk+tunnel)
	p.initiate(p.r1)
	p.settle()
	if p.r1.session.Established() || p.r2.session.Established() {
		t.Error("up without the additional key exchange")
	}
	want(t, p.r2, func(e OfferRefused) bool { return e.Checks[0].Refusal == "none of its ADDKE1 will do" })

	p = newPair(t, psk+tunnel, hybrid)
	p.initiate(p.r1)
	p.settle()
	if p.r1.session.Established() || p.r2.session.Established() {
		t.Error("up without the additional key exchange")
	}
	want(t, p.r2, func(e OfferRefused) bool {
		return len(e.Expected) == 1 && len(e.Checks) == 1 && e.Checks[0].Refusal == "the peer has no IKE_INTERMEDIATE for its ML-KEM-768"
	})

	second := "crypto ikev2 proposal Q\n encryption aes-cbc-128\n integrity sha256\n group 19\n"
	p = newPair(t, strings.Replace(hybrid, "crypto ikev2 policy P\n proposal P\n", second+"crypto ikev2 policy P\n proposal P\n proposal Q\n", 1), psk+tunnel)
	p.up(p.r1)
	if got := exchangesOf(p.r1); got != "IKE_SA_INIT IKE_AUTH" {
		t.Errorf("R1 sent %s", got)
	}
}

// A peer that does not announce IKE_INTERMEDIATE cannot be given the hybrid
// proposal, whatever its offer says.
func TestAdditionalKeyExchangeUnannounced(t *testing.T) {
	p := pskPair(t, mlkem...)
	p.initiate(p.r1)
	d := p.r1.next()
	d.Data = withoutNotify(t, d.Data, wire.V2IntermediateSupported)
	p.deliver(p.r1, d)
	if p.r2.session.Alive() {
		t.Error("R2 has chosen it")
	}

	p = pskPair(t, mlkem...)
	p.initiate(p.r1)
	p.step(p.r1)
	d = p.r2.next()
	d.Data = withoutNotify(t, d.Data, wire.V2IntermediateSupported)
	p.deliver(p.r2, d)
	if p.r1.session.state != IWaitInit {
		t.Errorf("R1 is in %s", p.r1.session.state)
	}
}

// withoutNotify is a message in the clear without one of its notifications.
func withoutNotify(t *testing.T, data []byte, kind wire.NotifyTypeV2) []byte {
	t.Helper()
	m, err := wire.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	b := wire.NewBuilder(nil, m.Header)
	for _, p := range m.Payloads {
		if n, err := wire.ParseNotifyV2(p.Body); p.Type != wire.PayloadNotifyV2 || err != nil || n.Type != kind {
			b.Add(p.Type, p)
		}
	}
	return b.Bytes()
}

// Lost and repeated messages: the response to a repeated IKE_INTERMEDIATE is the
// same, though the keys have changed since, and a stranger's changes nothing.
func TestAdditionalKeyExchangeRepeated(t *testing.T) {
	p := pskPair(t, mlkem...)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	request := p.r1.next()
	forged := ike.Datagram{Local: request.Local, Remote: request.Remote, Data: bytes.Clone(request.Data)}
	forged.Data[len(forged.Data)-1] ^= 1
	p.deliver(p.r1, forged)
	if len(p.r2.sent) != 0 || p.r2.session.state != RWaitIntermediate {
		t.Fatalf("R2 answers a forged request, in %s", p.r2.session.state)
	}
	p.deliver(p.r1, request)
	first := p.r2.next()
	p.deliver(p.r1, forged)
	p.deliver(p.r1, request)
	if again := p.r2.next(); !bytes.Equal(first.Data, again.Data) || p.r2.session.state != RWaitAuth {
		t.Error("another response to the same request")
	}
	p.deliver(p.r2, first)
	p.deliver(p.r2, first)
	p.settle()
	p.wantUp()

	p = pskPair(t, mlkem...)
	p.initiate(p.r1)
	seen := map[string]bool{} // the first request and the first response of each exchange are lost
	p.advance(time.Minute/2, func(_ *party, d ike.Datagram) bool {
		kind, response := exchangeOf(d)
		word := fmt.Sprint(kind, response)
		lost := !seen[word]
		seen[word] = true
		return lost
	})
	p.wantUp()
	if len(seen) != 6 {
		t.Errorf("%v", seen)
	}
}

// What a peer with the keys does wrong ends the handshake.
func TestAdditionalKeyExchangeRefused(t *testing.T) {
	for what, payloads := range map[string][]wire.Payload{
		"no KE":          {payload(wire.PayloadNonceV2, wire.Raw(make([]byte, 32)))},
		"another method": {payload(wire.PayloadKEV2, wire.KEV2{Group: 35, Data: make([]byte, 1184)})},
		"a short key":    {payload(wire.PayloadKEV2, wire.KEV2{Group: 36, Data: make([]byte, 1183)})},
		"no such key":    {payload(wire.PayloadKEV2, wire.KEV2{Group: 36, Data: bytes.Repeat([]byte{0xff}, 1184)})},
		"two":            {payload(wire.PayloadKEV2, wire.KEV2{Group: 36, Data: make([]byte, 1184)}), payload(wire.PayloadKEV2, wire.KEV2{Group: 36, Data: make([]byte, 1184)})},
	} {
		p := pskPair(t, mlkem...)
		p.initiate(p.r1)
		p.step(p.r1)
		p.step(p.r2)
		p.r1.next()
		p.deliver(p.r1, p.r1.forge(wire.ExchangeIntermediate, 1, false, payloads...))
		if p.r2.session.Alive() {
			t.Errorf("%s: R2 goes on in %s", what, p.r2.session.state)
		}
		want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.V2InvalidSyntax })
		p.settle()
		if p.r1.session.Alive() {
			t.Errorf("%s: R1 goes on in %s", what, p.r1.session.state)
		}
	}
	// IKE_AUTH may not come before it.
	p := pskPair(t, mlkem...)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	p.deliver(p.r1, p.r1.forge(wire.ExchangeAuth, 1, false, payload(wire.PayloadNonceV2, wire.Raw(make([]byte, 32)))))
	if p.r2.session.state != RWaitIntermediate {
		t.Errorf("R2 took IKE_AUTH, in %s", p.r2.session.state)
	}
	p.settle()
	p.wantUp()
}

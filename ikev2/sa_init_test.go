package ikev2

import (
	"bytes"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/wire"
)

// answer makes an IKE_SA_INIT response to a request in the clear.
func answerInit(request ike.Datagram, payloads ...wire.Payload) ike.Datagram {
	h, _ := wire.ParseHeader(request.Data)
	h.Flags = wire.FlagResponse
	b := wire.NewBuilder(nil, h)
	for _, p := range payloads {
		b.Add(p.Type, p)
	}
	return ike.Datagram{Local: request.Remote, Remote: request.Local, Data: b.Bytes()}
}

func notify(t wire.NotifyTypeV2, data ...byte) wire.Payload {
	return payload(wire.PayloadNotifyV2, wire.NotifyV2{Type: t, Data: data})
}

// The initiator shows a cookie as its first payload and everything else as before,
// and not for ever.
func TestCookie(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	var cookies Cookies
	request := p.r1.next()
	question, _, err := cookies.Admit(p.now, p.r2.env.Rand, ike.Datagram{Local: request.Remote, Remote: request.Local, Data: request.Data})
	if err != nil || question == nil {
		t.Fatal(err)
	}
	p.deliver(p.r2, ike.Datagram{Local: request.Remote, Remote: request.Local, Data: question})
	again := p.r1.next()
	if _, admitted, _ := cookies.Admit(p.now, p.r2.env.Rand, ike.Datagram{Local: again.Remote, Remote: again.Local, Data: again.Data}); !admitted {
		t.Error("the cookie is not shown")
	}
	rest := bytes.TrimPrefix(again.Data[wire.HeaderLen:], again.Data[wire.HeaderLen:wire.HeaderLen+8+len(question)-wire.HeaderLen-8])
	if !bytes.Equal(rest, request.Data[wire.HeaderLen:]) {
		t.Error("other payloads have changed")
	}
	p.deliver(p.r1, again)
	p.settle()
	p.wantUp()

	q := pskPair(t)
	q.initiate(q.r1)
	n := 0
	for ; len(q.r1.sent) > 0; n++ {
		q.deliver(q.r2, answerInit(q.r1.next(), notify(wire.V2Cookie, byte(n), 1, 2)))
	}
	if n != 1+maxCookies {
		t.Errorf("%d requests", n)
	}
	q.deliver(q.r2, answerInit(q.r1.session.request(), notify(wire.V2Cookie)))
	want(t, q.r1, func(e MessageRejected) bool { return e.Reason == "a cookie of 0 octets" })
}

// request is the IKE_SA_INIT that waits.
func (s *Session) request() ike.Datagram {
	return ike.Datagram{Local: s.local, Remote: s.remote, Data: s.ike.flights[0].datagrams[0]}
}

// A responder of another group names it, and the request goes out again with it,
// once for each group that was offered.
func TestInvalidKE(t *testing.T) {
	text := psk + tunnel
	p := newPair(t, replaced(text, "group 19", "group 14 19"), text)
	p.initiate(p.r1)
	p.step(p.r1)
	if !p.r2.session.Done() {
		t.Error("the responder keeps something")
	}
	want(t, p.r2, func(e NotifySent) bool { return e.Type == wire.V2InvalidKEPayload })
	p.settle()
	p.wantUp()
	want(t, p.r1, func(e GroupWanted) bool { return e.Group.Number == 19 })

	for what, data := range map[string][]byte{"not offered": {0, 20}, "tried": {0, 19}, "no group": {19}} {
		q := pskPair(t)
		q.initiate(q.r1)
		q.deliver(q.r2, answerInit(q.r1.next(), notify(wire.V2InvalidKEPayload, data...)))
		if len(q.r1.sent) != 0 || !q.r1.session.Alive() {
			t.Errorf("%s: %d messages", what, len(q.r1.sent))
		}
	}
}

// Proposals that do not meet are refused in the clear, which the initiator tells
// and does not believe: the true responder may still answer.
func TestNoProposal(t *testing.T) {
	text := psk + tunnel
	p := newPair(t, replaced(text, "integrity sha256", "integrity sha512"), text)
	p.initiate(p.r1)
	p.settle()
	want(t, p.r2, func(e OfferRefused) bool {
		return len(e.Received) == 1 && len(e.Expected) == 1 && e.Checks[0].Refusal != ""
	})
	want(t, p.r1, func(e NotifyReceived) bool { return e.Type == wire.V2NoProposalChosen && !e.Authenticated })
	if !p.r1.session.Alive() || !p.r2.session.Done() {
		t.Error("believed")
	}
	p.advance(exchangeTime, nil)
	want(t, p.r1, func(e ike.NegotiationFailed) bool {
		return e.Reason == "no answer to IKE_SA_INIT, but NO_PROPOSAL_CHOSEN in the clear from its address"
	})
	p.r1.wantIdle()
	p.r2.wantIdle()

	q := pskPair(t)
	q.initiate(q.r1)
	q.deliver(q.r2, answerInit(q.r1.sent[0], notify(wire.V2NoProposalChosen)))
	q.settle()
	q.wantUp()
}

// Answers that nobody can have meant leave the initiator waiting.
func TestHostileInitResponse(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	request := p.r1.sent[0]
	p.step(p.r1)
	good, _ := wire.Parse(p.r2.next().Data)
	with := func(t wire.PayloadType, body wire.Appender) []wire.Payload {
		var list []wire.Payload
		for _, x := range good.Payloads {
			if x.Type == t {
				if body == nil {
					continue
				}
				x = payload(t, body)
			}
			list = append(list, x)
		}
		return list
	}
	ke := good.Payloads[1].Body
	sa := func(change func(*wire.ProposalV2)) wire.SAV2 {
		list, _ := wire.ParseSAV2(good.Payloads[0].Body)
		change(&list[0])
		return list
	}
	for what, payloads := range map[string][]wire.Payload{
		"nothing":                  nil,
		"no KE":                    with(wire.PayloadKEV2, nil),
		"two SAs":                  append(with(0, nil), good.Payloads[0]),
		"group 1025":               with(wire.PayloadKEV2, wire.KEV2{Group: 1025, Data: ke[4:]}),
		"a point of zeros":         with(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: make([]byte, 64)}),
		"half a point":             with(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: ke[4:36]}),
		"a short nonce":            with(wire.PayloadNonceV2, wire.Raw(make([]byte, 15))),
		"a long nonce":             with(wire.PayloadNonceV2, wire.Raw(make([]byte, 257))),
		"another proposal":         with(wire.PayloadSAV2, sa(func(p *wire.ProposalV2) { p.Number = 2 })),
		"weaker than offered":      with(wire.PayloadSAV2, sa(func(p *wire.ProposalV2) { p.Transforms[0] = wire.TransformV2{Type: wire.TransformEncr, ID: 2} })),
		"a proposal without D-H":   with(wire.PayloadSAV2, sa(func(p *wire.ProposalV2) { p.Transforms = p.Transforms[:3] })),
		"an SPI in the proposal":   with(wire.PayloadSAV2, sa(func(p *wire.ProposalV2) { p.SPI = make([]byte, 8) })),
		"a critical IKEv1 payload": append(with(0, nil), critical(payload(5, wire.Raw("ID")))),
	} {
		d := answerInit(request, payloads...)
		copy(d.Data[8:16], good.ResponderSPI[:])
		before := len(all[MessageRejected](p.r1))
		p.deliver(p.r2, d)
		if len(all[MessageRejected](p.r1)) != before+1 || p.r1.session.state != IWaitInit || len(p.r1.sent) != 0 {
			t.Fatalf("%s: %s\n%s", what, p.r1.session.state, p.r1.story())
		}
	}
	p.advance(3*time.Second, nil)
	p.wantUp()
}

// First messages that are none make no session; bad public values are not answered.
func TestHostileInitRequest(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	request := p.r1.next()
	good, _ := wire.Parse(request.Data)
	build := func(change func(*wire.Header), payloads []wire.Payload) ike.Datagram {
		h := good.Header
		if change != nil {
			change(&h)
		}
		b := wire.NewBuilder(nil, h)
		for _, x := range payloads {
			b.Add(x.Type, x)
		}
		return ike.Datagram{Local: request.Local, Remote: request.Remote, Data: b.Bytes()}
	}
	with := func(t wire.PayloadType, body wire.Appender) []wire.Payload {
		var list []wire.Payload
		for _, x := range good.Payloads {
			if x.Type == t {
				x = payload(t, body)
			}
			list = append(list, x)
		}
		return list
	}
	for what, d := range map[string]ike.Datagram{
		"a response":           build(func(h *wire.Header) { h.Flags |= wire.FlagResponse }, good.Payloads),
		"not the initiator's":  build(func(h *wire.Header) { h.Flags = 0 }, good.Payloads),
		"message id 1":         build(func(h *wire.Header) { h.MessageID = 1 }, good.Payloads),
		"no SPI":               build(func(h *wire.Header) { h.InitiatorSPI = wire.SPI{} }, good.Payloads),
		"IKE_AUTH":             build(func(h *wire.Header) { h.Exchange = wire.ExchangeAuth }, good.Payloads),
		"no payloads":          build(nil, nil),
		"a critical one":       build(nil, append(with(0, nil), critical(payload(13, wire.Raw("v1"))))),
		"group 1025":           build(nil, with(wire.PayloadKEV2, wire.KEV2{Group: 1025, Data: make([]byte, 64)})),
		"a point of zeros":     build(nil, with(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: make([]byte, 64)})),
		"a point off the line": build(nil, with(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: bytes.Repeat([]byte{1}, 64)})),
		"too long a key":       build(nil, with(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: make([]byte, 512)})),
		"a short nonce":        build(nil, with(wire.PayloadNonceV2, wire.Raw(make([]byte, 15)))),
		"an encrypted payload": build(nil, with(wire.PayloadVendorIDV2, wire.Raw("x"))[:4]),
	} {
		if what == "an encrypted payload" {
			d.Data = append(d.Data, 0, 0, 0, 4)
			d.Data[wire.HeaderLen] = byte(wire.PayloadSK)
			d.Data[27] = byte(len(d.Data))
			d.Data[26] = byte(len(d.Data) >> 8)
		}
		p.r2.session = nil
		p.deliver(p.r1, d)
		if p.r2.session != nil && !p.r2.session.Done() {
			t.Errorf("%s: a session stands", what)
		}
		for _, x := range p.r2.sent {
			if m, _ := wire.Parse(x.Data); what != "group 1025" || len(x.Data) > 60 || len(m.Payloads) != 1 {
				t.Errorf("%s: answered with %s", what, wire.Describe(m))
			}
		}
		p.r2.sent = nil
	}
	for n := range len(request.Data) {
		if _, err := Respond(p.now, p.r2.env, 1, ike.Datagram{Local: request.Remote, Remote: request.Local, Data: request.Data[:n]}); err == nil {
			t.Fatalf("cut at %d", n)
		}
	}
}

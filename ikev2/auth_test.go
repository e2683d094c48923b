package ikev2

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// The responder refuses by AUTHENTICATION_FAILED alone, and neither end keeps
// anything.
func TestResponderRefuses(t *testing.T) {
	text := psk + tunnel
	for what, c := range map[string]struct{ r1, reason string }{
		"another key":     {replaced(text, "cisco123", "cisco124"), "pre-shared key is another one"},
		"an identity":     {replaced(text, "keyring local K", "keyring local K\n identity local fqdn R9.cisco.com"), "profile not found"},
		"another name":    {replaced(text, "keyring local K", "keyring local K\n identity local key-id blue"), "profile not found"},
		"only the peer's": {replaced(text, "pre-shared-key cisco123", "pre-shared-key local blue\n  pre-shared-key remote cisco123"), "pre-shared key is another one"},
	} {
		p := newPair(t, c.r1, text)
		p.initiate(p.r1)
		p.settle()
		if got := contents(p.r2)[1]; got != "NOTIFY(AUTHENTICATION_FAILED)" {
			t.Errorf("%s: answered with %s", what, got)
		}
		want(t, p.r2, func(e MessageRejected) bool { return strings.Contains(e.Reason, c.reason) })
		want(t, p.r1, func(e ike.NegotiationFailed) bool {
			return e.Stage == "AUTH" && e.Reason == "the peer answered AUTHENTICATION_FAILED"
		})
		p.r1.wantIdle()
		p.advance(lingerTime, nil)
		p.r2.wantIdle()
	}
}

// A handshake that fails leaves nothing of what its keys were made of, at either
// end.
func TestFailedWipes(t *testing.T) {
	text := psk + tunnel
	p := newPair(t, replaced(text, "cisco123", "cisco124"), text)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	ours, theirs := p.r1.session.phase.(*sentAuth).initial, p.r2.session.phase.(*answeredInit)
	d := p.r1.session.ike.d
	_, _, seed := theirs.parts()
	p.settle()
	p.advance(lingerTime, nil)
	for what, key := range map[string]suite.Key{
		"SKEYSEED of the initiator": ours.seed, "SK_pi": ours.keys.Pi, "SK_pr": ours.keys.Pr, "SK_d": d, "SKEYSEED of the responder": seed,
	} {
		if len(key) == 0 || !bytes.Equal(key, make([]byte, len(key))) {
			t.Errorf("%s stands", what)
		}
	}
}

// An initiator that refuses the responder tells it, and neither end keeps
// anything.
func TestInitiatorRefuses(t *testing.T) {
	text := psk + tunnel
	for what, c := range map[string]struct{ r2, reason string }{
		"another key": {replaced(text, "pre-shared-key cisco123", "pre-shared-key local blue\n  pre-shared-key remote cisco123"), "pre-shared key is another one"},
		"an identity": {replaced(text, "keyring local K", "keyring local K\n identity local fqdn R9.cisco.com"), "profile not found"},
	} {
		p := newPair(t, text, c.r2)
		p.initiate(p.r1)
		p.settle()
		want(t, p.r1, func(e ike.NegotiationFailed) bool { return e.Stage == "AUTH" && strings.Contains(e.Reason, c.reason) })
		if got := contents(p.r1)[2]; got != "NOTIFY(AUTHENTICATION_FAILED) DELETE" {
			t.Errorf("%s: told by %s", what, got)
		}
		p.advance(answerTime, nil)
		want(t, p.r2, func(e ike.SessionDown) bool { return e.Established })
		p.r1.wantIdle()
		p.r2.wantIdle()
	}
}

// A key that is missing when a tunnel is to begin leaves nothing behind.
func TestNoKey(t *testing.T) {
	text := psk + tunnel
	p := newPair(t, replaced(text, "  address REMOTE\n", "  address 192.168.0.99\n"), text)
	p.initiate(p.r1)
	want(t, p.r1, func(e ike.NegotiationFailed) bool { return strings.Contains(e.Reason, "no pre-shared key") })
	p.r1.wantIdle()
}

// Before the peer is authenticated nothing but IKE_AUTH is taken, and messages
// that do not authenticate change nothing.
func TestBeforeAuth(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	auth := p.r1.next()
	for _, x := range []wire.ExchangeType{wire.ExchangeInformationalV2, wire.ExchangeCreateChildSA, wire.ExchangeIntermediate} {
		p.deliver(p.r1, p.r1.forge(x, 1, false, payload(wire.PayloadDeleteV2, wire.DeleteV2{Protocol: wire.ProtocolISAKMP})))
	}
	bad := auth
	for i := wire.HeaderLen; i < len(auth.Data); i += 7 {
		bad.Data = append([]byte(nil), auth.Data...)
		bad.Data[i] ^= 1
		p.deliver(p.r1, bad)
	}
	for n := range len(auth.Data) {
		bad.Data = auth.Data[:n]
		p.deliver(p.r1, bad)
	}
	if len(p.r2.sent) != 0 || p.r2.session.state != RWaitAuth || !p.r2.session.rests() || p.r2.session.ike.expected != 1 {
		t.Fatalf("%d answers, %s\n%s", len(p.r2.sent), p.r2.session.state, p.r2.story())
	}
	p.deliver(p.r1, auth)
	p.settle()
	p.wantUp()
}

// What an initiator with the keys of IKE_SA_INIT may send instead of a proof.
func TestHostileAuth(t *testing.T) {
	id := payload(wire.PayloadIDi, wire.IDV2{Type: wire.IDIPv4Addr, Data: []byte{192, 168, 0, 1}})
	auth := payload(wire.PayloadAuth, wire.AuthV2{Method: wire.AuthPSK, Data: make([]byte, 32)})
	certificates := []wire.Payload{id, auth}
	for range maxChain + 1 {
		certificates = append(certificates, payload(wire.PayloadCertV2, wire.Cert{Encoding: wire.EncodingX509Signature, Data: ca1.Cert.Raw()}))
	}
	for what, c := range map[string]struct {
		answer   wire.NotifyTypeV2
		payloads []wire.Payload
	}{
		"nothing":             {wire.V2InvalidSyntax, nil},
		"EAP":                 {wire.V2AuthenticationFailed, []wire.Payload{id}},
		"no proof":            {wire.V2AuthenticationFailed, []wire.Payload{id, auth}},
		"a proof of another":  {wire.V2AuthenticationFailed, []wire.Payload{id, payload(wire.PayloadAuth, wire.AuthV2{Method: wire.AuthNull, Data: make([]byte, 8)})}},
		"RSA with nothing":    {wire.V2AuthenticationFailed, []wire.Payload{id, payload(wire.PayloadAuth, wire.AuthV2{Method: wire.AuthRSA, Data: make([]byte, 256)})}},
		"two identities":      {wire.V2InvalidSyntax, []wire.Payload{id, id, auth}},
		"an address of three": {wire.V2InvalidSyntax, []wire.Payload{payload(wire.PayloadIDi, wire.Raw{1, 0, 0, 0, 1, 2, 3}), auth}},
		"a subnet":            {wire.V2AuthenticationFailed, []wire.Payload{payload(wire.PayloadIDi, wire.IDV2{Type: wire.IDIPv4AddrSubnet, Data: make([]byte, 8)}), auth}},
		"many certificates":   {wire.V2InvalidSyntax, certificates},
		"a critical payload":  {wire.V2UnsupportedCriticalPayload, []wire.Payload{id, auth, critical(payload(11, wire.Raw("v1")))}},
	} {
		p := pskPair(t)
		p.initiate(p.r1)
		p.step(p.r1)
		p.step(p.r2)
		p.r1.sent = nil
		p.deliver(p.r1, p.r1.forge(wire.ExchangeAuth, 1, false, c.payloads...))
		want(t, p.r2, func(e NotifySent) bool { return e.Type == c.answer })
		if len(p.r2.sas) != 0 || p.r2.session.Alive() || len(all[ike.SessionUp](p.r2)) != 0 {
			t.Errorf("%s: something stands", what)
		}
		p.advance(lingerTime, nil)
		if !p.r2.session.Done() {
			t.Errorf("%s: something is kept", what)
		}
	}
}

// A data plane that refuses an SA fails the child SA at both ends, and as on IOS
// the IKE SA goes with it.
func TestInstallFails(t *testing.T) {
	for _, who := range []string{"R1", "R2"} {
		for _, way := range []ipsec.Direction{ipsec.In, ipsec.Out} {
			p := pskPair(t)
			r := map[string]*party{"R1": p.r1, "R2": p.r2}[who]
			r.refuse = func(sa ipsec.SA) error {
				if sa.Direction == way {
					return errors.New("no room")
				}
				return nil
			}
			p.initiate(p.r1)
			p.settle()
			if who == "R2" {
				if got := contents(p.r2)[1]; got != "VID IDr AUTH NOTIFY(NO_PROPOSAL_CHOSEN)" {
					t.Errorf("answered with %s", got)
				}
			}
			want(t, r, func(e ike.NegotiationFailed) bool { return e.Stage == "CHILD" && strings.Contains(e.Reason, "no room") })
			if ups := len(all[ike.ChildUp](p.r1)); ups != 0 {
				t.Error("a child SA is up")
			}
			p.advance(answerTime, nil)
			p.r1.wantIdle()
			p.r2.wantIdle()
		}
	}
}

// A responder that cannot send its proof has no use for the pair that it made.
func TestProofNotSent(t *testing.T) {
	p := pskPair(t)
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	p.r2.stall = true
	p.step(p.r1)
	p.r2.env.Rand = strings.NewReader("")
	for _, d := range []ipsec.Direction{ipsec.In, ipsec.Out} {
		sa := p.r2.session.pending[0].child.in.SAID
		if d == ipsec.Out {
			sa = p.r2.session.pending[0].child.out.SAID
		}
		p.r2.sas[sa] = ipsec.SA{SAID: sa, Direction: d}
		p.r2.session.HandleKernel(p.now, ipsec.Installed{SAID: sa})
		p.r2.collect(p.now)
	}
	p.advance(lingerTime, func(*party, ike.Datagram) bool { return true })
	p.r2.wantIdle()
	if len(all[ike.SessionUp](p.r2))+len(all[ike.ChildUp](p.r2)) > 0 {
		t.Error("up all the same")
	}
}

// The responder's message leaves when both SAs stand.
func TestInstallOrder(t *testing.T) {
	p := pskPair(t)
	p.r2.stall = true
	p.initiate(p.r1)
	p.settle()
	if p.r2.session.Established() || len(p.r2.orders) != 2 || p.r2.orders[1] != "in" {
		t.Fatalf("%v", p.r2.orders)
	}
	p.advance(3e9, nil) // the repetition is not answered yet
	want(t, p.r2, func(e Duplicate) bool { return !e.Ready })
	p.r2.stall = false
	in := p.r2.session.pending[0].ordered[0]
	p.r2.session.HandleKernel(p.now, ipsec.Installed{SAID: in})
	p.r2.sas[in] = ipsec.SA{SAID: in}
	p.r2.collect(p.now)
	p.settle()
	p.wantUp()
	if got := strings.Join(p.r2.orders, " "); got != "send in out send" {
		t.Error(got)
	}
}

// Selectors and SPIs that a peer cannot have.
func TestHostileChild(t *testing.T) {
	any4 := wire.TS{EndPort: anyPort, Start: addr4(0, 0, 0, 0), End: addr4(255, 255, 255, 255)}
	ts := func(list ...wire.TS) wire.Appender { return wire.TSV2(list) }
	for what, c := range map[string]struct {
		t      wire.PayloadType
		body   wire.Appender
		notify wire.NotifyTypeV2
	}{
		"another protocol":  {wire.PayloadTSr, ts(wire.TS{Protocol: 6, EndPort: anyPort, Start: addr4(192, 168, 0, 2), End: addr4(192, 168, 0, 2)}), wire.V2TSUnacceptable},
		"turned round":      {wire.PayloadTSr, wire.Raw{1, 0, 0, 0, 7, 0, 0, 16, 0, 0, 255, 255, 9, 9, 9, 9, 1, 1, 1, 1}, wire.V2InvalidSyntax},
		"a wrong count":     {wire.PayloadTSi, wire.Raw{2, 0, 0, 0, 7, 0, 0, 16, 0, 0, 255, 255, 1, 1, 1, 1, 9, 9, 9, 9}, wire.V2InvalidSyntax},
		"none":              {wire.PayloadTSi, wire.Raw{0, 0, 0, 0}, wire.V2InvalidSyntax},
		"of another family": {wire.PayloadTSi, wire.Raw{1, 0, 0, 0, 8, 0, 0, 16, 0, 0, 255, 255, 1, 1, 1, 1, 9, 9, 9, 9}, wire.V2InvalidSyntax},
		"SPI 0":             {wire.PayloadSAV2, childSA(0), wire.V2NoProposalChosen},
		"wider":             {wire.PayloadTSi, ts(any4), 0},
	} {
		p := pskPair(t)
		p.initiate(p.r1)
		p.step(p.r1)
		// R1's request, with one payload changed, sealed anew.
		p.r1.t = t
		response := p.r2.next()
		p.deliver(p.r2, response)
		d := p.r1.next()
		inner, first, err := p.r1.reopen(d)
		if err != nil {
			t.Fatal(err)
		}
		payloads, _ := wire.ParseChainV2(first, inner, 0)
		for i, x := range payloads {
			if x.Type == c.t {
				payloads[i] = payload(c.t, c.body)
			}
		}
		p.deliver(p.r1, p.r1.forge(wire.ExchangeAuth, 1, false, payloads...))
		p.settle()
		if c.notify == 0 {
			p.wantUp()
			continue
		}
		want(t, p.r2, func(e NotifySent) bool { return e.Type == c.notify })
		p.advance(answerTime, nil)
		if len(p.r2.sas) != 0 || !p.r2.session.Done() {
			t.Errorf("%s: something is kept", what)
		}
	}
}

func childSA(spi byte) wire.SAV2 {
	return wire.SAV2{{Number: 1, Protocol: wire.ProtocolESP, SPI: []byte{0, 0, 0, spi}, Transforms: []wire.TransformV2{
		{Type: wire.TransformEncr, ID: 12, KeyBits: 256}, {Type: wire.TransformInteg, ID: 12}, noESN,
	}}}
}

// Every kind of key authenticates; Ed25519 needs RFC 7427, which is announced for
// it alone.
func TestKinds(t *testing.T) {
	certs := replaced(psk, "remote pre-share", "remote METHOD", "local pre-share", "local METHOD", "keyring local K", "pki trustpoint TP") + "crypto pki trustpoint TP\n revocation-check none\n" + tunnel
	for name, c := range map[string]struct {
		method, word string
		id           func(router, address string, n byte) *testca.Identity
		announced    bool
	}{
		"RSA": {"rsa-sig", "RSA", func(r, a string, n byte) *testca.Identity { return ca1.Enroll(r, a, "1", int(n)) }, false},
		"ECDSA": {"ecdsa-sig", "ECDSA", func(r, a string, n byte) *testca.Identity {
			return ca1.EnrollWith(testca.RouterName(r, a, "1"), testca.EC(n))
		}, false},
		"Ed25519": {"ecdsa-sig", "digital signature", func(r, a string, n byte) *testca.Identity {
			return ca1.EnrollWith(testca.RouterName(r, a, "1"), testca.Ed25519(n))
		}, true},
	} {
		text := replaced(certs, "METHOD", c.method)
		p := newPair(t, text, text)
		p.r1.trust(testca.Trustpoint("TP", c.id("R1", "192.168.0.1", 2), 1))
		p.r2.trust(testca.Trustpoint("TP", c.id("R2", "192.168.0.2", 3), 1))
		p.up(p.r1)
		if got := strings.Contains(contents(p.r1)[0], "SIGNATURE_HASH_ALGORITHMS"); got != c.announced {
			t.Errorf("%s: announced is %v", name, got)
		}
		if v := p.r2.session.View(p.now); v.Sign != c.word || v.Verify != c.word {
			t.Errorf("%s: %s and %s", name, v.Sign, v.Verify)
		}
	}
}

package ikev2

import (
	"bytes"
	"crypto/sha1"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/wire"
)

const where = "http://192.0.2.80/peer.cer"

// byURL shows what is at a URL.
func byURL(encoding wire.CertEncoding, url string, what []byte) wire.Cert {
	hash := sha1.Sum(what)
	return wire.Cert{Encoding: encoding, Data: append(hash[:], url...)}
}

// showing is an IKE_AUTH of r with other CERT payloads: AUTH does not cover them.
func (r *party) showing(d ike.Datagram, show ...wire.Cert) ike.Datagram {
	r.t.Helper()
	inner, first, err := r.reopen(d)
	if err != nil {
		r.t.Fatal(err)
	}
	payloads, err := wire.ParseChainV2(first, inner, 0)
	if err != nil {
		r.t.Fatal(err)
	}
	var list []wire.Payload
	for _, p := range payloads {
		switch {
		case p.Type != wire.PayloadCertV2:
			list = append(list, wire.Payload{Type: p.Type, Body: p.Body})
		case show != nil:
			for _, c := range show {
				list = append(list, payload(wire.PayloadCertV2, c))
			}
			show = nil
		}
	}
	h, _ := wire.ParseHeader(d.Data)
	return r.forge(wire.ExchangeAuth, h.MessageID, h.Flags&wire.FlagResponse != 0, list...)
}

func (r *party) certificate() []byte { return r.env.PKI.Lookup("TP").Identity.Raw() }

// shownTo brings a pair to where the certificate of one party would reach the other,
// judge, and gives that message with show in its place.
func (p *pairOf) shownTo(judge *party, show ...wire.Cert) ike.Datagram {
	p.t.Helper()
	p.initiate(p.r1)
	p.step(p.r1)
	p.step(p.r2)
	if judge == p.r2 {
		return p.r1.showing(p.r1.next(), show...)
	}
	p.step(p.r1)
	return p.r2.showing(p.r2.next(), show...)
}

// bundleOf is the bundle of RFC 7296 section 3.6 with certificates and a CRL.
func bundleOf(crl []byte, certs ...[]byte) []byte {
	wrap := func(tag byte, b []byte) []byte {
		return append([]byte{tag, 0x82, byte(len(b) >> 8), byte(len(b))}, b...)
	}
	var list []byte
	for _, c := range certs {
		list = append(list, wrap(0xa0, c)...)
	}
	if crl != nil {
		list = append(list, wrap(0xa1, crl)...)
	}
	return wrap(0x30, list)
}

// judges runs a test with the certificate shown to the responder, and to the
// initiator.
func judges(t *testing.T, f func(t *testing.T, p *pairOf, shows, judge *party)) {
	t.Run("responder", func(t *testing.T) { p := fragmentPair(t, "", ""); f(t, p, p.r1, p.r2) })
	t.Run("initiator", func(t *testing.T) { p := fragmentPair(t, "", ""); f(t, p, p.r2, p.r1) })
}

// A certificate that is shown by hash and URL is as good as one that is sent.
func TestCertificateByURL(t *testing.T) {
	judges(t, func(t *testing.T, p *pairOf, shows, judge *party) {
		der := shows.certificate()
		judge.web = map[string][]byte{where: der}
		p.deliver(shows, p.shownTo(judge, byURL(wire.EncodingHashURL, where, der)))
		p.settle()
		p.wantUp()
		want(t, judge, func(e CertificateFetched) bool { return e.URL == where && e.Reason == "" })
	})
}

func TestCertificateInBundle(t *testing.T) {
	judges(t, func(t *testing.T, p *pairOf, shows, judge *party) {
		bundle := bundleOf(ca1.CRL(), shows.certificate(), ca1.Cert.Raw())
		root := ca1.Cert.Raw()
		judge.web = map[string][]byte{where: bundle, where + "2": root}
		p.deliver(shows, p.shownTo(judge, byURL(wire.EncodingHashURLBundle, where, bundle), byURL(wire.EncodingHashURL, where+"2", root)))
		p.settle()
		p.wantUp()
		if n := len(all[CertificateFetched](judge)); n != 2 {
			t.Errorf("%d fetches", n)
		}
	})
}

// While a certificate is fetched, what the peer repeats is dropped, and nothing else
// is taken. Answers that nobody waits for change nothing.
func TestWaitForCertificate(t *testing.T) {
	judges(t, func(t *testing.T, p *pairOf, shows, judge *party) {
		der := shows.certificate()
		d := p.shownTo(judge, byURL(wire.EncodingHashURL, where, der))
		p.deliver(shows, d)
		if len(judge.lookups) != 1 || len(judge.sent) != 0 || judge.session.Established() {
			t.Fatalf("%d lookups, %d datagrams\n%s", len(judge.lookups), len(judge.sent), judge.story())
		}
		l := judge.lookups[0]
		if l.URL != where || l.SHA1 != sha1.Sum(der) || l.Peer != shows.addr.Addr() {
			t.Errorf("%+v", l)
		}
		p.deliver(shows, d)
		h, _ := wire.ParseHeader(d.Data)
		p.deliver(shows, shows.forge(wire.ExchangeAuth, h.MessageID+1, judge == p.r1, payload(wire.PayloadNotifyV2, wire.NotifyV2{Type: wire.V2InitialContact})))
		at, why := judge.session.NextTimeout()
		if why != "certificate" || at != p.now.Add(ike.LookupTime) {
			t.Errorf("%s at %s", why, at)
		}
		for _, id := range []ike.LookupID{{}, {ConnID: l.ID.ConnID, Index: -1}, {ConnID: l.ID.ConnID, Index: 1}, {ConnID: l.ID.ConnID + 1}} {
			judge.session.HandleLookup(p.now, id, ike.Answer{Data: []byte("x")})
		}
		judge.collect(p.now)
		if len(judge.lookups) != 1 || len(judge.sent) != 0 || judge.session.Established() {
			t.Fatalf("%d lookups, %d datagrams\n%s", len(judge.lookups), len(judge.sent), judge.story())
		}
		judge.session.HandleLookup(p.now, l.ID, ike.Answer{Data: der})
		judge.session.HandleLookup(p.now, l.ID, ike.Answer{Err: errors.New("again")})
		judge.collect(p.now)
		p.settle()
		p.wantUp()
	})
}

// What is no certificate, or not the one that is meant, or does not come, is
// AUTHENTICATION_FAILED with the reason; nothing is left of it.
func TestRefusedLookups(t *testing.T) {
	valid := ca1.Enroll("R9", "192.168.0.9", "9", 4).Cert.Raw()
	large := bytes.Repeat([]byte{0x30}, ike.MaxAnswer+1)
	many := make([][]byte, maxChain+1)
	for i := range many {
		many[i] = valid
	}
	for what, c := range map[string]struct {
		encoding wire.CertEncoding
		meant    []byte // of which the peer gives the hash
		there    []byte // nil: nothing
		reason   string
	}{
		"nothing there":          {wire.EncodingHashURL, valid, nil, "certificate at " + where + ": the server answers 404"},
		"empty":                  {wire.EncodingHashURL, valid, []byte{}, "not what the peer means"},
		"another one":            {wire.EncodingHashURL, valid, ca1.Cert.Raw(), "not what the peer means"},
		"more octets":            {wire.EncodingHashURL, append(bytes.Clone(valid), 0), append(bytes.Clone(valid), 0), "certificate: "},
		"too large":              {wire.EncodingHashURL, large, large, "at most 16384"},
		"no certificate":         {wire.EncodingHashURL, []byte("<html>"), []byte("<html>"), "certificate: "},
		"somebody's":             {wire.EncodingHashURL, valid, valid, "AUTH does not verify"},
		"a bundle":               {wire.EncodingHashURL, bundleOf(nil, valid), bundleOf(nil, valid), "certificate: "},
		"no bundle":              {wire.EncodingHashURLBundle, valid, valid, "not a bundle"},
		"a bundle of nothing":    {wire.EncodingHashURLBundle, bundleOf(nil), bundleOf(nil), "not a bundle"},
		"a bundle of a CRL":      {wire.EncodingHashURLBundle, bundleOf(ca1.CRL()), bundleOf(ca1.CRL()), "not a bundle"},
		"a bundle of too many":   {wire.EncodingHashURLBundle, bundleOf(nil, many...), bundleOf(nil, many...), "more than 8"},
		"a bundle of what is no": {wire.EncodingHashURLBundle, bundleOf(nil, valid[1:]), bundleOf(nil, valid[1:]), "certificate: "},
	} {
		t.Run(what, func(t *testing.T) {
			judges(t, func(t *testing.T, p *pairOf, shows, judge *party) {
				judge.web = map[string][]byte{where: c.there}
				p.deliver(shows, p.shownTo(judge, byURL(c.encoding, where, c.meant)))
				p.wantRefused(judge, c.reason)
			})
		})
	}
}

// wantRefused asserts that one has refused the other's proof, and that both know.
func (p *pairOf) wantRefused(judge *party, reason string) {
	p.t.Helper()
	p.settle()
	want(p.t, judge, func(e ike.NegotiationFailed) bool { return e.Stage == "AUTH" && strings.Contains(e.Reason, reason) })
	told := "NOTIFY(AUTHENTICATION_FAILED)"
	if judge == p.r1 {
		told += " DELETE"
	}
	if list := contents(judge); list[len(list)-1] != told {
		p.t.Errorf("told by %q", list)
	}
	p.advance(answerTime, nil)
	p.r1.wantIdle()
	p.r2.wantIdle()
}

func TestLookupTimeout(t *testing.T) {
	judges(t, func(t *testing.T, p *pairOf, shows, judge *party) {
		p.deliver(shows, p.shownTo(judge, byURL(wire.EncodingHashURL, where, shows.certificate())))
		p.advance(ike.LookupTime-time.Second, nil)
		if !judge.session.Alive() {
			t.Fatal("it does not wait")
		}
		p.advance(time.Second, nil)
		p.wantRefused(judge, "not here after 10s")
		want(t, judge, func(e TimedOut) bool { return e.Timer == ServiceTimer })
	})
}

func TestDeleteWhileLookedUp(t *testing.T) {
	judges(t, func(t *testing.T, p *pairOf, shows, judge *party) {
		p.deliver(shows, p.shownTo(judge, byURL(wire.EncodingHashURL, where, shows.certificate())))
		judge.session.Delete(p.now, "clear")
		judge.session.HandleLookup(p.now, judge.lookups[0].ID, ike.Answer{Data: shows.certificate()})
		judge.collect(p.now)
		p.settle()
		p.advance(exchangeTime+answerTime, nil)
		p.r1.wantIdle()
		p.r2.wantIdle()
	})
}

// Of many URLs none is fetched, nor where nobody announced it, nor for a peer that
// has a pre-shared key to show.
func TestNothingToLookUp(t *testing.T) {
	show := byURL(wire.EncodingHashURL, where, []byte("x"))
	judges(t, func(t *testing.T, p *pairOf, shows, judge *party) {
		p.deliver(shows, p.shownTo(judge, show, show, show, show, show))
		p.wantRefused(judge, "5 certificates by hash and URL, at most 4")
		if len(judge.lookups) > 0 {
			t.Error("looked up")
		}
	})
	p := fragmentPair(t, "", "no crypto ikev2 http-url cert\n")
	p.deliver(p.r1, p.shownTo(p.r2, show))
	p.wantRefused(p.r2, "has not been fetched")
	if len(p.r2.lookups) > 0 {
		t.Error("looked up what was not announced")
	}
	psk := pskPair(t)
	psk.initiate(psk.r1)
	psk.step(psk.r1)
	psk.step(psk.r2)
	d := psk.r1.next()
	inner, first, err := psk.r1.reopen(d)
	if err != nil {
		t.Fatal(err)
	}
	payloads, err := wire.ParseChainV2(first, inner, 0)
	if err != nil {
		t.Fatal(err)
	}
	psk.deliver(psk.r1, psk.r1.forge(wire.ExchangeAuth, 1, false, append(payloads, payload(wire.PayloadCertV2, show))...))
	psk.settle()
	psk.wantUp()
	if len(psk.r2.lookups) > 0 {
		t.Error("looked up beside a pre-shared key")
	}
}

func FuzzBundle(f *testing.F) {
	f.Add(bundleOf(ca1.CRL(), ca1.Cert.Raw(), ca2.Cert.Raw()))
	f.Add([]byte{0x30, 0})
	f.Fuzz(func(t *testing.T, der []byte) {
		if first, others, err := parseBundle(der); err == nil && (first == nil || len(others) >= maxChain) {
			t.Errorf("%v and %d", first, len(others))
		}
	})
}

func TestCutBundle(t *testing.T) {
	whole := bundleOf(ca1.CRL(), ca1.Cert.Raw(), ca2.Cert.Raw())
	first, others, err := parseBundle(whole)
	if err != nil || !first.Equal(ca1.Cert) || len(others) != 1 || !others[0].Equal(ca2.Cert) {
		t.Fatal(err)
	}
	for n := range whole {
		if _, _, err := parseBundle(whole[:n]); err == nil {
			t.Errorf("took %d octets of %d", n, len(whole))
		}
	}
	chain := chainOf([]certificate{{parsed: first, others: others}, {}, {parsed: first}})
	if want := []*pki.Certificate{first, others[0], first}; len(chain) != 3 || chain[0] != want[0] || chain[1] != want[1] || chain[2] != want[2] {
		t.Errorf("chain of %d", len(chain))
	}
}

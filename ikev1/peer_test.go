package ikev1

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// An authenticated peer that makes pair after pair and deletes none gets no more
// than a few: neither SAs nor exchanges pile up, and the latest pair stands.
func TestPairsPileUp(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	for range 3 * maxQuickModes {
		p.r1.session.StartChild(p.now, p.r1.itf)
		p.r1.collect(p.now)
		for len(p.r1.sent)+len(p.r2.sent) > 0 {
			for _, r := range []*party{p.r1, p.r2} {
				if len(r.sent) == 0 {
					continue
				}
				data := r.next()
				if h, err := wire.ParseHeader(data); err != nil || h.Exchange != wire.ExchangeInformational {
					p.deliver(p.other(r), data)
				}
			}
		}
		p.now = p.now.Add(time.Millisecond)
	}
	if n := len(p.r2.session.pairs()); n != maxPairs || len(p.r2.sas) != 2*n {
		t.Errorf("%d pairs, %d SAs, want %d pairs", n, len(p.r2.sas), maxPairs)
	}
	if n := len(p.r2.session.quickModes()); n > maxQuickModes {
		t.Errorf("%d exchanges are kept", n)
	}
	latest := p.r1.session.pairs()[0].out.SAID
	if _, ok := p.r2.sas[latest]; !ok {
		t.Error("the latest pair is gone")
	}
}

// A peer that is authenticated begins quick mode upon quick mode while our data
// plane has other things to do: beyond the bound they are dropped.
func TestQuickModeFlood(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	p.r2.stall = true
	ids := proxyIDs(p.r1.itf.Tunnel.Selector())
	for i := range maxQuickModes + 5 {
		offer := quickOffer(p.r1.itf, uint32(0x5000+i))
		p.deliver(p.r2, p.r1.forge(wire.ExchangeQuickMode, uint32(100+i),
			payload(wire.PayloadSA, wire.SAV1{DOI: wire.DOIIPsec, Situation: wire.SituationIdentityOnly, Proposals: offer}),
			payload(wire.PayloadNonce, wire.Raw(make([]byte, 20))),
			payload(wire.PayloadID, wire.Raw(ids[0])), payload(wire.PayloadID, wire.Raw(ids[1]))))
		if n := p.r2.session.inFlight(); n != min(i+1, maxQuickModes) {
			t.Fatalf("%d quick modes in flight after %d", n, i+1)
		}
	}
	want(t, p.r2, func(e MessageRejected) bool { return e.Reason == "32 quick modes are in flight" })
}

// The keys of an SA that is never installed are overwritten, whether QM3 fails to
// come or the IKE SA goes.
func TestKeysOfAFailedQuickMode(t *testing.T) {
	for _, ended := range []string{"no QM3", "no IKE SA"} {
		p := newPair(t)
		p.up(p.r1)
		p.r1.session.StartChild(p.now, p.r1.itf)
		p.r1.collect(p.now)
		p.step(p.r1)
		st, ok := p.r2.session.quickModes()[len(p.r2.session.quickModes())-1].state.(sentQM2)
		if !ok || len(st.out.EncrKey) != 16 || bytes.Equal(st.out.EncrKey, make([]byte, 16)) {
			t.Fatalf("a rekey does not wait for QM3 with the outbound keys: %v", st.out.EncrKey)
		}
		main := p.r2.session.crypt.secret
		if len(main) != md5.Size+md5.Size+24 || cap(main) > 64 || bytes.Equal(main, make([]byte, len(main))) {
			t.Fatalf("%s: after phase 1 three keys are to be left, and the room for no more: %v of %d", ended, main, cap(main))
		}
		if ended == "no QM3" {
			p.advance(2*time.Minute, func(*party, []byte) bool { return true })
		} else {
			p.r2.session.Delete(p.now, "test")
			if !bytes.Equal(main, make([]byte, len(main))) {
				t.Error("keys of phase 1 are left")
			}
		}
		if !bytes.Equal(st.out.EncrKey, make([]byte, 16)) || !bytes.Equal(st.out.IntegKey, make([]byte, 32)) {
			t.Errorf("%s: keys are left", ended)
		}
	}
}

// identify makes the MM5 that R1 would send with another identity, and with
// requests, as charon does.
func (p *pairOf) identify(id wire.IDV1, own *pki.Trustpoint, requests ...pki.Name) []byte {
	p.t.Helper()
	s := p.r1.session
	if _, ok := s.main.(sentMM5); !ok {
		p.t.Fatalf("R1 is in %s", s.phase)
	}
	h := s.header(wire.ExchangeMainMode, 0)
	b := wire.NewBuilder(nil, h)
	body := id.Append(nil)
	b.Add(wire.PayloadID, wire.Raw(body))
	s.addCertificates(b, own)
	sig, err := suite.SignRSAV1(nil, own.Signer, s.crypt.hashI(body))
	if err != nil {
		p.t.Fatal(err)
	}
	b.Add(wire.PayloadSig, wire.Raw(sig))
	for _, ca := range requests {
		b.Add(wire.PayloadCertReq, wire.CertReq{Encoding: wire.EncodingX509Signature, Authority: ca.DER()})
	}
	data, _ := s.crypt.seal(h, b, p.r2.session.crypt.iv)
	return data
}

// Well signed identities that are none are refused all the same; one that the
// certificate does not hold is told.
func TestHostileIdentity(t *testing.T) {
	fqdn := func(name string) wire.IDV1 {
		return wire.IDV1{Type: wire.IDFQDN, Protocol: 17, Port: 500, Data: []byte(name)}
	}
	port := fqdn("R1.cisco.com")
	port.Port = 1
	other := testca.Trustpoint("IOSCA1", note.CA1.Enroll("R3", "192.168.0.9", "109", 2), 1)
	for _, c := range []struct {
		name     string
		id       wire.IDV1
		own      *pki.Trustpoint
		up, told bool
	}{
		{"its own", fqdn("R1.cisco.com"), nil, true, false},
		{"another port", port, nil, false, false},
		{"no name", fqdn(""), nil, false, false},
		{"a name that breaks lines", fqdn("R1.cisco.com\nR9"), nil, false, false},
		{"a name with a nought", fqdn("R1.cisco.com\x00"), nil, false, false},
		{"an address too short", wire.IDV1{Type: wire.IDIPv4Addr, Data: []byte{192, 168, 0}}, nil, false, false},
		{"a name of another's", fqdn("R1.cisco.com"), other, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPair(t)
			p.initiate(p.r1)
			for range 4 {
				if len(p.r1.sent) > 0 {
					p.step(p.r1)
				} else {
					p.step(p.r2)
				}
			}
			p.r1.sent = nil
			own := c.own
			if own == nil {
				own = p.r1.env.PKI.Lookup("IOSCA1")
			}
			p.deliver(p.r2, p.identify(c.id, own))
			if up := p.r2.session.Established(); up != c.up {
				t.Errorf("established: %v\n%s", up, p.r2.story())
			}
			if told := len(all[IDCertMismatch](p.r2)) == 1; told != c.told {
				t.Errorf("told: %v", told)
			}
		})
	}
}

// What we said comes back to us: a message id is spent by whoever used it, or a
// delete of ours, which names our SPI, would delete the pair when it returns.
func TestReflected(t *testing.T) {
	p := newPair(t)
	p.up(p.r1)
	for _, r := range []*party{p.r1, p.r2} {
		r.session.sendDelete(wire.ProtocolESP, binary.BigEndian.AppendUint32(nil, r.session.pairs()[0].in.SPI))
		r.collect(p.now)
		p.unharmed(r, r.next(), "a message of its own")
	}
}

// A RESPONDER_LIFETIME in QM2 shortens, and never lengthens.
func TestLifetimeInQM2(t *testing.T) {
	for offered, want := range map[time.Duration]time.Duration{2 * time.Hour: time.Hour, 20 * time.Minute: 20 * time.Minute, 0: time.Hour} {
		p := newPair(t)
		p.initiate(p.r1)
		for len(p.r1.session.quickModes()) == 0 {
			for _, r := range []*party{p.r1, p.r2} {
				if len(r.sent) > 0 {
					p.step(r)
				}
			}
		}
		q := p.r1.session.quickModes()[0]
		offer := quickOffer(p.r1.itf, 0x7777)
		b := p.r2.session.quickMessage(&quickMode{id: q.id}, offer, make([]byte, 20), nil, q.state.(sentQM1).ids)
		var life []byte
		for _, a := range []wire.Attribute{{Type: wire.IPsecAttrLifeType, Value: uint64(wire.LifeSeconds)}, {Type: wire.IPsecAttrLifeDuration, Value: uint64(offered / time.Second)}} {
			life = a.Append(life)
		}
		b.Add(wire.PayloadNotify, wire.NotifyV1{DOI: wire.DOIIPsec, Protocol: wire.ProtocolESP, SPI: []byte{0, 0, 0x77, 0x77}, Type: wire.NotifyResponderLifetime, Data: life})
		p.r2.session.crypt.putHash(b, q.id, q.ni)
		data, _ := p.r2.session.crypt.seal(p.r2.session.header(wire.ExchangeQuickMode, q.id), b, q.iv)
		p.deliver(p.r1, data)
		if c := p.r1.session.pairs(); len(c) != 1 || c[0].expires.Sub(p.now) != want {
			t.Errorf("%s told: %d pairs\n%s", offered, len(c), p.r1.story())
		}
	}
}

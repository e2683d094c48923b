package engine

import (
	"crypto"
	stdaes "crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/obol-ike/obol/ikev2"
	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
	"github.com/obol-ike/obol/wire"
)

// byURL is a peer that shows its certificate by hash and URL, which obol does not:
// both its messages, by hand.
func byURL(t *testing.T, r *target, id *testca.Identity, url string, seed byte) {
	t.Helper()
	peer := peerAddr(0)
	rng := rand.NewChaCha8([32]byte{seed})
	g, _ := suite.GroupV2(19)
	prf, _ := suite.HashV2(5)
	key, err := g.Generate(rng)
	if err != nil {
		t.Fatal(err)
	}
	ni := make([]byte, 32)
	offer := wire.SAV2{{Number: 1, Protocol: wire.ProtocolISAKMP, Transforms: []wire.TransformV2{
		{Type: wire.TransformEncr, ID: 12, KeyBits: 256}, {Type: wire.TransformPRF, ID: 5}, {Type: wire.TransformInteg, ID: 12}, {Type: wire.TransformKE, ID: 19},
	}}}
	h := wire.Header{InitiatorSPI: wire.SPI{seed}, Version: wire.V2, Exchange: wire.ExchangeSAInit, Flags: wire.FlagInitiator}
	b := wire.NewBuilder(nil, h)
	b.Add(wire.PayloadSAV2, offer)
	b.Add(wire.PayloadKEV2, wire.KEV2{Group: 19, Data: key.Public()})
	b.Add(wire.PayloadNonceV2, wire.Raw(ni))
	request := slices.Clone(b.Bytes())
	r.receive(peer, request)
	m, err := wire.Parse(r.sent[len(r.sent)-1].Data)
	if err != nil {
		t.Fatal(err)
	}
	var nr, shared []byte
	for _, p := range m.Payloads {
		switch p.Type {
		case wire.PayloadNonceV2:
			nr = p.Body
		case wire.PayloadKEV2:
			if shared, err = key.Shared(p.Body[4:]); err != nil {
				t.Fatal(err)
			}
		}
	}
	k := ikev2.DeriveKeys(prf, ikev2.SKEYSEED(prf, ni, nr, shared), ni, nr, h.InitiatorSPI, m.ResponderSPI, ikev2.Lengths{Integ: 32, Encr: 32})
	idi := append([]byte{1, 0, 0, 0}, peer.AsSlice()...)
	octets := sha1.Sum(slices.Concat(request, nr, prf.PRF(k.Pi, idi)))
	sig, err := id.Key.(*rsa.PrivateKey).Sign(rng, octets[:], crypto.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha1.Sum(id.Cert.Raw())
	h.ResponderSPI, h.Exchange, h.MessageID = m.ResponderSPI, wire.ExchangeAuth, 1
	b = wire.NewBuilder(nil, h)
	b.Add(wire.PayloadIDi, wire.Raw(idi))
	b.Add(wire.PayloadCertV2, wire.Cert{Encoding: wire.EncodingHashURL, Data: append(hash[:], url...)})
	b.Add(wire.PayloadAuth, wire.AuthV2{Method: wire.AuthRSA, Data: sig})
	inner := b.Payloads()
	pad := stdaes.BlockSize - 1 - len(inner)%stdaes.BlockSize
	plain := append(append(slices.Clone(inner), make([]byte, pad)...), byte(pad))
	block, err := stdaes.NewCipher(k.Ei)
	if err != nil {
		t.Fatal(err)
	}
	iv := make([]byte, stdaes.BlockSize)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(plain, plain)
	n := 4 + len(iv) + len(plain) + 16
	h.NextPayload, h.Length = wire.PayloadSK, uint32(wire.HeaderLen+n)
	data := append(h.Append(nil), byte(b.First()), 0)
	data = slices.Concat(binary.BigEndian.AppendUint16(data, uint16(n)), iv, plain)
	mac := hmac.New(sha256.New, k.Ai)
	mac.Write(data)
	r.sent = nil
	r.receive(peer, append(data, mac.Sum(nil)[:16]...))
}

// The engine has a certificate by hash and URL looked up, and takes the answer to
// the session that waits for it: no other, and once.
func TestLookup(t *testing.T) {
	const url = "http://192.0.2.80/r1.cer"
	ca := testca.New("CA1", 0)
	id := ca.Enroll("R1", peerAddr(0).String(), "1", 2)
	for what, x := range map[string]struct {
		answer ike.Answer
		up     bool
		reason string
	}{
		"here":     {answer: ike.Answer{Data: id.Cert.Raw()}, up: true},
		"not here": {answer: ike.Answer{Err: errors.New("the server answers 404")}, reason: "certificate at " + url + ": the server answers 404"},
	} {
		r := targetOf(t, certificateRouter(t, "crypto pki trustpoint TP\n revocation-check none\n"))
		r.env.PKI = pki.NewSnapshot([]*pki.Trustpoint{testca.Trustpoint("TP", ca.Enroll("HUB", hubAddr.String(), "2", 3), 1)})
		byURL(t, r, id, url, 9)
		if len(r.lookups) != 1 || r.lookups[0].URL != url || r.lookups[0].Peer != peerAddr(0) || len(r.sent) != 0 {
			t.Fatalf("%s: %+v, %d datagrams, %q", what, r.lookups, len(r.sent), r.reasons)
		}
		wanted := r.lookups[0].ID
		for _, other := range []ike.LookupID{{}, {ConnID: wanted.ConnID + 1}, {ConnID: wanted.ConnID - 1}} {
			r.HandleLookup(r.now, other, x.answer)
		}
		r.drain()
		if len(r.sent) != 0 {
			t.Fatalf("%s: an answer to somebody else's lookup is taken", what)
		}
		r.HandleLookup(r.now, wanted, x.answer)
		r.HandleLookup(r.now, wanted, x.answer)
		r.drain()
		if len(r.sent) != 1 || r.sessions.all[0].Established() != x.up || r.halfOpen.total != 0 {
			t.Errorf("%s: %d datagrams, established %v, %q", what, len(r.sent), r.sessions.all[0].Established(), r.reasons)
		}
		if !x.up && !slices.ContainsFunc(r.reasons, func(s string) bool { return strings.Contains(s, x.reason) }) {
			t.Errorf("%s: %q", what, r.reasons)
		}
	}
}

// With crypto ikev2 certificate-cache what was fetched for a peer that stood is not
// fetched again; what a stranger shows is not kept.
func TestCertificateCache(t *testing.T) {
	const url = "http://192.0.2.80/r1.cer"
	ca := testca.New("CA1", 0)
	id, other := ca.Enroll("R1", peerAddr(0).String(), "1", 2), testca.New("CA2", 1).Enroll("R1", peerAddr(0).String(), "1", 3)
	text := "crypto pki trustpoint TP\n revocation-check none\n"
	for _, limit := range []string{"", "crypto ikev2 certificate-cache 1\n"} {
		c := certificateRouter(t, text+limit)
		r := targetOf(t, c)
		r.env.PKI = pki.NewSnapshot([]*pki.Trustpoint{testca.Trustpoint("TP", ca.Enroll("HUB", hubAddr.String(), "2", 3), 1)})
		asked := func(id *testca.Identity, seed byte) bool {
			r.lookups = nil
			byURL(t, r, id, url, seed)
			if len(r.lookups) == 0 {
				return false
			}
			r.HandleLookup(r.now, r.lookups[0].ID, ike.Answer{Data: id.Cert.Raw()})
			r.drain()
			return true
		}
		first, stranger, strangerAgain, again := asked(id, 1), asked(other, 2), asked(other, 3), asked(id, 4)
		if !first || !stranger || !strangerAgain || again != (limit == "") {
			t.Errorf("%q: asked at first %v, again %v, for a stranger's %v and %v", limit, first, again, stranger, strangerAgain)
		}
		established := 0
		for _, x := range r.sessions.all {
			if x.Established() {
				established++
				if !slices.Contains(r.sessions.peers(x), x) {
					t.Errorf("%q: one that is up is not among those with its peer", limit)
				}
			}
		}
		if established != 2 || len(r.certificates.fresh) != 0 {
			t.Errorf("%q: %d are up, %d wait in the cache", limit, established, len(r.certificates.fresh))
		}
		if err := r.Command(r.now, ike.ClearCertificateCache{}); err != nil || !asked(id, 5) {
			t.Errorf("%q: not asked after clear: %v", limit, err)
		}
		none := *c
		none.IKEv2.CertificateCache = 0
		if err := r.Command(r.now, ike.Adopt{Config: &none}); err != nil || len(r.certificates.kept) != 0 || !asked(id, 6) {
			t.Errorf("%q: not asked where nothing is to be kept: %v", limit, err)
		}
	}
	cache := newCertificateCache()
	for i := range byte(3) {
		cache.fetched(&entry{}, ike.Answer{Data: []byte{i}}, 2)
		for x := range cache.fresh {
			cache.keep(x, 2)
		}
	}
	if len(cache.kept) != 1 {
		t.Errorf("%d are kept of three where two may be", len(cache.kept))
	}
}

// certificateRouter is routerV2 with certificates in place of keys.
func certificateRouter(t *testing.T, more string) *policy.Config {
	t.Helper()
	text := strings.NewReplacer("remote pre-share", "remote rsa-sig", "local pre-share", "local rsa-sig", "keyring local KR", "pki trustpoint TP").
		Replace(routerV2Text(hubAddr, more, peerAddr(0)))
	c, errs := policy.Compile(policy.Source{Name: "R", Text: []byte(text)})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return c
}

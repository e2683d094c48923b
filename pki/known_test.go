package pki_test

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"

	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/test/testca"
)

// The certificate of a peer whose chain stood is remembered; what else may refuse
// it is looked at each time all the same.
func TestKnown(t *testing.T) {
	ca, rogue := testca.New("CA1", 0), testca.New("CA1", 1) // the same name, another key
	leaf := ca.Enroll("R2", "192.168.0.2", "101", 2).Cert
	s := pki.NewSnapshot([]*pki.Trustpoint{
		{Settings: pki.Settings{Name: "TP"}, CA: ca.Cert, CRLs: []*pki.CRL{ca.ParsedCRL()}},
		{Settings: pki.Settings{Name: "ROGUE"}, CA: rogue.Cert, CRLs: []*pki.CRL{rogue.ParsedCRL()}},
	})
	parse := func(der []byte) *pki.Certificate {
		t.Helper()
		c, err := s.Certificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	verify := func(what string, c *pki.Certificate, only string, now time.Time, want pki.VerdictCode) {
		t.Helper()
		if v := s.Verify([]*pki.Certificate{c}, []string{only}, now); v.Code != want {
			t.Errorf("%s: %v, want %v: %s", what, v.Code, want, v.Reason)
		}
	}
	expired := testca.NotAfter.Add(time.Hour)
	c := parse(leaf.Raw())
	verify("expired", c, "TP", expired, pki.Expired)
	if parse(leaf.Raw()) == c {
		t.Error("a certificate that never stood is remembered")
	}
	verify("first", c, "TP", today, pki.VerdictOK)
	if parse(leaf.Raw()) != c {
		t.Error("it is parsed again")
	}
	verify("again", c, "TP", today, pki.VerdictOK)
	verify("known and expired", c, "TP", expired, pki.Expired)
	verify("known, under another CA of that name", c, "ROGUE", today, pki.BadSignature)
	forged := bytes.Clone(leaf.Raw())
	forged[len(forged)-1] ^= 1
	verify("forged", parse(forged), "TP", today, pki.BadSignature)
	if strict := s.WithPolicy(pki.Policy{MinRSABits: 4096}); strict.Verify([]*pki.Certificate{c}, nil, today).OK {
		t.Error("known under one policy, it stands under a stricter one")
	}
}

// What is remembered is bounded, and what comes again forgets nothing.
func TestKnownLimit(t *testing.T) {
	s := pki.NewSnapshot(nil)
	for n := range uint32(3 * pki.MaxKnown) {
		s.Know(binary.BigEndian.AppendUint32(nil, n))
		if got := s.Known(); got > pki.MaxKnown || n < pki.MaxKnown && got != int(n)+1 {
			t.Fatalf("%d are remembered after %d", got, n+1)
		}
	}
	before := s.Known()
	s.Know(binary.BigEndian.AppendUint32(nil, 3*pki.MaxKnown-1))
	if got := s.Known(); got != before {
		t.Errorf("%d are remembered, there were %d", got, before)
	}
}

package pki

import (
	"crypto"
	"crypto/sha1"
	"slices"
)

// KeyHash names a CA in IKEv2. RFC 7296 section 3.7: "the SHA-1 hash of the
// Subject Public Key Info element ... from each Trust Anchor certificate".
type KeyHash = [sha1.Size]byte

// KeyHash is the hash of the certificate's key.
func (c *Certificate) KeyHash() KeyHash { return sha1.Sum(c.X509.RawSubjectPublicKeyInfo) }

// AuthorityHashes lists the CAs to request in IKEv2: that of the trustpoint first
// names, then the others in the order of CertificateRequests, each key once. A
// list of trustpoints restricts it to those; without one, CAs of the trustpool come
// last. The predefined CAs are names without
// keys, so IKEv2 does not ask for them.
func (s *Snapshot) AuthorityHashes(only []string, first string) []KeyHash {
	var out []KeyHash
	for _, ahead := range []bool{true, false} {
		for _, tp := range s.authorities(only) {
			if h := tp.CA.KeyHash(); (tp.Name == first) == ahead && !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	for i := 0; len(only) == 0 && i < min(len(s.trustpool), maxPoolRequests); i++ {
		if h := s.trustpool[i].CA.KeyHash(); !slices.Contains(out, h) {
			out = append(out, h)
		}
	}
	return out
}

// ChooseHash takes the first CA, in the peer's order, that a trustpoint with an
// identity and its key stands under; a list of trustpoints and the kind of their
// keys (nil: any) restrict the choice. A peer that names no CA takes any: then it
// is the first of the list, without a list the last enrolled.
func (s *Snapshot) ChooseHash(hashes []KeyHash, only []string, fits func(crypto.PublicKey) bool) Choice {
	if len(hashes) == 0 {
		return s.fallback(only, fits, "the peer requested no CA")
	}
	return choose(len(hashes), func(i int) (*Trustpoint, Name, string) {
		a, verdict := best(s.byKey[hashes[i]], only, fits)
		return a.trustpoint, a.ca, verdict
	})
}

// index finds the trustpoints of each CA's key beforehand, in the order of
// answers: a peer may name a thousand. So it does the names of CAs.
func (s *Snapshot) index() {
	s.names = map[string]Name{}
	for _, ca := range s.CertificateRequests(nil) {
		s.names[ca.Name.der] = ca.Name
	}
	s.byKey = map[KeyHash][]answer{}
	add := func(tp *Trustpoint, ca *Certificate) {
		h := ca.KeyHash()
		s.byKey[h] = append(s.byKey[h], answer{tp, ca.Subject})
	}
	for _, tp := range s.display {
		if tp.CA != nil {
			add(tp, tp.CA)
		}
	}
	for _, tp := range s.display {
		for _, ca := range s.above(tp) {
			add(tp, ca)
		}
	}
	for _, tp := range s.all {
		if tp.CA != nil && !tp.usable() {
			add(tp, tp.CA)
		}
	}
}

// above are the CAs of a trustpoint besides its own: those of its chain, and the
// one that issued the highest of them where another trustpoint has it.
func (s *Snapshot) above(tp *Trustpoint) (out []*Certificate) {
	last := tp.CA
	for _, c := range tp.Chain {
		if !c.Equal(tp.CA) {
			out = append(out, c)
		}
		last = c
	}
	for _, other := range s.all {
		if last != nil && other.CA != nil && !last.selfIssued() && last.SignedBy(other.CA) == nil {
			return append(out, other.CA)
		}
	}
	return out
}

// Certificates are those that prove the trustpoint's identity: its own, then
// those above it without the root.
func (tp *Trustpoint) Certificates() []*Certificate {
	return append([]*Certificate{tp.Identity}, tp.Chain...)
}

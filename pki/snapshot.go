package pki

import (
	"cmp"
	"slices"
)

// Snapshot is the state of all configured trustpoints at one moment. It never
// changes, whatever it remembers of peers: an import makes a new one.
type Snapshot struct {
	all     []*Trustpoint // configuration order
	display []*Trustpoint // those with an identity and its key, last enrolled first
	keys    []*KeyPair    // of crypto key generate and import
	policy  Policy
	// trustpool has a trustpoint for each of its CAs, all with the same settings.
	trustpool  []*Trustpoint
	poolPolicy Settings
	// genuine has the CA that signed a CRL: a long list is hashed once and not
	// at each handshake.
	genuine map[*CRL]*Certificate
	known   *known
	// evidence is what servers told of revocation; snapshots share it.
	evidence *evidence
	byKey    map[KeyHash][]answer // what answers a request for a CA's key
	names    map[string]Name      // of the CAs that we ask for, by DER: peers ask for the same
}

// NewSnapshot takes the trustpoints in configuration order. They must not be
// changed afterwards.
func NewSnapshot(tps []*Trustpoint) *Snapshot {
	s := &Snapshot{all: slices.Clone(tps), known: newKnown(), evidence: newEvidence()}
	for _, tp := range s.all {
		if tp.usable() {
			s.display = append(s.display, tp)
		}
	}
	slices.SortStableFunc(s.display, func(a, b *Trustpoint) int { return cmp.Compare(b.Enrolled, a.Enrolled) })
	s.verifyCRLs()
	s.index()
	return s
}

func (s *Snapshot) verifyCRLs() {
	s.genuine = map[*CRL]*Certificate{}
	for _, tp := range s.all {
		if tp.CA == nil {
			continue
		}
		for _, ca := range append(slices.Clone(tp.Chain), tp.CA) {
			for _, crl := range tp.CRLs {
				if crl.signedBy(ca, s.policy) == nil {
					s.genuine[crl] = ca
				}
			}
		}
	}
}

// WithPolicy returns the same trustpoints under another policy.
func (s *Snapshot) WithPolicy(p Policy) *Snapshot {
	c := *s
	c.policy, c.known, c.evidence = p, newKnown(), newEvidence()
	c.verifyCRLs()
	return &c
}

// WithKeys returns the same trustpoints beside the key pairs that the router has
// under labels of their own.
func (s *Snapshot) WithKeys(keys []*KeyPair) *Snapshot {
	c := *s
	c.keys = slices.Clone(keys)
	return &c
}

// Keys are all key pairs of the router: those under labels of their own, then
// those of trustpoints that are none of them.
func (s *Snapshot) Keys() []*KeyPair {
	keys := slices.Clone(s.keys)
	for _, tp := range s.all {
		if tp.Signer == nil || tp.Identity != nil && slices.ContainsFunc(keys, func(k *KeyPair) bool { return k.Belongs(tp.Identity) }) {
			continue
		}
		k := tp.Key
		if k == nil {
			k = &KeyPair{Label: cmp.Or(tp.RSAKeypair, tp.ECKeypair, tp.Name), Usage: GeneralKey, Signer: tp.Signer}
		}
		keys = append(keys, k)
	}
	return keys
}

// All returns the trustpoints in configuration order.
func (s *Snapshot) All() []*Trustpoint { return slices.Clone(s.all) }

// Identities returns the trustpoints that have an identity certificate and its
// key, in the order of show crypto pki certificates: last enrolled first.
func (s *Snapshot) Identities() []*Trustpoint { return slices.Clone(s.display) }

// Lookup finds a trustpoint by name; nil when there is none.
func (s *Snapshot) Lookup(name string) *Trustpoint {
	for _, tp := range s.all {
		if tp.Name == name {
			return tp
		}
	}
	return nil
}

// listed says whether a trustpoint is in the list; an empty list holds all.
func listed(only []string, name string) bool {
	return len(only) == 0 || slices.Contains(only, name)
}

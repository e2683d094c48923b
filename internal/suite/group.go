package suite

import (
	"errors"
	"io"
	"slices"
)

// ErrPublicValue says that a peer's public value is not one of the group:
// RFC 6989 section 2 has it refused before it is used.
var ErrPublicValue = errors.New("suite: public value is not valid in this group")

// A Group is a Diffie-Hellman group.
type Group struct {
	Number    uint16 // in IKEv1, IKEv2 and IOS
	Name      string // "MODP-1024", "ECP-256"
	IKEv2     string // show and debug crypto ikev2: "DH_GROUP_1024_MODP/Group 2"
	Bits      int    // size of the modulus or of the field
	PublicLen int    // octets of a KE body
	SharedLen int    // octets of the shared secret
	kind      interface {
		generate(g *Group, rand io.Reader) (*PrivateKey, error)
		// valid says whether a public value of the right length may be one of the
		// group, without an exponentiation.
		valid(peer []byte) bool
	}
	// encapsulate answers an initiator's public value where that is no
	// Diffie-Hellman: a key encapsulation has two different ends.
	encapsulate func(rand io.Reader, peer []byte) (public, shared []byte, err error)
	AnswerLen   int // octets of the responder's KE body, where they differ from PublicLen
}

// A PrivateKey is one side's secret of an exchange.
type PrivateKey struct {
	group  *Group
	public []byte
	shared func(peer []byte) ([]byte, error)
}

// maxDraws bounds the search for a private key in range. A draw misses at most
// every second time (group 24: its order is a little above 2^255), so a reader
// that fails so often is no source of randomness.
const maxDraws = 128

var errNoKey = errors.New("suite: no private key in range: the random source repeats itself")

// Groups lists the groups that IOS offers, which IKEv1 has too, by number.
func Groups() []*Group { return slices.Clone(groups) }

// GroupByNumber finds one of them by its number.
func GroupByNumber(n uint16) (*Group, bool) {
	if i := slices.IndexFunc(groups, func(g *Group) bool { return g.Number == n }); i >= 0 {
		return groups[i], true
	}
	return nil, false
}

// GroupV2 finds a group, or an additional key exchange, by its IKEv2 number.
func GroupV2(n uint16) (*Group, bool) {
	if i := slices.IndexFunc(groupsV2, func(g *Group) bool { return g.Number == n }); i >= 0 {
		return groupsV2[i], true
	}
	return GroupByNumber(n)
}

// KEM says whether the two ends do different things, so that the group can only
// be an additional key exchange.
func (g *Group) KEM() bool { return g.encapsulate != nil }

// Generate draws a private key from rand and computes the public value.
func (g *Group) Generate(rand io.Reader) (*PrivateKey, error) { return g.kind.generate(g, rand) }

// Check refuses with ErrPublicValue what is no public value of the group, as far
// as that is seen without an exponentiation. A responder looks before it makes a
// key of its own: a stranger's bad value is to cost nothing. Shared looks again,
// and sees all.
func (g *Group) Check(peer []byte) error {
	if len(peer) != g.PublicLen || !g.kind.valid(peer) {
		return ErrPublicValue
	}
	return nil
}

// Answer is the responder's whole part: its public value for the KE payload and
// the shared secret. A peer's value of wrong length or out of the group gives
// ErrPublicValue.
func (g *Group) Answer(rand io.Reader, peer []byte) (public, shared []byte, err error) {
	if err := g.Check(peer); err != nil {
		return nil, nil, err
	}
	if g.encapsulate != nil {
		return g.encapsulate(rand, peer)
	}
	key, err := g.Generate(rand)
	if err != nil {
		return nil, nil, err
	}
	shared, err = key.Shared(peer)
	return key.public, shared, err
}

// Group is the key's group.
func (k *PrivateKey) Group() *Group { return k.group }

// Public is the public value as the KE payload carries it, PublicLen octets:
// the number padded to the modulus, or x and y of the point (RFC 5903
// section 7).
func (k *PrivateKey) Public() []byte { return slices.Clone(k.public) }

// Shared computes the shared secret of SharedLen octets: the number padded to
// the modulus, or x of the point. A peer's value of wrong length or out of the
// group gives ErrPublicValue.
func (k *PrivateKey) Shared(peer []byte) ([]byte, error) {
	want := k.group.PublicLen
	if k.group.encapsulate != nil {
		want = k.group.AnswerLen
	}
	if len(peer) != want {
		return nil, ErrPublicValue
	}
	return k.shared(peer)
}

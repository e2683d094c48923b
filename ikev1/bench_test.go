package ikev1

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/ike"
	"github.com/obol-ike/obol/internal/ipsec"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/internal/suite"
	"github.com/obol-ike/obol/test/testca"
)

// The cases of the benchmarks: the note's suite, the same without the cost of
// Go's triple DES, and one of today.
var benchmarks = []struct {
	name   string
	group  uint16
	change option
}{
	{"3des-md5-group2", 2, func(string, *policy.Config) {}},
	{"aes128-sha-group2", 2, func(_ string, c *policy.Config) {
		c.Policies[0].Encr, c.Policies[0].KeyBits, c.Policies[0].Hash = suite.AES, 128, suite.SHA1
	}},
	{"aes256-sha256-group14", 14, func(_ string, c *policy.Config) {
		g, _ := suite.GroupByNumber(14)
		c.Policies[0].Encr, c.Policies[0].KeyBits, c.Policies[0].Hash, c.Policies[0].Group = suite.AES, 256, suite.SHA256, g
	}},
}

// BenchmarkMainAndQuick is main mode and quick mode, both roles, in memory.
func BenchmarkMainAndQuick(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			p := newPair(b, c.change)
			for b.Loop() {
				p.again(b)
			}
		})
	}
}

// BenchmarkBareCrypto is what that cannot do without: two key pairs, two shared
// secrets, two signatures and their verification. What the CA signed was verified
// once: the CRL when the snapshot was made, a certificate at its first chain.
func BenchmarkBareCrypto(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			bare := newBareCrypto(c.group)
			for b.Loop() {
				bare.run(b)
			}
		})
	}
}

// BenchmarkOverhead runs both in turn and reports how much the best run of the
// first is above the best of the second, in percent: the best runs are those that
// nothing else on the machine disturbed.
func BenchmarkOverhead(b *testing.B) {
	for _, c := range benchmarks {
		b.Run(c.name, func(b *testing.B) {
			p, bare := newPair(b, c.change), newBareCrypto(c.group)
			best := [2]time.Duration{time.Hour, time.Hour}
			for b.Loop() {
				start := time.Now()
				p.again(b)
				middle := time.Now()
				bare.run(b)
				best[0] = min(best[0], middle.Sub(start))
				best[1] = min(best[1], time.Since(middle))
			}
			b.ReportMetric(100*(float64(best[0])/float64(best[1])-1), "%over")
		})
	}
}

// again establishes the tunnel anew, with nothing but the two sessions at work.
func (p *pairOf) again(b *testing.B) {
	i, r := Initiate(p.now, p.r1.env, 1001, p.r1.itf), (*Session)(nil)
	for moved := true; moved; {
		moved = pump(i, p, p.r2.addr, p.r1.addr, &r)
		moved = r != nil && pump(r, p, p.r1.addr, p.r2.addr, &i) || moved
	}
	if len(i.pairs()) != 1 || len(r.pairs()) != 1 {
		b.Fatal("not up")
	}
}

// pump carries out what one session wants; the other is made by its first
// message.
func pump(s *Session, p *pairOf, to, from netip.AddrPort, peer **Session) (moved bool) {
	for o, ok := s.Poll(); ok; o, ok = s.Poll() {
		switch o := o.(type) {
		case ike.Send:
			d := ike.Datagram{Local: to, Remote: from, Data: o.Datagram.Data}
			if *peer == nil {
				*peer, _ = Respond(p.now, p.r2.env, 1001, d)
			} else {
				(*peer).Handle(p.now, d)
			}
		case ike.InstallSA:
			s.HandleKernel(p.now, ipsec.Installed{SAID: o.SA.SAID})
		}
		moved = true
	}
	return moved
}

// bareCrypto are the public key operations alone.
type bareCrypto struct {
	group  *suite.Group
	random *rand.ChaCha8
	digest [sha256.Size]byte
}

func newBareCrypto(group uint16) *bareCrypto {
	c := &bareCrypto{random: rand.NewChaCha8([32]byte{})}
	c.group, _ = suite.GroupByNumber(group)
	return c
}

func (c *bareCrypto) run(b *testing.B) {
	diffieHellman(b, c.group, c.random)
	for _, r := range []*testca.Identity{note.R1CA1, note.R2CA1} {
		signature(b, r.Key, c.digest[:16])
	}
}

func diffieHellman(b *testing.B, g *suite.Group, random *rand.ChaCha8) {
	i, err := g.Generate(random)
	if err != nil {
		b.Fatal(err)
	}
	r, err := g.Generate(random)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := i.Shared(r.Public()); err != nil {
		b.Fatal(err)
	}
	if _, err := r.Shared(i.Public()); err != nil {
		b.Fatal(err)
	}
}

func signature(b *testing.B, key crypto.Signer, hash []byte) {
	sig, err := suite.SignRSAV1(nil, key, hash)
	if err != nil {
		b.Fatal(err)
	}
	if err := suite.VerifyRSAV1(key.Public().(*rsa.PublicKey), hash, sig); err != nil {
		b.Fatal(err)
	}
}

package pki

import (
	"fmt"
	"slices"
)

// ChainBlock is one certificate of a crypto pki certificate chain block of the
// configuration.
type ChainBlock struct {
	Trustpoint string
	CA         bool
	DER        []byte
	Line       string // "file:line", for the remarks
}

// WithChains adds the certificates of the configuration where the store has
// none. A key is never in the configuration, so an identity taken from it
// identifies the router but does not sign. Where the store has another
// certificate the store's stays; every such block, and every one that cannot
// be used, is told in one line.
func (s *Snapshot) WithChains(blocks []ChainBlock) (*Snapshot, []string) {
	tps := slices.Clone(s.all)
	var remarks []string
	for _, b := range blocks {
		if why := addBlock(tps, b); why != "" {
			remarks = append(remarks, fmt.Sprintf("%s: certificate of trustpoint %s: %s", b.Line, b.Trustpoint, why))
		}
	}
	return NewSnapshot(tps).WithPolicy(s.policy).WithKeys(s.keys).WithTrustpool(s.Trustpool(), s.poolPolicy), remarks
}

// addBlock puts one block into a copy of its trustpoint.
func addBlock(tps []*Trustpoint, b ChainBlock) (why string) {
	i := slices.IndexFunc(tps, func(tp *Trustpoint) bool { return tp.Name == b.Trustpoint })
	if i < 0 {
		return "no such trustpoint is configured"
	}
	c, err := ParseCertificate(b.DER)
	if err != nil {
		return err.Error()
	}
	tp := *tps[i]
	have := &tp.Identity
	if b.CA {
		have = &tp.CA
		if r := mayIssue(c); r != "" {
			return fmt.Sprintf("%s is no CA certificate: %s", c.Subject, r)
		}
	}
	switch {
	case *have == nil:
		*have = c
		tps[i] = &tp
		return ""
	case (*have).Equal(c):
		return ""
	}
	return fmt.Sprintf("the configuration has serial %s, the store has %s of %s, and the store's is used", c.Serial, (*have).Serial, (*have).Subject)
}

package pki

import (
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// TrustpoolName stands for a trustpoint's where a CA of the trustpool anchors a chain.
const TrustpoolName = "Trustpool"

// Limits of a trustpool. Browsers' bundles have some 150 CAs.
const (
	MaxTrustpool = 512 // CAs
	// maxPoolRequests is how many of them IKEv2 asks for: IKE_SA_INIT is not fragmented.
	maxPoolRequests = 16
)

// WithTrustpool returns the same trustpoints beside CAs that may validate a peer
// where no trustpoint does. A list of trustpoints leaves them out. policy is how its
// certificate is judged.
func (s *Snapshot) WithTrustpool(cas []*Certificate, policy Settings) *Snapshot {
	c := *s
	policy.Name = TrustpoolName
	c.trustpool, c.poolPolicy, c.known = nil, policy, newKnown()
	for _, ca := range cas {
		c.trustpool = append(c.trustpool, &Trustpoint{Settings: policy, CA: ca})
	}
	return &c
}

// Trustpool are its CAs, in the order of their import.
func (s *Snapshot) Trustpool() []*Certificate {
	var cas []*Certificate
	for _, tp := range s.trustpool {
		cas = append(cas, tp.CA)
	}
	return cas
}

// TrustpoolPolicy is how peers under them are judged.
func (s *Snapshot) TrustpoolPolicy() Settings { return s.poolPolicy }

// maxNotes is how many certificates that are left out of a bundle are told one by one.
const maxNotes = 20

// ParseTrustpool reads a bundle of CA certificates in PEM. What no CA may use as a
// certificate is left out, and told in a note.
func ParseTrustpool(data []byte) (cas []*Certificate, notes []string, err error) {
	if len(data) > MaxImportLen {
		return nil, nil, fmt.Errorf("bundle: %d octets, at most %d are accepted", len(data), MaxImportLen)
	}
	left := 0
	for n := 1; ; n++ {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		c, err := ParseCertificate(block.Bytes)
		why := ""
		switch {
		case err != nil:
			why = err.Error()
		case slices.ContainsFunc(cas, c.Equal):
			continue
		default:
			why = mayIssue(c)
		}
		if why != "" {
			if left++; left > maxNotes {
				continue
			}
			notes = append(notes, fmt.Sprintf("certificate %d of the bundle is left out: %s", n, why))
			continue
		}
		if len(cas) == MaxTrustpool {
			return nil, nil, fmt.Errorf("bundle: more than %d CAs", MaxTrustpool)
		}
		cas = append(cas, c)
	}
	if left > maxNotes {
		notes = append(notes, fmt.Sprintf("%d more certificates of the bundle are left out", left-maxNotes))
	}
	if len(cas) == 0 {
		return nil, notes, errors.New("bundle: no CA certificate in it; PEM with -----BEGIN CERTIFICATE----- is expected")
	}
	return cas, notes, nil
}

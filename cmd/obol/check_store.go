package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/store"
)

// home is where the daemon of this machine has its configuration and its store, as
// configs/obold.service starts it.
type home struct{ config, store string }

var installed = home{config: "/etc/obol/obol.cfg", store: "/var/lib/obol"}

// storeOf is the store of a configuration file when nobody names one: the daemon's,
// where there is one, if it is the daemon's file; else "".
func (h home) storeOf(file string) (string, error) {
	if name, err := filepath.Abs(file); err != nil || name != h.config {
		return "", err
	}
	if _, err := os.Stat(h.store); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	} else if err != nil {
		return "", fmt.Errorf("store: %w", err)
	}
	return h.store, nil
}

// withStore gives a configuration the certificates and the order of enrolment that
// the daemon would have with a store: the store's, and of the chain blocks what the
// store does not have. It says which those are, and gives the store's CRLs.
func withStore(c *policy.Config, dir string, stderr io.Writer) (lists []lint.StoredCRL, err error) {
	if _, err := os.Stat(dir); err != nil { // Open would make it
		return nil, fmt.Errorf("store: %w", err)
	}
	st, err := store.Open(dir)
	if err != nil {
		return nil, err
	}
	var chains []policy.CertificateChain
	var stored, written []string
	age := map[string]uint64{} // of those with a certificate; 0: of a chain block
	c.Enrolled = []string{}
	for _, tp := range c.Trustpoints {
		held, err := st.Held(tp.Name)
		if err != nil {
			return nil, err
		}
		cas := held.Chain
		if held.CA != nil {
			cas = append(cas, held.CA)
		}
		for _, l := range held.CRLs {
			lists = append(lists, lint.StoredCRL{Trustpoint: tp.Name, CAs: cas, CRL: l.CRL, File: filepath.Join(held.Dir, l.File)})
		}
		if held.Dir != "" {
			stored = append(stored, tp.Name)
		}
		chain, used, differs := merged(c, tp.Name, held)
		if used {
			written = append(written, tp.Name)
		}
		if differs {
			fmt.Fprintf(stderr, "%% Warning: the chain block of trustpoint %s has another certificate than the store: the store's is used\n", tp.Name)
		}
		chains = append(chains, chain)
		if slices.ContainsFunc(chain.Certificates, func(b policy.ChainCertificate) bool { return !b.CA }) {
			c.Enrolled, age[tp.Name] = append(c.Enrolled, tp.Name), held.Enrolled
		}
	}
	c.Chains = chains
	slices.SortStableFunc(c.Enrolled, func(a, b string) int { return cmp.Compare(age[a], age[b]) })
	fmt.Fprintf(stderr, "%% Certificates of the store %s: %s\n", dir, cmp.Or(strings.Join(stored, ", "), "none"))
	if len(written) > 0 {
		fmt.Fprintf(stderr, "%% Certificates of chain blocks: %s\n", strings.Join(written, ", "))
	}
	return lists, nil
}

// merged is the chain block of what the store holds of a trustpoint, and of blocks
// of the configuration where it holds nothing of the kind (used). differs: a block
// and the store have different certificates. Places in the store are whole files.
func merged(c *policy.Config, trustpoint string, held store.Held) (chain policy.CertificateChain, used, differs bool) {
	chain = policy.CertificateChain{Trustpoint: trustpoint, Pos: ios.Pos{File: held.Dir}}
	add := func(c *pki.Certificate, ca bool, file string) {
		if c != nil {
			pos := ios.Pos{File: filepath.Join(held.Dir, file)}
			chain.Certificates = append(chain.Certificates, policy.ChainCertificate{CA: ca, Serial: c.Serial, DER: c.Raw(), Pos: pos})
		}
	}
	add(held.Identity, false, "cert.pem")
	for _, ca := range held.Chain {
		add(ca, true, "chain.pem")
	}
	add(held.CA, true, "ca.pem")
	for _, own := range c.Chains {
		if own.Trustpoint != trustpoint {
			continue
		}
		for _, block := range own.Certificates {
			have := held.Identity
			if block.CA {
				have = held.CA
			}
			switch {
			case have == nil:
				chain.Certificates, used = append(chain.Certificates, block), true
			case !bytes.Equal(have.Raw(), block.DER):
				differs = true
			}
		}
	}
	return chain, used, differs
}

package control

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/pki"
	"github.com/obol-ike/obol/pki/fetch"
	"github.com/obol-ike/obol/pki/scep"
	"github.com/obol-ike/obol/pki/store"
)

// Limits of fetching a bundle.
const (
	bundleTime     = 30 * time.Second
	bundleRedirect = 2
)

var poolTable = []ios.Command[*Command]{
	row("crypto pki trustpool import [clean] url file:LINE", importPool),
	row("crypto pki trustpool import [clean] terminal", func(c *Command, m *ios.Match) {
		clean := m.Has("clean")
		c.asks(func(e *exec) int { return e.pastePool(clean) })
	}),
	row("crypto pki trustpool import clean", func(c *Command, _ *ios.Match) { c.asks((*exec).cleanPool) }),
	row("crypto pki trustpool import [clean] ca-bundle", func(c *Command, m *ios.Match) {
		clean := m.Has("clean")
		c.asks(func(e *exec) int { return e.fetchPool("", clean) })
	}),
}

// importPool takes a bundle that the client brings along, or one from a server.
func importPool(c *Command, m *ios.Match) {
	c.clean = m.Has("clean")
	if url := m.Str("file"); strings.Contains(url, "://") {
		clean := c.clean
		c.asks(func(e *exec) int { return e.fetchPool(url, clean) })
		return
	}
	c.imports(ImportPool, m)
}

// pool adds a bundle of CAs to the trustpool, or has it take the place of what is there.
func (e *exec) pool(st *store.Store, bundle []byte, clean bool) (said func(), err error) {
	bundle, err = scep.Bundle(bundle)
	if err != nil {
		return nil, err
	}
	added, notes, err := st.ImportTrustpool(bundle, clean)
	if err != nil {
		return nil, err
	}
	return func() {
		fmt.Fprintf(e.out, "%% PEM files import succeeded: %d CA certificates are new in the trustpool.\n", added)
		e.warn(notes)
	}, nil
}

func (e *exec) putPool(bundle []byte, clean bool) int {
	var said func()
	err := e.onStore(func(st *store.Store) (err error) {
		said, err = e.pool(st, bundle, clean)
		return err
	})
	if err != nil {
		return e.failf("%v", err)
	}
	said()
	return ExitDone
}

func (e *exec) pastePool(clean bool) int {
	text, err := e.ask(Question{Paste, "% Enter PEM-formatted CA certificate(s).\n% End with a blank line or \"quit\" on a line by itself.\n"})
	if err != nil {
		return e.failf("%v", err)
	}
	return e.putPool([]byte(text), clean)
}

// fetchPool takes a bundle from a server, that of cabundle url when none is named. What
// comes over http anybody may have changed, and no signature of a bundle can be known to
// be Cisco's: the operator compares its hash.
func (e *exec) fetchPool(url string, clean bool) int {
	bundle, err := e.fetchBundle(url)
	if err != nil {
		return e.failf("%v", err)
	}
	fmt.Fprintf(e.out, "The bundle has the following attributes:\n    Fingerprint SHA256: %X\n\n", sha256.Sum256(bundle))
	yes, err := e.confirm("%% Do you accept its CA certificates? [yes/no]: ")
	switch {
	case err != nil:
		return e.failf("%v", err)
	case !yes:
		return e.failf("the bundle is rejected")
	}
	return e.putPool(bundle, clean)
}

func (e *exec) fetchBundle(url string) ([]byte, error) {
	var source netip.Addr
	if cfg, err := e.config(); err == nil {
		source = cfg.Trustpool.Source
		if url == "" {
			url = cfg.Trustpool.Bundle
		}
	} else if url == "" {
		return nil, err
	}
	if url == "" {
		return nil, errors.New("crypto pki trustpool policy has no cabundle url")
	}
	ctx, cancel := context.WithTimeout(e.ctx, bundleTime)
	defer cancel()
	data, err := fetch.Request{URL: url, Limit: pki.MaxImportLen, Redirects: bundleRedirect, Permit: fetch.Reachable, Source: source}.Do(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", url, err)
	}
	return data, nil
}

// cleanPool takes all CAs out of the trustpool.
func (e *exec) cleanPool() int {
	yes, err := e.confirm("%% All CA certificates of the trustpool will be removed.\nDo you really want to do this? [yes/no]: ")
	if err == nil && yes {
		err = e.onStore((*store.Store).CleanTrustpool)
	}
	switch {
	case err != nil:
		return e.failf("%v", err)
	case !yes:
		return ExitFailed
	}
	return ExitDone
}

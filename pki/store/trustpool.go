package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/obol-ike/obol/pki"
)

const trustpoolFile = "trustpool.pem"

func (s *Store) trustpoolPath() string { return filepath.Join(s.dir, trustpoolFile) }

// ImportTrustpool adds the CAs of a bundle to the trustpool, and tells how many of
// them are new; with clean they are all that it has then.
func (s *Store) ImportTrustpool(bundle []byte, clean bool) (added int, notes []string, err error) {
	cas, notes, err := pki.ParseTrustpool(bundle)
	if err != nil {
		return 0, notes, err
	}
	unlock, err := s.lock(true)
	if err != nil {
		return 0, notes, err
	}
	defer unlock()
	all, err := s.trustpool()
	if err != nil && !clean { // what cannot be read goes
		return 0, notes, err
	}
	had := all
	if clean {
		all = nil
	}
	for _, c := range cas {
		if !slices.ContainsFunc(had, c.Equal) {
			added++
		}
		if !slices.ContainsFunc(all, c.Equal) {
			all = append(all, c)
		}
	}
	if len(all) > pki.MaxTrustpool {
		return 0, notes, fmt.Errorf("the trustpool would have %d CAs, at most %d are kept", len(all), pki.MaxTrustpool)
	}
	var data []byte
	for _, c := range all {
		data = append(data, encodePEM("CERTIFICATE", c.Raw())...)
	}
	if len(data) > pki.MaxImportLen { // it could not be read again
		return 0, notes, fmt.Errorf("the trustpool would have %d octets, at most %d are kept", len(data), pki.MaxImportLen)
	}
	if err := s.replaceFile(trustpoolFile, data); err != nil {
		return 0, notes, fmt.Errorf("store: %w", err)
	}
	return added, notes, nil
}

// CleanTrustpool empties the trustpool.
func (s *Store) CleanTrustpool() error {
	unlock, err := s.lock(true)
	if err != nil {
		return err
	}
	defer unlock()
	if err := os.Remove(s.trustpoolPath()); errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return syncDir(s.dir)
}

func (s *Store) trustpool() ([]*pki.Certificate, error) {
	data, err := optional(readFile(s.trustpoolPath(), pki.MaxImportLen))
	if err != nil || data == nil {
		return nil, err
	}
	cas, _, err := pki.ParseTrustpool(data)
	if err != nil {
		return nil, fmt.Errorf("store: %s: %w", s.trustpoolPath(), err)
	}
	return cas, nil
}

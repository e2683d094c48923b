package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// handoverFile holds what opens the state that a daemon leaves to the next.
const handoverFile = "handover.key"

// KeepHandover keeps the key of a state that is left to the next daemon, in place of an
// earlier one.
func (s *Store) KeepHandover(key []byte) error {
	unlock, err := s.lock(true)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.replaceFile(handoverFile, key); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return nil
}

// TakeHandover gives that key once: then it is gone, so that no state is ever used
// twice. nil: there is none.
func (s *Store) TakeHandover() ([]byte, error) {
	unlock, err := s.lock(true)
	if err != nil {
		return nil, err
	}
	defer unlock()
	path := filepath.Join(s.dir, handoverFile)
	key, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = errors.Join(os.Remove(path), syncDir(s.dir))
	}
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return key, nil
}

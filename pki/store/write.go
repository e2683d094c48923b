package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// newPrefix begins the names of what is being written.
const newPrefix = ".new."

// sweep removes what a crash left behind. The caller holds the lock, so nobody
// is writing.
func (s *Store) sweep() error {
	_, old, err := s.entries()
	if err != nil {
		return err
	}
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(s.dir, f.Name())
		if strings.HasPrefix(f.Name(), newPrefix) {
			old = append(old, path)
		} else if f.IsDir() {
			inside, err := filepath.Glob(filepath.Join(escape(path), newPrefix+"*"))
			if err != nil {
				return err
			}
			old = append(old, inside...)
		}
	}
	for _, path := range old {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// next is the number of the next enrolment.
func (s *Store) next() (uint64, error) {
	current, _, err := s.entries()
	number := uint64(1)
	for _, e := range current {
		number = max(number, e.number+1)
	}
	return number, err
}

// writeDir makes the trustpoint's directory of that number with the files, all or
// nothing.
func (s *Store) writeDir(name string, number uint64, files map[string][]byte) (err error) {
	tmp, err := os.MkdirTemp(s.dir, newPrefix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	for file, data := range files {
		if err := writeSync(filepath.Join(tmp, file), data); err != nil {
			return err
		}
	}
	if err := syncDir(tmp); err != nil {
		return err
	}
	if err := os.Rename(tmp, filepath.Join(s.dir, fmt.Sprintf("%s.%d", name, number))); err != nil {
		return err
	}
	return syncDir(s.dir)
}

// discard removes a directory: at once by its name, then what is in it.
func (s *Store) discard(path string) error {
	gone := filepath.Join(s.dir, newPrefix+filepath.Base(path))
	if err := os.Rename(path, gone); err != nil {
		return err
	}
	return errors.Join(syncDir(s.dir), os.RemoveAll(gone))
}

// replaceFile writes a file aside and renames it into place.
func replaceFile(path string, data []byte) (err error) {
	dir, name := filepath.Split(path)
	tmp := filepath.Join(dir, newPrefix+name)
	if err := writeSync(tmp, data); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	if err := os.Rename(tmp, path); err != nil {
		return errors.Join(err, os.Remove(tmp))
	}
	return syncDir(dir)
}

// writeSync makes a file that nobody else may read, and has it on disk.
func writeSync(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// syncDir makes renames in a directory last.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return errors.Join(f.Sync(), f.Close())
}

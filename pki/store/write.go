package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// newPrefix begins the names of what is being written.
const newPrefix = ".new."

// sweep removes what a crash left behind. The caller holds the lock, so nobody
// is writing.
func (s *Store) sweep() error {
	left, err := filepath.Glob(filepath.Join(escape(s.dir), newPrefix+"*"))
	for _, path := range left {
		err = errors.Join(err, os.RemoveAll(path))
	}
	return err
}

// next is the number of the next enrolment.
func (s *Store) next() (uint64, error) {
	current, err := s.entries()
	number := uint64(1)
	for _, e := range current {
		number = max(number, e.number+1)
	}
	return number, err
}

// stage writes a file aside, and gives its name in the store.
func (s *Store) stage(file string, data []byte) (name string, err error) {
	name = newPrefix + file
	path := filepath.Join(s.dir, name)
	if err := s.writeSync(path, data); err != nil {
		return "", errors.Join(err, os.Remove(path))
	}
	return name, nil
}

// replaceDir writes the files of a trustpoint aside; the change gives them that
// number in the place of the directory before, if there is one.
func (s *Store) replaceDir(c *change, number uint64, trustpoint string, files map[string][]byte, before entry) (err error) {
	name := fmt.Sprintf("%s.%d", trustpoint, number)
	aside := newPrefix + name
	path := filepath.Join(s.dir, aside)
	if err := os.Mkdir(path, 0o700); err != nil {
		return err
	}
	for file, data := range files {
		if err = s.writeSync(filepath.Join(path, file), data); err != nil {
			break // a disk that is full is so for all of them
		}
	}
	if err == nil {
		err = s.giveDir(path)
	}
	if err == nil {
		err = syncDir(path)
	}
	if err != nil {
		return errors.Join(err, os.RemoveAll(path))
	}
	c.rename(aside, name)
	if before.path != "" {
		c.remove(filepath.Base(before.path))
	}
	return nil
}

// replaceFile writes a file aside and renames it into place: name is that in the
// store.
func (s *Store) replaceFile(name string, data []byte) error {
	aside, err := s.stage(filepath.Base(name), data)
	if err != nil {
		return err
	}
	c := &change{}
	c.rename(aside, name)
	return s.commit(c)
}

// writeSync makes a file that nobody else may read, and has it on disk.
func (s *Store) writeSync(path string, data []byte) error {
	f, err := s.create(path, os.O_WRONLY|os.O_TRUNC)
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

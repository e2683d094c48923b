package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// commitFile lists the steps of a change from the moment at which it holds until
// they are done.
const commitFile = "commit"

// maxCommitLen bounds commitFile in octets.
const maxCommitLen = 1 << 20

// A change is what one command does to the store, all or nothing: what was written
// aside takes its place, and what it replaces goes.
type change struct {
	renames [][2]string // names in the store, from and to
	removes []string
}

func (c *change) rename(from, to string) { c.renames = append(c.renames, [2]string{from, to}) }
func (c *change) remove(name string)     { c.removes = append(c.removes, name) }

// String is the change as commitFile has it. Names have no blanks: see checkName.
func (c *change) String() string {
	var b strings.Builder
	for _, r := range c.renames {
		fmt.Fprintf(&b, "rename %s %s\n", r[0], r[1])
	}
	for _, name := range c.removes {
		fmt.Fprintf(&b, "remove %s\n", name)
	}
	return b.String()
}

func parseChange(text string) (*change, error) {
	c := &change{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		for _, name := range words[min(1, len(words)):] {
			if !filepath.IsLocal(name) {
				return nil, fmt.Errorf("%s: %q is not in the store", commitFile, name)
			}
		}
		switch {
		case len(words) == 3 && words[0] == "rename":
			c.rename(words[1], words[2])
		case len(words) == 2 && words[0] == "remove":
			c.remove(words[1])
		default:
			return nil, fmt.Errorf("%s: %q is no step", commitFile, line)
		}
	}
	return c, nil
}

// commit makes a change hold. A rename alone is one moment; for all others it is
// that at which commitFile gets its name: whoever takes the lock after a crash does
// the steps that are left. What the system refuses from the beginning leaves nothing.
func (s *Store) commit(c *change) (err error) {
	alone := len(c.renames) == 1 && len(c.removes) == 0
	if !alone {
		err = s.replaceFile(commitFile, []byte(c.String()))
	}
	begun := false
	if err == nil {
		begun, err = s.carryOut(c)
	}
	switch {
	case err != nil && !begun:
		return errors.Join(err, s.abandon())
	case alone:
		return err
	case err != nil:
		return fmt.Errorf("the change holds, and the next command has to finish it: %w", err)
	}
	return s.done()
}

// abandon forgets a change of which nothing is done.
func (s *Store) abandon() error {
	if err := s.done(); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.sweep()
}

// done is the end of a change.
func (s *Store) done() error { return os.Remove(filepath.Join(s.dir, commitFile)) }

// committed is a change that holds and is not done; nil for none.
func (s *Store) committed() (*change, error) {
	text, err := optional(readFile(filepath.Join(s.dir, commitFile), maxCommitLen))
	if err != nil || text == nil {
		return nil, err
	}
	return parseChange(string(text))
}

// finish carries out what is left of a change that holds.
func (s *Store) finish(c *change) error {
	if _, err := s.carryOut(c); err != nil {
		return fmt.Errorf("a change that was interrupted cannot be finished: %w", err)
	}
	return s.done()
}

// carryOut does the steps of a change, and passes over those that are done.
func (s *Store) carryOut(c *change) (begun bool, err error) {
	dirs := []string{s.dir}
	touched := func(path string) {
		if dir := filepath.Dir(path); !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	for _, r := range c.renames {
		to := filepath.Join(s.dir, r[1])
		if err := os.Rename(filepath.Join(s.dir, r[0]), to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return begun, err
		}
		begun = true
		touched(to)
	}
	for _, name := range c.removes {
		path := filepath.Join(s.dir, name)
		begun = true // a directory goes one file after the other
		if err := os.RemoveAll(path); err != nil {
			return begun, err
		}
		touched(path)
	}
	for _, dir := range dirs {
		if err := syncDir(dir); err != nil {
			return begun, err
		}
	}
	return begun, nil
}

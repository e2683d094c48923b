package store

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// lockWait is how long a writer waits for others; an import takes milliseconds.
const lockWait = 5 * time.Second

// lock takes the store's lock, shared or exclusive. A change that a crash has
// interrupted is finished first, by a reader too.
func (s *Store) lock(exclusive bool) (unlock func(), err error) {
	unlock, err = s.flock(exclusive)
	if err != nil {
		return nil, err
	}
	c, err := s.committed()
	switch {
	case err != nil:
	case c == nil && !exclusive:
		return unlock, nil
	case !exclusive:
		unlock()
		return s.lock(true)
	case c != nil:
		err = s.finish(c)
	}
	if err == nil {
		err = s.sweep()
	}
	if err != nil {
		unlock()
		return nil, fmt.Errorf("store: %w", err)
	}
	return unlock, nil
}

// flock is the lock itself. The kernel gives it back when a process dies.
func (s *Store) flock(exclusive bool) (unlock func(), err error) {
	f, err := s.create(filepath.Join(s.dir, "lock"), os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	how := unix.LOCK_SH | unix.LOCK_NB
	if exclusive {
		how = unix.LOCK_EX | unix.LOCK_NB
	}
	for deadline := time.Now().Add(lockWait); ; time.Sleep(20 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), how)
		if err == nil {
			return func() { f.Close() }, nil
		}
		if (err != unix.EWOULDBLOCK && err != unix.EINTR) || time.Now().After(deadline) {
			f.Close()
			return nil, fmt.Errorf("store: %s is held by another import: %w", s.dir, err)
		}
	}
}

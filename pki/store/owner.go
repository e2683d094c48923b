package store

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// An owner is the user of a store that root works on: that of a daemon which runs as
// one of its own. What root makes there is given to him, or the daemon could neither
// read nor lock it.
type owner struct{ uid, gid int }

// ownerOf is who gets what this process makes in a directory; nil: it keeps it.
func ownerOf(dir fs.FileInfo) *owner {
	st, ok := dir.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 || st.Uid == 0 {
		return nil
	}
	return &owner{int(st.Uid), int(st.Gid)}
}

// create opens a file for writing, which is made with mode 0600 where it does not stand.
// What leads out of the store, where its owner could have put it, is an error.
func (s *Store) create(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
	if err != nil || s.owner == nil {
		return f, err
	}
	var st unix.Stat_t
	if err = unix.Fstat(int(f.Fd()), &st); err == nil && (st.Nlink != 1 || st.Mode&unix.S_IFMT != unix.S_IFREG) {
		err = fmt.Errorf("%s is no file of its own", path)
	}
	if err == nil {
		err = f.Chown(s.owner.uid, s.owner.gid)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// giveDir gives a directory that was made, and is filled.
func (s *Store) giveDir(path string) error {
	if s.owner == nil {
		return nil
	}
	return os.Lchown(path, s.owner.uid, s.owner.gid)
}

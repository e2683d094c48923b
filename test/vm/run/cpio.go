package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// cpio writes a "newc" archive, which Linux takes as initramfs (its format is in
// Documentation/driver-api/early-userspace/buffer-format.rst). The first error
// sticks in err.
type cpio struct {
	w    io.Writer
	err  error
	ino  int
	dirs map[string]bool
}

func newCpio(w io.Writer) *cpio { return &cpio{w: w, dirs: map[string]bool{}} }

// entry writes one member: header, name and content, each padded to 4 octets.
func (c *cpio) entry(name string, mode uint32, content []byte) {
	if c.err != nil {
		return
	}
	c.ino++
	name = strings.TrimPrefix(name, "/")
	h := fmt.Sprintf("070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		c.ino, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0, name)
	for _, part := range [][]byte{[]byte(h), pad(len(h)), content, pad(len(content))} {
		if _, err := c.w.Write(part); err != nil {
			c.err = err
			return
		}
	}
}

func pad(n int) []byte { return make([]byte, -n&3) }

// dir makes a directory and those above it.
func (c *cpio) dir(name string) {
	if name == "/" || name == "." || c.dirs[name] {
		return
	}
	c.dir(filepath.Dir(name))
	c.dirs[name] = true
	c.entry(name, 0o040755, nil)
}

func (c *cpio) data(name string, b []byte, perm uint32) {
	c.dir(filepath.Dir(name))
	c.entry(name, 0o100000|perm, b)
}

func (c *cpio) file(name, src string, perm uint32) {
	b, err := os.ReadFile(src)
	if err != nil && c.err == nil {
		c.err = err
	}
	c.data(name, b, perm)
}

// tree adds the file or directory src as name, and each below it with its own mode.
func (c *cpio) tree(name, src string) {
	err := filepath.WalkDir(src, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		at := name + strings.TrimPrefix(p, src)
		switch {
		case fi.IsDir():
			c.dir(filepath.Dir(at))
			if !c.dirs[at] {
				c.dirs[at] = true
				c.entry(at, 0o040000|uint32(fi.Mode().Perm()), nil)
			}
		case fi.Mode().IsRegular():
			c.file(at, p, uint32(fi.Mode().Perm()))
		case fi.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(p)
			if err != nil {
				return err
			}
			c.dir(filepath.Dir(at))
			c.entry(at, 0o120777, []byte(to))
		}
		return c.err
	})
	if c.err == nil {
		c.err = err
	}
}

func (c *cpio) close() error {
	c.entry("TRAILER!!!", 0, nil)
	return c.err
}

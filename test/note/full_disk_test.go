//go:build vm

package note

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/test/routers"
)

// The store's disk is full: what would write to it is refused in one line, the store is
// what it was, and the tunnel stays and can be rekeyed. So can the daemon that starts
// with it. With room again the same command works.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	p := topology(t, "configs/note/ikev1-r1.cfg", "configs/note/ikev1-r2.cfg", routers.Order{})
	r := p.R1
	must(t, os.Mkdir(r.Store, 0o700))
	must(t, syscall.Mount("tmpfs", r.Store, "tmpfs", 0, "size=256k,mode=700"))
	t.Cleanup(func() { must(t, syscall.Unmount(r.Store, syscall.MNT_DETACH)) })
	must(t, p.EnrolRouter(r, routers.NoteOrder.R1...))
	must(t, p.EnrolRouter(p.R2, routers.NoteOrder.R2...))
	start(t, p, "--initiate", "manual")
	up(t, p)
	carries := func(when string) {
		t.Helper()
		sh(t, r, "ping", "-c", "3", "-i", "0.2", "-W", "5", "-I", r.LAN, p.R2.LAN)
		if n := len(standing(t, r)); n != 2 {
			t.Errorf("%s: %d SAs, want one pair", when, n)
		}
	}

	fill(t, filepath.Join(r.Store, "filler"))
	before := tree(t, r.Store)
	file := func(what string) string { return filepath.Join(p.Dir, "R1-IOSCA1-"+what+".pem") }
	imports := []string{"crypto", "pki", "import", "IOSCA1", "pem", "--ca", file("ca"), "--cert", file("cert"), "--key", file("key")}
	for _, words := range [][]string{
		imports,
		{"crypto", "pki", "crl", "import", "IOSCA1", file("crl")},
		{"crypto", "key", "generate", "ec", "keysize", "256", "label", "another"},
	} {
		out, err := r.Obol(words...)
		if code := routers.ExitCode(err); code == 0 || strings.Count(out, "% ") != 1 || strings.Count(out, syscall.ENOSPC.Error()) != 1 {
			t.Errorf("%q ends with %d and says %q, want one line about the full disk", words, code, out)
		}
		if after := tree(t, r.Store); after != before {
			t.Errorf("after %q the store is\n%s\nand was\n%s", words, after, before)
		}
	}
	carries("with the disk full")
	obol(t, r, "rekey", "ipsec", "Tunnel1")
	eventually(t, patience, "the old pair is gone", func() bool { return len(standing(t, r)) == 2 })
	must(t, r.Stop())
	must(t, r.Start("--initiate", "manual"))
	up(t, p)
	carries("started with the disk full")

	must(t, os.Remove(filepath.Join(r.Store, "filler")))
	obol(t, r, imports...)
	carries("with room again")
}

// fill writes a file until there is no room.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	must(t, f.Close())
}

// tree is every file of a directory, with its contents.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		fmt.Fprintf(&b, "%s %x\n", path, sha256.Sum256(text))
		return err
	}))
	return b.String()
}

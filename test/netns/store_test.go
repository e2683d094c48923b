//go:build netns

package netns

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/obol-ike/obol/pki/store"
	"github.com/obol-ike/obol/test/testca"
)

// What root does to the store of a daemon with a user of its own, while none runs, is
// that user's: he can read it, lock it and change it. What he has put there that leads
// elsewhere is left alone.
func TestRootOnAnothersStore(t *testing.T) {
	const user = 65534
	top := t.TempDir()
	must(t, os.Chmod(filepath.Dir(top), 0o755))
	must(t, os.Chmod(bin, 0o755))
	dir := filepath.Join(top, "store")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chown(dir, user, user))

	st, err := store.Open(dir)
	must(t, err)
	ca := testca.New("CA1", 0)
	id := ca.Enroll("R1", "192.168.0.1", "100", 2)
	_, err = st.ImportPEM("IOSCA1", testca.CertPEM(ca.Cert), testca.CertPEM(id.Cert), id.KeyPEM())
	must(t, err)
	_, err = st.ImportCRL("IOSCA1", ca.CRL())
	must(t, err)
	offline := func(as []string, args ...string) string {
		out, err := exec.Command("setpriv", append(append(as, filepath.Join(bin, "obol"), "--socket", filepath.Join(top, "none"), "--store", dir), args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%q: %v\n%s", args, err, out)
		}
		return string(out)
	}
	him := []string{"--reuid", fmt.Sprint(user), "--regid", fmt.Sprint(user), "--clear-groups"}
	offline(nil, "crypto", "key", "generate", "rsa", "modulus", "1024", "label", "ROOTS")
	offline(him, "crypto", "key", "generate", "rsa", "modulus", "1024", "label", "HIS")
	if out := offline(him, "show", "crypto", "key", "mypubkey", "rsa"); !strings.Contains(out, "ROOTS") || !strings.Contains(out, "HIS") {
		t.Error(out)
	}
	must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil && info.Sys().(*syscall.Stat_t).Uid != user {
			t.Errorf("%s is root's", path)
		}
		return err
	}))

	elsewhere := filepath.Join(top, "roots")
	for what, lead := range map[string]func(old, new string) error{"link": os.Symlink, "second name": os.Link} {
		must(t, os.WriteFile(elsewhere, nil, 0o600))
		must(t, os.Remove(filepath.Join(dir, "lock")))
		must(t, lead(elsewhere, filepath.Join(dir, "lock")))
		if _, err := st.Names(); err == nil {
			t.Errorf("a %s is locked", what)
		}
		if info, err := os.Stat(elsewhere); err != nil || info.Sys().(*syscall.Stat_t).Uid != 0 {
			t.Errorf("root's file is given away over a %s: %v", what, err)
		}
	}
}

package main

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

var (
	//go:embed mkimage.sh
	mkimage string
	//go:embed packages.txt
	packages string
)

// hostPackages are the Debian packages whose programs the wrapper needs.
const hostPackages = "qemu-system-x86 e2fsprogs kmod"

// needPrograms says which package is missing on the host, if one is.
func needPrograms() error {
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin:/sbin")
	var missing []string
	for _, p := range []string{"qemu-system-x86_64", "mke2fs", "depmod", "apt-get", "dpkg-deb"} {
		if _, err := exec.LookPath(p); err != nil {
			missing = append(missing, p)
		}
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("no %s here; run: apt-get install --no-install-recommends %s", strings.Join(missing, ", "), hostPackages)
}

// cacheDir holds the images: VM_CACHE, else the user's cache directory.
func cacheDir() string {
	if d := os.Getenv("VM_CACHE"); d != "" {
		return d
	}
	d, err := os.UserCacheDir()
	if err != nil { // no HOME
		d = os.TempDir()
	}
	return filepath.Join(d, "obol-vm")
}

// prepare returns the directory of the image. It is built once for each
// content of mkimage.sh and packages.txt; images of other contents are removed
// then, except those in use.
func prepare() (string, error) {
	if err := needPrograms(); err != nil {
		return "", err
	}
	cache := cacheDir()
	img := filepath.Join(cache, fmt.Sprintf("image-%.6x", sha256.Sum256([]byte(mkimage+packages))))
	if err := os.MkdirAll(img, 0o755); err != nil {
		return "", err
	}
	if done(img) {
		return img, use(img, syscall.LOCK_SH)
	}
	if err := use(img, syscall.LOCK_EX); err != nil {
		return "", err
	}
	if !done(img) { // another wrapper may have built it while we waited
		if err := build(img); err != nil {
			return "", err
		}
		removeOld(cache, img)
	}
	return img, use(img, syscall.LOCK_SH)
}

func done(img string) bool {
	_, err := os.Stat(filepath.Join(img, "done"))
	return err == nil
}

// inUse is the lock of the image that this process uses; it is held until the
// process ends.
var inUse *os.File

func use(img string, how int) (err error) {
	if inUse == nil {
		if inUse, err = os.Create(img + ".lock"); err != nil {
			return err
		}
	}
	return syscall.Flock(int(inUse.Fd()), how)
}

// removeOld removes the images which nobody uses, a quarter of a gigabyte each.
func removeOld(cache, keep string) {
	old, _ := filepath.Glob(filepath.Join(cache, "image-*.lock"))
	for _, lock := range old {
		img := strings.TrimSuffix(lock, ".lock")
		if img == keep {
			continue
		}
		f, err := os.Open(lock)
		if err != nil {
			continue
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			say("removing the old image %s", filepath.Base(img))
			os.RemoveAll(img)
			os.Remove(lock)
		}
		f.Close()
	}
}

// build runs mkimage.sh and shows each of its steps; the one that fetches shows
// how far it has come every two seconds.
func build(img string) error {
	start := time.Now()
	say("building the guest's image in %s, once", img)
	cmd := exec.Command("sh", "-c", mkimage, "mkimage", img)
	cmd.Stdin = strings.NewReader(packages)
	cmd.Stderr = os.Stderr
	steps, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	stop := make(chan struct{})
	go func() {
		tick := time.NewTicker(2 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				say("  %2.0f s, %d MB fetched, %d MB unpacked", time.Since(start).Seconds(), size(img+"/apt")>>20, size(img+"/root")>>20)
			}
		}
	}()
	for s := bufio.NewScanner(steps); s.Scan(); {
		say("%s", s.Text())
	}
	err = cmd.Wait()
	close(stop)
	if err != nil {
		return fmt.Errorf("the image was not built: %w", err)
	}
	say("image built in %.0f s", time.Since(start).Seconds())
	return os.WriteFile(filepath.Join(img, "done"), nil, 0o644)
}

// size of all regular files below dir.
func size(dir string) (n int64) {
	filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if fi, err := d.Info(); err == nil {
				n += fi.Size()
			}
		}
		return nil
	})
	return n
}

//go:build image

// Package image starts the programs from the root file system of the image.
package image

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

const archive = "../../build/obol.tar"

// files reads a tar file into memory: the image is a few megabytes.
func files(t *testing.T, r io.Reader) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if all[h.Name], err = io.ReadAll(tr); err != nil {
			t.Fatal(err)
		}
	}
}

// TestImage unpacks the image as `podman load` would and starts both programs
// in it, where no shell, loader or library can help them.
func TestImage(t *testing.T) {
	f, err := os.Open(archive)
	if err != nil {
		t.Fatalf("%v: run make image first", err)
	}
	defer f.Close()
	image := files(t, f)

	var manifest []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	if err := json.Unmarshal(image["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || !slices.ContainsFunc(manifest[0].RepoTags, func(tag string) bool { return strings.HasSuffix(tag, "obol:latest") }) {
		t.Fatalf("manifest: %+v", manifest)
	}
	var config struct {
		Config struct{ Entrypoint, Cmd []string }
	}
	if err := json.Unmarshal(image[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/usr/sbin/obold"}; !slices.Equal(config.Config.Entrypoint, want) {
		t.Errorf("entry point %q, want %q", config.Config.Entrypoint, want)
	}

	root := t.TempDir()
	var names []string
	for _, layer := range manifest[0].Layers {
		for name, content := range files(t, bytes.NewReader(image[layer])) {
			path := filepath.Join(root, filepath.Clean("/"+name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, content, 0o755); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if want := []string{"usr/bin/obol", "usr/sbin/obold"}; !slices.Equal(names, want) {
		t.Errorf("the image holds %q, want %q", names, want)
	}
	listing, err := os.ReadFile("../../configs/note/ikev1-r1.cfg")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "r1.cfg"), listing, 0o644); err != nil {
		t.Fatal(err)
	}

	for _, program := range names {
		static(t, filepath.Join(root, program))
	}
	for _, c := range []struct {
		argv []string
		exit int
		want string // in what it prints
	}{
		{[]string{"/usr/sbin/obold", "--help"}, 0, "--dataplane"},
		{[]string{"/usr/sbin/obold", "--no-such-flag"}, 2, "no-such-flag"},
		{[]string{"/usr/sbin/obold", "-c", "/absent.cfg", "--check"}, 1, "absent.cfg"},
		{[]string{"/usr/sbin/obold", "-c", "/r1.cfg", "--check"}, 0, ""},
		{[]string{"/usr/bin/obol", "--help"}, 0, "initiate"},
		{[]string{"/usr/bin/obol", "show", "crypto", "isakmp", "sa"}, 3, ""}, // no daemon
	} {
		t.Run(strings.Join(c.argv, " "), func(t *testing.T) {
			cmd := exec.Command(c.argv[0], c.argv[1:]...)
			cmd.Path = c.argv[0] // below the new root
			cmd.Err = nil
			cmd.Dir = "/"
			cmd.Env = []string{"PATH=/usr/sbin:/usr/bin"}
			cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root}
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.exit {
				t.Errorf("exit status %d, want %d; it printed:\n%s", got, c.exit, out)
			}
			if !strings.Contains(string(out), c.want) {
				t.Errorf("it printed:\n%s\nwithout %q", out, c.want)
			}
		})
	}
}

// static checks that a program asks for no loader.
func static(t *testing.T, path string) {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("%s is not static: it has a segment %v", path, p.Type)
		}
	}
}

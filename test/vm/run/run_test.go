package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestFrames(t *testing.T) {
	b := appendFrame(nil, frameStdout, []byte("out"))
	b = appendFrame(b, frameExit, []byte("7"))
	r := bytes.NewReader(b)
	for _, want := range []struct {
		kind    frameKind
		content string
	}{{frameStdout, "out"}, {frameExit, "7"}} {
		kind, content, err := readFrame(r)
		if err != nil || kind != want.kind || string(content) != want.content {
			t.Errorf("got %c %q %v, want %c %q", kind, content, err, want.kind, want.content)
		}
	}
	if _, _, err := readFrame(r); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
	first := len(appendFrame(nil, frameStdout, []byte("out")))
	for i := range first {
		if _, _, err := readFrame(bytes.NewReader(b[:i])); err == nil {
			t.Errorf("cut at %d: no error", i)
		}
	}
}

func TestTestFlags(t *testing.T) {
	writes, limit := testFlags([]string{"./x.test", "-test.v=true", "-test.timeout=90s", "-test.coverprofile=c.out", "--test.trace=/abs/t", "-other.trace=no", "-test.cpuprofile="}, "/pkg")
	if want := []string{"/pkg/c.out", "/abs/t"}; !slices.Equal(writes, want) || limit != 90*time.Second {
		t.Errorf("got %q %v, want %q 90s", writes, limit, want)
	}
}

func TestPairs(t *testing.T) {
	var p pairs
	p.Set("a=b")
	p.add("c:d=e")
	if want := (pairs{{"a", "b"}, {"c", "c"}, {"d", "e"}}); !slices.Equal(p, want) {
		t.Errorf("got %v, want %v", p, want)
	}
}

// Each member has its header, its name and its content at multiples of four
// octets, and the directories above it come first.
func TestCpio(t *testing.T) {
	dir := t.TempDir()
	os.MkdirAll(filepath.Join(dir, "src/sub"), 0o750)
	os.WriteFile(filepath.Join(dir, "src/sub/file"), []byte("hello"), 0o640)
	os.Symlink("sub/file", filepath.Join(dir, "src/link"))
	var b bytes.Buffer
	w := newCpio(&b)
	w.tree("/host/at", filepath.Join(dir, "src"))
	w.data("/job.json", []byte("{}"), 0o644)
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	var names []string
	modes := map[string]int{}
	for rest := b.Bytes(); len(rest) > 0; {
		var size, nameLen int
		if string(rest[:6]) != "070701" {
			t.Fatalf("no header: %q", rest[:6])
		}
		size, nameLen = hex(rest[54:62]), hex(rest[94:102])
		name := string(rest[110 : 110+nameLen-1])
		names, modes[name] = append(names, name), hex(rest[14:22])
		head := (110 + nameLen + 3) &^ 3
		rest = rest[head+(size+3)&^3:]
	}
	want := []string{"host", "host/at", "host/at/link", "host/at/sub", "host/at/sub/file", "job.json", "TRAILER!!!"}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if modes["host"] != 0o040755 || modes["host/at/sub"] != 0o040750 || modes["host/at/sub/file"] != 0o100640 {
		t.Errorf("modes %v", modes)
	}
	w = newCpio(&b)
	w.tree("/host", filepath.Join(dir, "absent"))
	if err := w.close(); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: %v", err)
	}
}

func hex(b []byte) (n int) {
	for _, c := range b {
		n = n<<4 | strings.IndexByte("0123456789ABCDEF", c)
	}
	return n
}

// /dev/kvm hangs guests on some machines: it is used when asked for, only.
func TestAccelDefault(t *testing.T) {
	for env, want := range map[string]string{"": "tcg", "tcg": "tcg", "kvm": "kvm"} {
		t.Setenv("VM_ACCEL", env)
		if args, _ := accel(); !strings.HasPrefix(args[1], want) {
			t.Errorf("VM_ACCEL=%q: %q", env, args)
		}
	}
}

// Old images are removed, but not those that another process uses.
func TestRemoveOld(t *testing.T) {
	cache := t.TempDir()
	for _, name := range []string{"image-keep", "image-used", "image-old"} {
		os.Mkdir(filepath.Join(cache, name), 0o755)
		os.WriteFile(filepath.Join(cache, name+".lock"), nil, 0o644)
	}
	f, err := os.Open(filepath.Join(cache, "image-used.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	removeOld(cache, filepath.Join(cache, "image-keep"))
	for name, stays := range map[string]bool{"image-keep": true, "image-used": true, "image-old": false} {
		if isDir(filepath.Join(cache, name)) != stays {
			t.Errorf("%s stays: %v, want %v", name, !stays, stays)
		}
	}
}

// Missing programs are named with the command that installs them.
func TestNeedPrograms(t *testing.T) {
	t.Setenv("PATH", "/nonexistent")
	err := needPrograms()
	if err == nil || !strings.Contains(err.Error(), "no qemu-system-x86_64, ") || !strings.HasSuffix(err.Error(), "run: apt-get install --no-install-recommends qemu-system-x86 e2fsprogs kmod") {
		t.Errorf("got %v", err)
	}
}

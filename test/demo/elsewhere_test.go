package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// However the machine ends, the demo's last line is its own and agrees with the
// exit status.
func TestElsewhere(t *testing.T) {
	for _, c := range []struct {
		name, script, last string
		code               int
	}{
		{"ok", "echo demo: ok", "demo: ok", 0},
		{"failed inside", "echo demo: FAILED: no ping; exit 1", "demo: FAILED: no ping", 1},
		{"no machine", "echo vm: booting >&2; echo vm: no qemu here >&2; exit 125", "demo: FAILED: the virtual machine: no qemu here", 1},
		{"killed", "kill -9 $$", "demo: FAILED: signal: killed", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			vm := filepath.Join(t.TempDir(), "vmrun")
			if err := os.WriteFile(vm, []byte("#!/bin/sh\n"+c.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			if code := elsewhere(&out, vm, "bin", "configs"); code != c.code {
				t.Errorf("exit status %d, want %d", code, c.code)
			}
			if got := strings.TrimSuffix(out.String(), "\n"); got != c.last {
				t.Errorf("last line %q, want %q", got, c.last)
			}
		})
	}
}

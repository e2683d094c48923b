//go:build netns

// Package systemd checks the unit that make install installs.
package systemd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const unit = "../../configs/obold.service"

// Systemd finds no fault in the unit. Its programs need not be installed here.
func TestUnitIsUnderstood(t *testing.T) {
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "obold.service")
	here := strings.NewReplacer("/usr/local/bin/obold", "/bin/true", "/usr/local/bin/obol", "/bin/true")
	if err := os.WriteFile(path, []byte(here.Replace(string(text))), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// What the service may do beyond its work is little: 2.0 or better of 10.
func TestUnitIsConfined(t *testing.T) {
	out, err := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", unit).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/lab"
)

// negotiated is a pair with pre-shared keys, which is up.
func negotiated(t *testing.T) (*lab.Pair, *lab.Result) {
	t.Helper()
	var sources [2]lab.Source
	for i, file := range []string{"r1.cfg", "r2.cfg"} {
		text, err := os.ReadFile("../../configs/psk/" + file)
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = lab.Source{File: file, Text: text}
	}
	p, err := lab.Prepare(sources[0], sources[1], time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	r, err := lab.Run(p, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p, r
}

// Keys are for the owner alone, also where an older table was for everybody.
func TestWriteCapture(t *testing.T) {
	p, r := negotiated(t)
	dir := filepath.Join(t.TempDir(), "it's new")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "esp_sa"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x.pcapng")
	var stderr bytes.Buffer
	if err := writeCapture(path, p, r, &stderr); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != 0o600 || info.Size() == 0 {
			t.Errorf("%s: mode %v, %d octets", e.Name(), info.Mode(), info.Size())
		}
		names = append(names, e.Name())
	}
	if got := strings.Join(names, " "); got != "esp_sa ikev1_decryption_table ikev2_decryption_table x.pcapng" {
		t.Errorf("files: %s", got)
	}
	word := "'" + strings.ReplaceAll(dir, "'", `'\''`)
	if want := "WIRESHARK_CONFIG_DIR=" + word + "' tshark -r " + word + "/x.pcapng' -o "; !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("%s\nwant %s...", stderr.String(), want)
	}
	if err := writeCapture(filepath.Join(dir, "esp_sa"), p, r, &stderr); err == nil {
		t.Error("a capture in the place of a table")
	}
}

func TestWritePage(t *testing.T) {
	p, r := negotiated(t)
	path := filepath.Join(t.TempDir(), "x.html")
	if err := writePage(path, p, r); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); err != nil || !bytes.Contains(text, []byte("Tunnel1 comes up, whoever starts.")) {
		t.Errorf("%v, %.200s", err, text)
	}
	if err := writePage(filepath.Join(path, "under a file"), p, r); err == nil {
		t.Error("a page where none can be")
	}
}

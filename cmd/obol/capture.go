package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/obol-ike/obol/internal/lab"
	"github.com/obol-ike/obol/internal/trace"
)

// writeCapture writes what went over the network as a file of format pcapng, and
// beside it the tables of keys under the names that Wireshark gives them. Nobody else
// may read them. It tells the command that does.
func writeCapture(path string, p *lab.Pair, r *lab.Result, stderr io.Writer) error {
	var capture bytes.Buffer
	tables, err := lab.WriteCapture(&capture, p, r)
	if err != nil {
		return err
	}
	dir := filepath.Dir(path)
	if slices.ContainsFunc(tables, func(t trace.Table) bool { return t.Name == filepath.Base(path) }) {
		return fmt.Errorf("%s is the name of a table of keys: call the capture otherwise", path)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, t := range tables {
		if err := writePrivate(filepath.Join(dir, t.Name), t.Text); err != nil {
			return err
		}
	}
	if err := writePrivate(path, capture.Bytes()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stderr, "WIRESHARK_CONFIG_DIR=%s tshark -r %s -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE -V\n", shellWord(dir), shellWord(path))
	return err
}

// writePrivate puts a file in the place of any other, with mode 0600.
func writePrivate(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".obol-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:,@%", r)
	}) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// writePage writes the page of a result.
func writePage(path string, p *lab.Pair, r *lab.Result) error {
	var page bytes.Buffer
	if err := lab.WritePage(&page, p, r); err != nil {
		return err
	}
	return os.WriteFile(path, page.Bytes(), 0o644)
}

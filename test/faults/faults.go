// Package faults reads the table of docs/faults.md: what befalls a tunnel, and the time
// within which it carries again. Package scenario brings about what is in the table in
// virtual time, and package note in namespaces of a virtual machine.
package faults

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

// Within is what the document says of a fault: the time from its end to the tunnel's
// return, of either version of IKE. root is the directory of the module.
func Within(t testing.TB, root, fault string) (v1, v2 time.Duration) {
	t.Helper()
	text, err := os.ReadFile(root + "/docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || strings.TrimSpace(cells[1]) != fault {
			continue
		}
		for i, within := range []*time.Duration{&v1, &v2} {
			if *within, err = time.ParseDuration(strings.ReplaceAll(cells[2+i], " ", "")); err != nil {
				t.Fatal(fmt.Errorf("docs/faults.md: %s: %w", fault, err))
			}
		}
		return v1, v2
	}
	t.Fatalf("docs/faults.md has no row %q", fault)
	return 0, 0
}

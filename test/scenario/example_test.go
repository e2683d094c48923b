package scenario

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

// The example configurations that need no certificate bring their tunnel up,
// from either side where no NAT is before one.
func TestExamples(t *testing.T) {
	for _, test := range []struct{ dir, first, between string }{
		{"psk", "R1", ""},
		{"psk", "R2", ""},
		{"natt", "R1", "nat 192.168.0.1 R1\n"},
	} {
		t.Run(test.dir+" "+test.first, func(t *testing.T) {
			archive := &txtar.Archive{Comment: []byte("start\n" + test.between + "initiate " + test.first + " Tunnel1\nwait up 5s\nadvance 1s\nwant carries R1 Tunnel1 R2 Tunnel1\n")}
			for _, name := range []string{"R1", "R2"} {
				text, err := os.ReadFile("../../configs/" + test.dir + "/" + strings.ToLower(name) + ".cfg")
				if err != nil {
					t.Fatal(err)
				}
				archive.Files = append(archive.Files, txtar.File{Name: name + ".cfg", Data: text})
			}
			if err := newRun(archive, 1).all(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

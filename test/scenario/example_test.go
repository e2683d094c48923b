package scenario

import (
	"os"
	"testing"

	"golang.org/x/tools/txtar"
)

// The example configurations that need no certificate bring their tunnel up
// from either side.
func TestExamples(t *testing.T) {
	for _, dir := range []string{"psk"} {
		for _, first := range []string{"R1", "R2"} {
			t.Run(dir+" "+first, func(t *testing.T) {
				archive := &txtar.Archive{Comment: []byte("start\ninitiate " + first + " Tunnel1\nwait up 5s\nadvance 1s\nwant carries R1 Tunnel1 R2 Tunnel1\n")}
				for _, name := range []string{"R1", "R2"} {
					text, err := os.ReadFile("../../configs/" + dir + "/" + map[string]string{"R1": "r1", "R2": "r2"}[name] + ".cfg")
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
}

package lab

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

// day is that of the note.
var day = time.Date(2013, time.June, 20, 13, 0, 0, 0, time.UTC)

// prepared reads two configurations of the repository.
func prepared(t testing.TB, files ...string) *Pair {
	t.Helper()
	var sources [2]Source
	for i, f := range files {
		text, err := os.ReadFile("../../configs/" + f)
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = Source{File: f, Text: text}
	}
	p, err := Prepare(sources[0], sources[1], day)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNote(t *testing.T) {
	start := time.Now()
	p := prepared(t, "note/ikev1-r1.cfg", "note/ikev1-r2.cfg")
	t.Log(time.Since(start))
	r, err := Run(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(time.Since(start))
	text, _ := json.MarshalIndent(r, "", " ")
	t.Logf("%s", text)
}

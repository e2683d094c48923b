package lab

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// paged is the page of two configurations of the repository.
func paged(t testing.TB, p *Pair) string {
	t.Helper()
	r, err := Run(p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := WritePage(&b, p, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page is the same each time, says what came of both directions and needs
// nothing from anywhere.
func TestPage(t *testing.T) {
	text := paged(t, prepared(t, "note/ikev1-r1.cfg", "note/ikev1-r2.cfg"))
	if again := paged(t, prepared(t, "note/ikev1-r1.cfg", "note/ikev1-r2.cfg")); again != text {
		t.Error("two runs differ")
	}
	for _, want := range []string{"Tunnel1 comes up when R1 starts, and not when R2 starts.", "DOWN at MM5", "CERT_REQ×7", "1172 octets"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the page", want)
		}
	}
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	rungs, refused := 0, 0
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if strings.Contains(" script link img iframe object base form ", " "+n.Data+" ") {
			t.Errorf("the page has an element %s", n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "src" || a.Key == "href" || a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s has an attribute %s", n.Data, a.Key)
			}
			class := " " + a.Val + " "
			if a.Key == "class" && strings.Contains(class, " rung ") && !strings.Contains(class, " head ") {
				rungs++
				if strings.Contains(class, " refused ") {
					refused++
				}
			}
		}
	}
	if rungs != 9+5 || refused != 1 {
		t.Errorf("%d messages, %d of them refused; want MM1 to QM3 and MM1 to MM5, the last refused", rungs, refused)
	}
	if strings.Contains(text, "url(") || strings.Contains(text, "@import") {
		t.Error("the style asks for something from elsewhere")
	}
}

// What stands in a configuration is text, whatever it looks like.
func TestPageEscapes(t *testing.T) {
	var sources [2]Source
	for i, n := range []string{"r1", "r2"} {
		text, err := os.ReadFile("../../configs/note/ikev1-" + n + ".cfg")
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("prof1"), []byte("<script>prof1</script>"))
		sources[i] = Source{File: n + "<b>.cfg", Text: text}
	}
	p, err := Prepare(sources[0], sources[1], day)
	if err != nil {
		t.Fatal(err)
	}
	if text := paged(t, p); strings.Contains(text, "<script") || strings.Contains(text, "<b>.cfg") || !strings.Contains(text, "&lt;script&gt;prof1") {
		t.Error("markup of a configuration got into the page")
	}
}

func TestHeadline(t *testing.T) {
	direction := func(tunnel, name string, result Verdict) Direction {
		return Direction{Tunnel: tunnel, Initiator: Side{Name: name}, Result: result}
	}
	for want, directions := range map[string][]Direction{
		"There is no tunnel to negotiate.":                         {},
		"Tunnel1 comes up, whoever starts.":                        {direction("Tunnel1", "R1", Up), direction("Tunnel1", "R2", Up)},
		"Tunnel1 does not come up, whoever starts.":                {direction("Tunnel1", "R1", Down), direction("Tunnel1", "R2", Down)},
		"Tunnel1 comes up when R2 starts, and not when R1 starts.": {direction("Tunnel1", "R1", Down), direction("Tunnel1", "R2", Up)},
		"Tunnel1 comes up when R1 starts.":                         {direction("Tunnel1", "R1", Up)},
		"Tunnel1 does not come up when R1 starts.":                 {direction("Tunnel1", "R1", Down)},
		"1 of 4 directions come up.":                               {direction("Tunnel1", "R1", Up), direction("Tunnel1", "R2", Down), direction("Tunnel2", "R1", Down), direction("Tunnel2", "R2", Down)},
	} {
		r := Result{Directions: directions}
		if got := r.headline(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

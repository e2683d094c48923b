//go:build page

// Package page looks at the page of obol lab --html in a browser: Chromium, headless,
// from Debian's package.
package page

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/obol-ike/obol/internal/lab"
)

// measure shows the page in a frame of each width and reports what does not fit: an
// element wider than its room, or out of the frame, and boxes that lie upon each
// other.
const measure = `<!DOCTYPE html><meta charset="utf-8"><body>
%s
<pre id="report">not measured</pre>
<script>
window.onload = function () {
  var report = [];
  document.querySelectorAll("iframe").forEach(function (frame) {
    var page = frame.contentDocument, width = frame.clientWidth;
    var say = function (el, what) { report.push(width + " px: " + el.tagName + "." + el.className + " " + what + ": " + el.textContent.trim().slice(0, 60)); };
    if (page.documentElement.scrollWidth > width) report.push(width + " px: the page is " + page.documentElement.scrollWidth + " wide");
    page.body.querySelectorAll("*").forEach(function (el) {
      var box = el.getBoundingClientRect();
      if (box.width === 0) return;
      if (box.left < -1 || box.right > width + 1) say(el, "is out of the page");
      if (getComputedStyle(el).display !== "inline" && el.scrollWidth > el.clientWidth + 1 && el.clientWidth > 0) say(el, "does not hold its content");
    });
    page.querySelectorAll(".rung, .cards").forEach(function (row) {
      var boxes = Array.from(row.children).map(function (el) { return el.getBoundingClientRect(); });
      boxes.forEach(function (a, i) {
        boxes.slice(i + 1).forEach(function (b) {
          if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1) say(row, "has boxes upon each other");
        });
      });
    });
    report.push(width + " px: " + page.querySelectorAll(".rung").length + " rungs");
  });
  document.getElementById("report").textContent = report.join("\n");
};
</script>`

// Nothing is cut and nothing overlaps, on a telephone and on a desk.
func TestPage(t *testing.T) {
	long := strings.NewReplacer("hostname R1", "hostname Headquarters-of-the-eastern-region-first-router", "prof1", "profile-for-all-branches-with-two-certificates",
		"OU=IT", "OU=InformationTechnologyAndCommunicationsInfrastructure")
	for _, c := range []struct {
		name, r1, r2 string
		edit         *strings.Replacer
	}{
		{"note", "note/ikev1-r1.cfg", "note/ikev1-r2.cfg", strings.NewReplacer()},
		{"long names", "note/ikev1-r1.cfg", "note/ikev1-r2.cfg", long},
		{"no trustpoint", "note/ikev2-no-trustpoint-r1.cfg", "note/ikev2-no-trustpoint-r2.cfg", strings.NewReplacer()},
		{"ipv6", "ikev2-ipv6/r1.cfg", "ikev2-ipv6/r2.cfg", strings.NewReplacer()},
	} {
		t.Run(c.name, func(t *testing.T) {
			page := made(t, c.r1, c.r2, c.edit)
			var frames strings.Builder
			for _, width := range []int{390, 1280} {
				fmt.Fprintf(&frames, `<iframe width="%d" height="900" style="border:0" srcdoc="%s"></iframe>`, width, html.EscapeString(page))
			}
			report := measured(t, fmt.Sprintf(measure, frames.String()))
			rungs := 0
			for _, line := range strings.Split(report, "\n") {
				if strings.HasSuffix(line, " rungs") && !strings.HasSuffix(line, " 0 rungs") {
					rungs++
					continue
				}
				t.Error(line)
			}
			if rungs != 2 {
				t.Errorf("%d of 2 frames have a ladder", rungs)
			}
		})
	}
}

// made is the page of a pair.
func made(t *testing.T, r1, r2 string, edit *strings.Replacer) string {
	t.Helper()
	var sources [2]lab.Source
	for i, file := range []string{r1, r2} {
		text, err := os.ReadFile(filepath.Join("../../configs", file))
		if err != nil {
			t.Fatal(err)
		}
		sources[i] = lab.Source{File: file, Text: []byte(edit.Replace(string(text)))}
	}
	p, err := lab.Prepare(sources[0], sources[1], time.Date(2026, time.March, 1, 12, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	r, err := lab.Consult(p, lab.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := lab.WritePage(&page, p, r); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// measured is what the page's script reports in Chromium.
func measured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--dump-dom", "file://"+path)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	_, report, _ := strings.Cut(string(out), `<pre id="report">`)
	report, _, _ = strings.Cut(report, "</pre>")
	return html.UnescapeString(report)
}

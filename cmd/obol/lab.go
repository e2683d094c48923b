package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/internal/lab"
	"github.com/obol-ike/obol/internal/sim"
)

// exitDown is the status of a pair with a direction that is down.
const exitDown = 1

// labOptions are what stands behind obol lab.
type labOptions struct {
	files        []string
	initiator    string
	asJSON       bool
	debug        bool
	debugDir     string
	pcap         string   // file for the capture
	html         string   // file for the page
	certificates []string // NAME=FILE
	at           time.Time
}

const labUsage = "want obol lab A.cfg B.cfg [--initiator NAME|both] [--json] [--debug] [--debug-dir DIR] [--pcap FILE] [--html FILE] [--certificates NAME=FILE] [--at TIME]"

// parseLab takes words and options in any order.
func parseLab(args []string, now time.Time) (o labOptions, err error) {
	o.at = now
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(args[i], "=")
		take := func() string {
			if !given && i+1 < len(args) {
				i, value, given = i+1, args[i+1], true
			}
			if !given || value == "" {
				err = fmt.Errorf("%s needs a value", name)
			}
			return value
		}
		switch {
		case name == "--json":
			o.asJSON = true
		case name == "--debug":
			o.debug = true
		case name == "--initiator":
			o.initiator = take()
		case name == "--debug-dir":
			o.debugDir = take()
		case name == "--pcap":
			o.pcap = take()
		case name == "--html":
			o.html = take()
		case name == "--certificates":
			o.certificates = append(o.certificates, take())
		case name == "--at":
			if text := take(); err == nil {
				if o.at, err = time.Parse(time.RFC3339, text); err != nil {
					err = fmt.Errorf("--at %s: want a time such as 2026-03-01T12:00:00Z", text)
				}
			}
		case strings.HasPrefix(name, "-"):
			err = fmt.Errorf("there is no option %s; %s", name, labUsage)
		default:
			o.files = append(o.files, args[i])
		}
		if err != nil {
			return o, err
		}
	}
	if len(o.files) != 2 {
		return o, errors.New(labUsage)
	}
	return o, nil
}

// runLab is obol lab A.cfg B.cfg: both directions of every tunnel, negotiated in
// memory.
func runLab(args []string, now time.Time, stdout, stderr io.Writer) int {
	o, err := parseLab(args, now)
	if err != nil {
		fmt.Fprintf(stderr, "obol lab: %v\n", err)
		return control.ExitInvalid
	}
	pair, err := o.prepare()
	if err != nil {
		fmt.Fprintln(stderr, err)
		return control.ExitInvalid
	}
	result, err := lab.Consult(pair, lab.Options{Initiator: o.initiator})
	if err == nil {
		err = errors.Join(o.write(result, stdout, stderr), o.render(pair, result, stderr))
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "obol lab: %v\n", err)
		return control.ExitInvalid
	case !result.Up():
		return exitDown
	}
	return control.ExitDone
}

// prepare reads the files. Saved certificates belong to a router by its name, which
// its configuration says, or to R1 and R2 by their order.
func (o labOptions) prepare() (*lab.Pair, error) {
	var sources [2]lab.Source
	for i, f := range o.files {
		text, err := readFile(f)
		if err != nil {
			return nil, err
		}
		sources[i] = lab.Source{File: f, Text: text}
	}
	pair, err := lab.Prepare(sources[0], sources[1], o.at)
	if err != nil || len(o.certificates) == 0 {
		return pair, err
	}
	for _, c := range o.certificates {
		name, file, ok := strings.Cut(c, "=")
		router := pair.Router(name)
		if !ok || file == "" || router < 0 {
			return nil, fmt.Errorf("--certificates %s: want NAME=FILE, and the routers are %s and %s", c, pair.Routers[0].Name, pair.Routers[1].Name)
		}
		text, err := readFile(file)
		if err != nil {
			return nil, err
		}
		sources[router].Saved = &lab.Saved{File: file, Text: text}
	}
	return lab.Prepare(sources[0], sources[1], o.at)
}

// write puts out all that was asked for. Debug lines would spoil JSON, so that they
// go elsewhere then.
func (o labOptions) write(r *lab.Result, stdout, stderr io.Writer) error {
	if o.debugDir != "" {
		if err := writeDebugDir(o.debugDir, r); err != nil {
			return err
		}
	}
	lines := stdout
	if o.asJSON {
		lines = stderr
	}
	if o.debug {
		if err := writeDebug(lines, r); err != nil {
			return err
		}
	}
	if o.asJSON {
		e := json.NewEncoder(stdout)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return lab.WriteText(stdout, r)
}

// render writes the files that show the exchanges.
func (o labOptions) render(p *lab.Pair, r *lab.Result, stderr io.Writer) error {
	if o.html != "" {
		if err := writePage(o.html, p, r); err != nil {
			return err
		}
	}
	if o.pcap != "" {
		return writeCapture(o.pcap, p, r, stderr)
	}
	return nil
}

// writeDebug writes the lines of one direction after the other.
func writeDebug(w io.Writer, r *lab.Result) error {
	for _, d := range r.Directions {
		if _, err := fmt.Fprintln(w, d.Heading()); err != nil {
			return err
		}
		if d.Exchange == nil {
			continue
		}
		if err := d.Exchange.WriteDebug(w); err != nil {
			return err
		}
	}
	return nil
}

// writeDebugDir writes a file a router and direction: Tunnel1-R2-begins-R1.txt.
func writeDebugDir(dir string, r *lab.Result) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, d := range r.Directions {
		if d.Exchange == nil {
			continue
		}
		for _, router := range []*sim.Router{d.Exchange.Initiator, d.Exchange.Responder} {
			name := fmt.Sprintf("%s-%s-begins-%s.txt", d.Tunnel, d.Initiator.Name, router.Name)
			f, err := os.Create(filepath.Join(dir, strings.ReplaceAll(name, "/", "_")))
			if err != nil {
				return err
			}
			if err := errors.Join(lab.WriteRouterDebug(f, router), f.Close()); err != nil {
				return err
			}
		}
	}
	return nil
}

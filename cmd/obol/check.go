package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/obol-ike/obol/internal/control"
	"github.com/obol-ike/obol/internal/lab"
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// exitFindings is the status of configurations with something above info.
const exitFindings = 1

// check is obol check FILE...: what will hurt in each file by itself and, of two
// or more, between the tunnels that face each other.
func check(args []string, now time.Time, stdout, stderr io.Writer) int {
	asJSON, travels, j, files, err := parseCheck(args, now)
	if err == nil {
		err = usage(files)
	}
	if err == nil && travels && asJSON {
		err = errors.New("--json belongs to obol check without --at and --revoke")
	}
	if err != nil {
		fmt.Fprintf(stderr, "obol check: %v\n", err)
		return control.ExitInvalid
	}
	if travels {
		return j.run(files, now, stdout, stderr)
	}
	configs, err := compile(files)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return control.ExitInvalid
	}
	found := lint.Check(now, lint.Routers(configs...)...)
	if asJSON {
		err = writeJSON(stdout, found)
	} else {
		err = writeText(stdout, found)
	}
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "obol check: %v\n", err)
		return control.ExitInvalid
	case slices.ContainsFunc(found, func(f lint.Finding) bool { return f.Severity != lint.Info }):
		return exitFindings
	}
	return control.ExitDone
}

var errCheck = errors.New("want obol check [--json | --at DAY --revoke SERIAL@CA] and FILE after FILE")

// parseCheck takes options in any place.
func parseCheck(args []string, now time.Time) (asJSON, travels bool, j journey, files []string, err error) {
	j.at = now
	for i := 0; i < len(args) && err == nil; i++ {
		name, value, given := strings.Cut(args[i], "=")
		switch name {
		case "--json":
			asJSON = true
		case "--at", "--revoke":
			travels = true
			if !given && i+1 < len(args) {
				i++
				value, given = args[i], true
			}
			if !given {
				return asJSON, travels, j, files, fmt.Errorf("%s needs a value", name)
			}
			if name == "--at" {
				j.at, err = parseDay(value)
				continue
			}
			var r lab.Revocation
			r, err = lab.ParseRevocation(value)
			j.revoked = append(j.revoked, r)
		default:
			files = append(files, args[i])
		}
	}
	return asJSON, travels, j, files, err
}

func usage(files []string) error {
	for i, f := range files {
		switch {
		case strings.HasPrefix(f, "-"):
			return fmt.Errorf("there is no option %s; %w", f, errCheck)
		case slices.Contains(files[:i], f):
			return fmt.Errorf("%s stands twice", f)
		}
	}
	if len(files) == 0 {
		return errCheck
	}
	return nil
}

// compile reads each file as the configuration of a router. The error is all that
// is wrong with them.
func compile(files []string) ([]*policy.Config, error) {
	var configs []*policy.Config
	var errs []error
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		config, wrong := policy.Compile(policy.Source{Name: name, Text: text})
		if wrong != nil {
			errs = append(errs, wrong)
		}
		configs = append(configs, config)
	}
	return configs, errors.Join(errs...)
}

// checked is the documented JSON of obol check.
type checked struct {
	Schema   int            `json:"schema"` // 1; fields are only added within a version
	Findings []lint.Finding `json:"findings"`
}

func writeJSON(w io.Writer, found []lint.Finding) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(checked{Schema: 1, Findings: append([]lint.Finding{}, found...)})
}

// writeText writes a finding as FILE:LINE: severity: message, and its cure below.
func writeText(w io.Writer, found []lint.Finding) error {
	var b strings.Builder
	for _, f := range found {
		if len(f.Where) > 0 {
			fmt.Fprintf(&b, "%s: ", f.Where[0])
		}
		fmt.Fprintf(&b, "%s: %s [%s]\n    %s", f.Severity, f.Message, f.Code, f.Cure)
		for i, p := range f.Where[min(1, len(f.Where)):] {
			if i == 0 {
				b.WriteString(" See also ")
			} else {
				b.WriteString(", ")
			}
			b.WriteString(p.String())
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

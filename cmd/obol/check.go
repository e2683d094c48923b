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
	"github.com/obol-ike/obol/internal/lint"
	"github.com/obol-ike/obol/internal/policy"
)

// exitFindings is the status of configurations with something above info.
const exitFindings = 1

// check is obol check FILE...: what will hurt in each file by itself and, of two
// or more, between the tunnels that face each other.
func check(args []string, now time.Time, stdout, stderr io.Writer) int {
	asJSON := false
	files := slices.DeleteFunc(slices.Clone(args), func(arg string) bool {
		asJSON = asJSON || arg == "--json"
		return arg == "--json"
	})
	err := usage(files)
	if err != nil {
		fmt.Fprintf(stderr, "obol check: %v\n", err)
		return control.ExitInvalid
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

var errCheck = errors.New("want obol check [--json] and FILE after FILE")

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

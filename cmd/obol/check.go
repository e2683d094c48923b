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
func check(args []string, now time.Time, here home, stdout, stderr io.Writer) int {
	o, err := parseCheck(args, now)
	if err != nil {
		fmt.Fprintf(stderr, "obol check: %v\n", err)
		return control.ExitInvalid
	}
	configs, err := compile(o.files)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return control.ExitInvalid
	}
	lists, err := o.openStore(configs, here, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "obol check: %v\n", err)
		return control.ExitFailed
	}
	if o.travels {
		return o.run(o.files, configs, now, stdout, stderr)
	}
	routers := lint.Routers(configs...)
	routers[0].CRLs = lists
	found := lint.Check(now, routers...)
	if o.asJSON {
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

var errCheck = errors.New("want obol check [--json | --at DAY --revoke SERIAL@CA] [--store DIR] and FILE after FILE")

// checkOptions are what stands behind obol check.
type checkOptions struct {
	asJSON  bool
	travels bool // to the time of the journey, or with its revocations
	journey
	store string // "": none is named
	files []string
}

// parseCheck takes options in any place.
func parseCheck(args []string, now time.Time) (o checkOptions, err error) {
	o.at = now
	for i := 0; i < len(args) && err == nil; i++ {
		name, value, given := strings.Cut(args[i], "=")
		switch name {
		case "--json":
			o.asJSON = true
		case "--at", "--revoke", "--store":
			if !given && i+1 < len(args) {
				i++
				value, given = args[i], true
			}
			if !given || value == "" {
				return o, fmt.Errorf("%s needs a value", name)
			}
			err = o.set(name, value)
		default:
			o.files = append(o.files, args[i])
		}
	}
	if err == nil {
		err = usage(o.files)
	}
	switch {
	case err != nil:
	case o.travels && o.asJSON:
		err = errors.New("--json belongs to obol check without --at and --revoke")
	case o.store != "" && len(o.files) > 1:
		err = errors.New("--store is the store of one router: want one FILE with it")
	}
	return o, err
}

// set takes an option with a value.
func (o *checkOptions) set(name, value string) (err error) {
	if name == "--store" {
		if o.store != "" {
			return errors.New("--store stands twice")
		}
		o.store = value
		return nil
	}
	o.travels = true
	if name == "--at" {
		o.at, err = parseDay(value)
		return err
	}
	r, err := lab.ParseRevocation(value)
	o.revoked = append(o.revoked, r)
	return err
}

// openStore takes the certificates of a store, and gives its CRLs: of the one that is
// named or, for the daemon's own configuration, of the daemon's.
func (o *checkOptions) openStore(configs []*policy.Config, here home, stderr io.Writer) (lists []lint.StoredCRL, err error) {
	if len(configs) > 1 {
		return nil, nil
	}
	dir := o.store
	if dir == "" {
		if dir, err = here.storeOf(o.files[0]); dir == "" {
			return nil, err
		}
	}
	return withStore(configs[0], dir, stderr)
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

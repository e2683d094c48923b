package main

import (
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
	"github.com/obol-ike/obol/pki"
)

// parseDay reads a day, which begins at midnight UTC, or a moment.
func parseDay(text string) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("--at %s: want a day such as 2027-03-02, or a time such as 2027-03-02T12:00:00Z", text)
}

// journey is obol check FILE... --at TIME --revoke SERIAL@CA: which tunnels will
// fail then, and why; a line each.
type journey struct {
	at      time.Time
	revoked []lab.Revocation
}

// run looks at every pair of files that tunnels join, and at a file alone by itself.
func (j journey) run(files []string, configs []*policy.Config, now time.Time, stdout, stderr io.Writer) int {
	fails := false
	if len(files) == 1 {
		fails = j.alone(configs[0], stdout)
	}
	for i, c := range configs {
		if bare := withoutCertificate(c); len(files) > 1 && len(bare) > 0 {
			fmt.Fprintf(stderr, "%% Warning: %s holds no certificate of trustpoint %s: one that never ends stands in for it; crypto pki export NAME chain terminal prints the router's\n",
				files[i], strings.Join(bare, ", "))
		}
	}
	for a := range files {
		for b := a + 1; b < len(files); b++ {
			down, err := j.between(files[a], files[b], now, stdout)
			if err != nil {
				fmt.Fprintf(stderr, "obol check: %v\n", err)
				return control.ExitInvalid
			}
			fails = fails || down
		}
	}
	for _, r := range j.revoked {
		if !slices.ContainsFunc(configs, func(c *policy.Config) bool { return holds(c, r) }) {
			fmt.Fprintf(stderr, "%% Warning: no configuration holds certificate %X of %s: its revocation changes nothing here\n", r.Serial, r.CA)
		}
	}
	if fails {
		return exitFindings
	}
	return control.ExitDone
}

// withoutCertificate are the trustpoints whose router certificate is in no chain
// block of the configuration.
func withoutCertificate(c *policy.Config) (names []string) {
	for _, tp := range c.Trustpoints {
		names = append(names, tp.Name)
	}
	for _, chain := range c.Chains {
		for _, block := range chain.Certificates {
			names = slices.DeleteFunc(names, func(name string) bool { return !block.CA && name == chain.Trustpoint })
		}
	}
	return names
}

// holds says whether a configuration has the certificate in a chain block.
func holds(c *policy.Config, r lab.Revocation) bool {
	for _, chain := range c.Chains {
		for _, block := range chain.Certificates {
			if cert, err := pki.ParseCertificate(block.DER); err == nil && r.Of(cert, chain.Trustpoint) {
				return true
			}
		}
	}
	return false
}

func (j journey) day() string {
	if j.at.Equal(j.at.Truncate(24 * time.Hour)) {
		return j.at.UTC().Format(time.DateOnly)
	}
	return j.at.UTC().Format("2006-01-02 15:04 UTC")
}

// between negotiates the tunnels of two configurations.
func (j journey) between(a, b string, now time.Time, w io.Writer) (fails bool, err error) {
	var sources [2]lab.Source
	for i, file := range []string{a, b} {
		text, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		sources[i] = lab.Source{File: file, Text: text}
	}
	fates, err := lab.Foresee(sources[0], sources[1], now, j.at, j.revoked)
	if err != nil {
		return false, err
	}
	for _, f := range fates {
		what := fmt.Sprintf("%s of %s, which begins with %s", f.Tunnel, f.Initiator, f.Responder)
		switch {
		case f.Result == lab.Up:
			fmt.Fprintf(w, "%s: up on %s\n", what, j.day())
			continue
		case f.Before == lab.Down:
			what += ": is down today already, and on " + j.day()
		default:
			what += ": fails on " + j.day()
		}
		fails = true
		fmt.Fprintln(w, what+": "+reason(f.Cause, f.Cure, f.Where))
	}
	return fails, nil
}

// alone looks at the certificates that one configuration holds.
func (j journey) alone(c *policy.Config, w io.Writer) (fails bool) {
	revoked := func(c *pki.Certificate, trustpoint string) bool {
		return slices.ContainsFunc(j.revoked, func(r lab.Revocation) bool { return r.Of(c, trustpoint) })
	}
	for _, o := range lint.Foresee(j.at, revoked, lint.Routers(c)...) {
		what := fmt.Sprintf("%s of %s", o.Tunnel, o.Router)
		switch {
		case o.Fails:
			fails = true
			fmt.Fprintf(w, "%s: fails on %s: %s\n", what, j.day(), reason(o.Cause, o.Cure, o.Where))
		case o.Cause != "":
			fmt.Fprintf(w, "%s: not known: %s\n", what, reason(o.Cause, o.Cure, o.Where))
		default:
			fmt.Fprintf(w, "%s: has a certificate to show on %s\n", what, j.day())
		}
	}
	return fails
}

// reason is cause, cure and place on one line.
func reason(cause, cure string, where []lint.Place) string {
	text := strings.TrimSuffix(cause, ".")
	if cure != "" {
		text += "; " + strings.TrimSuffix(cure, ".")
	}
	if len(where) > 0 {
		text += " (" + where[0].String() + ")"
	}
	return text
}

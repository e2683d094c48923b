package lab

import (
	"fmt"
	"io"
	"strings"

	"github.com/obol-ike/obol/internal/lint"
)

// WriteText writes the answer for people: a line for each direction, and below it
// what is to be changed and what either side used, with its reasons.
func WriteText(w io.Writer, r *Result) error {
	var b strings.Builder
	if len(r.Directions) == 0 {
		b.WriteString("No tunnel of the two has tunnel protection: there is nothing to negotiate.\n")
	}
	for _, d := range r.Directions {
		d.text(&b)
	}
	for i, f := range r.Findings {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s%s: %s\n", places(f.Where), f.Severity, f.Message)
		if f.Cure != "" {
			fmt.Fprintf(&b, "    %s\n", f.Cure)
		}
	}
	for i, c := range r.WhatIf {
		if i == 0 {
			b.WriteString("\nAny of these brings every direction up:\n")
		}
		fmt.Fprintf(&b, "  %s%s: %s\n", places([]lint.Place{{File: c.File, Line: c.Line}}), c.Side, c.Change)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// text is a direction's verdict.
func (d *Direction) text(b *strings.Builder) {
	version := ""
	if d.IKE != 0 {
		version = fmt.Sprintf(" (IKEv%d)", d.IKE)
	}
	fmt.Fprintf(b, "%s, %s begins%s: %s", d.Tunnel, d.Initiator.Name, version, d.Result)
	if d.Result == Up {
		b.WriteString("\n")
	} else {
		fmt.Fprintf(b, " at %s, %s\n    cause: %s\n    cure:  %s\n", d.Stage, d.Code, d.Cause, d.Cure)
	}
	for i, p := range d.Where {
		word := "also: "
		if i == 0 {
			word = "where:"
		}
		fmt.Fprintf(b, "    %s %s\n", word, p)
	}
	d.Initiator.text(b)
	d.Responder.text(b)
}

// text is what a side used, and why.
func (s Side) text(b *strings.Builder) {
	if s.Profile == "" && s.Trustpoint == "" && len(s.Why) == 0 {
		return
	}
	profile := "no profile"
	if s.Profile != "" {
		profile = "profile " + s.Profile
	}
	fmt.Fprintf(b, "    %s with %s", s.Name, profile)
	if s.Trustpoint != "" {
		fmt.Fprintf(b, " and the certificate of %s", s.Trustpoint)
	}
	b.WriteString("\n")
	for _, why := range s.Why {
		fmt.Fprintf(b, "        %s\n", why)
	}
}

// places are the first place before a sentence.
func places(where []lint.Place) string {
	if len(where) == 0 || where[0].File == "" {
		return ""
	}
	return where[0].String() + ": "
}

// Package lint finds what will hurt in a configuration, or in a pair of them,
// before anybody negotiates.
package lint

import (
	"fmt"

	"github.com/obol-ike/obol/internal/ios"
)

// Finding is something that will hurt, or may. Its fields are part of the
// documented JSON of obol check and obol lab.
type Finding struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"` // one sentence: what is so
	Cure     string   `json:"cure"`    // one sentence: what to change
	Where    []Place  `json:"where"`   // the lines to look at, that to change first
}

// Place is a line of a configuration file.
type Place struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1; 0 is the file as a whole
}

// At is the place of a configuration object.
func At(p ios.Pos) Place { return Place{File: p.File, Line: p.Line} }

// String is FILE:LINE.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// Severity of a finding.
type Severity string

// Severities. Error: a tunnel cannot come up, or comes up from one side only.
// Warning: it works today and depends on something fragile. Info: good to know.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Info    Severity = "info"
)

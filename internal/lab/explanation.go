package lab

import (
	"fmt"
	"strings"

	"github.com/obol-ike/obol/internal/ios"
	"github.com/obol-ike/obol/internal/lint"
)

// explanation is why a direction is down, and what to change.
type explanation struct {
	stage       string
	code        lint.Code
	cause, cure string
	where       []lint.Place // that to change first
}

// say sets the cause.
func (x *explanation) say(format string, args ...any) *explanation {
	x.cause = sentence(fmt.Sprintf(format, args...))
	return x
}

// heal sets the cure.
func (x *explanation) heal(format string, args ...any) *explanation {
	x.cure = sentence(fmt.Sprintf(format, args...))
	return x
}

// at puts lines before those that are there.
func (x *explanation) at(lines ...ios.Pos) *explanation {
	var places []lint.Place
	for _, l := range lines {
		places = append(places, lint.At(l))
	}
	x.where = append(places, x.where...)
	return x
}

// sentence is one line with one full stop.
func sentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimRight(s, ".") + "."
}
